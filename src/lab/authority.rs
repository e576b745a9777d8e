//! The lab's own certification authority: made at start, kept in memory, gone at the end.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use time::OffsetDateTime;

use super::clock::after;
use crate::base::lock::lock;

/// The authority, and the certificates it has issued.
pub(super) struct LabAuthority {
    ca: CertifiedIssuer<'static, KeyPair>,
    /// One key for all leaves: the lab lives for one session and pretends to be others anyway.
    leaf_key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    started: Timestamp,
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

/// Why there is no authority, or no certificate of its.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthorityError {
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl LabAuthority {
    /// Makes a CA that is valid from a day before `now` to a year after it.
    pub(super) fn new(now: Timestamp) -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("pullscope lab CA (not to be trusted elsewhere)");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, now);
        let leaf_key = KeyPair::generate()?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        Ok(Self {
            ca: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?,
            signing_key: aws_lc_rs::sign::any_supported_type(&der)?,
            leaf_key,
            started: now,
            issued: Mutex::default(),
        })
    }

    /// The CA's certificate.
    pub(super) fn pem(&self) -> String {
        self.ca.pem()
    }

    /// A TLS server configuration that speaks HTTP/1.1 under any name the client asks for.
    pub(super) fn server_config(self) -> Result<ServerConfig, AuthorityError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn issue(&self, host: Option<&str>) -> Result<CertifiedKey, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("pullscope lab");
        params.subject_alt_names = match host {
            Some(host) => vec![SanType::DnsName(host.try_into()?)],
            None => vec![
                SanType::DnsName("localhost".try_into()?),
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ],
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, self.started);
        let certificate = params.signed_by(&self.leaf_key, &self.ca)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.into()];
        Ok(CertifiedKey::new(chain, self.signing_key.clone()))
    }
}

impl ResolvesServerCert for LabAuthority {
    /// A name the lab does not serve gets its certificate too, so that the client comes as far
    /// as the 404 that says which names exist.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().map(str::to_ascii_lowercase);
        let key = host.clone().unwrap_or_default();
        let mut issued = lock(&self.issued);
        if let Some(certificate) = issued.get(&key) {
            return Some(certificate.clone());
        }
        match self.issue(host.as_deref()) {
            Ok(certificate) => {
                let certificate = Arc::new(certificate);
                if issued.len() < MAX_CACHED {
                    issued.insert(key, certificate.clone());
                }
                Some(certificate)
            }
            Err(error) => {
                tracing::warn!(host = key, %error, "the lab has no certificate for this name");
                None
            }
        }
    }
}

impl std::fmt::Debug for LabAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn set_validity(params: &mut CertificateParams, now: Timestamp) {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(after(now, seconds).as_second());
    if let (Ok(from), Ok(to)) = (at(-DAY), at(365 * DAY)) {
        params.not_before = from;
        params.not_after = to;
    }
}

const DAY: i64 = 24 * 60 * 60;

/// Names a client can make the lab remember.
const MAX_CACHED: usize = 64;
