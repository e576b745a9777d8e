//! From flags to the proxy's settings, with an error that names the flag.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64;

use crate::base::atomic_file::open_to_append;
use crate::base::host_pattern::HostPattern;
use crate::base::lock::lock;
use crate::clients::peer;
use crate::config::{ProxyArgs, RecordArgs};
use crate::proxy::limits::Limits;
use crate::proxy::{ClientCertificate, KeyLog, PemError, RootCertificate, Settings, UpstreamProxy};

use crate::app::observe::otlp::Collector;
use crate::app::process::failure::{Outcome, usage};
use crate::app::process::hardening;
use crate::app::terminal::output;

/// Resolves the flags of `record`.
pub(in crate::app) fn resolve(args: &RecordArgs) -> Outcome<Settings> {
    let credentials = credentials(args)?;
    let mut settings = of_proxy(args.listen, &args.proxy)?;
    settings.credentials = credentials;
    settings.allowed_targets = all("--allow-target", &args.allow_target)?;
    Ok(settings)
}

/// Resolves what all commands that record have in common.
pub(in crate::app) fn of_proxy(listen: SocketAddr, args: &ProxyArgs) -> Outcome<Settings> {
    let mut settings = Settings::new(listen);
    settings.connect_to = all("--connect-to", &args.connect_to)?;
    settings.upstream_roots = upstream_roots(args)?;
    settings.upstream_proxy = upstream_proxy(args.upstream_proxy.as_deref(), listen)?;
    settings.passthrough = all("--passthrough", &args.passthrough)?;
    settings.intercept = all("--intercept", &args.intercept)?;
    settings.insecure = all("--insecure-upstream", &args.insecure_upstream)?;
    for own in &args.client_cert {
        settings.client_certificates.push(client_certificate(own)?);
    }
    settings.max_body = args.max_body;
    settings.hash = !args.no_hash;
    settings.key_log = args.sslkeylogfile.as_deref().map(key_log).transpose()?;
    settings.limits = limits(args);
    settings.peer = Some(Arc::new(|client, own| {
        let process = peer::process(client, Some(own))?;
        Some(process.name)
    }));
    Ok(settings)
}

/// The collector that spans are to go to.
pub(in crate::app) fn collector(args: &ProxyArgs) -> Outcome<Option<Collector>> {
    let Some(endpoint) = &args.otlp_endpoint else {
        return Ok(None);
    };
    let roots = upstream_roots(args)?;
    let headers = std::env::var("OTEL_EXPORTER_OTLP_HEADERS").ok();
    Collector::new(endpoint, &roots, headers.as_deref()).map(Some)
}

/// Connections are bounded so that file descriptors last: a tunnel takes two.
fn limits(args: &ProxyArgs) -> Limits {
    let patience = Duration::from_secs(args.upstream_timeout);
    let usual = Limits::default();
    let mut limits = Limits {
        upstream_idle: patience,
        dns: usual.dns.min(patience),
        connect: usual.connect.min(patience),
        upstream_handshake: usual.upstream_handshake.min(patience),
        ..usual
    };
    let free = hardening::descriptors().saturating_sub(RESERVED_DESCRIPTORS);
    limits.tunnels = limits.tunnels.min(free / 3).max(1);
    limits.connections = limits.connections.min(free / 3).max(1);
    limits
}

fn credentials(args: &RecordArgs) -> Outcome<Option<String>> {
    let guarded = args.allow_remote && args.proxy_credentials.is_some();
    if !(args.listen.ip().is_loopback() || guarded) {
        return Err(usage(format!(
            "refusing to listen on {}: other machines could use this proxy and its view of your \
             registries. Give --allow-remote and --proxy-credentials USER:PASSWORD, or listen on \
             127.0.0.1",
            args.listen
        )));
    }
    match &args.proxy_credentials {
        None => Ok(None),
        Some(text) if text.contains(':') => {
            Ok(Some(format!("Basic {}", BASE64.encode(text.as_bytes()))))
        }
        Some(_) => Err(usage("invalid --proxy-credentials: give USER:PASSWORD")),
    }
}

/// The values of a flag, read.
pub(in crate::app) fn all<T>(flag: &str, texts: &[String]) -> Outcome<Vec<T>>
where
    T: FromStr<Err: std::fmt::Display>,
{
    texts
        .iter()
        .map(|text| text.parse().map_err(|why| usage(format!("{flag}: {why}"))))
        .collect()
}

fn upstream_proxy(text: Option<&str>, own: SocketAddr) -> Outcome<UpstreamProxy> {
    match text {
        // A shell that is set up to use pullscope is none to send its own requests through it.
        None if UpstreamProxy::from_env().leads_to(own) => {
            output::say("HTTPS_PROXY or HTTP_PROXY names pullscope itself, and is not used");
            Ok(UpstreamProxy::default())
        }
        None => Ok(UpstreamProxy::from_env()),
        Some("none" | "") => Ok(UpstreamProxy::default()),
        Some(url) => {
            let variable = |name| std::env::var(name).ok();
            let except = variable("NO_PROXY")
                .or_else(|| variable("no_proxy"))
                .unwrap_or_default();
            UpstreamProxy::url(url, &except)
                .map_err(|why| usage(format!("--upstream-proxy: {why}")))
        }
    }
}

fn upstream_roots(args: &ProxyArgs) -> Outcome<Vec<RootCertificate>> {
    let mut roots = Vec::new();
    for path in &args.upstream_ca {
        roots.extend(of_pem("--upstream-ca", path, RootCertificate::from_pem)?);
    }
    Ok(roots)
}

fn client_certificate(text: &str) -> Outcome<ClientCertificate> {
    let flag = "--client-cert";
    let Some((hosts, path)) = text.split_once(':') else {
        return Err(usage(format!(
            "{flag} {text:?}: give HOST:PEM, a host and a PEM file"
        )));
    };
    let hosts: HostPattern = hosts
        .parse()
        .map_err(|why| usage(format!("{flag}: {why}")))?;
    of_pem(flag, Path::new(path), |pem| {
        ClientCertificate::from_pem(hosts, pem)
    })
}

/// Reads what a flag's PEM file holds.
fn of_pem<T>(
    flag: &str,
    path: &Path,
    read: impl FnOnce(Vec<u8>) -> Result<T, PemError>,
) -> Outcome<T> {
    let fail = |why: String| usage(format!("{flag} {}: {why}", path.display()));
    let pem = fs::read(path).map_err(|error| fail(error.to_string()))?;
    read(pem).map_err(|error| fail(error.to_string()))
}

/// Appends to a file that only the user can read.
fn key_log(path: &Path) -> Outcome<KeyLog> {
    let file = open_to_append(path)
        .map_err(|error| usage(format!("--sslkeylogfile {}: {error}", path.display())))?;
    let file = Mutex::new(file);
    Ok(Arc::new(move |line| {
        let mut file = lock(&file);
        // A key log that cannot be written must not stop traffic.
        let _ = file.write_all(line.as_bytes());
    }))
}

/// Descriptors for files, the resolver, and hudsucker's accept loop, which can be ahead of its
/// gate by one round.
const RESERVED_DESCRIPTORS: usize = 192;
