//! How much a store keeps, and what it let go.

/// How much a store keeps in memory. What is under way is kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Exchanges at most. Beyond, the oldest pulls that are over go, whole.
    pub exchanges: usize,
    /// Bytes of message bodies at most. Beyond, the oldest bodies go; what was read in them
    /// stays.
    pub bodies: u64,
}

/// What a store let go to stay within its [`Retention`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Exchanges.
    pub exchanges: u64,
    /// Pulls.
    pub pulls: u64,
    /// Bodies of exchanges that are still there.
    pub bodies: u64,
}

impl Retention {
    /// Everything is kept: for a trace that is read from a file.
    pub const ALL: Self = Self {
        exchanges: usize::MAX,
        bodies: u64::MAX,
    };
}

impl Default for Retention {
    /// 100,000 exchanges and 256 MiB of bodies.
    fn default() -> Self {
        Self {
            exchanges: 100_000,
            bodies: 256 * 1024 * 1024,
        }
    }
}
