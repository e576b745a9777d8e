//! The table of today's clients, `tests/clients/clients.toml`, and where their programs were built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What a need begins with that one of them meets: `go:crane`.
pub(crate) const BUILT: &str = "go:";

#[derive(Deserialize)]
struct Roster {
    program: Vec<Program>,
}

#[derive(Deserialize)]
struct Program {
    name: String,
    version: String,
}

/// Where a program of the table is, when it has been built.
pub(crate) fn built(name: &str) -> Option<PathBuf> {
    let table = include_str!("../clients/clients.toml");
    let table: Roster = toml::from_str(table).expect("the table is valid");
    let mut programs = table.program.into_iter();
    let program = programs.find(|program| program.name == name);
    let version = program
        .unwrap_or_else(|| panic!("no {name} in the table"))
        .version;
    let file = cache().join(format!("{name}@{version}")).join(name);
    file.is_file().then_some(file)
}

/// Whether a program could not be built because the Go proxy did not answer.
pub(crate) fn is_unreachable(name: &str) -> bool {
    let left_out = fs::read_to_string(cache().join("unreachable")).unwrap_or_default();
    left_out.lines().any(|one| one == name)
}

fn cache() -> PathBuf {
    let home =
        || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cache/pullscope-clients");
    env::var_os("PULLSCOPE_CLIENTS").map_or_else(home, PathBuf::from)
}
