//! Conversations to redact, built by hand.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use pullscope::exchange::{
    Authority, Body, Capture, Connection, ConnectionId, End, Ending, Event, ExchangeId, Fidelity,
    RawHead, RequestHead, ResponseHead, ResponseOrigin, Timings, Upstream,
};

/// One request and its response, as texts.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) request: Vec<u8>,
    pub(crate) request_body: Vec<u8>,
    pub(crate) response: Vec<u8>,
    pub(crate) response_body: Vec<u8>,
}

impl Talk {
    /// A GET request with these extra header lines, and a response of this head and body.
    pub(crate) fn get(id: u64, url: &str, lines: &str, response: &str, body: &str) -> Self {
        let (host, path) = split(url);
        Self {
            id,
            url: url.to_owned(),
            request: format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n").into_bytes(),
            request_body: Vec::new(),
            response: format!("{response}\r\n\r\n").into_bytes(),
            response_body: body.as_bytes().to_vec(),
        }
    }

    /// A POST request of this content type and body.
    pub(crate) fn post(id: u64, url: &str, kind: &str, form: &str, answer: &str) -> Self {
        let (host, path) = split(url);
        Self {
            id,
            url: url.to_owned(),
            request: format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n\r\n"
            )
            .into_bytes(),
            request_body: form.as_bytes().to_vec(),
            response: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec(),
            response_body: answer.as_bytes().to_vec(),
        }
    }

    /// The events of it, over a connection with this CONNECT head.
    pub(crate) fn events(&self, connect: &str, via: Option<&str>, ending: Ending) -> Vec<Event> {
        let id = ExchangeId(self.id);
        vec![
            Event::Opened {
                id,
                at: Timestamp::UNIX_EPOCH,
                connection: Box::new(connection(connect)),
            },
            Event::RequestHead {
                id,
                request: RequestHead {
                    url: self.url.clone(),
                    head: RawHead::new(self.request.clone()),
                    fidelity: Fidelity::Exact,
                },
            },
            Event::ResponseHead {
                id,
                response: ResponseHead {
                    at: Timestamp::UNIX_EPOCH,
                    head: RawHead::new(self.response.clone()),
                    interim: Vec::new(),
                    origin: ResponseOrigin::Upstream,
                },
            },
            Event::Progress {
                id,
                sent: 1,
                received: 2,
            },
            Event::Ended {
                id,
                end: Box::new(End {
                    at: Timestamp::UNIX_EPOCH,
                    ending,
                    timings: Timings::default(),
                    upstream: Some(Arc::new(Upstream {
                        via: via.map(str::to_owned),
                        ..Upstream::default()
                    })),
                    request_body: Some(body(&self.request_body)),
                    response_body: Some(body(&self.response_body)),
                    redacted: false,
                }),
            },
        ]
    }
}

/// A connection with this CONNECT head, or none.
pub(crate) fn connection(connect: &str) -> Connection {
    Connection {
        id: ConnectionId(1),
        client: ([127, 0, 0, 1], 40_000).into(),
        opened: Timestamp::UNIX_EPOCH,
        target: Some(Authority {
            host: "registry.example".into(),
            port: 443,
        }),
        connect_head: (!connect.is_empty()).then(|| RawHead::new(connect)),
        connect_fidelity: Fidelity::Regrouped,
        sni: None,
        tls: None,
        handshake: None,
    }
}

/// A body in memory, with the size and a digest of the original.
pub(crate) fn body(content: &[u8]) -> Body {
    Body {
        size: content.len() as u64,
        decoded_size: Some(content.len() as u64),
        sha256: Some("0f".repeat(32)),
        complete: true,
        capture: match content {
            [] => Capture::Empty,
            _ => Capture::Memory {
                bytes: Bytes::copy_from_slice(content),
            },
        },
        ..Body::default()
    }
}

/// The kept bodies of an event, as text.
pub(crate) fn bodies(event: &Event) -> Vec<String> {
    let Event::Ended { end, .. } = event else {
        return Vec::new();
    };
    [&end.request_body, &end.response_body]
        .into_iter()
        .flatten()
        .filter_map(|body| match &body.capture {
            Capture::Memory { bytes } => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
        .collect()
}

/// Everything in an event as one text: its JSON, and its bodies in the clear.
pub(crate) fn everything(event: &Event) -> String {
    let mut text = serde_json::to_string(event).unwrap();
    for body in bodies(event) {
        text.push('\n');
        text.push_str(&body);
    }
    text
}

fn split(url: &str) -> (&str, String) {
    let rest = url.split_once("://").unwrap().1;
    let (host, path) = rest.split_once('/').unwrap();
    (host, format!("/{path}"))
}
