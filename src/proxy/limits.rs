//! Every bound the proxy keeps, in one place; those of the capture core are told there.
//! `docs/limits.md` explains them to users.

use std::time::Duration;

use crate::capture::CaptureLimits;

/// Timers, sizes and counts. The defaults are what users get.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Client connections at the front door at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// CONNECT tunnels at once; a further CONNECT is answered 503.
    pub tunnels: usize,
    /// From CONNECT to the first bytes in the tunnel, and from its first byte to a whole
    /// `ClientHello`.
    pub sniff: Duration,
    /// The TLS handshake with the client.
    pub client_handshake: Duration,
    /// From the first byte of a request head to its end; 408 after it.
    pub request_head: Duration,
    /// Between two requests on one connection.
    pub keep_alive: Duration,
    /// Without a byte of a request body that is being read.
    pub client_idle: Duration,
    /// A client that accepts no byte of a response.
    pub client_stall: Duration,
    /// One name lookup; 504 after it.
    pub dns: Duration,
    /// Name lookups at once.
    pub lookups: usize,
    /// All attempts to open a TCP connection; 504 after it.
    pub connect: Duration,
    /// The TLS handshake with a server, and the CONNECT with an upstream proxy; 504 after it.
    pub upstream_handshake: Duration,
    /// Without a byte from a server (or accepted by it) while one is due; 504 after it, or the
    /// transfer is cut when the response had begun.
    pub upstream_idle: Duration,
    /// A tunnel of opaque bytes in which nothing moves.
    pub opaque_idle: Duration,
    /// Certificates kept for hosts seen before.
    pub leaves: usize,
    /// Heads, bodies in memory and what waits for the recorder's reader.
    pub capture: CaptureLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            tunnels: 8_192,
            sniff: Duration::from_secs(10),
            client_handshake: Duration::from_secs(10),
            request_head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(300),
            client_idle: Duration::from_secs(30),
            client_stall: Duration::from_secs(300),
            dns: Duration::from_secs(10),
            lookups: 32,
            connect: Duration::from_secs(10),
            upstream_handshake: Duration::from_secs(10),
            upstream_idle: Duration::from_secs(60),
            opaque_idle: Duration::from_secs(600),
            leaves: 1_000,
            capture: CaptureLimits::default(),
        }
    }
}
