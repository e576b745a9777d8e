//! Terms joined by and, or, not.

use std::fmt::{self, Write as _};

use super::term::Term;
use crate::store::{Entry, Store};

/// A filter's meaning. Lists have at least two members, none of them of the list's own kind,
/// except for the empty `And`, which everything passes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Term(Term),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

impl Default for Expr {
    fn default() -> Self {
        Self::And(Vec::new())
    }
}

impl Expr {
    /// All of these.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(inner) => inner,
            other => vec![other],
        });
        single(flat.collect(), Self::And)
    }

    /// One of these.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        single(flat.collect(), Self::Or)
    }

    /// Not this.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn matches(&self, entry: &Entry, store: &Store) -> bool {
        match self {
            Self::Term(term) => term.matches(entry, store),
            Self::Not(inner) => !inner.matches(entry, store),
            Self::And(parts) => parts.iter().all(|part| part.matches(entry, store)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(entry, store)),
        }
    }

    /// Writes a part of a list, in parentheses where it would fall apart without them.
    fn part(&self, f: &mut fmt::Formatter<'_>, within: fn(&Self) -> bool) -> fmt::Result {
        if within(self) {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

fn single(mut parts: Vec<Expr>, list: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(one) if parts.is_empty() => one,
        Some(more) => {
            parts.push(more);
            list(parts)
        }
        None => Expr::default(),
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Not(inner) => {
                f.write_char('-')?;
                inner.part(f, |inner| !matches!(inner, Self::Term(_)))
            }
            Self::And(parts) => joined(f, parts, " ", |part| matches!(part, Self::Or(_))),
            // Everything in an empty And would be nothing in writing.
            Self::Or(parts) => joined(f, parts, " | ", |part| *part == Self::default()),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    between: &str,
    within: fn(&Expr) -> bool,
) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_str(between)?;
        }
        part.part(f, within)?;
    }
    Ok(())
}
