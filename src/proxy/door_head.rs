//! The heads that the front door's parser has taken apart, put together again.
//!
//! The front door reads requests itself, so their bytes are gone by the time we see them. What
//! remains are names in their case, values, and the order of first appearance: hyper keeps the
//! case in a private extension that only its own client can read, so a client writes the head
//! once more, into memory.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Waker};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::stream;
use http::Request;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body::Frame;
use http_body_util::{Either, Empty, StreamBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use crate::exchange::RawHead;

/// The head of a request as near to its wire form as can be known. Takes time in the order of
/// ten microseconds; never waits.
pub(crate) fn rebuild<B>(request: &Request<B>) -> RawHead {
    let framed = [CONTENT_LENGTH, TRANSFER_ENCODING]
        .iter()
        .any(|name| request.headers().contains_key(name));
    // A body that never comes keeps the framing fields where they are.
    let body = if framed {
        Either::Right(StreamBody::new(stream::pending::<Result<_, Infallible>>()))
    } else {
        Either::Left(Empty::new())
    };
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    let (near, mut far) = duplex(usize::MAX);
    write(copy, near);
    // Its writer has gone: this ends without waiting.
    let mut written = Vec::new();
    let _ = far.read_to_end(&mut written).now_or_never();
    let end = memmem::find(&written, b"\r\n\r\n").map_or(written.len(), |end| end + 4);
    RawHead::new(written.get(..end).unwrap_or_default())
}

fn write<B>(request: Request<Either<Empty<Bytes>, StreamBody<B>>>, to: DuplexStream)
where
    B: stream::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
{
    let handshake = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(to));
    let Some(Ok((mut sender, connection))) = handshake.now_or_never() else {
        return;
    };
    let mut cx = Context::from_waker(Waker::noop());
    let mut connection = pin!(connection);
    // The connection must have asked for a request before one can be sent.
    if connection.as_mut().poll(&mut cx).is_ready() {
        return;
    }
    let mut response = pin!(sender.send_request(request));
    let _ = response.as_mut().poll(&mut cx);
    let _ = connection.as_mut().poll(&mut cx);
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
