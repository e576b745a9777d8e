//! The floor: a proxy that answers CONNECT, ends TLS on both sides and copies bytes. Whatever
//! looks into TLS costs at least this.

use std::sync::Arc;

use anyhow::{Result, ensure};
use futures_util::FutureExt as _;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::task::TaskTracker;

use crate::host::Options;

pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = options.listen().await?;
    let acceptor = TlsAcceptor::from(Arc::new(options.server()?));
    let connector = TlsConnector::from(Arc::new(options.client()?));
    let tasks = TaskTracker::new();
    loop {
        let (client, _) = listener.accept().await?;
        let (acceptor, connector) = (acceptor.clone(), connector.clone());
        let origin = options.origin;
        // A connection that breaks off is its client's affair.
        tasks.spawn(async move { copy(client, &acceptor, &connector, origin).await.ok() });
    }
}

async fn copy(
    mut client: TcpStream,
    acceptor: &TlsAcceptor,
    connector: &TlsConnector,
    origin: u16,
) -> Result<()> {
    client.set_nodelay(true)?;
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        let more = client.read_buf(&mut head).await?;
        ensure!(more > 0, "the client closed before its CONNECT was whole");
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let client = acceptor.accept(client).await?;
    let name = client.get_ref().1.server_name().unwrap_or("localhost");
    let name = ServerName::try_from(name.to_owned())?;
    let server = TcpStream::connect(("127.0.0.1", origin)).await?;
    server.set_nodelay(true)?;
    // rustls reads 4 KiB at a time: a buffer below it saves most of the system calls.
    let server = BufReader::with_capacity(BUFFER, server);
    let server = connector.connect(name, server).await?;
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::try_join!(
        one_way(from_client, to_server),
        one_way(from_server, to_client)
    )?;
    Ok(())
}

/// Copies until the end, in pieces as large as there is something to read.
async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> Result<()> {
    let mut piece = Vec::with_capacity(BUFFER);
    while from.read_buf(&mut piece).await? > 0 {
        while piece.len() < BUFFER
            && let Some(more) = from.read_buf(&mut piece).now_or_never()
            && more? > 0
        {}
        to.write_all(&piece).await?;
        to.flush().await?;
        piece.clear();
    }
    Ok(to.shutdown().await?)
}

/// A few TLS records.
const BUFFER: usize = 64 * 1024;
