//! The lab as a whole: listeners, their tasks, and what a user needs to reach it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::authority::{AuthorityError, LabAuthority};
use super::backend::Backend;
use super::connection::serve;
use super::error::LabError;
use super::options::LabOptions;
use super::{Fault, LabImage};

/// Where one host of the lab is to be found: for `--connect-to HOST:PORT:ADDR:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRoute {
    /// The public name.
    pub host: String,
    /// The public port: 443, or 80 for plain HTTP.
    pub port: u16,
    /// The lab's listener.
    pub address: SocketAddr,
}

impl std::fmt::Display for HostRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.host, self.port, self.address)
    }
}

/// A running lab. Dropping it stops it without waiting; [`shutdown`](Self::shutdown) waits.
#[derive(Debug)]
pub struct Lab {
    address: SocketAddr,
    http_address: Option<SocketAddr>,
    ca_pem: String,
    hosts: Vec<String>,
    images: Vec<LabImage>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Lab {
    /// Builds the images, makes the CA, and starts to serve.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the CA or the images cannot be made.
    pub async fn start(options: LabOptions) -> Result<Self, LabError> {
        let listener = listen(options.listen).await?;
        let wants_http = options
            .faults
            .iter()
            .any(|spec| matches!(spec.fault, Fault::RedirectHttp | Fault::PushHttpLocation));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let http_listen = options.http_listen.or(wants_http.then_some(loopback));
        let http_listener = match http_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let authority = LabAuthority::new(options.clock.now()).map_err(authority_error)?;
        let ca_pem = authority.pem();
        let tls = TlsAcceptor::from(Arc::new(
            authority.server_config().map_err(authority_error)?,
        ));
        let backend = Backend::build(options).await?;
        let lab = Self {
            address: local(&listener)?,
            http_address: http_listener.as_ref().map(local).transpose()?,
            ca_pem,
            hosts: backend.hosts(),
            images: backend.images(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let door = Door {
            backend: Arc::new(backend),
            tasks: lab.tasks.clone(),
            stop: lab.stop.clone(),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        };
        if let Some(listener) = http_listener {
            lab.tasks.spawn(door.clone().accept(listener, None));
        }
        lab.tasks.spawn(door.accept(listener, Some(tls)));
        lab.tasks.close();
        Ok(lab)
    }

    /// Where it listens for TLS.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for plain HTTP, if it does.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// The certificate of its CA, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Every host name it serves.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// How each host is reached: over TLS, and over plain HTTP where it listens for that.
    pub fn routes(&self) -> Vec<HostRoute> {
        let route = |host: &String, port, address| HostRoute {
            host: host.clone(),
            port,
            address,
        };
        let plain = self
            .http_address
            .iter()
            .flat_map(|address| self.hosts.iter().map(move |host| route(host, 80, *address)));
        let tls = self.hosts.iter().map(|host| route(host, 443, self.address));
        tls.chain(plain).collect()
    }

    /// The images it has, one for each provider; none in a replay.
    pub fn images(&self) -> &[LabImage] {
        &self.images
    }

    /// Stops serving and waits until every connection is closed.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What every accepted connection needs.
#[derive(Clone)]
struct Door {
    backend: Arc<Backend>,
    tasks: TaskTracker,
    stop: CancellationToken,
    places: Arc<Semaphore>,
}

impl Door {
    async fn accept(self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        let stop = self.stop.clone();
        let accepting = async {
            while let Ok(place) = self.places.clone().acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, client)) => {
                        let connection = self.clone().connection(stream, client, tls.clone());
                        let stop = self.stop.clone();
                        self.tasks.spawn(async move {
                            stop.run_until_cancelled(connection).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: give some time to come free.
                        tracing::warn!(%error, "the lab cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
    }

    async fn connection(self, stream: TcpStream, client: SocketAddr, tls: Option<TlsAcceptor>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%client, %error, "lab: TCP_NODELAY");
        }
        let Some(tls) = tls else {
            return serve(stream, client, self.backend).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, client, self.backend).await,
            Ok(Err(error)) => tracing::debug!(%client, %error, "lab: TLS handshake failed"),
            Err(_) => tracing::debug!(%client, "lab: TLS handshake timed out"),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, LabError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| LabError::Listen { address, source })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, LabError> {
    listener.local_addr().map_err(|source| LabError::Listen {
        address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        source,
    })
}

fn authority_error(error: AuthorityError) -> LabError {
    LabError::Authority(Box::new(error))
}

const MAX_CONNECTIONS: usize = 256;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
