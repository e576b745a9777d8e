//! Lists of roots: the system's with a CA added.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

use super::environment::{ADDED, BUNDLE};
use crate::base::atomic_file::{Owner, replace};
use crate::base::pem::certificate;

/// Why a list of roots could not be written.
#[derive(Debug, Error)]
#[error("failed to write {}: {source}", path.display())]
pub struct TrustError {
    path: PathBuf,
    source: io::Error,
}

/// The roots that a command would have trusted, given its environment, and this CA (PEM), as PEM.
///
/// The system's roots are those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where these are set in this
/// process. Files that other variables name are added as far as they can be read.
pub fn bundle(ca: &str, inherited: impl Fn(&str) -> Option<OsString>) -> String {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    for name in BUNDLE.iter().chain(&ADDED) {
        let Some(file) = inherited(name).filter(|file| !file.is_empty()) else {
            continue;
        };
        let Ok(found) = CertificateDer::pem_file_iter(Path::new(&file)) else {
            continue;
        };
        for root in found.flatten() {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }
    let mut text: String = roots.iter().map(|root| certificate(root)).collect();
    text.push_str(ca);
    text
}

/// Roots (PEM) as a key store of Java, in the form that every Java reads (JKS).
pub fn java(roots: &str) -> Vec<u8> {
    let roots: Vec<_> = CertificateDer::pem_slice_iter(roots.as_bytes())
        .flatten()
        .collect();
    let mut store = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
    let long = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
    // Both are ASCII and shorter than 256.
    let short = |text: &str| [&long(text.len())[2..], text.as_bytes()].concat();
    store.extend(long(roots.len()));
    for (number, root) in roots.iter().enumerate() {
        store.extend([0, 0, 0, 2]);
        store.extend(short(&number.to_string()));
        store.extend([0; 8]);
        store.extend(short("X.509"));
        store.extend(long(root.len()));
        store.extend_from_slice(root);
    }
    let password = "changeit".encode_utf16().flat_map(u16::to_be_bytes);
    let mut told: Vec<u8> = password.chain(*b"Mighty Aphrodite").collect();
    told.extend_from_slice(&store);
    store.extend(digest(&SHA1_FOR_LEGACY_USE_ONLY, &told).as_ref());
    store
}

/// Writes a file that everyone may read, in one step, unless it says this already. It is to
/// belong to `owner` (user and group), where that is not who writes it.
///
/// # Errors
/// When it cannot be written.
pub fn publish(path: &Path, text: impl AsRef<[u8]>, owner: Owner) -> Result<(), TrustError> {
    let text = text.as_ref();
    if std::fs::read(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    replace(path, text, 0o644, owner).map_err(|source| TrustError {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn authority() -> (CertificateDer<'static>, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        (made.der().clone(), made.pem())
    }

    #[test]
    fn a_bundle_holds_the_system_the_users_own_and_the_ca() {
        let (own, text) = authority();
        let (ca, ca_text) = authority();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("own.pem");
        std::fs::write(&file, text).unwrap();
        let bundle = bundle(&ca_text, |name| {
            (name == "REQUESTS_CA_BUNDLE").then(|| file.clone().into())
        });
        let read: Vec<_> = CertificateDer::pem_slice_iter(bundle.as_bytes())
            .map(Result::unwrap)
            .collect();
        let system = rustls_native_certs::load_native_certs().certs.len();
        assert_eq!(read.len(), system + 2);
        assert!(read.contains(&own));
        assert_eq!(read.last(), Some(&ca));
    }

    #[test]
    fn what_is_written_can_be_read_by_everyone_and_only_changes_with_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bundle.pem");
        publish(&file, "one", None).unwrap();
        let first = std::fs::metadata(&file).unwrap();
        assert_eq!(first.permissions().mode() & 0o777, 0o644);
        publish(&file, "one", None).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().modified().unwrap(),
            first.modified().unwrap()
        );
        publish(&file, "two", None).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        let error = publish(&dir.path().join("no/where"), "x", None).unwrap_err();
        assert!(error.to_string().contains("no/where"), "{error}");
    }
}
