//! TLS towards servers: verification is never skipped silently, and what a server presented is
//! remembered even when it is refused.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, CommonState, DigitallySignedStruct, KeyLog, RootCertStore,
    SignatureScheme,
};
use thiserror::Error;

use crate::base::host_pattern::HostPattern;
use crate::base::lock::lock;
use crate::exchange::{TlsSession, Verification};
use crate::proxy::certificate::RootCertificate;
use crate::proxy::key_log::KeyLines;
use crate::proxy::settings::Settings;

/// Makes client configurations, one per kind of host.
pub(super) struct UpstreamTls {
    base: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
    client_certificates: Vec<(HostPattern, Arc<ClientConfig>)>,
    insecure: Vec<HostPattern>,
}

/// Why the proxy's TLS towards servers cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpstreamTlsError {
    /// There is nothing to verify servers with.
    #[error(
        "no trusted root certificates were found on this system ({0}). Install the system's CA \
         certificates (Debian: ca-certificates), or name some with --upstream-ca"
    )]
    NoRoots(String),
    /// A root given by the user is unusable.
    #[error("failed to use a certificate of --upstream-ca: {0}")]
    Root(String),
    /// A client certificate given by the user is unusable.
    #[error("failed to use the client certificate for {0}: {1}")]
    ClientCertificate(HostPattern, String),
    /// The verifier could not be made.
    #[error("failed to set up certificate verification: {0}")]
    Verifier(String),
}

/// What a server presented in one handshake.
#[derive(Clone, Debug, Default)]
pub(super) struct Presented {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) verification: Option<Verification>,
}

/// A verifier that remembers.
#[derive(Debug)]
struct RememberingVerifier {
    inner: Arc<WebPkiServerVerifier>,
    insecure: bool,
    seen: Arc<Mutex<Presented>>,
}

impl UpstreamTls {
    pub(super) fn new(settings: &Settings) -> Result<Self, UpstreamTlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(trusted_roots(&settings.upstream_roots)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|error| UpstreamTlsError::Verifier(error.to_string()))?;
        let key_log = KeyLines::of(settings.key_log.as_ref());
        let base = config(&provider, &verifier, None, &key_log)
            .map_err(|error| UpstreamTlsError::Verifier(error.to_string()))?;
        let client_certificates = settings
            .client_certificates
            .iter()
            .map(|own| {
                let presented = Some((own.chain.clone(), own.key.clone_key()));
                config(&provider, &verifier, presented, &key_log)
                    .map(|config| (own.hosts.clone(), Arc::new(config)))
                    .map_err(|error| {
                        UpstreamTlsError::ClientCertificate(own.hosts.clone(), error.to_string())
                    })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            base: Arc::new(base),
            verifier,
            client_certificates,
            insecure: settings.insecure.clone(),
        })
    }

    /// A configuration for one handshake with this host, and where to look afterwards.
    pub(super) fn config(&self, host: &str) -> (Arc<ClientConfig>, Arc<Mutex<Presented>>) {
        let seen = Arc::new(Mutex::new(Presented::default()));
        let base = self
            .client_certificates
            .iter()
            .find(|(hosts, _)| hosts.matches(host))
            .map_or(&self.base, |(_, config)| config);
        let mut config = ClientConfig::clone(base);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(RememberingVerifier {
                inner: Arc::clone(&self.verifier),
                insecure: self.insecure.iter().any(|hosts| hosts.matches(host)),
                seen: Arc::clone(&seen),
            }));
        (Arc::new(config), seen)
    }
}

/// What a finished handshake agreed on.
pub(crate) fn session(agreed: &CommonState) -> Option<TlsSession> {
    let version = match agreed.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    };
    let cipher = agreed.negotiated_cipher_suite()?.suite();
    let alpn = agreed.alpn_protocol();
    Some(TlsSession {
        version,
        cipher: format!("{cipher:?}").replace("TLS13_", "TLS_"),
        alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
        offered: Vec::new(),
    })
}

/// The system's roots, and these beside them.
///
/// # Errors
/// When one of these is no root, or there is none at all.
pub(crate) fn trusted_roots(more: &[RootCertificate]) -> Result<RootCertStore, UpstreamTlsError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    for root in more {
        let added = roots.add(root.0.clone());
        added.map_err(|error| UpstreamTlsError::Root(error.to_string()))?;
    }
    if roots.is_empty() {
        let why = native
            .errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        return Err(UpstreamTlsError::NoRoots(if why.is_empty() {
            "none".into()
        } else {
            why
        }));
    }
    Ok(roots)
}

fn config(
    provider: &Arc<CryptoProvider>,
    verifier: &Arc<WebPkiServerVerifier>,
    own: Option<(
        Vec<CertificateDer<'static>>,
        rustls::pki_types::PrivateKeyDer<'static>,
    )>,
    key_log: &Arc<dyn KeyLog>,
) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(Arc::clone(verifier));
    let mut config = match own {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session presents no certificates: the trace would not know whom it spoke to.
    config.resumption = rustls::client::Resumption::disabled();
    config.key_log = Arc::clone(key_log);
    Ok(config)
}

impl ServerCertVerifier for RememberingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let outcome = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let (verification, outcome) = match outcome {
            Ok(verified) => (Verification::Verified, Ok(verified)),
            Err(error) => {
                let reason = reason(&error);
                if self.insecure {
                    let overridden = Verification::Overridden { reason };
                    (overridden, Ok(ServerCertVerified::assertion()))
                } else {
                    (Verification::Rejected { reason }, Err(error))
                }
            }
        };
        let mut seen = lock(&self.seen);
        seen.verification = Some(verification);
        seen.chain = std::iter::once(end_entity)
            .chain(intermediates)
            .take(MAX_CHAIN)
            .map(|certificate| certificate.to_vec())
            .collect();
        outcome
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Why a certificate was refused, for people.
fn reason(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(refused) = error else {
        return error.to_string();
    };
    let why = match refused {
        CertificateError::UnknownIssuer => "it does not lead to a root that is trusted here",
        CertificateError::Other(other) if other.to_string() == "NameConstraintViolation" => {
            "its CA may not issue certificates for this name (name constraints)"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed with an algorithm that is too weak or unknown"
        }
        CertificateError::BadSignature => {
            "its signature was not made by the key of the CA it names"
        }
        CertificateError::Expired => "it has expired",
        CertificateError::NotValidYet => "it is not valid yet",
        CertificateError::NotValidForName => "it is only valid for other names",
        CertificateError::ExpiredContext { not_after, .. } => {
            return format!("it expired at {}", moment(*not_after));
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            return format!("it is not valid before {}", moment(*not_before));
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
            return match names.as_slice() {
                [] => "it is valid for no name at all".to_owned(),
                names => format!("it is only valid for other names ({})", names.join(", ")),
            };
        }
        CertificateError::Other(other) => return other.to_string(),
        other => return other.to_string(),
    };
    why.to_owned()
}

/// A moment as people write it.
fn moment(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_second(seconds);
    moment.map_or_else(|_| "?".to_owned(), |moment| moment.to_string())
}

/// A name that a certificate is for, without what the library puts around it: `DnsName("a")`.
fn bare(name: &str) -> &str {
    let inside = name.split_once('(').map_or(name, |(_, inside)| inside);
    inside.trim_matches(['"', ')'])
}

/// Certificates of a chain that are remembered.
const MAX_CHAIN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_is_told_in_plain_words() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_700_000_000));
        let told = |refused| reason(&rustls::Error::InvalidCertificate(refused));
        let expired = CertificateError::ExpiredContext {
            time,
            not_after: time,
        };
        assert_eq!(told(expired), "it expired at 2023-11-14T22:13:20Z");
        let other = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("r.example").unwrap(),
            presented: vec![
                "DnsName(\"a.example\")".into(),
                "IpAddress(10.0.0.1)".into(),
            ],
        };
        assert_eq!(
            told(other),
            "it is only valid for other names (a.example, 10.0.0.1)"
        );
    }
}
