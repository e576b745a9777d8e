//! What the rules are asked of.

use crate::exchange::{ExchangeId, HandshakeFailed, Tunnel};
use crate::pulls::{Observed, Pull};

/// Finds an exchange of the session, and what it says, by its number.
pub type Lookup<'a> = dyn Fn(ExchangeId) -> Option<Observed<'a>> + 'a;

/// What of a session may have to do with a pull.
#[derive(Clone, Copy)]
pub struct Around<'a> {
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
