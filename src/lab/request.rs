//! Reading one request, within bounds.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded;

use super::OutgoingResponse;

/// One request.
#[derive(Debug)]
pub(super) struct IncomingRequest {
    /// The method as sent.
    pub(super) method: String,
    /// The host asked for, in lower case, without a port; empty when the client named none.
    pub(super) host: String,
    /// The path as sent.
    pub(super) path: String,
    /// The query as sent, without its question mark.
    pub(super) query: Option<String>,
    fields: Vec<(String, String)>,
    /// The content, at most [`MAX_BODY`] bytes.
    pub(super) body: Bytes,
    /// Whether the client wants the connection closed after the answer.
    pub(super) close: bool,
}

/// Why no request was read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadRequest {
    #[error("the request cannot be read")]
    Io(#[from] io::Error),
    #[error("the request did not arrive in time")]
    Slow,
    #[error("the request head is larger than {MAX_HEAD} bytes or has too many fields")]
    HeadTooLarge,
    #[error("the request content is larger than {MAX_BODY} bytes")]
    BodyTooLarge,
    #[error("the request has a transfer coding; the lab knows chunked alone")]
    LengthRequired,
    #[error("the request is not HTTP/1.1: {0}")]
    Malformed(String),
}

impl IncomingRequest {
    /// Reads the next request; `None` when the client closed the connection instead.
    ///
    /// `buffer` holds what was read beyond this request.
    pub(super) async fn read<R: AsyncRead + Unpin>(
        io: &mut R,
        buffer: &mut BytesMut,
    ) -> Result<Option<Self>, BadRequest> {
        let deadline = Instant::now() + DEADLINE;
        let mut request = loop {
            if let Some((request, length)) = parse(buffer)? {
                buffer.advance(length);
                break request;
            }
            if buffer.len() > MAX_HEAD {
                return Err(BadRequest::HeadTooLarge);
            }
            if fill(io, buffer, deadline).await? == 0 {
                if buffer.is_empty() {
                    return Ok(None);
                }
                return Err(BadRequest::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        };
        request.body = if request.field("transfer-encoding") == Some("chunked") {
            chunked(io, buffer, deadline).await?
        } else {
            let length = request.content_length()?;
            have(io, buffer, length, deadline).await?;
            buffer.split_to(length).freeze()
        };
        Ok(Some(request))
    }

    /// A parameter of the query, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let pair = pairs.find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
    }

    /// The first field of this name.
    pub(super) fn field<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.fields(name).next()
    }

    /// The values of every field of this name.
    pub(super) fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether this is a HEAD request: answered without content.
    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Path and query.
    pub(super) fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    fn content_length(&self) -> Result<usize, BadRequest> {
        if self.field("transfer-encoding").is_some() {
            return Err(BadRequest::LengthRequired);
        }
        let mut length = None;
        for value in self.fields("content-length") {
            let bad = || BadRequest::Malformed(format!("Content-Length '{value}'"));
            let value: usize = value.parse().map_err(|_| bad())?;
            if length.is_some_and(|length| length != value) {
                return Err(bad());
            }
            length = Some(value);
        }
        match length.unwrap_or(0) {
            length if length > MAX_BODY => Err(BadRequest::BodyTooLarge),
            length => Ok(length),
        }
    }
}

impl BadRequest {
    /// What to tell the client, if there is any use in telling.
    pub(super) fn response(&self) -> Option<OutgoingResponse> {
        let status = match self {
            Self::Io(_) | Self::Slow => return None,
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::BodyTooLarge => "413 Content Too Large",
            Self::LengthRequired => "411 Length Required",
            Self::Malformed(_) => "400 Bad Request",
        };
        Some(OutgoingResponse::text(status, &self.to_string()))
    }
}

/// Parses whatever it is given, and what it finds in it.
#[cfg(any(test, fuzzing))]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Ok(Some((request, length))) = parse(bytes) {
        assert!(length <= bytes.len());
        let range = super::range::ByteRange::asked(request.field("range"), bytes.len());
        let _ = (request.content_length(), request.target(), range.is_ok());
    }
}

/// Parses a head at the start of `bytes`, and tells its length.
fn parse(bytes: &[u8]) -> Result<Option<(IncomingRequest, usize)>, BadRequest> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(BadRequest::HeadTooLarge);
        }
        Err(error) => return Err(BadRequest::Malformed(error.to_string())),
    };
    let fields: Vec<_> = head
        .headers
        .iter()
        .map(|field| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_owned(), value)
        })
        .collect();
    let (authority, target) = split_target(head.path.unwrap_or_default());
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let mut request = IncomingRequest {
        method: head.method.unwrap_or_default().to_owned(),
        host: String::new(),
        path: path.to_owned(),
        query,
        close: false,
        fields,
        body: Bytes::new(),
    };
    request.host = host_name(authority.or(request.field("host")).unwrap_or_default());
    let connection = request.field("connection").unwrap_or_default();
    let connection = connection.to_ascii_lowercase();
    let persistent = head.version == Some(1) || connection.contains("keep-alive");
    request.close = !persistent || connection.split(',').any(|option| option.trim() == "close");
    Ok(Some((request, length)))
}

/// Splits an absolute-form target (RFC 9112 section 3.2.2) into authority and path.
fn split_target(target: &str) -> (Option<&str>, &str) {
    match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            let slash = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
            (Some(authority), if path.is_empty() { "/" } else { path })
        }
        _ => (None, target),
    }
}

/// The host of an authority: without port, brackets and a trailing dot.
fn host_name(authority: &str) -> String {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Reads content in chunks (RFC 9112 section 7.1), without trailers.
async fn chunked<R: AsyncRead + Unpin>(
    io: &mut R,
    buffer: &mut BytesMut,
    deadline: Instant,
) -> Result<Bytes, BadRequest> {
    let mut body = BytesMut::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(buffer) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => {
                have(io, buffer, buffer.len() + 1, deadline).await?;
                continue;
            }
            Err(_) => return Err(BadRequest::Malformed("a chunk".to_owned())),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > MAX_BODY || body.len() + size > MAX_BODY {
            return Err(BadRequest::BodyTooLarge);
        }
        have(io, buffer, start + size + 2, deadline).await?;
        buffer.advance(start);
        body.extend_from_slice(&buffer.split_to(size));
        buffer.advance(2);
        if size == 0 {
            return Ok(body.freeze());
        }
    }
}

/// Reads until there are so many bytes.
async fn have<R: AsyncRead + Unpin>(
    io: &mut R,
    buffer: &mut BytesMut,
    length: usize,
    deadline: Instant,
) -> Result<(), BadRequest> {
    while buffer.len() < length {
        if fill(io, buffer, deadline).await? == 0 {
            return Err(BadRequest::Io(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(())
}

async fn fill<R: AsyncRead + Unpin>(
    io: &mut R,
    buffer: &mut BytesMut,
    deadline: Instant,
) -> Result<usize, BadRequest> {
    match timeout_at(deadline, io.read_buf(buffer)).await {
        Ok(read) => Ok(read?),
        Err(_) => Err(BadRequest::Slow),
    }
}

/// A head with a token of a registry with many scopes is still far below this.
const MAX_HEAD: usize = 64 * 1024;
const MAX_FIELDS: usize = 96;
/// A layer that is pushed in one go.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Time for a whole request, and how long an idle connection is kept.
const DEADLINE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Option<IncomingRequest>, BadRequest> {
        IncomingRequest::read(&mut bytes, &mut BytesMut::new()).await
    }

    #[tokio::test]
    async fn a_request_is_taken_apart() {
        let request =
            read(b"POST /t?a=b HTTP/1.1\r\nHost: Quay.IO:443\r\nContent-Length: 3\r\n\r\nx=y")
                .await
                .unwrap()
                .unwrap();
        assert_eq!(request.host, "quay.io");
        assert_eq!(request.path, "/t");
        assert_eq!(request.query.as_deref(), Some("a=b"));
        assert_eq!(request.body, "x=y");
        assert!(!request.close);
    }

    #[tokio::test]
    async fn requests_follow_each_other_on_one_connection() {
        let mut io: &[u8] = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: Close\r\n\r\n";
        let mut buffer = BytesMut::new();
        let first = IncomingRequest::read(&mut io, &mut buffer)
            .await
            .unwrap()
            .unwrap();
        let second = IncomingRequest::read(&mut io, &mut buffer)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((first.path.as_str(), first.close), ("/1", false));
        assert_eq!((second.path.as_str(), second.close), ("/2", true));
        assert!(
            IncomingRequest::read(&mut io, &mut buffer)
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn an_absolute_target_names_the_host() {
        let request = read(b"GET http://gcr.io:80/v2/?n=1 HTTP/1.1\r\nHost: other\r\n\r\n")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (request.host.as_str(), request.target().as_str()),
            ("gcr.io", "/v2/?n=1")
        );
    }

    #[tokio::test]
    async fn chunks_are_put_together() {
        let head = "PATCH / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let text = format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET");
        let (mut io, mut buffer) = (text.as_bytes(), BytesMut::new());
        let request = IncomingRequest::read(&mut io, &mut buffer).await;
        assert_eq!(request.unwrap().unwrap().body, "abcde");
        assert_eq!(buffer, "GET");
        for (chunks, status) in [
            ("x\r\n", Some(400)),
            ("fffffff\r\n", Some(413)),
            ("9\r\na", None),
        ] {
            let error = read(format!("{head}{chunks}").as_bytes())
                .await
                .unwrap_err();
            assert_eq!(
                error.response().map(|response| response.status()),
                status,
                "{chunks}"
            );
        }
    }

    #[tokio::test]
    async fn bad_input_has_an_answer() {
        let status = |result: Result<Option<IncomingRequest>, BadRequest>| {
            result
                .unwrap_err()
                .response()
                .map(|response| response.status())
        };
        let huge = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD));
        assert_eq!(status(read(huge.as_bytes()).await), Some(431));
        let many = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "A: b\r\n".repeat(MAX_FIELDS + 1)
        );
        assert_eq!(status(read(many.as_bytes()).await), Some(431));
        let body = |fields: &str| format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
        let cases = [
            ("Content-Length: 99999999", 413),
            ("Content-Length: -1", 400),
            ("Content-Length: 1\r\nContent-Length: 2", 400),
            ("Transfer-Encoding: gzip, chunked", 411),
            ("no colon", 400),
        ];
        for (fields, expected) in cases {
            assert_eq!(
                status(read(body(fields).as_bytes()).await),
                Some(expected),
                "{fields}"
            );
        }
        assert_eq!(status(read(b"\x16\x03\x01\0\0").await), Some(400));
        assert!(matches!(read(b"GET / HT").await, Err(BadRequest::Io(_))));
    }
}
