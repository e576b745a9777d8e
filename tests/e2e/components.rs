//! The programs that a test needs, and what happens when one is missing.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::roster;

/// Distribution packages put their programs here; these come before a user's own.
const FIRST: &[&str] = &["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// Whether all of these are here: names of programs, `go:NAME` for one of today's clients, paths, or
/// `root` for the right to mount.
///
/// # Panics
/// When one is missing and `PULLSCOPE_E2E=required` is in the environment, unless it is to be built
/// by Go, and Go is not here or its proxy did not answer. Otherwise it says on the terminal, by name, what is missing.
pub(crate) fn available(needs: &[&str]) -> bool {
    let missing: Vec<_> = needs.iter().filter(|need| !present(need)).collect();
    if missing.is_empty() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let excused = missing.iter().all(|need| {
        let built = need.strip_prefix(roster::BUILT);
        built.is_some_and(|name| find("go").is_none() || roster::is_unreachable(name))
    });
    assert!(
        excused || env::var_os("PULLSCOPE_E2E").is_none_or(|value| value != "required"),
        "{test} needs what is not here: {missing:?}"
    );
    // Not `eprintln!`, which the test runner hides for tests that pass.
    writeln!(io::stderr(), "SKIPPED {test}: not here: {missing:?}").expect("stderr is open");
    false
}

/// Where a program is.
///
/// # Panics
/// When it is nowhere; tests ask [`available`] first.
pub(crate) fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| panic!("{name} is not here"))
}

fn present(need: &str) -> bool {
    match need {
        "root" => rustix::process::geteuid().is_root(),
        path if path.starts_with('/') => Path::new(path).exists(),
        name => find(name).is_some(),
    }
}

fn find(name: &str) -> Option<PathBuf> {
    if let Some(name) = name.strip_prefix(roster::BUILT) {
        return roster::built(name);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    FIRST
        .iter()
        .map(PathBuf::from)
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| Path::new(file).is_file())
}
