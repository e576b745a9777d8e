//! What stands at the two arrows of an exchange in a sequence diagram.

use crate::pulls::{Part, Pull};
use crate::store::Entry;
use crate::story::shorten;
use crate::words::Lang;
use crate::words::figures::bytes;

/// At the request: the method, and the part of the image or the path.
pub(super) fn asked(entry: &Entry, pull: Option<&Pull>, lang: Lang) -> String {
    let part = pull.and_then(|pull| pull.step(entry.exchange.id)?.part);
    let blob = part.filter(|part| matches!(part, Part::Config | Part::Layer { .. }));
    let what = blob.map_or_else(|| shorten(entry.reading.path()), |part| part.name(lang));
    format!("{} {what}", entry.reading.method)
}

/// At the answer: the status, the kind, the size, and whether the digest is the right one.
pub(super) fn answered(entry: &Entry, lang: Lang) -> String {
    let mut answer = match entry.reading.status {
        Some(status) => format!("{status} {}", entry.kind.name(lang)),
        None => entry.kind.name(lang).to_owned(),
    };
    if entry.exchange.received > 0 {
        answer.push(' ');
        answer.push_str(&bytes(entry.exchange.received));
    }
    match entry.reading.digests.agree() {
        Some(true) => answer.push_str(" ✓"),
        Some(false) => answer.push_str(" ✗"),
        None => {}
    }
    answer
}
