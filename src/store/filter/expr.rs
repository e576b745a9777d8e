//! Terms joined by and, or, not.

use super::term::Term;

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

    /// Whether it holds, where each term does or not; `None` where that hangs on a term of which
    /// it cannot be said.
    pub(super) fn holds(&self, term: &dyn Fn(&Term) -> Option<bool>) -> Option<bool> {
        // The one that decides a list, or else whether all of it could be said.
        let list = |parts: &[Self], decides: bool| {
            let mut result = Some(!decides);
            for part in parts {
                match part.holds(term) {
                    Some(held) if held == decides => return Some(decides),
                    Some(_) => {}
                    None => result = None,
                }
            }
            result
        };
        match self {
            Self::Term(one) => term(one),
            Self::Not(inner) => inner.holds(term).map(|held| !held),
            Self::And(parts) => list(parts, false),
            Self::Or(parts) => list(parts, true),
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
