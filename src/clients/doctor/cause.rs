//! What a doctor can find wrong: every ✗ has one of these causes.

use serde::Serialize;

macro_rules! causes {
    ($($variant:ident = $check:literal, $name:literal, $what:literal;)+) => {
        /// Why a check is not as it should be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum Cause {
            $(#[doc = $what] #[serde(rename = $name)] $variant,)+
        }

        impl Cause {
            /// All of them, by the check that finds them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The check that finds it.
            pub fn check(self) -> &'static str {
                match self { $(Self::$variant => $check,)+ }
            }

            /// Its word in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

causes! {
    FolderOpen = "ca-files", "folder-open", "Others may write to the CA's folder.";
    KeyLinked = "ca-files", "key-linked", "The CA's key is a symbolic link.";
    KeyOpen = "ca-files", "key-open", "Others may read the CA's key.";
    KeyForeign = "ca-files", "key-foreign", "The CA's key belongs to another user.";
    NoCertificate = "ca-valid", "no-certificate", "The CA's certificate is none.";
    Expired = "ca-valid", "expired", "The CA has expired.";
    NotYetValid = "clock", "not-yet-valid", "The CA is not valid yet by this clock.";
    NothingListens = "proxy", "nothing-listens", "Nothing listens where the proxy is to be.";
    NoAnswer = "proxy", "no-answer", "What listens there does not answer.";
    Occupied = "proxy", "occupied", "What listens there is not pullscope.";
    OtherCa = "proxy", "other-ca", "The pullscope that listens there has another CA.";
    ShellExceptions = "no-proxy", "exceptions", "The shell's `NO_PROXY` has public registries.";
    RootsWithoutCa = "roots", "without-ca", "The list of roots does not have the CA in it.";
    ClientElsewhere = "handshake", "elsewhere", "The client does not go through the proxy.";
    ClientDistrust = "handshake", "distrust", "The client refuses the CA's certificates.";
    DockerSilent = "docker-daemon", "silent", "dockerd does not answer.";
    DockerDenied = "docker-daemon", "denied", "dockerd's socket is not for this user.";
    DockerJson = "docker-json", "overridden", "`proxies` in daemon.json win over a drop-in.";
    DockerEnvFile = "docker-env-file", "overridden", "A file of variables wins over a drop-in.";
    DockerElsewhere = "docker-proxy", "elsewhere", "dockerd uses another proxy, or none.";
    DockerDropIn = "docker-drop-in", "left-behind", "A drop-in of an earlier setup is left.";
    DockerExceptions = "docker-no-proxy", "exceptions", "dockerd's `NO_PROXY` has public registries.";
    DockerMirrorPlain = "docker-mirror", "plain-http", "A mirror by plain HTTP goes past the proxy.";
    DockerMirrorLocal = "docker-local", "localhost", "A mirror on localhost is never proxied.";
    DockerDistrust = "docker-trust", "distrust", "dockerd refuses the CA's certificates.";
    ServiceEnvFile = "service-env-file", "overridden", "A file of variables wins over a drop-in.";
    ServiceElsewhere = "service-proxy", "elsewhere", "The service is given another proxy, or none.";
    ServiceDistrust = "service-trust", "distrust", "The service is not given the CA.";
    ServiceExceptions = "service-no-proxy", "exceptions", "The service's `NO_PROXY` has public registries.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_check_and_a_word_name_one_cause() {
        let names: BTreeSet<_> = Cause::ALL.iter().map(|c| (c.check(), c.name())).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
