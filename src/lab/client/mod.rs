//! A small client that pulls an image as `docker pull` does, through a proxy.
//!
//! It asks for what dockerd 19.03 asks for and in that order: the ping, a token, the tag, the
//! platform's manifest, the config and the layers, each request on a connection of its own; or for
//! what another client does, by its [`ClientProfile`]. It
//! follows redirects without its token, resumes what broke off, checks every digest, and throws
//! the content away. Each step is told as a [`PullEvent`].

mod blob;
mod document;
mod error;
mod event;
mod http;
mod message;
mod profile;
mod pull;
mod push;
mod tunnel;

pub use error::PullError;
pub use event::{PullEvent, PullStep};
pub use profile::{ClientProfile, UnknownClient};
pub use pull::{Pulled, Puller};
