//! JSON for programs: `show --json` and `export --format json`, described in
//! `docs/reference/json.md`.
//!
//! What is written has a version, [`SCHEMA`]: fields may be added to it, and a reader must pass
//! over what it does not know; anything else makes a new version.

mod exchange;
mod plain;
mod pull;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use plain::plain;

use crate::exchange::ExchangeId;
use crate::pulls::Pull;
use crate::store::Entry;
use crate::story::Telling;

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// Writes what is asked for, one value after the other: memory does not grow with the trace.
///
/// `takes` says of an exchange whether it is asked for; a pull is when one of its exchanges is.
/// What is no exchange (tunnels, handshakes, findings beyond pulls) is written where `whole`.
///
/// # Errors
/// When the stream fails.
pub fn write(
    telling: &Telling<'_>,
    takes: &dyn Fn(&Entry) -> bool,
    whole: bool,
    secrets_kept: bool,
    mut out: impl Write,
) -> io::Result<()> {
    let store = telling.store;
    let wanted = |id: ExchangeId| store.entry(id).is_some_and(takes);
    let generator = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    write!(
        out,
        "{{\"schema\":{SCHEMA},\"generator\":{generator},\"secrets_kept\":{secrets_kept},"
    )?;
    let asked_for = |pull: &&Pull| pull.steps.iter().any(|step| wanted(step.exchange));
    let pulls = store.pulls().iter().filter(asked_for);
    list(&mut out, "pulls", pulls.map(|one| pull::pull(one, telling)))?;
    let exchanges = store.entries().filter(|entry| takes(entry));
    out.write_all(b",\n")?;
    list(&mut out, "exchanges", exchanges.map(exchange::exchange))?;
    if whole {
        let findings = store.loose_findings().iter();
        out.write_all(b",\n")?;
        let findings = findings.map(|one| pull::finding(one, telling.lang));
        list(&mut out, "findings", findings)?;
        out.write_all(b",\n")?;
        let tunnels = store.tunnels().iter();
        list(&mut out, "tunnels", tunnels.map(exchange::tunnel))?;
        out.write_all(b",\n")?;
        let handshakes = store.handshakes().iter();
        list(&mut out, "handshakes", handshakes.map(exchange::handshake))?;
    }
    out.write_all(b"}\n")?;
    out.flush()
}

/// Writes `"name":[…]` with a value on each line.
fn list<T: Serialize>(
    out: &mut impl Write,
    name: &str,
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (number, value) in values.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        one(out, &value)?;
    }
    out.write_all(b"]")
}

/// Writes a value on a line; nothing in it acts on a terminal.
pub(super) fn one(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    out.write_all(plain(value)?.as_bytes())
}
