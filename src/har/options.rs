//! What can be chosen of a HAR.

/// How a HAR is written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Whether tunnels and rejected handshakes get entries of their CONNECT request. Some tools
    /// would replay these.
    pub connect_entries: bool,
    /// The largest stored body, in bytes, that stands in the HAR itself; a larger one is
    /// referred to.
    pub inline_limit: u64,
    /// Whether the JSON is indented.
    pub pretty: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            connect_entries: true,
            inline_limit: 8 << 20,
            pretty: false,
        }
    }
}
