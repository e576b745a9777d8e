//! The comparison for programs, described in `docs/reference/json.md`.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{ComparedPull, Comparison, Pair};
use crate::exchange::timings::millis::to_millis;
use crate::export::json::{SCHEMA, one};
use crate::findings::Finding;
use crate::pulls::Blob;
use crate::words::Lang;

/// Writes one object on a line of its own.
///
/// # Errors
/// When the stream fails.
pub fn write(
    compared: &Comparison<'_>,
    lang: Lang,
    secrets_kept: bool,
    mut out: impl Write,
) -> io::Result<()> {
    let steps = compared.steps.iter().map(|pair| {
        json!({
            "kind": pair.kind,
            "part": pair.part,
            "a": pair.taken.a,
            "b": pair.taken.b,
            "differences": pair.differences,
        })
    });
    let blobs = compared.blobs.iter().map(|pair| {
        json!({
            "part": pair.part,
            "digest": pair.digest,
            "size": pair.size,
            "a": pair.blobs.a.map(blob),
            "b": pair.blobs.b.map(blob),
        })
    });
    let hosts = compared
        .hosts
        .iter()
        .map(|(host, pair)| json!({"host": host, "a": pair.a, "b": pair.b}));
    let mut phases = Map::new();
    for (phase, pair) in &compared.phases {
        let name = serde_json::to_value(phase)?;
        phases.insert(name.as_str().unwrap_or_default().to_owned(), times(pair));
    }
    let findings = compared.findings.iter().map(|(rule, pair)| {
        let finding = |finding: Option<&Finding>| {
            finding.map(
                |finding| json!({"severity": finding.severity, "sentence": finding.sentence(lang)}),
            )
        };
        let title = pair.any().map(|finding| finding.title(lang));
        json!({"rule": rule, "title": title, "a": finding(pair.a), "b": finding(pair.b)})
    });
    let whole = json!({
        "schema": SCHEMA,
        "generator": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
        "secrets_kept": secrets_kept,
        "a": side(compared.a),
        "b": side(compared.b),
        "verdict": compared.verdict,
        "steps": steps.collect::<Vec<_>>(),
        "blobs": blobs.collect::<Vec<_>>(),
        "hosts": hosts.collect::<Vec<_>>(),
        "phases_ms": phases,
        "findings": findings.collect::<Vec<_>>(),
    });
    one(&mut out, &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn side(side: ComparedPull<'_>) -> Value {
    let pull = side.pull;
    json!({
        "source": side.source,
        "pull": pull.id,
        "name": pull.name(),
        "state": pull.state,
        "client": pull.client,
        "registry": pull.registry,
        "mirrors": pull.mirrors,
        "repository": pull.repository,
        "reference": pull.reference,
        "digest": pull.digest,
        "platform": pull.platform,
        "protocols": side.protocols(),
        "started": pull.started,
        "took_ms": to_millis(pull.totals.took),
        "received": pull.totals.received,
        "sent": pull.totals.sent,
    })
}

fn blob(blob: &Blob) -> Value {
    json!({
        "state": blob.state,
        "received": blob.received,
        "took_ms": blob.took.map(to_millis),
    })
}

fn times(pair: &Pair<Duration>) -> Value {
    json!({"a": pair.a.map(to_millis), "b": pair.b.map(to_millis)})
}
