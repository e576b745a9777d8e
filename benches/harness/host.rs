//! What the contenders that are part of this program have in common.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;

/// How such a contender is told what to do.
#[derive(Args)]
pub(crate) struct Options {
    /// The port to listen on.
    #[arg(long)]
    pub(crate) port: u16,
    /// The origin's port; every name leads there.
    #[arg(long)]
    pub(crate) origin: u16,
    /// The origin's root certificate.
    #[arg(long)]
    pub(crate) root: PathBuf,
    /// A certificate and its key (PEM) for the client side: a server's for the byte copier, a
    /// CA's for the others.
    #[arg(long)]
    pub(crate) own: PathBuf,
    /// A folder for what is written.
    #[arg(long)]
    pub(crate) dir: PathBuf,
}

impl Options {
    pub(crate) async fn listen(&self) -> Result<TcpListener> {
        let listener = TcpListener::bind(("127.0.0.1", self.port))
            .await
            .context("failed to listen")?;
        Ok(listener)
    }

    /// TLS towards the origin, verified, without resumption, as pullscope does it.
    pub(crate) fn client(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.root)?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }

    /// TLS towards clients with this certificate, without tickets, as pullscope does it.
    pub(crate) fn server(&self) -> Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = CertificateDer::pem_file_iter(&self.own)?.collect::<Result<_, _>>()?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(&self.own)?)?;
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}
