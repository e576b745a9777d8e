//! The filter language: which exchanges are shown, exported or counted.
//!
//! ```text
//! kind:layer status:4xx size:>1MB host:*.r2.* -kind:challenge (alpine | nginx)
//! ```
//!
//! Terms that stand side by side must all hold. `|` is or, `-` or `!` is not, parentheses
//! group; mitmproxy's `~d host ~m GET & ! ~c 404` means what it means there, with patterns in the
//! place of regular expressions. A bare word is a substring of the URL, the kind, the image's
//! name or the client's. Case does not matter. [`KEYWORDS`] is the table of all keywords, from
//! which help and documentation are made.

mod atom;
mod caret;
mod compare;
mod expr;
mod field;
mod flag;
mod keyword;
mod parse;
mod pattern;
mod term;
#[cfg(test)]
mod tests;
#[cfg(any(test, fuzzing))]
mod written;

pub use caret::Mistake;
pub(crate) use flag::flags;
pub use keyword::{KEYWORDS, Keyword};

use std::str::FromStr;

use super::{Entry, Store};
use crate::findings::Finding;
use expr::Expr;

/// A filter, ready to be applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter(Expr);

impl Filter {
    /// Whether an exchange of this store passes.
    pub fn matches(&self, entry: &Entry, store: &Store) -> bool {
        self.0.holds(&|term| Some(term.matches(entry, store))) == Some(true)
    }

    /// Whether a finding passes that shows in no exchange, such as a refused handshake: by its
    /// rule and how grave it is. What asks for anything else says nothing of it.
    pub fn matches_finding(&self, finding: &Finding) -> bool {
        self.0.holds(&|term| term.holds_of(finding)) == Some(true)
    }

    /// Whether every exchange passes: the filter of an empty text.
    pub fn is_empty(&self) -> bool {
        self.0 == Expr::default()
    }
}

impl FromStr for Filter {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        parse::parse(text).map(Self)
    }
}
