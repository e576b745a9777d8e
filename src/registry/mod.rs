//! What registry traffic says, decoded. Pure, no IO.
//!
//! Decoding is lenient and total. Whatever a server or a client sends is read as far as it
//! goes; what is malformed is data with a reason, never an error and never a panic.

mod bodies;
pub mod challenge;
pub mod client;
pub mod descriptor;
pub mod digest;
pub mod endpoint;
pub mod errors;
pub mod image_config;
mod json;
pub mod kind;
mod known;
pub mod listing;
pub mod manifest;
pub mod media_type;
pub mod platform;
pub mod rate_limit;
pub mod reading;
pub mod redirect;
pub mod reference;
pub mod schema1;
pub mod scope;
pub mod signed_url;
mod time;
pub mod token;
pub mod warning;

pub use bodies::{Bodies, InMemoryOnly};
pub use challenge::Challenge;
pub use client::Client;
pub use descriptor::Descriptor;
pub use digest::Digest;
pub use endpoint::{Endpoint, Route};
pub use errors::ReportedError;
pub use image_config::ImageConfig;
pub use kind::Kind;
pub use known::Known;
pub use listing::Listing;
pub use manifest::{Document, Index, Manifest};
pub use media_type::MediaType;
pub use platform::Platform;
pub use rate_limit::RateLimit;
pub use reading::{Authorization, Digests, Magic, Reading, ReadingPart};
pub use redirect::Redirect;
pub use reference::Reference;
pub use schema1::Schema1;
pub use scope::Scope;
pub use signed_url::{SignedUrl, Signer};
pub use token::{
    Claims, Credentials, Fingerprint, Jwt, Signature, Token, TokenAnswer, TokenRequest,
};
pub use warning::Warning;
