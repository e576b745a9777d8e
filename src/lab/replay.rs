//! Answers from a recording, byte for byte but for the secrets that were taken out of it: in
//! their place the lab puts its own, and accepts whatever credentials a client sends.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;

use super::stand_in::StandIns;
use super::{IncomingRequest, OutgoingResponse};
use crate::base::lock::lock;

/// One recorded exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The request's method.
    pub method: String,
    /// The host it was sent to, without a port.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Whether it was sent with credentials.
    pub authorized: bool,
    /// The response's head, from the status line to the empty line.
    pub head: Vec<u8>,
    /// The response's content, without chunked framing, as far as it was recorded; `None` when
    /// it was not.
    pub body: Option<Vec<u8>>,
}

/// A recording to answer from: the first time a URL is asked for, its first recorded answer, and
/// so on; the last one stays. Requests with credentials get the answers to such, as far as there
/// are any.
#[derive(Debug)]
pub struct Replay {
    answers: HashMap<Key, Answers>,
    /// The keys of the same requests as other clients send them.
    similar: HashMap<Key, Key>,
    hosts: Vec<String>,
}

/// Why a recording cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// There is no exchange in it.
    #[error("the recording has no exchange to answer from")]
    Empty,
    /// A response head is not one of HTTP/1.
    #[error("the recorded response to {url} has no HTTP/1 head: {reason}")]
    Head {
        /// Which URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

type Key = (String, String, String);

#[derive(Debug, Default)]
struct Answers {
    recorded: Vec<RecordedAnswer>,
    next: Mutex<usize>,
}

#[derive(Clone, Debug)]
struct RecordedAnswer {
    head: Bytes,
    framing: Framing,
    body: Option<Bytes>,
    authorized: bool,
}

impl Replay {
    /// Takes a recording.
    ///
    /// # Errors
    /// When there is nothing in it, or a response head in it cannot be sent.
    pub fn new(exchanges: impl IntoIterator<Item = Recorded>) -> Result<Self, ReplayError> {
        let mut replay = Self {
            answers: HashMap::new(),
            similar: HashMap::new(),
            hosts: Vec::new(),
        };
        let stand_ins = StandIns::new();
        for mut exchange in exchanges {
            let host = exchange.host.to_ascii_lowercase();
            refill(&mut exchange, &stand_ins);
            let framing = Framing::of(&exchange).map_err(|reason| ReplayError::Head {
                url: format!("{host}{}", exchange.target),
                reason,
            })?;
            if !replay.hosts.contains(&host) {
                replay.hosts.push(host.clone());
            }
            let key = (exchange.method, host, exchange.target);
            let similar = replay.similar.entry(similar(&key));
            similar.or_insert_with(|| key.clone());
            replay
                .answers
                .entry(key)
                .or_default()
                .recorded
                .push(RecordedAnswer {
                    head: exchange.head.into(),
                    framing,
                    body: exchange.body.map(Bytes::from),
                    authorized: exchange.authorized,
                });
        }
        if replay.hosts.is_empty() {
            return Err(ReplayError::Empty);
        }
        Ok(replay)
    }

    /// The hosts in it, in the order they first appear.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.hosts.clone()
    }

    pub(super) fn answer(&self, request: &IncomingRequest) -> OutgoingResponse {
        let key = (
            request.method.clone(),
            request.host.clone(),
            request.target(),
        );
        let as_get = ("GET".to_owned(), key.1.clone(), key.2.clone());
        let found = self.find(&key).or_else(|| {
            let is_head = request.is_head();
            is_head.then(|| self.find(&as_get)).flatten()
        });
        let authorized = request.field("authorization").is_some();
        match found.and_then(|answers| answers.take(authorized)) {
            Some(answer) => answer.response(request),
            None => self.unknown(request),
        }
    }

    fn find(&self, key: &Key) -> Option<&Answers> {
        let exact = self.answers.get(key);
        exact.or_else(|| self.answers.get(self.similar.get(&similar(key))?))
    }

    fn unknown(&self, request: &IncomingRequest) -> OutgoingResponse {
        let mut known: Vec<_> = self
            .answers
            .keys()
            .map(|(method, host, target)| format!("  {method} {host}{target}\n"))
            .collect();
        known.sort();
        let more = known.len().saturating_sub(LISTED);
        known.truncate(LISTED);
        if more > 0 {
            known.push(format!("  and {more} more\n"));
        }
        let sentence = format!(
            "the recording has no {} {}{}; it has\n{}",
            request.method,
            request.host,
            request.target(),
            known.concat()
        );
        OutgoingResponse::text("404 Not Found", &sentence)
    }
}

impl Answers {
    fn take(&self, authorized: bool) -> Option<&RecordedAnswer> {
        let mut next = lock(&self.next);
        let fits = |answer: &RecordedAnswer| answer.authorized == authorized;
        let coming = self.recorded.iter().enumerate().skip(*next);
        let fitting = coming.clone().find(|(_, answer)| fits(answer));
        let past = || {
            let answers = self.recorded.iter().enumerate();
            answers.rev().find(|(_, answer)| fits(answer))
        };
        let in_order = || {
            let at = (*next).min(self.recorded.len().checked_sub(1)?);
            Some((at, self.recorded.get(at)?))
        };
        let (at, answer) = fitting.or_else(past).or_else(in_order)?;
        *next = at.saturating_add(1).max(*next);
        Some(answer)
    }
}

impl RecordedAnswer {
    fn response(&self, request: &IncomingRequest) -> OutgoingResponse {
        let close = self.framing.close || self.framing.delimiter == Delimiter::Close;
        if request.is_head() || self.framing.delimiter == Delimiter::None {
            return OutgoingResponse::recorded(self.head.clone(), Bytes::new(), close);
        }
        let Some(body) = &self.body else {
            let sentence = format!(
                "the recording has the head but not the content of {} {}{}",
                request.method,
                request.host,
                request.target()
            );
            return OutgoingResponse::text("502 Bad Gateway", &sentence);
        };
        // Content that was recorded in part is broken off where the recording ends.
        let cut =
            matches!(self.framing.delimiter, Delimiter::Length(length) if body.len() < length);
        let body = match self.framing.delimiter {
            Delimiter::Chunked => chunked(body),
            _ => body.clone(),
        };
        OutgoingResponse::recorded(self.head.clone(), body, close || cut)
    }
}

/// Puts secrets in again where they were taken out. A recording keeps content decoded, and its
/// length is that of the wire: where either has changed, the head is made to say so.
fn refill(exchange: &mut Recorded, stand_ins: &StandIns) {
    let filled = |text: &[u8]| stand_ins.fill(text).into_owned();
    exchange.target = String::from_utf8(filled(exchange.target.as_bytes())).unwrap_or_default();
    exchange.head = filled(&exchange.head);
    let encoded = field(&exchange.head, "content-encoding")
        .is_some_and(|coding| !coding.is_empty() && coding != "identity");
    let Some(body) = &mut exchange.body else {
        return;
    };
    let changed = match stand_ins.fill_content(body) {
        Cow::Borrowed(_) => None,
        Cow::Owned(content) => Some(content),
    };
    let was_changed = changed.is_some();
    if let Some(content) = changed {
        *body = content;
    }
    if !(encoded || was_changed && field(&exchange.head, "content-length").is_some()) {
        return;
    }
    let length = format!("Content-Length: {}", body.len());
    let head = String::from_utf8_lossy(&exchange.head).into_owned();
    let lines = head.split("\r\n").filter_map(|line| {
        let name = line.split_once(':').map(|(name, _)| name.trim());
        match name {
            Some(name) if name.eq_ignore_ascii_case("content-encoding") => None,
            Some(name) if name.eq_ignore_ascii_case("content-length") => Some(length.as_str()),
            _ => Some(line),
        }
    });
    exchange.head = lines.collect::<Vec<_>>().join("\r\n").into_bytes();
}

/// The value of a head's first field of this name, in lower case.
fn field(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut named = fields.filter(|(field, _)| field.trim().eq_ignore_ascii_case(name));
    named
        .next()
        .map(|(_, value)| value.trim().to_ascii_lowercase())
}

/// What requests of all clients for the same thing have in common: their order of parameters, and
/// what they say of themselves there, differ.
fn similar(key: &Key) -> Key {
    let (method, host, target) = key;
    let Some((path, query)) = target.split_once('?') else {
        return key.clone();
    };
    let own = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        matches!(name, "account" | "client_id" | "offline_token")
    };
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !own(pair)).collect();
    pairs.sort_unstable();
    // Some clients escape what need not be escaped.
    let query = percent_encoding::percent_decode_str(&pairs.join("&"))
        .decode_utf8_lossy()
        .into_owned();
    (method.clone(), host.clone(), format!("{path}?{query}"))
}

/// How a recorded head says that its content ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Framing {
    delimiter: Delimiter,
    close: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    None,
    Length(usize),
    Chunked,
    Close,
}

impl Framing {
    fn of(exchange: &Recorded) -> Result<Self, String> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(&exchange.head) {
            Ok(httparse::Status::Complete(length)) if length == exchange.head.len() => {}
            Ok(httparse::Status::Complete(_)) => return Err("it goes on after its end".to_owned()),
            Ok(httparse::Status::Partial) => return Err("it has no end".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        let value = |name: &str| {
            let field = head
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case(name));
            field.map(|field| String::from_utf8_lossy(field.value).to_ascii_lowercase())
        };
        let close = value("connection").is_some_and(|value| value.contains("close"));
        let delimiter = match (
            head.code,
            value("transfer-encoding"),
            value("content-length"),
        ) {
            (Some(100..=199 | 204 | 304), _, _) => Delimiter::None,
            (_, Some(coding), _) if coding.contains("chunked") => Delimiter::Chunked,
            (_, None, Some(length)) => match length.trim().parse() {
                Ok(0) => Delimiter::None,
                Ok(length) => Delimiter::Length(length),
                Err(_) => return Err(format!("its Content-Length is '{length}'")),
            },
            _ => Delimiter::Close,
        };
        let recorded = exchange.body.as_ref().map_or(0, Vec::len);
        match delimiter {
            Delimiter::Length(length) if recorded > length => Err(format!(
                "it promises {length} bytes of content, but there are {recorded}"
            )),
            delimiter => Ok(Self { delimiter, close }),
        }
    }
}

fn chunked(body: &[u8]) -> Bytes {
    let mut framed = Vec::with_capacity(body.len() + 32);
    if !body.is_empty() {
        framed.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        framed.extend_from_slice(body);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed.into()
}

/// URLs that a 404 lists.
const LISTED: usize = 50;
const MAX_FIELDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(head: &str, body: Option<&str>) -> Recorded {
        Recorded {
            method: "GET".to_owned(),
            host: "r.example".to_owned(),
            target: "/v2/".to_owned(),
            authorized: false,
            head: head.as_bytes().to_vec(),
            body: body.map(|body| body.as_bytes().to_vec()),
        }
    }

    fn error(head: &str, body: &str) -> String {
        Replay::new([recorded(head, Some(body))])
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_cannot_be_replayed_is_refused_with_the_reason() {
        assert_eq!(Replay::new([]).unwrap_err(), ReplayError::Empty);
        assert!(error("HTTP/2 200\r\n\r\n", "").contains("r.example/v2/"));
        assert!(error("HTTP/1.1 200 OK\r\n", "").ends_with("it has no end"));
        assert!(error("HTTP/1.1 200 OK\r\n\r\nmore", "").contains("goes on"));
        assert!(error("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "").contains("'x'"));
        assert!(
            error("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "abc").contains("promises 1")
        );
    }

    #[test]
    fn the_end_of_the_content_is_told_as_the_head_tells_it() {
        let delimiter = |head: &str| Framing::of(&recorded(head, None)).unwrap().delimiter;
        assert_eq!(
            delimiter("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
            Delimiter::None
        );
        assert_eq!(
            delimiter("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
            Delimiter::Length(9)
        );
        assert_eq!(delimiter("HTTP/1.1 200 OK\r\n\r\n"), Delimiter::Close);
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(delimiter(both), Delimiter::Chunked);
        assert_eq!(chunked(b"hello"), "5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(chunked(b""), "0\r\n\r\n");
    }
}
