//! The certificate authority: its key on disk, and the certificates it issues.

mod authority;
mod files;
mod leaf;
mod scope;

pub(crate) use authority::CertificateAuthority;
pub use files::{CaError, CaFiles, Identity};
pub use scope::{SigningScope, SigningScopeError};
