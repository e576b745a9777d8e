//! The floor: a proxy that answers CONNECT, ends TLS on both sides and copies bytes. Whatever
//! looks into TLS costs at least this.

use std::sync::Arc;

use anyhow::Result;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional_with_sizes};
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
        client.read_buf(&mut head).await?;
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let mut client = acceptor.accept(client).await?;
    let name = client.get_ref().1.server_name().unwrap_or("localhost");
    let name = ServerName::try_from(name.to_owned())?;
    let server = TcpStream::connect(("127.0.0.1", origin)).await?;
    server.set_nodelay(true)?;
    let mut server = connector.connect(name, server).await?;
    copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await?;
    Ok(())
}

/// A few TLS records.
const BUFFER: usize = 64 * 1024;
