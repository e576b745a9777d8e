//! What the lab is to be like.

use std::net::{Ipv4Addr, SocketAddr};

use super::{Clock, Era, FaultSpec, Replay};

/// What the lab is to be like.
#[derive(Debug)]
pub struct LabOptions {
    /// Where to listen for TLS; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where to serve the same hosts over plain HTTP. Without it only the fault `redirect-http`
    /// brings such a listener, on a loopback port of the system's choice.
    pub http_listen: Option<SocketAddr>,
    /// Of which time the registries are.
    pub era: Era,
    /// What goes wrong; has no effect on a replay.
    pub faults: Vec<FaultSpec>,
    /// Answer from a recording instead of the registries.
    pub replay: Option<Replay>,
    /// Bytes a second of the fault `slow-layer`.
    pub slow_rate: u32,
    /// Tells the time.
    pub clock: Clock,
}

impl LabOptions {
    /// The registries of 2020 without faults, on a loopback port of the system's choice.
    pub fn new(clock: Clock) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            http_listen: None,
            era: Era::default(),
            faults: Vec::new(),
            replay: None,
            slow_rate: 32 * 1024,
            clock,
        }
    }
}

impl Default for LabOptions {
    /// [`LabOptions::new`] by this machine's clock.
    fn default() -> Self {
        Self::new(Clock::default())
    }
}
