//! The CA's key and certificate on disk.
//!
//! `ca.key` holds both, private key first, and is the only thing that is read back: one file
//! appears in one step, so two processes that start at once agree on one CA. `ca.pem` is a copy
//! of the certificate for people and clients.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;
use time::OffsetDateTime;

use super::scope::SigningScope;
use crate::base::atomic_file::{create, make_dirs, open_no_link, replace};
use crate::base::clock;

/// Where a CA is kept.
#[derive(Clone, Debug)]
pub struct CaFiles {
    dir: PathBuf,
    /// Who is to own what is made, where that is not who makes it.
    owner: Option<(u32, u32)>,
}

/// A CA that can sign.
pub struct Identity {
    pub(super) issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    not_before: Timestamp,
    not_after: Timestamp,
    scope: Option<SigningScope>,
}

/// Why there is no usable CA.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaError {
    /// A file or directory could not be used.
    #[error("failed to {operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could read or replace the key.
    #[error(
        "refusing to use {}: {problem}. Mend it, or make a new CA with `pullscope ca regenerate`",
        path.display()
    )]
    Unsafe {
        /// Which file or directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file holds no key and certificate that belong together.
    #[error(
        "failed to read the CA in {}: {problem}. Make a new one with `pullscope ca regenerate`",
        path.display()
    )]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A certificate could not be made.
    #[error("failed to make a certificate: {0}")]
    Make(String),
}

impl CaFiles {
    /// The CA kept in this directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self::of_owner(dir, None)
    }

    /// The same, kept for another user: root, called by sudo, makes what its caller is to own.
    pub fn of_owner(dir: impl Into<PathBuf>, owner: Option<(u32, u32)>) -> Self {
        Self {
            dir: dir.into(),
            owner,
        }
    }

    /// The certificate, PEM, readable by everyone who may enter the directory.
    pub fn certificate_path(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The private key and the certificate, PEM, for the owner alone.
    pub fn key_path(&self) -> PathBuf {
        self.dir.join("ca.key")
    }

    /// Loads the CA, and makes it first when there is none.
    ///
    /// # Errors
    /// When the files cannot be read or written, when others could read the key, or when they
    /// hold something else.
    pub fn open(&self) -> Result<Identity, CaError> {
        self.prepare_dir()?;
        let key_path = self.key_path();
        let identity = match self.find()? {
            Some(identity) => identity,
            None => self.create(&key_path)?,
        };
        self.publish(&identity)?;
        Ok(identity)
    }

    /// The CA, if there is one. Nothing is made.
    ///
    /// # Errors
    /// As for [`CaFiles::open`].
    pub fn find(&self) -> Result<Option<Identity>, CaError> {
        match self.load() {
            Err(CaError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// A CA that is kept nowhere.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn example() -> Result<Identity, CaError> {
        Ok(generate(None)?.0)
    }

    /// Makes a new CA in place of the one that is there. Clients that trusted the old one must
    /// be told to trust the new one. With `only` it can sign for these hosts and no others.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn regenerate(&self, only: Option<&SigningScope>) -> Result<Identity, CaError> {
        self.prepare_dir()?;
        let (identity, text) = generate(only)?;
        let path = self.key_path();
        replace(&path, text.as_bytes(), 0o600, self.owner).map_err(failed_to("write", &path))?;
        self.publish(&identity)?;
        Ok(identity)
    }

    fn load(&self) -> Result<Identity, CaError> {
        let path = self.key_path();
        let io = failed_to("read", &path);
        if fs::symlink_metadata(&path).map_err(io)?.is_symlink() {
            return Err(unsafe_to_use(&path, "it is a symbolic link"));
        }
        let mut file = open_no_link(&path).map_err(io)?;
        self.check(&path, &file.metadata().map_err(io)?, 0o077)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        parse(&text).map_err(|problem| CaError::Invalid { path, problem })
    }

    fn create(&self, path: &Path) -> Result<Identity, CaError> {
        let (identity, text) = generate(None)?;
        // Another process may make one at the same time: the first one counts.
        let made = create(path, text.as_bytes(), 0o600, self.owner);
        if made.map_err(failed_to("write", path))? {
            Ok(identity)
        } else {
            self.load()
        }
    }

    /// Writes the certificate, unless it is there.
    fn publish(&self, identity: &Identity) -> Result<(), CaError> {
        let (path, pem) = (self.certificate_path(), &identity.pem);
        if fs::read_to_string(&path).is_ok_and(|text| text == *pem) {
            return Ok(());
        }
        replace(&path, pem.as_bytes(), 0o644, self.owner).map_err(failed_to("write", &path))
    }

    fn prepare_dir(&self) -> Result<(), CaError> {
        let io = |operation| failed_to(operation, &self.dir);
        make_dirs(&self.dir, 0o700, self.owner).map_err(io("create"))?;
        let meta = File::open(&self.dir).and_then(|dir| dir.metadata());
        self.check(&self.dir, &meta.map_err(io("read"))?, 0o022)
    }

    /// Refuses what others may write, or read where `forbidden` says so.
    fn check(&self, path: &Path, meta: &Metadata, forbidden: u32) -> Result<(), CaError> {
        let user = rustix::process::geteuid().as_raw();
        let for_caller = self.owner.is_some_and(|(owner, _)| owner == meta.uid());
        if meta.uid() != user && !for_caller {
            let problem = format!("it belongs to user {}, not to user {user}", meta.uid());
            return Err(unsafe_to_use(path, &problem));
        }
        if meta.mode() & forbidden != 0 {
            let problem = format!("its mode {:o} lets others in", meta.mode() & 0o777);
            return Err(unsafe_to_use(path, &problem));
        }
        Ok(())
    }
}

impl Identity {
    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate, PEM. The private key has no such accessor.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The hosts that the CA may sign for; `None` is every host.
    pub fn scope(&self) -> Option<&SigningScope> {
        self.scope.as_ref()
    }

    /// Whether the CA may sign for a host.
    pub fn permits(&self, host: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.permits(host))
    }

    /// When the CA's certificate begins to hold.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// When the CA's certificate expires.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

fn generate(only: Option<&SigningScope>) -> Result<(Identity, String), CaError> {
    let make = |error: rcgen::Error| CaError::Make(error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(make)?;
    let now = clock::system();
    let serial = random_serial();
    let mut params = CertificateParams::default();
    params.not_before = offset(now - SignedDuration::from_hours(24));
    params.not_after = offset(now + SignedDuration::from_hours(24 * CA_DAYS));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.name_constraints = only.map(SigningScope::constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut name = DistinguishedName::new();
    // Two machines' CAs must not carry one name: clients would pick the wrong one.
    let suffix = serial
        .to_bytes()
        .iter()
        .take(4)
        .fold(0_u32, |n, b| n << 8 | u32::from(*b));
    name.push(DnType::OrganizationName, "pullscope");
    name.push(DnType::CommonName, format!("pullscope CA {suffix:08x}"));
    params.distinguished_name = name;
    params.serial_number = Some(serial);
    let pem = params.self_signed(&key).map_err(make)?.pem();
    let text = format!("{}{pem}", key.serialize_pem());
    let identity = parse(&text).map_err(|problem| CaError::Invalid {
        path: PathBuf::from("(a CA just made)"),
        problem,
    })?;
    Ok((identity, text))
}

fn parse(text: &str) -> Result<Identity, String> {
    let key = KeyPair::from_pem(text).map_err(|error| format!("no private key in it: {error}"))?;
    let certificate = CertificateDer::from_pem_slice(text.as_bytes())
        .map_err(|error| format!("no certificate in it: {error}"))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
        .map_err(|error| format!("its certificate does not parse: {error}"))?;
    if parsed.public_key().subject_public_key.data.as_ref() != rcgen::PublicKeyData::der_bytes(&key)
    {
        return Err("its certificate belongs to another key".to_owned());
    }
    let seconds = parsed.validity().not_after.timestamp();
    let not_after = Timestamp::from_second(seconds).map_err(|error| error.to_string())?;
    let scope = SigningScope::of(&parsed);
    let seconds = parsed.validity().not_before.timestamp();
    let not_before = Timestamp::from_second(seconds).map_err(|error| error.to_string())?;
    let start = text
        .find("-----BEGIN CERTIFICATE")
        .ok_or("no certificate in it")?;
    let pem = text.get(start..).unwrap_or_default().to_owned();
    let issuer = Issuer::from_ca_cert_der(&certificate, key)
        .map_err(|error| format!("its certificate is no CA's: {error}"))?;
    Ok(Identity {
        issuer,
        certificate,
        pem,
        not_before,
        not_after,
        scope,
    })
}

fn failed_to(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> CaError + Copy {
    move |source| CaError::Io {
        operation,
        path: path.to_owned(),
        source,
    }
}

fn unsafe_to_use(path: &Path, problem: &str) -> CaError {
    CaError::Unsafe {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

/// A positive serial number with 126 random bits.
pub(super) fn random_serial() -> SerialNumber {
    let mut bytes = [0_u8; 16];
    // aws-lc aborts the process rather than hand out bytes that are not random.
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    debug_assert!(filled.is_ok());
    if let Some(first) = bytes.first_mut() {
        // Positive, and never shortened by a leading zero.
        *first = (*first & 0x7f) | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

pub(super) fn offset(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Just under ten years.
const CA_DAYS: i64 = 3_650;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn security_01_a_ca_is_made_once_and_only_its_owner_can_read_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let files = CaFiles::new(dir.path().join("a/pullscope"));
        let first = files.open().unwrap();
        let second = files.open().unwrap();
        assert_eq!(first.pem(), second.pem());
        assert_eq!(mode(&files.key_path()), 0o600);
        assert_eq!(mode(&dir.path().join("a/pullscope")), 0o700);
        assert_eq!(
            fs::read_to_string(files.certificate_path()).unwrap(),
            first.pem()
        );
        assert!(!first.pem().contains("PRIVATE"));
        let (from, until) = (first.not_before(), first.not_after());
        let day = SignedDuration::from_hours(24);
        let now = clock::system();
        assert!(from <= now && from >= now - day - day, "{from}");
        assert_eq!(
            until.duration_since(from),
            day * (i32::try_from(CA_DAYS).unwrap() + 1)
        );
        assert_ne!(files.regenerate(None).unwrap().pem(), first.pem());
    }

    #[test]
    fn security_01_many_at_once_agree_on_one_ca() {
        let dir = tempfile::tempdir().unwrap();
        let pems: Vec<_> = std::thread::scope(|scope| {
            let open = || {
                CaFiles::new(dir.path().join("ca"))
                    .open()
                    .unwrap()
                    .pem()
                    .to_owned()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(pems.windows(2).all(|two| two[0] == two[1]));
    }

    #[test]
    fn security_01_a_key_that_others_could_read_or_replace_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let files = CaFiles::new(dir.path().join("ca"));
        files.open().unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set(&files.key_path(), 0o640);
        assert!(matches!(files.open(), Err(CaError::Unsafe { .. })));
        set(&files.key_path(), 0o600);
        files.open().unwrap();
        set(&dir.path().join("ca"), 0o770);
        assert!(matches!(files.open(), Err(CaError::Unsafe { .. })));
        set(&dir.path().join("ca"), 0o700);

        let elsewhere = dir.path().join("elsewhere");
        fs::rename(files.key_path(), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, files.key_path()).unwrap();
        assert!(matches!(files.open(), Err(CaError::Unsafe { .. })));
    }

    #[test]
    fn garbage_in_place_of_the_key_is_told_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let files = CaFiles::new(dir.path().join("ca"));
        files.open().unwrap();
        fs::write(files.key_path(), "garbage").unwrap();
        let error = files.open().err().unwrap().to_string();
        assert!(
            error.contains("ca.key") && error.contains("pullscope ca regenerate"),
            "{error}"
        );
    }

    #[test]
    fn a_ca_for_some_hosts_says_so_and_is_read_back_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let files = CaFiles::new(dir.path().join("ca"));
        assert!(files.open().unwrap().permits("example.org"));
        for only in [
            "docker.io,quay.io",
            "docker.io,10.0.0.7,::1",
            "*.docker.io",
            "docker.io,=quay.io",
        ] {
            let scope: SigningScope = only.parse().unwrap();
            files.regenerate(Some(&scope)).unwrap();
            let identity = files.open().unwrap();
            assert_eq!(identity.scope(), Some(&scope));
            assert!(identity.permits("auth.docker.io") && !identity.permits("example.org"));
            let (_, cert) = x509_parser::parse_x509_certificate(identity.certificate()).unwrap();
            let constraints = cert.name_constraints().unwrap().unwrap();
            assert!(constraints.critical);
            let excluded = constraints
                .value
                .excluded_subtrees
                .as_ref()
                .map_or(0, Vec::len);
            let names = usize::from(only.contains('='));
            assert_eq!(excluded, names + if only.contains("10.") { 0 } else { 2 });
        }
    }

    #[test]
    fn security_04_the_certificate_is_a_narrow_ca() {
        let dir = tempfile::tempdir().unwrap();
        let identity = CaFiles::new(dir.path().join("ca")).open().unwrap();
        let (_, cert) = x509_parser::parse_x509_certificate(identity.certificate()).unwrap();
        let basic = cert.basic_constraints().unwrap().unwrap();
        assert!(basic.critical && basic.value.ca);
        assert_eq!(basic.value.path_len_constraint, Some(0));
        let usage = cert.key_usage().unwrap().unwrap();
        assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
        assert!(!usage.value.digital_signature());
        let days = (cert.validity().not_after.timestamp() - clock::system().as_second()) / 86_400;
        assert!((3_600..=3_653).contains(&days), "{days}");
    }

    #[test]
    fn security_01_a_key_of_somebody_else_is_refused() {
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED: only root can give a file away");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let files = CaFiles::new(dir.path().join("ca"));
        files.open().unwrap();
        for path in [files.key_path(), dir.path().join("ca")] {
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            let error = files.open().err().unwrap().to_string();
            assert!(error.contains("belongs to user 65534"), "{error}");
            std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        }
        files.open().unwrap();
    }

    #[test]
    fn security_04_no_two_cas_have_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let names: std::collections::HashSet<_> = (0..20)
            .map(|n| {
                let identity = CaFiles::new(dir.path().join(n.to_string())).open().unwrap();
                let (_, cert) =
                    x509_parser::parse_x509_certificate(identity.certificate()).unwrap();
                cert.subject().to_string()
            })
            .collect();
        assert_eq!(names.len(), 20);
    }
}
