//! A client that sends what it is given, byte for byte, and gives back what comes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A client that sends bytes as they are, in a tunnel of its own each time.
pub(crate) struct Client {
    proxy: String,
    tls: Arc<ClientConfig>,
}

impl Client {
    /// Of this proxy, trusting this CA.
    pub(crate) fn new(proxy: &str, trust: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(trust).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            proxy: proxy.trim_start_matches("http://").to_owned(),
            tls: Arc::new(tls),
        }
    }

    /// Everything that comes back until the connection ends.
    pub(crate) fn send(&self, host: &str, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.proxy).unwrap();
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(30)))
            .unwrap();
        write!(
            stream,
            "CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", head.escape_ascii());
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let session = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        // An answer that is cut off ends without the TLS goodbye; that is an end all the same.
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}
