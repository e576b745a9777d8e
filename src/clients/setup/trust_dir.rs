//! Where clients find the CA's certificate.

use std::path::{Path, PathBuf};

use crate::clients::system::System;

/// The certificate's file in a directory for it.
pub(super) fn certificate(dir: &Path) -> PathBuf {
    dir.join("pullscope.pem")
}

/// A list for `SSL_CERT_DIR`, to which Go adds nothing of its own once it is set, though it still
/// reads the system's one big file.
pub(super) fn certificate_dirs(system: &System, present: Option<&str>, own: &Path) -> String {
    let present = present.filter(|dirs| !dirs.is_empty());
    let mut dirs: Vec<String> = match present {
        Some(dirs) => dirs.split(':').map(str::to_owned).collect(),
        None => SYSTEM_DIRS
            .iter()
            .filter(|dir| **dir == SYSTEM_DIRS[0] || system.has_dir(Path::new(dir)))
            .map(|dir| (*dir).to_owned())
            .collect(),
    };
    let own = own.display().to_string();
    if !dirs.contains(&own) {
        dirs.push(own);
    }
    dirs.join(":")
}

/// The directories that Go reads by default on Linux.
const SYSTEM_DIRS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Where the CA's certificate is put for services of the whole machine.
pub const TRUST_DIR: &str = "/etc/pullscope/ca";
