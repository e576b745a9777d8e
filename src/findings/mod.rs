//! What is wrong with a pull, or with what belongs to none: the rules, and how to ask them.
//!
//! The rules are pure and each looks once at each exchange, so they can be asked again whenever
//! a pull has changed. A rule stays silent when it is in doubt: a false alarm costs more than a
//! missing remark.

mod around;
mod callers;
mod conclusion;
mod diagnosis;
mod finding;
mod found;
mod rules;
mod scene;

pub use around::{Around, Lookup, Session};
pub use conclusion::conclude;
pub use diagnosis::{diagnose_session, refused_handshake};
pub use finding::{Evidence, Finding, Severity};
pub use rules::Rule;
