//! One client connection: requests in, answers out, until one side has enough.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::IncomingRequest;
use super::backend::Backend;

/// Serves one connection to its end.
pub(super) async fn serve<S>(mut io: S, client: SocketAddr, backend: Arc<Backend>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = BytesMut::new();
    loop {
        let request = match IncomingRequest::read(&mut io, &mut buffer).await {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(bad) => {
                tracing::debug!(%client, error = %bad, "lab: no request");
                if let Some(response) = bad.response() {
                    let _ = response.write(&mut io, false, true).await;
                }
                break;
            }
        };
        let (head_only, close) = (request.is_head(), request.close);
        let answerer = backend.clone();
        // Keys are made and digests computed on the way: not on the threads that do the IO.
        let answer = tokio::task::spawn_blocking(move || answerer.answer(&request, client)).await;
        let Ok(response) = answer else { break };
        match response.write(&mut io, head_only, close).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::debug!(%client, %error, "lab: the client left during an answer");
                break;
            }
        }
    }
    // The client may be gone already.
    let _ = io.shutdown().await;
}
