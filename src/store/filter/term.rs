//! One term of a filter.

use super::atom::Atom;
use super::caret::Mistake;
use super::compare::Bounds;
use super::field::{fits_anything, part};
use super::flag::{FLAGS, Flag};
use super::keyword::{Facet, Keyword, MessageSide};
use super::pattern::{Pattern, Style};
use crate::exchange::{Body, Capture, RawHead};
use crate::findings::Finding;
use crate::pulls::Part;
use crate::registry::Kind;
use crate::store::{Entry, Store};

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Anything(Pattern),
    Text(&'static Keyword, Pattern),
    Number(&'static Keyword, Bounds),
    Kind(Kind),
    Is(&'static Flag),
    Header(&'static Keyword, Pattern, Option<Pattern>),
    Body(&'static Keyword, Pattern),
}

impl Term {
    /// Reads one value of a keyword.
    pub(super) fn read(keyword: &'static Keyword, value: &Atom) -> Result<Self, Mistake> {
        if value.is_empty() && !value.quoted {
            return Err(Mistake::new(
                value.span.clone(),
                format!(
                    "{}: needs a value: {}, as in {}",
                    keyword.name, keyword.value, keyword.example
                ),
            ));
        }
        match keyword.facet {
            Facet::Text(style, _) => Ok(Self::Text(keyword, Pattern::read(value, style))),
            Facet::Finding(_) => Ok(Self::Text(keyword, Pattern::read(value, Style::Whole))),
            Facet::Number(unit, _) => Ok(Self::Number(keyword, Bounds::read(value, unit)?)),
            Facet::Kind => kind(value),
            Facet::Is => flag(value),
            Facet::Header(_) => Ok(header(keyword, value)),
            Facet::Body(_) => Ok(Self::Body(keyword, Pattern::read(value, Style::Part))),
        }
    }

    pub(super) fn matches(&self, entry: &Entry, store: &Store) -> bool {
        match self {
            Self::Anything(pattern) => fits_anything(pattern, entry, store),
            Self::Text(keyword, pattern) => match keyword.facet {
                Facet::Text(_, fits) => fits(pattern, entry, store),
                Facet::Finding(word) => {
                    let mut shown = store.findings_shown_by(entry);
                    shown.any(|finding| pattern.fits(word(finding)))
                }
                _ => false,
            },
            Self::Number(keyword, bounds) => match keyword.facet {
                Facet::Number(_, of) => of(entry, store).is_some_and(|number| bounds.hold(number)),
                _ => false,
            },
            Self::Kind(kind) => entry.kind == *kind || brings(entry, store) == Some(*kind),
            Self::Is(flag) => flag.holds(entry),
            Self::Header(keyword, name, value) => heads(keyword.side(), entry).any(|head| {
                head.fields().any(|field| {
                    name.fits_bytes(field.name)
                        && value
                            .as_ref()
                            .is_none_or(|value| value.fits_bytes(field.value))
                })
            }),
            Self::Body(keyword, pattern) => {
                bodies(keyword.side(), entry).any(|body| match &body.capture {
                    Capture::Memory { bytes } => pattern.fits_bytes(bytes),
                    _ => false,
                })
            }
        }
    }

    /// Whether it holds of a finding; `None` where it asks for something else.
    pub(super) fn holds_of(&self, finding: &Finding) -> Option<bool> {
        match self {
            Self::Text(keyword, pattern) => match keyword.facet {
                Facet::Finding(word) => Some(pattern.fits(word(finding))),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What a redirect, or the download it led to, brings of the image.
fn brings(entry: &Entry, store: &Store) -> Option<Kind> {
    if !matches!(entry.kind, Kind::Redirect | Kind::Cdn) {
        return None;
    }
    match part(entry, store)? {
        Part::Layer { .. } => Some(Kind::Layer),
        Part::Config => Some(Kind::Config),
        Part::Index | Part::Manifest => None,
    }
}

fn kind(value: &Atom) -> Result<Term, Mistake> {
    let text = value.text();
    text.parse().map(Term::Kind).map_err(|_| {
        let words: Vec<_> = Kind::ALL.iter().map(Kind::word).collect();
        unknown(value, "kind", &text, &words)
    })
}

fn flag(value: &Atom) -> Result<Term, Mistake> {
    let text = value.text().to_ascii_lowercase();
    Flag::named(&text).map(Term::Is).ok_or_else(|| {
        let words: Vec<_> = FLAGS.iter().map(|flag| flag.name).collect();
        unknown(value, "property", &text, &words)
    })
}

fn unknown(value: &Atom, what: &str, text: &str, words: &[&str]) -> Mistake {
    Mistake::new(
        value.span.clone(),
        format!("\"{text}\" is no {what}; take one of {}", words.join(", ")),
    )
}

/// `name`, or `name:value` (`name=value`); the name is all of the field's name.
fn header(keyword: &'static Keyword, value: &Atom) -> Term {
    let (name, value) = match (value.split_once(':'), value.split_once('=')) {
        (Some(parts), _) | (None, Some(parts)) if !parts.0.is_empty() => {
            (parts.0, Some(Pattern::read(&parts.1, Style::Part)))
        }
        _ => (value.clone(), None),
    };
    Term::Header(keyword, Pattern::read(&name, Style::Whole), value)
}

fn heads(side: MessageSide, entry: &Entry) -> impl Iterator<Item = &RawHead> {
    let request = entry.exchange.request.as_ref().map(|sent| &sent.head);
    let response = entry.exchange.response.as_ref().map(|got| &got.head);
    of_side(side, request, response)
}

fn bodies(side: MessageSide, entry: &Entry) -> impl Iterator<Item = &Body> {
    let exchange = &entry.exchange;
    let (request, response) = (&exchange.request_body, &exchange.response_body);
    of_side(side, request.as_ref(), response.as_ref())
}

fn of_side<T>(
    side: MessageSide,
    request: Option<T>,
    response: Option<T>,
) -> impl Iterator<Item = T> {
    let request = request.filter(|_| side != MessageSide::Response);
    let response = response.filter(|_| side != MessageSide::Request);
    request.into_iter().chain(response)
}
