//! The arguments of every command that records through a proxy.

use std::path::PathBuf;

use clap::Args;

use super::value::size;

// A doc comment here would become the help of every command that takes these.
#[expect(missing_docs, reason = "clap shows it as help")]
#[derive(Args, Clone, Debug)]
pub struct ProxyArgs {
    /// Dial ADDR:PORT for connections to HOST:PORT; `*` stands for any host or port.
    #[arg(long, value_name = "HOST:PORT:ADDR:PORT")]
    pub connect_to: Vec<String>,

    /// Trust these roots (PEM) for servers, beside the system's.
    #[arg(
        long,
        value_name = "PEM",
        env = "PULLSCOPE_UPSTREAM_CA",
        value_delimiter = ':'
    )]
    pub upstream_ca: Vec<PathBuf>,

    /// Go through this proxy (http://…); `none` ignores `HTTPS_PROXY` and its like.
    #[arg(
        long,
        value_name = "URL",
        env = "PULLSCOPE_UPSTREAM_PROXY",
        hide_env_values = true
    )]
    pub upstream_proxy: Option<String>,

    /// Pass the tunnels to these hosts on unread: `docker.io` is that name and all below it,
    /// `*.docker.io` only those below, `=docker.io` that name alone.
    #[arg(long, value_name = "HOST")]
    pub passthrough: Vec<String>,

    /// Read only the tunnels to these hosts, named as for --passthrough.
    #[arg(long, value_name = "HOST")]
    pub intercept: Vec<String>,

    /// Accept invalid certificates from these hosts, named as for --passthrough.
    #[arg(long, value_name = "HOST")]
    pub insecure_upstream: Vec<String>,

    /// Present this certificate and key (one PEM file) to servers on HOST.
    #[arg(long, value_name = "HOST:PEM")]
    pub client_cert: Vec<String>,

    /// Give up on a server after so many seconds without a byte.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub upstream_timeout: u64,

    /// Keep JSON and text bodies up to this size (bytes, or with K, M, G).
    #[arg(long, value_name = "SIZE", default_value = "4M", value_parser = size, env = "PULLSCOPE_MAX_BODY")]
    pub max_body: u64,

    /// Leave passwords, tokens and signatures in the trace.
    #[arg(long)]
    pub keep_secrets: bool,

    /// Write the TLS secrets of both sides to this file (NSS key log format).
    #[arg(long, value_name = "FILE")]
    pub sslkeylogfile: Option<PathBuf>,

    /// Send spans of what passes, redacted in any case, to the OTLP/HTTP receiver of this
    /// OpenTelemetry collector, such as `http://127.0.0.1:4318`.
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// At the end, wait so long for transfers under way.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub drain: u64,

    /// Compute no digests.
    #[arg(long, hide = true)]
    pub no_hash: bool,
}
