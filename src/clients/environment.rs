//! The variables that lead one command's traffic through a proxy and make it trust a CA.

use std::ffi::OsString;
use std::path::Path;

/// Where a command is to go, and what it is to trust.
#[derive(Clone, Copy, Debug)]
pub struct ChildRoute<'a> {
    /// The proxy's URL.
    pub proxy: &'a str,
    /// The system's roots and the CA, PEM.
    pub bundle: &'a Path,
    /// The CA alone, PEM.
    pub ca: &'a Path,
    /// Settings of wget that name the bundle.
    pub wgetrc: &'a Path,
    /// The bundle as Java reads it; none where there is no Java.
    pub java: Option<&'a Path>,
}

/// The variables to set for a command, given what it would inherit.
///
/// Hosts that the user keeps from proxies (`NO_PROXY`) stay so: both spellings are merged.
pub fn variables(
    route: ChildRoute<'_>,
    inherited: impl Fn(&str) -> Option<OsString>,
) -> Vec<(&'static str, OsString)> {
    let mut set: Vec<(&'static str, OsString)> = Vec::new();
    for name in PROXY {
        set.push((name, route.proxy.into()));
    }
    let except = of_shell(&inherited);
    if !except.is_empty() {
        let except = except.join(",");
        set.extend(NO_PROXY.map(|name| (name, OsString::from(&except))));
    }
    // Node.js looks at proxy variables from 22.21 and 24 on, when this is set.
    set.push(("NODE_USE_ENV_PROXY", "1".into()));
    for name in BUNDLE {
        set.push((name, route.bundle.into()));
    }
    for name in ADDED {
        // A certificate that the user adds already is in the bundle.
        let file = match inherited(name) {
            Some(before) if !before.is_empty() => route.bundle,
            _ => route.ca,
        };
        set.push((name, file.into()));
    }
    // GNU wget reads no variable for its roots, but one for its settings.
    set.push(("WGETRC", route.wgetrc.into()));
    if let Some(store) = route.java {
        let before = inherited("JAVA_TOOL_OPTIONS").unwrap_or_default();
        let options = java_options(route.proxy, store, &of_shell(&inherited));
        let options = format!("{} {options}", before.to_string_lossy());
        set.push(("JAVA_TOOL_OPTIONS", options.trim().into()));
    }
    set
}

/// What leads a Java machine through a proxy, and makes it trust a store.
fn java_options(proxy: &str, store: &Path, except: &[String]) -> String {
    let address = proxy.trim_start_matches("http://");
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    let (store, hosts) = (
        store.display(),
        except.iter().map(|host| match host.strip_prefix('.') {
            Some(domain) => format!("*.{domain}"),
            None => format!("{host}|*.{host}"),
        }),
    );
    let hosts = hosts.collect::<Vec<_>>().join("|");
    let except = (!hosts.is_empty()).then(|| format!(" -Dhttp.nonProxyHosts={hosts}"));
    format!(
        "-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=JKS \
         -Dhttp.proxyHost={host} -Dhttp.proxyPort={port} \
         -Dhttps.proxyHost={host} -Dhttps.proxyPort={port}{}",
        except.unwrap_or_default()
    )
}

/// The hosts that an environment keeps from proxies, each once.
pub fn of_shell(inherited: impl Fn(&str) -> Option<OsString>) -> Vec<String> {
    exceptions("", |name| {
        let value = inherited(name).unwrap_or_default();
        value.to_string_lossy().into_owned()
    })
}

/// The hosts that `NO_PROXY` and `no_proxy` keep from proxies, and those of another such list,
/// each once.
pub(super) fn exceptions(more: &str, value: impl Fn(&str) -> String) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for list in NO_PROXY.map(value).iter().map(String::as_str).chain([more]) {
        for host in list.split([',', ' ']).filter(|host| !host.is_empty()) {
            if !hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
                hosts.push(host.to_owned());
            }
        }
    }
    hosts
}

/// Whether there is a program of this name.
pub fn has_program(name: &str, inherited: impl Fn(&str) -> Option<OsString>) -> bool {
    let path = inherited("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// Whether an entry of `NO_PROXY` names this machine only.
pub fn is_local(entry: &str) -> bool {
    let bare = entry.trim_start_matches('.').trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost") || bare.starts_with("127.") || bare == "::1"
}

pub(super) const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// These replace the list of roots: Go and OpenSSL, curl, Python's requests and pip, git, AWS, npm.
pub(super) const BUNDLE: [&str; 7] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "npm_config_cafile",
];
/// These add to the list of roots: Node.js and Deno.
pub(super) const ADDED: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

#[cfg(test)]
mod tests {
    use super::*;

    fn set(inherited: &[(&str, &str)]) -> Vec<(&'static str, OsString)> {
        let route = ChildRoute {
            proxy: "http://127.0.0.1:4",
            bundle: Path::new("/t/bundle.pem"),
            ca: Path::new("/t/ca.pem"),
            wgetrc: Path::new("/t/wgetrc"),
            java: Some(Path::new("/t/java.jks")),
        };
        variables(route, |name| {
            let found = inherited.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn value<'a>(set: &'a [(&str, OsString)], name: &str) -> Option<&'a str> {
        let found = set.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value.to_str())
    }

    #[test]
    fn every_stack_finds_the_proxy_and_the_roots() {
        let set = set(&[]);
        for name in PROXY {
            assert_eq!(value(&set, name), Some("http://127.0.0.1:4"), "{name}");
        }
        for name in BUNDLE {
            assert_eq!(value(&set, name), Some("/t/bundle.pem"), "{name}");
        }
        assert_eq!(value(&set, "NODE_EXTRA_CA_CERTS"), Some("/t/ca.pem"));
        assert_eq!(value(&set, "DENO_CERT"), Some("/t/ca.pem"));
        assert_eq!(value(&set, "NO_PROXY"), None);
        assert_eq!(value(&set, "WGETRC"), Some("/t/wgetrc"));
        let java = value(&set, "JAVA_TOOL_OPTIONS").unwrap();
        assert!(
            java.starts_with("-Djavax.net.ssl.trustStore=/t/java.jks "),
            "{java}"
        );
        assert!(
            java.ends_with("-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4"),
            "{java}"
        );
    }

    #[test]
    fn javas_own_options_and_exceptions_stay() {
        let set = set(&[
            ("JAVA_TOOL_OPTIONS", "-Xmx1g"),
            ("NO_PROXY", "localhost,.corp.test"),
        ]);
        let java = value(&set, "JAVA_TOOL_OPTIONS").unwrap();
        assert!(java.starts_with("-Xmx1g -D"), "{java}");
        let except = "-Dhttp.nonProxyHosts=localhost|*.localhost|*.corp.test";
        assert!(java.ends_with(except), "{java}");
    }

    #[test]
    fn exceptions_of_both_spellings_are_kept_once() {
        let set = set(&[
            ("NO_PROXY", "localhost, .corp.test"),
            ("no_proxy", ".CORP.test,10.0.0.0/8"),
        ]);
        for name in NO_PROXY {
            assert_eq!(
                value(&set, name),
                Some("localhost,.corp.test,10.0.0.0/8"),
                "{name}"
            );
        }
    }

    #[test]
    fn roots_that_the_user_adds_stay_added() {
        let set = set(&[("NODE_EXTRA_CA_CERTS", "/corp.pem")]);
        assert_eq!(value(&set, "NODE_EXTRA_CA_CERTS"), Some("/t/bundle.pem"));
    }

    #[test]
    fn entries_for_this_machine_are_told_from_others() {
        for local in [
            "localhost",
            ".localhost",
            "127.0.0.1",
            "127.0.0.0/8",
            "[::1]",
        ] {
            assert!(is_local(local), "{local}");
        }
        for other in ["*", "docker.io", "10.0.0.0/8", "localhost.corp"] {
            assert!(!is_local(other), "{other}");
        }
    }
}
