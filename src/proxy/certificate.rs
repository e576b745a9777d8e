//! Certificates as users hand them over: roots to trust, and what to present to servers.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use crate::base::host_pattern::HostPattern;

/// A root to trust beside the system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificate(pub(super) CertificateDer<'static>);

/// A certificate chain and key for the hosts that match.
pub struct ClientCertificate {
    pub(super) hosts: HostPattern,
    /// The leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// Why a text in PEM is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PemError {
    /// Something that begins like PEM does not go on like it.
    #[error("{0}")]
    Malformed(String),
    /// There is no certificate in it.
    #[error("no certificate (PEM) is in it")]
    NoCertificate,
    /// There is no private key in it.
    #[error("no private key: {0}")]
    NoKey(String),
}

impl RootCertificate {
    /// Every certificate of a text in PEM, at least one.
    ///
    /// # Errors
    /// When there is none, or one is malformed.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Vec<Self>, PemError> {
        Ok(certificates(pem.as_ref())?.into_iter().map(Self).collect())
    }
}

impl ClientCertificate {
    /// The chain, leaf first, and the leaf's key, both from one text in PEM.
    ///
    /// # Errors
    /// When either is missing or malformed.
    pub fn from_pem(hosts: HostPattern, pem: impl AsRef<[u8]>) -> Result<Self, PemError> {
        let chain = certificates(pem.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_ref())
            .map_err(|error| PemError::NoKey(error.to_string()))?;
        Ok(Self { hosts, chain, key })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| PemError::Malformed(error.to_string()))?;
    if found.is_empty() {
        return Err(PemError::NoCertificate);
    }
    Ok(found)
}
