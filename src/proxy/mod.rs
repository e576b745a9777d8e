//! The intercepting proxy: the front door, the CA, tunnels, the way upstream, and the taps.
//!
//! It forwards first and observes second. What it observes it puts into a [`Recorder`](crate::capture::Recorder), whose
//! reader can be slow, stuck or gone without any effect on traffic. It knows HTTP and TLS, and
//! nothing about registries.

pub mod ca;
pub(crate) mod limits;
pub(crate) mod settings;

mod answer;
mod certificate;
mod co_driven;
mod context;
mod door;
mod door_head;
mod forward;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
mod idle_reaper;
mod key_log;
mod passthrough;
mod peer;
mod read_ahead;
mod serve;
mod server;
mod sniff;
mod tap;
mod target;
mod timed_body;
mod tunnel;
mod upstream;
mod user_agents;

pub use crate::base::host_pattern::{HostPattern, HostPatternError};
pub use certificate::{ClientCertificate, PemError, RootCertificate};
pub use key_log::KeyLog;
pub use limits::Limits;
pub use peer::PeerLookup;
pub use server::{Proxy, ProxyError};
pub use settings::Settings;
pub use target::{TargetError, authority};
pub(crate) use upstream::trusted_roots;
pub use upstream::{
    ConnectTo, ConnectToError, UpstreamProxy, UpstreamProxyError, UpstreamTlsError,
};
