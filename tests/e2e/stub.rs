//! Servers that give no registry's answer: nobody there, no word, the wrong protocol, one word.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::pki::Pki;
use crate::site::Upstream;

/// What a server does with each connection.
#[derive(Clone, Copy)]
pub(crate) enum Habit {
    /// Nobody listens.
    Absent,
    /// It hears the first bytes and closes.
    Closes,
    /// It takes every byte and says nothing.
    Silent,
    /// It says this without TLS, whatever it was asked.
    Says(&'static str),
    /// It answers every request with this, by TLS.
    Answers(&'static str),
}

/// Servers of one habit under some names; they end with this.
pub(crate) struct Stub {
    address: SocketAddr,
    connect_to: Vec<String>,
    pki: Pki,
    _runtime: Runtime,
    dir: TempDir,
}

impl Stub {
    /// Starts one server for each of these names.
    pub(crate) fn start(names: &[&str], habit: Habit) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let dir = tempfile::tempdir().expect("a folder can be made");
        let pki = Pki::new(dir.path());
        let mut connect_to = Vec::new();
        let mut last = None;
        for name in names {
            let acceptor = TlsAcceptor::from(pki.identity(name).server());
            let bound = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)));
            let listener = bound.expect("loopback has a free port");
            let address = listener.local_addr().expect("it is bound");
            connect_to.push(format!("{name}:443:{address}"));
            last = Some(address);
            if !matches!(habit, Habit::Absent) {
                runtime.spawn(serve(listener, acceptor, habit));
            }
        }
        Self {
            address: last.expect("it has a name"),
            connect_to,
            pki,
            _runtime: runtime,
            dir,
        }
    }

    /// Where the last of the names leads.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Upstream for Stub {
    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn root(&self) -> &Path {
        &self.pki.pem
    }

    fn connect_to(&self) -> Vec<String> {
        self.connect_to.clone()
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, habit: Habit) {
    let mut connections = JoinSet::new();
    while let Ok((mut socket, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        // A client that breaks off ends its connection, and that is all.
        connections.spawn(async move {
            match habit {
                Habit::Absent => Ok(()),
                Habit::Closes => socket.read(&mut [0; 4096]).await.map(|_| ()),
                Habit::Silent => tokio::io::copy(&mut socket, &mut tokio::io::sink())
                    .await
                    .map(|_| ()),
                Habit::Says(answer) => say(&mut socket, answer).await,
                Habit::Answers(answer) => {
                    let mut stream = acceptor.accept(socket).await?;
                    say(&mut stream, answer).await
                }
            }
        });
    }
}

/// Hears the beginning of a request, answers, and lets the client close.
async fn say<S>(stream: &mut S, answer: &str) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _heard = stream.read(&mut [0; 4096]).await?;
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    tokio::io::copy(stream, &mut tokio::io::sink()).await?;
    Ok(())
}
