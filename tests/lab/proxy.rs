//! A proxy that leads every host to a lab, in place of the real one.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::support::Fixture;

/// A forward proxy; dropping it ends it.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

impl Proxy {
    pub(crate) async fn to(fixture: &Fixture) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = fixture.lab.address();
        let plain = fixture.lab.http_address();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        TaskTracker::new().spawn(async move {
            let tasks = TaskTracker::new();
            let accept = async {
                while let Ok((client, _)) = listener.accept().await {
                    let stopped = stopped.clone();
                    tasks.spawn(async move {
                        stopped.run_until_cancelled(serve(client, tls, plain)).await;
                    });
                }
            };
            stopped.run_until_cancelled(accept).await;
        });
        Self {
            address,
            _stop: stop.drop_guard(),
        }
    }
}

async fn serve(mut client: TcpStream, tls: SocketAddr, plain: Option<SocketAddr>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if client.read_buf(&mut head).await.unwrap() == 0 {
            return;
        }
    }
    let mut server;
    if head.starts_with(b"CONNECT ") {
        server = TcpStream::connect(tls).await.unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    } else {
        server = TcpStream::connect(plain.expect("plain HTTP"))
            .await
            .unwrap();
        server.write_all(&head).await.unwrap();
    }
    // Either side may leave early.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
