//! What is wrong with a pull, or with what belongs to none: the rules, and how to ask them.
//!
//! The rules are pure and each looks once at each exchange, so they can be asked again whenever
//! a pull has changed. A rule stays silent when it is in doubt: a false alarm costs more than a
//! missing remark.

use super::{Finding, Observed, Pull};
use crate::exchange::{ExchangeId, HandshakeFailed, Tunnel};

/// Finds an exchange of the session, and what it says, by its number.
pub type Lookup<'a> = dyn Fn(ExchangeId) -> Option<Observed<'a>> + 'a;

/// One pull, and what else of the session may have to do with it.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The pull; its own `findings` are not looked at.
    pub pull: &'a Pull,
    /// Gives the exchanges of its steps.
    pub observed: &'a Lookup<'a>,
    /// Every handshake of the session that a client refused; those that have to do with the
    /// pull are picked out.
    pub handshakes: &'a [HandshakeFailed],
    /// Every tunnel of the session that was passed on unread.
    pub tunnels: &'a [Tunnel],
    /// Whether nothing more is to come: the capture is over, or the pull has been quiet for
    /// some seconds. What is missing counts only then.
    pub settled: bool,
}

/// A session, as far as it belongs to no pull.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The pulls: what is said of them is not said again.
    pub pulls: &'a [Pull],
    /// Gives the exchanges of their steps.
    pub observed: &'a Lookup<'a>,
    /// The exchanges that belong to no pull, by their start.
    pub loose: &'a [Observed<'a>],
    /// Every handshake of the session that a client refused.
    pub handshakes: &'a [HandshakeFailed],
    /// Every tunnel of the session that was passed on unread.
    pub tunnels: &'a [Tunnel],
}

/// What is wrong with a pull or worth knowing of it, the gravest first.
pub fn diagnose(case: &Case<'_>) -> Vec<Finding> {
    let _ = case;
    Vec::new()
}

/// What is wrong and belongs to no pull, the gravest first: refused handshakes above all.
pub fn diagnose_session(session: &Session<'_>) -> Vec<Finding> {
    let _ = session;
    Vec::new()
}
