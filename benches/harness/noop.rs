//! hudsucker with a handler that does nothing: a CA and a rustls connector, and everything else
//! as it comes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::Result;
use http::uri::Authority;
use hudsucker::certificate_authority::CertificateAuthority;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tower_service::Service;

use crate::host::Options;

pub(crate) async fn run(options: Options) -> Result<()> {
    let certificate = CertificateDer::from_pem_file(&options.own)?;
    let key = PrivatePkcs8KeyDer::from_pem_file(&options.own)?;
    let mut http = HttpConnector::new_with_resolver(Loopback);
    http.enforce_http(false);
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(options.client()?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let ca = Ca {
        issuer: Issuer::from_ca_cert_der(&certificate, KeyPair::try_from(&key)?)?,
        provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        known: Mutex::default(),
    };
    hudsucker::Proxy::builder()
        .with_listener(options.listen().await?)
        .with_ca(ca)
        .with_http_connector(connector)
        .build()?
        .start()
        .await?;
    Ok(())
}

/// Issues as hudsucker's own does: one key for everything, a certificate per host, kept.
struct Ca {
    issuer: Issuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
    known: Mutex<HashMap<Authority, Arc<ServerConfig>>>,
}

impl Ca {
    fn issue(&self, authority: &Authority) -> Result<Arc<ServerConfig>> {
        let params = CertificateParams::new(vec![authority.host().to_owned()])?;
        let key = self.issuer.key();
        let certificate = params.signed_by(key, &self.issuer)?;
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der.into())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl CertificateAuthority for Ca {
    async fn gen_server_config(&self, authority: &Authority) -> Arc<ServerConfig> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = known().get(authority).map(Arc::clone);
        if let Some(config) = cached {
            return config;
        }
        match self.issue(authority) {
            Ok(config) => {
                known().insert(authority.clone(), Arc::clone(&config));
                config
            }
            // Its client runs into its timeout, and the run fails.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Every name leads to this machine.
#[derive(Clone)]
struct Loopback;

impl Service<Name> for Loopback {
    type Response = std::array::IntoIter<SocketAddr, 1>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        // The connector puts the port in.
        std::future::ready(Ok([SocketAddr::from(([127, 0, 0, 1], 0))].into_iter()))
    }
}
