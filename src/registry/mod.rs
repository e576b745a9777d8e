//! What registry traffic says, decoded. Pure, no IO.
//!
//! Decoding is lenient and total. Whatever a server or a client sends is read as far as it
//! goes; what is malformed is data with a reason, never an error and never a panic.

mod bodies;
mod byte_range;
pub(crate) mod challenge;
pub(crate) mod client;
pub(crate) mod descriptor;
pub(crate) mod digest;
pub(crate) mod endpoint;
pub(crate) mod errors;
pub(crate) mod image_config;
pub(crate) mod intermediary;
mod json;
pub(crate) mod kind;
mod known;
pub(crate) mod listing;
pub(crate) mod manifest;
pub(crate) mod media_type;
mod page;
pub(crate) mod platform;
pub(crate) mod provider;
pub(crate) mod rate_limit;
pub(crate) mod reading;
pub(crate) mod redirect;
pub(crate) mod reference;
pub(crate) mod schema1;
pub(crate) mod scope;
pub(crate) mod signed_url;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod warning;

pub use bodies::{Bodies, InMemoryOnly};
pub use challenge::{Challenge, ChallengeProblem};
pub use client::Client;
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest, DigestProblem};
pub use endpoint::{Endpoint, Page, Route};
pub use errors::ReportedError;
pub use image_config::{BuildStep, ImageConfig};
pub use intermediary::{Intermediary, IntermediaryRole};
pub use kind::Kind;
pub use known::Known;
pub use listing::Listing;
pub use manifest::{Document, Index, Manifest};
pub use media_type::{Class, Compression, MediaType};
pub use platform::Platform;
pub use rate_limit::RateLimit;
pub use reading::{Authorization, Digests, Magic, Reading, ReadingPart};
pub use redirect::Redirect;
pub use reference::Reference;
pub use schema1::Schema1;
pub use scope::Scope;
pub use signed_url::{SignedUrl, Signer};
pub use token::{
    Certificate, Claims, Credentials, Fingerprint, Json, Jwt, Signature, Token, TokenAnswer,
    TokenRequest,
};
pub use warning::Warning;
