//! The heads that the front door's parser has taken apart, put together again.
//!
//! The front door reads requests itself, so their bytes are gone by the time we see them. What
//! remains are names in their case, values, and the order of first appearance: hyper keeps the
//! case in a private extension that only its own client can read, so a client writes the head
//! once more, into memory.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body::{Body, Frame, SizeHint};
use hyper::client::conn::http1;

use crate::exchange::RawHead;

/// The head of a request as near to its wire form as can be known. Takes time in the order of
/// ten microseconds; never waits.
pub(crate) fn rebuild<B>(request: &Request<B>) -> RawHead {
    let framed = [CONTENT_LENGTH, TRANSFER_ENCODING]
        .iter()
        .any(|name| request.headers().contains_key(name));
    let mut copy = Request::new(Unsent { framed });
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    let written = Arc::new(Mutex::new(Vec::new()));
    write(copy, Page(Arc::clone(&written)));
    let bytes = std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(end) => RawHead::new(bytes.get(..end + 4).unwrap_or_default()),
        None => RawHead::new(bytes),
    }
}

fn write(request: Request<Unsent>, page: Page) {
    let mut cx = Context::from_waker(Waker::noop());
    let handshake = pin!(
        http1::Builder::new()
            .preserve_header_case(true)
            .handshake::<_, Unsent>(page)
    );
    let Poll::Ready(Ok((mut sender, connection))) = handshake.poll(&mut cx) else {
        return;
    };
    let mut connection = pin!(connection);
    // The connection must have asked for a request before one can be sent.
    if connection.as_mut().poll(&mut cx).is_ready() {
        return;
    }
    let mut response = pin!(sender.send_request(request));
    let _ = response.as_mut().poll(&mut cx);
    let _ = connection.as_mut().poll(&mut cx);
}

/// A body that never comes; it exists so that the framing fields stay.
struct Unsent {
    framed: bool,
}

impl Body for Unsent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.framed {
            Poll::Pending
        } else {
            Poll::Ready(None)
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.framed
    }

    fn size_hint(&self) -> SizeHint {
        if self.framed {
            SizeHint::default()
        } else {
            SizeHint::with_exact(0)
        }
    }
}

/// Takes what is written and never has anything to read.
struct Page(Arc<Mutex<Vec<u8>>>);

impl hyper::rt::Read for Page {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

impl hyper::rt::Write for Page {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_line_its_fields_and_their_order() {
        let request = Request::builder()
            .method("PUT")
            .uri("http://mirror.example/v2/a?b=c")
            .header("host", "mirror.example")
            .header("accept", "a")
            .header("content-length", "12")
            .header("accept", "b")
            .body(())
            .unwrap();
        let head = rebuild(&request);
        let text = String::from_utf8(head.as_bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "PUT http://mirror.example/v2/a?b=c HTTP/1.1\r\nhost: mirror.example\r\n\
             accept: a\r\naccept: b\r\ncontent-length: 12\r\n\r\n"
        );
    }

    #[test]
    fn a_connect_keeps_its_authority() {
        let request = Request::builder()
            .method("CONNECT")
            .uri("registry-1.docker.io:443")
            .header("host", "registry-1.docker.io:443")
            .body(())
            .unwrap();
        let head = rebuild(&request);
        assert!(
            head.as_bytes()
                .starts_with(b"CONNECT registry-1.docker.io:443 HTTP/1.1\r\nhost")
        );
        assert!(head.as_bytes().ends_with(b"\r\n\r\n"));
    }
}
