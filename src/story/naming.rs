//! What steps and parts of an image are called where others speak of them.

use super::block::spaced;
use super::{Cell, Span};
use crate::pulls::{Part, Pull, Step};
use crate::registry::Kind;
use crate::words::{Lang, say};

/// A step as others name it: its place, its kind, and what it is about.
pub(super) fn step(pull: &Pull, step: &Step, lang: Lang) -> Cell {
    let id = step.exchange;
    let place = pull.steps.iter().position(|other| other.exchange == id);
    let place = place.map_or_else(String::new, |at| (at + 1).to_string());
    let says_it = matches!(step.kind, Kind::Index | Kind::Manifest | Kind::Config);
    let kind = step.kind.name(lang);
    let what = match step.part.filter(|_| !says_it) {
        about @ Some(_) if step.kind == Kind::Layer => part(about, lang),
        about @ Some(_) => format!("{kind}, {}", part(about, lang)),
        None => kind.to_owned(),
    };
    spaced([Span::dim(place), Span::plain(what)])
}

/// A part of an image in a word or two.
pub(super) fn part(part: Option<Part>, lang: Lang) -> String {
    part.map_or_else(
        || say("kind.blob", lang).to_owned(),
        |part| part.short(lang),
    )
}

/// A layer by its number.
pub(super) fn layer(number: usize, lang: Lang) -> String {
    format!("{} {number}", say("image.layer", lang))
}
