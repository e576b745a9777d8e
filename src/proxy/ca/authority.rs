//! Certificates on demand, issued once per host.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};

use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::KeyLog;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::base::clock;
use crate::base::lock::lock;

use super::files::Identity;
use super::leaf::Leaf;

/// Issues server certificates and keeps them for the hosts seen last.
///
/// All leaves of a day share one key that exists in memory only and is never the CA's.
pub(crate) struct CertificateAuthority {
    identity: Identity,
    provider: Arc<CryptoProvider>,
    key_log: Arc<dyn KeyLog>,
    state: Mutex<Certificates>,
}

/// Why there is no certificate for a host.
#[derive(Clone, Debug, thiserror::Error)]
#[error("failed to issue a certificate for {host}: {problem}")]
pub(crate) struct IssueError {
    host: String,
    problem: String,
}

struct Certificates {
    key: Option<DayKey>,
    leaves: LruCache<String, LeafSlot>,
}

#[derive(Clone)]
struct DayKey {
    pair: Arc<KeyPair>,
    made: Timestamp,
}

/// Filled by whoever comes first; whoever comes meanwhile waits for that one.
type LeafSlot = Arc<OnceLock<Result<Ready, IssueError>>>;

struct Ready {
    config: Arc<ServerConfig>,
    leaf: Leaf,
    key_made: Timestamp,
}

impl CertificateAuthority {
    /// An authority that keeps at most `capacity` certificates.
    pub(crate) fn new(identity: Identity, capacity: usize, key_log: Arc<dyn KeyLog>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Self {
            identity,
            provider,
            key_log,
            state: Mutex::new(Certificates {
                key: None,
                leaves: LruCache::new(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN)),
            }),
        }
    }

    /// The CA's own certificate and name.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A TLS configuration that presents a certificate for this DNS name or IP address.
    ///
    /// # Errors
    /// When no certificate can be made for such a name.
    pub(crate) fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, IssueError> {
        let now = clock::system();
        let failed = |error: Box<dyn Error>| IssueError {
            host: host.to_owned(),
            problem: error.to_string(),
        };
        let key = self.day_key(now).map_err(|error| failed(error.into()))?;
        let entry = self.entry(host, now);
        let ready = entry.get_or_init(|| self.issue(host, &key, now).map_err(failed));
        match ready {
            Ok(ready) => Ok(Arc::clone(&ready.config)),
            Err(error) => Err(error.clone()),
        }
    }

    fn entry(&self, host: &str, now: Timestamp) -> LeafSlot {
        let mut state = lock(&self.state);
        let made = state.key.as_ref().map(|key| key.made);
        let current = |slot: &&LeafSlot| match slot.get() {
            None => true,
            Some(Ok(ready)) => ready.leaf.is_fresh(now) && Some(ready.key_made) == made,
            Some(Err(_)) => false,
        };
        if let Some(slot) = state.leaves.get(host).filter(current) {
            return Arc::clone(slot);
        }
        let slot = LeafSlot::default();
        state.leaves.put(host.to_owned(), Arc::clone(&slot));
        slot
    }

    fn issue(&self, host: &str, key: &DayKey, now: Timestamp) -> Result<Ready, Box<dyn Error>> {
        let leaf = Leaf::issue(&self.identity, &key.pair, host, now)?;
        let der = PrivatePkcs8KeyDer::from(key.pair.serialize_der());
        let signer = self.provider.key_provider.load_private_key(der.into())?;
        let certified = CertifiedKey::new(vec![leaf.certificate.clone()], signer);
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Container clients do not resume sessions: what is not kept costs nothing.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.key_log = Arc::clone(&self.key_log);
        Ok(Ready {
            config: Arc::new(config),
            leaf,
            key_made: key.made,
        })
    }

    /// The key of the day; a clock that jumps by more than a day brings a new one.
    fn day_key(&self, now: Timestamp) -> Result<DayKey, rcgen::Error> {
        let mut state = lock(&self.state);
        if let Some(key) = &state.key
            && now.duration_since(key.made).abs() < SignedDuration::from_hours(24)
        {
            return Ok(key.clone());
        }
        let pair = Arc::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?);
        let key = DayKey { pair, made: now };
        state.key = Some(key.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::super::files::CaFiles;
    use super::*;

    fn authority(capacity: usize) -> CertificateAuthority {
        let dir = tempfile::tempdir().unwrap();
        let identity = CaFiles::new(dir.path().join("ca")).open().unwrap();
        CertificateAuthority::new(identity, capacity, Arc::new(rustls::NoKeyLog))
    }

    fn issue(authority: &CertificateAuthority, host: &str) -> Vec<u8> {
        let key = authority.day_key(clock::system()).unwrap();
        let ready = authority.issue(host, &key, clock::system()).unwrap();
        ready.leaf.certificate.to_vec()
    }

    #[test]
    fn security_03_a_leaf_is_as_narrow_as_it_can_be() {
        let authority = authority(10);
        let der = issue(&authority, "registry-1.docker.io");
        let (_, cert) = X509Certificate::from_der(&der).unwrap();
        let san = cert.subject_alternative_name().unwrap().unwrap();
        assert!(matches!(
            san.value.general_names[..],
            [GeneralName::DNSName("registry-1.docker.io")]
        ));
        assert!(!cert.is_ca());
        let usage = cert.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && !usage.key_cert_sign());
        let extended = cert.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.server_auth && !extended.client_auth && !extended.any);
        assert!(cert.basic_constraints().unwrap().is_some());
        assert!(cert.raw_serial().len() == 16 && cert.raw_serial()[0] < 0x80);
        let days = cert.validity().time_to_expiration().unwrap().whole_days();
        assert!((29..=30).contains(&days));
        assert!(cert.validity().not_before.timestamp() < clock::system().as_second() - 86_000);
    }

    #[test]
    fn security_03_a_leaf_points_at_the_ca_key_and_is_signed_by_it() {
        let authority = authority(10);
        let der = issue(&authority, "r.example");
        let (_, leaf) = X509Certificate::from_der(&der).unwrap();
        let (_, ca) = X509Certificate::from_der(authority.identity().certificate()).unwrap();
        let key_id = |cert: &X509Certificate<'_>, aki: bool| {
            cert.extensions()
                .iter()
                .find_map(|ext| match ext.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(id) if !aki => Some(id.0.to_vec()),
                    ParsedExtension::AuthorityKeyIdentifier(id) if aki => {
                        id.key_identifier.as_ref().map(|id| id.0.to_vec())
                    }
                    _ => None,
                })
        };
        assert_eq!(key_id(&leaf, true).unwrap(), key_id(&ca, false).unwrap());
        assert_ne!(leaf.public_key().raw, ca.public_key().raw);
        assert_eq!(leaf.issuer().to_string(), ca.subject().to_string());
    }

    #[test]
    fn security_03_addresses_and_long_names_are_issued_too() {
        let authority = authority(10);
        for address in ["127.0.0.1", "::1"] {
            let der = issue(&authority, address);
            let (_, cert) = X509Certificate::from_der(&der).unwrap();
            let san = cert.subject_alternative_name().unwrap().unwrap();
            assert!(matches!(
                san.value.general_names[..],
                [GeneralName::IPAddress(_)]
            ));
        }
        let long = format!(
            "docker-images-prod.{}.r2.cloudflarestorage.com",
            "6".repeat(32)
        );
        let der = issue(&authority, &long);
        let (_, cert) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(cert.subject().iter_common_name().count(), 0);
        assert!(cert.subject_alternative_name().unwrap().unwrap().critical);
    }

    #[test]
    fn certificates_are_kept_but_not_without_bound() {
        let authority = authority(3);
        let first = authority.server_config("a.example").unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &authority.server_config("a.example").unwrap()
        ));
        for host in ["b.example", "c.example", "d.example"] {
            authority.server_config(host).unwrap();
        }
        assert_eq!(lock(&authority.state).leaves.len(), 3);
        assert!(!Arc::ptr_eq(
            &first,
            &authority.server_config("a.example").unwrap()
        ));
    }

    #[test]
    fn security_02_a_clock_that_jumps_brings_a_new_key_and_new_leaves() {
        let authority = authority(3);
        let now = clock::system();
        let key = authority.day_key(now).unwrap();
        assert_eq!(authority.day_key(now).unwrap().made, key.made);
        for jump in [
            SignedDuration::from_hours(30),
            SignedDuration::from_hours(-90 * 24),
        ] {
            let later = now + jump;
            assert_eq!(authority.day_key(later).unwrap().made, later);
        }
    }

    #[test]
    fn threads_that_ask_at_once_get_one_certificate() {
        let authority = authority(10);
        let configs: Vec<_> = std::thread::scope(|scope| {
            let ask = || authority.server_config("r.example").unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(configs.windows(2).all(|two| Arc::ptr_eq(&two[0], &two[1])));
    }

    #[test]
    fn security_02_no_leaf_has_the_key_of_the_ca_and_each_day_has_its_own() {
        let authority = authority(10);
        let now = clock::system();
        let key_of = |at: Timestamp| {
            let key = authority.day_key(at).unwrap();
            let ready = authority.issue("r.example", &key, at).unwrap();
            let (_, cert) = X509Certificate::from_der(&ready.leaf.certificate).unwrap();
            cert.public_key().raw.to_vec()
        };
        let (_, ca) = X509Certificate::from_der(authority.identity().certificate()).unwrap();
        let (today, tomorrow) = (key_of(now), key_of(now + SignedDuration::from_hours(25)));
        assert_ne!(today, ca.public_key().raw);
        assert_ne!(tomorrow, ca.public_key().raw);
        assert_ne!(today, tomorrow);
    }

    #[test]
    fn security_03_serial_numbers_do_not_repeat_and_no_leaf_outlives_the_ca() {
        let authority = authority(10);
        let (_, ca) = X509Certificate::from_der(authority.identity().certificate()).unwrap();
        let now = clock::system();
        let near_the_end = authority.identity().not_after() - SignedDuration::from_hours(48);
        let mut serials = std::collections::HashSet::new();
        for at in [now, now, now, near_the_end] {
            let key = authority.day_key(at).unwrap();
            let ready = authority.issue("r.example", &key, at).unwrap();
            let (_, leaf) = X509Certificate::from_der(&ready.leaf.certificate).unwrap();
            assert!(serials.insert(leaf.raw_serial().to_vec()));
            assert!(leaf.validity().not_before >= ca.validity().not_before);
            assert!(leaf.validity().not_after <= ca.validity().not_after);
            assert_eq!(
                leaf.subject_alternative_name()
                    .unwrap()
                    .unwrap()
                    .value
                    .general_names
                    .len(),
                1
            );
            let ecdsa_with_sha256 = "1.2.840.10045.4.3.2";
            assert_eq!(
                leaf.signature_algorithm.algorithm.to_id_string(),
                ecdsa_with_sha256
            );
        }
    }

    /// Names as a client makes them up, as fast as it can.
    #[test]
    fn security_19_a_flood_of_names_leaves_a_bounded_cache() {
        let authority = authority(50);
        for n in 0..500 {
            authority
                .server_config(&format!("{n}.flood.example"))
                .unwrap();
        }
        let state = lock(&authority.state);
        assert_eq!(state.leaves.len(), 50);
    }
}
