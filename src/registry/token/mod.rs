//! Token requests, token answers and the tokens themselves (Docker registry token
//! specification; RFC 6749, RFC 7519).

mod answer;
mod bearer;
mod request;
mod signature;

pub(crate) use answer::DEFAULT_LIFETIME;
pub use answer::TokenAnswer;
pub use bearer::{Claims, Fingerprint, Json, Jwt, Token};
pub use request::{Credentials, TokenRequest};
pub use signature::{Certificate, Signature};
