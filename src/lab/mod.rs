//! The lab: registries on loopback, so that pullscope can be tried, taught and tested without a
//! container engine, without privileges and without the internet.
//!
//! [`Lab`] serves the registries of one time by host name, over TLS with a certification authority of
//! its own: Docker Hub, a mirror of it, Google Container Registry and Quay as they were captured in
//! August 2020, or nine registries as public reports show them in 2026 ([`Era`]). Their hosts and
//! answers are data. Tokens and URLs are really signed and really checked; images are small but real.
//! A [`FaultSpec`] makes a provider misbehave, and a [`Replay`] answers from a recording instead.
//! [`client`] pulls an image as `docker pull` or another client does, and tells each step.

pub mod client;

mod answer;
mod authority;
mod backend;
mod blob_store;
mod catalog;
mod clock;
mod connection;
mod digest;
mod error;
mod fault;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod image;
mod keys;
mod layer;
mod options;
mod path;
mod provider;
mod push;
mod range;
mod registry;
mod replay;
mod request;
mod response;
mod schema1;
mod server;
mod service;
mod signed_url;
mod stand_in;
mod template;
mod token;
mod token_server;

pub use catalog::LabImage;
pub use clock::Clock;
pub use error::LabError;
pub use fault::{Fault, FaultError, FaultSpec};
pub use options::LabOptions;
pub use provider::{Era, Provider, UnknownProvider};
pub use replay::{Recorded, Replay, ReplayError};
pub use server::{HostRoute, Lab};

use request::IncomingRequest;
use response::OutgoingResponse;
