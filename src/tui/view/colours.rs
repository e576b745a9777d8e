//! Which colours things have: one place for every screen.

use crate::findings::Severity;
use crate::registry::Kind;
use crate::store::Entry;
use crate::story::{self, Tone};
use crate::tui::theme::Role;

/// How a kind is coloured.
pub(super) fn kind(kind: Kind) -> Role {
    match kind {
        Kind::Challenge | Kind::Redirect => Role::Warn,
        Kind::Token => Role::Secret,
        Kind::Index | Kind::Manifest | Kind::Resolve | Kind::Config => Role::Info,
        Kind::Error => Role::Bad,
        Kind::Layer | Kind::Cdn | Kind::Blob | Kind::Upload | Kind::Publish => Role::Receive,
        _ => Role::Text,
    }
}

/// How an exchange went.
pub(super) fn outcome(entry: &Entry) -> Role {
    tone(story::tone(entry))
}

/// How a piece of the story is coloured.
pub(super) fn tone(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Strong => Role::Title,
        Tone::Dim => Role::Dim,
        Tone::Id => Role::Info,
        Tone::Good => Role::Good,
        Tone::Warn => Role::Warn,
        Tone::Bad => Role::Bad,
    }
}

/// How grave a finding is.
pub(super) fn severity(severity: Severity) -> Role {
    match severity {
        Severity::Info => Role::Info,
        Severity::Warning => Role::Warn,
        Severity::Error => Role::Bad,
    }
}
