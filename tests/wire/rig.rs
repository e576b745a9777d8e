//! A proxy, an origin that answers by script, and clients on raw sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pullscope::capture::Changes;
use pullscope::exchange::{Ending, Event, Exchange, HandshakeFailed, Tunnel};
use pullscope::proxy::ca::CaFiles;
use pullscope::proxy::{Proxy, RootCertificate, Settings};
use rcgen::{Certificate, CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The name under which the origin is reached.
pub(crate) const HOST: &str = "origin.pullscope.test";
/// Longer than anything in here takes, shorter than a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Anything that can be read and written.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What the origin does with one connection.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// For each request: read its head (and so many bytes of body), then write these bytes. The
    /// connection closes after the last.
    Answer(Vec<Turn>),
    /// The same, and the connection stays open without another byte.
    AnswerAndStay(Vec<Turn>),
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// Bytes of the request's body; [`CHUNKED`] reads to the end of a chunked one.
    pub(crate) body: usize,
    pub(crate) answer: Vec<u8>,
}

/// A body of which only its chunks know how long it is.
pub(crate) const CHUNKED: usize = usize::MAX;

/// Everything, running.
pub(crate) struct Rig {
    pub(crate) proxy: Proxy,
    pub(crate) changes: Changes,
    pub(crate) seen: Arc<Mutex<Vec<Vec<u8>>>>,
    pub(crate) origin: SocketAddr,
    trust: Arc<ClientConfig>,
    ca: CertificateDer<'static>,
    script: Arc<Mutex<Script>>,
    _tasks: JoinSet<()>,
    _dir: tempfile::TempDir,
}

/// What was recorded.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) tunnels: Vec<Tunnel>,
    pub(crate) handshakes: Vec<HandshakeFailed>,
}

/// A test's own certificate authority.
pub(crate) struct Pki {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "test root");
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(crate) fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A server's TLS with a certificate for `name`; `change` may spoil it.
    pub(crate) fn server(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let (chain, key) = self.leaf(name, change);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }

    /// A CA below the root.
    pub(crate) fn middle(
        &self,
        params: CertificateParams,
        key: KeyPair,
    ) -> CertifiedIssuer<'static, KeyPair> {
        CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap()
    }

    /// A certificate for `name` and its key.
    pub(crate) fn leaf(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.signed(name, change);
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        (vec![certificate.der().clone()], key.into())
    }

    /// The same, as a file holds them.
    pub(crate) fn leaf_pem(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> String {
        let (certificate, key) = self.signed(name, change);
        certificate.pem() + &key.serialize_pem()
    }

    fn signed(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate, key)
    }
}

impl Rig {
    /// A proxy in front of a TLS origin that answers by `script`.
    pub(crate) async fn start(script: Script) -> Self {
        Self::with(script, |_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn with(script: Script, change: impl FnOnce(&mut Settings)) -> Self {
        let pki = Pki::new();
        let tls = pki.server(HOST, |_| {});
        Self::with_tls(script, Some(tls), &pki, change).await
    }

    /// The same, with an origin of this TLS, or without TLS.
    pub(crate) async fn with_tls(
        script: Script,
        tls: Option<Arc<ServerConfig>>,
        pki: &Pki,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let script = Arc::new(Mutex::new(script));
        let (origin, seen, tasks) = origin_of(Arc::clone(&script), tls).await;
        let dir = tempfile::tempdir().unwrap();
        let identity = CaFiles::new(dir.path().join("ca")).open().unwrap();
        let ca = CertificateDer::from(identity.certificate().to_vec());
        let trust = trusting(ca.clone());
        let mut settings = Settings::new(([127, 0, 0, 1], 0).into());
        settings.upstream_roots = RootCertificate::from_pem(pki.root_pem()).unwrap();
        settings.connect_to = vec![
            format!("{HOST}::127.0.0.1:{}", origin.port())
                .parse()
                .unwrap(),
        ];
        change(&mut settings);
        let (proxy, changes) = Proxy::start(settings, identity).unwrap();
        Self {
            proxy,
            changes,
            seen,
            origin,
            trust,
            ca,
            script,
            _tasks: tasks,
            _dir: dir,
        }
    }

    /// The proxy's CA.
    pub(crate) fn ca(&self) -> CertificateDer<'static> {
        self.ca.clone()
    }

    pub(crate) fn set_script(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// A connection to the proxy.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }

    /// A tunnel to this target: the stream after the proxy's 200.
    pub(crate) async fn tunnel_to(&self, target: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_head(&mut stream).await;
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            answer.escape_ascii()
        );
        stream
    }

    /// The configuration of a client that trusts the proxy.
    pub(crate) fn trust(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.trust)
    }

    /// A TLS tunnel to the origin.
    pub(crate) async fn tls(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        self.tls_with(Arc::clone(&self.trust)).await.unwrap()
    }

    pub(crate) async fn tls_with(
        &self,
        config: Arc<ClientConfig>,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let stream = self.tunnel_to(&format!("{HOST}:443")).await;
        let name = ServerName::try_from(HOST).unwrap();
        TlsConnector::from(config).connect(name, stream).await
    }

    /// Sends bytes in a fresh TLS tunnel and reads all that comes back until the end.
    pub(crate) async fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.tls().await;
        stream.write_all(request).await.unwrap();
        read_all(&mut stream).await
    }

    /// A good request still gets its good answer.
    pub(crate) async fn assert_serves(&self) {
        self.set_script(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"));
        let request = format!("GET /good HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let got = self.exchange(request.as_bytes()).await;
        assert!(got.ends_with(b"good"), "{}", got.escape_ascii());
    }

    /// What the origin has read so far, a vector per connection.
    pub(crate) fn origin_saw(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until `enough` has been recorded.
    pub(crate) async fn recorded(&mut self, enough: impl Fn(&Recorded) -> bool) -> Recorded {
        let mut recorded = Recorded::default();
        let work = async {
            while !enough(&recorded) {
                let mut events = Vec::new();
                self.changes.next(&mut events).await;
                for event in events {
                    recorded.apply(event);
                }
            }
        };
        let in_time = timeout(PATIENCE, work).await.is_ok();
        assert!(in_time, "not recorded in time; so far: {recorded:#?}");
        recorded
    }

    /// Waits for one ended exchange.
    pub(crate) async fn ended(&mut self) -> Exchange {
        let mut recorded = self.recorded(|recorded| recorded.ended() == 1).await;
        recorded.exchanges.remove(0)
    }
}

impl Recorded {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Opened { id, at, connection } => {
                self.exchanges.push(Exchange::new(id, at, *connection));
            }
            Event::Tunnel(tunnel) => {
                self.tunnels.retain(|known| known.id != tunnel.id);
                self.tunnels.push(*tunnel);
            }
            Event::HandshakeFailed(handshake) => self.handshakes.push(*handshake),
            event => {
                let id = event.exchange().unwrap();
                let known = self.exchanges.iter_mut().find(|exchange| exchange.id == id);
                known.expect("opened before").apply(event);
            }
        }
    }

    pub(crate) fn ended(&self) -> usize {
        self.exchanges
            .iter()
            .filter(|exchange| exchange.ended.is_some())
            .count()
    }
}

/// One request, one answer, then the end.
pub(crate) fn answer(bytes: &[u8]) -> Script {
    Script::Answer(vec![Turn {
        body: 0,
        answer: bytes.to_vec(),
    }])
}

/// So many header lines.
pub(crate) fn many_fields(count: usize) -> String {
    (0..count)
        .map(|n| format!("X-{n}: {n}\r\n"))
        .collect::<Vec<_>>()
        .concat()
}

/// How an exchange ended.
pub(crate) fn ending(exchange: &Exchange) -> &Ending {
    &exchange.ended.as_ref().expect("it ended").1
}

/// A client that trusts one root.
pub(crate) fn trusting(root: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Reads up to the end of a head.
pub(crate) async fn read_head(stream: &mut (impl Stream + ?Sized)) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_u8())
            .await
            .expect("a head in time")
        {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    head
}

/// Reads until the other side ends, kindly or not.
pub(crate) async fn read_all(stream: &mut (impl Stream + ?Sized)) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("an end in time")
        {
            Ok(0) | Err(_) => return all,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// An origin: where it is, what it has read, and the task that ends it when dropped.
pub(crate) async fn origin(
    script: Script,
    tls: Option<Arc<ServerConfig>>,
) -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>, JoinSet<()>) {
    origin_of(Arc::new(Mutex::new(script)), tls).await
}

async fn origin_of(
    script: Arc<Mutex<Script>>,
    tls: Option<Arc<ServerConfig>>,
) -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(
        listener,
        tls.map(TlsAcceptor::from),
        script,
        Arc::clone(&seen),
    ));
    (address, seen, tasks)
}

async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    script: Arc<Mutex<Script>>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let script = script.lock().unwrap().clone();
        let (tls, seen) = (tls.clone(), Arc::clone(&seen));
        connections.spawn(async move {
            let index = {
                let mut seen = seen.lock().unwrap();
                seen.push(Vec::new());
                seen.len() - 1
            };
            let note = |bytes: &[u8]| seen.lock().unwrap()[index].extend_from_slice(bytes);
            match tls {
                Some(tls) => {
                    if let Ok(mut stream) = tls.accept(stream).await {
                        act(&mut stream, script, note).await;
                    }
                }
                None => act(&mut { stream }, script, note).await,
            }
        });
    }
}

async fn act(stream: &mut (impl Stream + ?Sized), script: Script, note: impl Fn(&[u8])) {
    let (turns, stay) = match script {
        Script::Answer(turns) => (turns, false),
        Script::AnswerAndStay(turns) => (turns, true),
    };
    for turn in turns {
        let head = read_head(stream).await;
        note(&head);
        if !head.ends_with(b"\r\n\r\n") {
            return;
        }
        if turn.body == CHUNKED {
            // The last chunk, trailers, and the empty line.
            let mut body = read_head(stream).await;
            while !body.windows(5).any(|part| part == b"\r\n0\r\n") {
                body.extend(read_head(stream).await);
            }
            note(&body);
        } else {
            let mut body = vec![0; turn.body];
            if stream.read_exact(&mut body).await.is_err() {
                return;
            }
            note(&body);
        }
        if stream.write_all(&turn.answer).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    if stay {
        // Until the other side has enough of it.
        let rest = read_all(stream).await;
        note(&rest);
    }
    let _ = stream.shutdown().await;
}
