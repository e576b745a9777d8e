//! Terms joined by and, or, not.

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
