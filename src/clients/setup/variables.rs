//! The variables that a client is given for good.

use std::path::Path;

use super::trust_dir::certificate_dirs;
use super::wanted::Wanted;
use crate::clients::environment::exceptions;
use crate::clients::system::System;

/// The variables to set, given those that are set, a directory with the CA, and what must not go
/// through a proxy.
pub(super) fn variables<'a>(
    system: &System,
    wanted: &Wanted,
    trust: &Path,
    except: &str,
    present: impl Fn(&str) -> Option<&'a str>,
) -> Vec<(&'static str, String)> {
    let hosts = exceptions(except, |name| present(name).unwrap_or_default().to_owned());
    let mut set = vec![
        ("HTTPS_PROXY", wanted.proxy.clone()),
        ("HTTP_PROXY", wanted.proxy.clone()),
    ];
    if !hosts.is_empty() {
        set.push(("NO_PROXY", hosts.join(",")));
    }
    let dirs = certificate_dirs(system, present("SSL_CERT_DIR"), trust);
    set.push(("SSL_CERT_DIR", dirs));
    set
}
