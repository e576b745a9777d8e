//! The bounds that the capture core keeps. `docs/limits.md` explains them to users.

/// Sizes and counts. The defaults are what users get.
#[derive(Clone, Debug)]
pub struct CaptureLimits {
    /// Bytes of one request or response head; more is answered 431 or 502.
    pub head_bytes: usize,
    /// Fields in one head; more is answered 431 or 502.
    pub head_fields: usize,
    /// Ended exchanges that wait for the recorder's reader; the oldest beyond it are dropped
    /// from the trace and counted.
    pub backlog: usize,
    /// Bytes of captured bodies in memory at once.
    pub body_budget: u64,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            head_fields: 200,
            backlog: 20_000,
            body_budget: 64 * 1024 * 1024,
        }
    }
}
