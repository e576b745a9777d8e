//! Turns the article's transcripts into the events a live capture of them would have made.

use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use pullscope::exchange::{
    Body, Capture, Connection, ConnectionId, End, Ending, Event, ExchangeId, Fidelity, Omission,
    RawHead, RequestHead, ResponseHead, ResponseOrigin, Timings,
};
use serde_json::Value;

/// The four pulls, in the order they happened.
pub(crate) const NAMES: [&str; 4] = ["gcr", "mirror", "dockerhub", "quay"];

/// The events of one pull; exchanges are numbered from `first` on.
pub(crate) fn events(name: &str, first: u64) -> Vec<Event> {
    let path = format!(
        "{}/tests/data/article/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let exchanges = file["exchanges"].as_array().unwrap();
    exchanges
        .iter()
        .zip(first..)
        .flat_map(|(exchange, id)| exchange_events(exchange, ExchangeId(id)))
        .collect()
}

fn exchange_events(exchange: &Value, id: ExchangeId) -> Vec<Event> {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let url = request["url"].as_str().unwrap();
    let at = moment(response);
    let target = url::Url::parse(url).unwrap();
    let origin_form = &target[url::Position::BeforePath..];
    let start = format!(
        "{} {origin_form} HTTP/1.1",
        request["method"].as_str().unwrap()
    );
    let status = format!(
        "HTTP/1.1 {} {}",
        response["status"],
        response["reason"].as_str().unwrap()
    );
    vec![
        Event::Opened {
            id,
            at,
            connection: Box::new(connection(id, at)),
        },
        Event::RequestHead {
            id,
            request: RequestHead {
                url: url.to_owned(),
                head: head(&start, request),
                fidelity: Fidelity::Exact,
            },
        },
        Event::ResponseHead {
            id,
            response: ResponseHead {
                at,
                head: head(&status, response),
                interim: Vec::new(),
                origin: ResponseOrigin::Upstream,
            },
        },
        Event::Ended {
            id,
            end: Box::new(End {
                at: at + Duration::from_millis(100),
                ending: Ending::Complete,
                timings: Timings::default(),
                upstream: None,
                request_body: Some(Body {
                    complete: true,
                    ..Body::default()
                }),
                response_body: Some(body(response)),
                redacted: false,
            }),
        },
    ]
}

/// When the answer was made: `Date`, and `Age` for what came from a cache.
fn moment(response: &Value) -> Timestamp {
    let field = |name: &str| {
        let all = response["headers"].as_array().unwrap();
        let found = all.iter().find(|field| field[0] == name);
        found.map(|field| field[1].as_str().unwrap().to_owned())
    };
    let date = rfc2822::DateTimeParser::new()
        .parse_timestamp(field("Date").unwrap())
        .unwrap();
    let age = field("Age").filter(|_| field("Server").as_deref() == Some("UploadServer"));
    date + Duration::from_secs(age.map_or(0, |age| age.parse().unwrap()))
}

fn connection(id: ExchangeId, at: Timestamp) -> Connection {
    Connection {
        id: ConnectionId(id.0),
        client: "127.0.0.1:40000".parse().unwrap(),
        opened: at,
        target: None,
        connect_head: None,
        connect_fidelity: Fidelity::Exact,
        sni: None,
        tls: None,
        handshake: None,
    }
}

fn head(start: &str, message: &Value) -> RawHead {
    let mut text = format!("{start}\r\n");
    for field in message["headers"].as_array().unwrap() {
        let part = |i: usize| field[i].as_str().unwrap();
        text.extend([part(0), ": ", part(1), "\r\n"]);
    }
    RawHead::new(text + "\r\n")
}

/// A body as the wire had it; what the article cut short is as if it had not been kept.
fn body(response: &Value) -> Body {
    let text = response["body"].as_str().unwrap();
    let whole = response["body_complete"] == true;
    let size = response["content_length"].as_u64().unwrap();
    Body {
        size,
        decoded_size: Some(size),
        sha256: whole.then(|| hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())),
        encoded_sha256: None,
        assembled_sha256: None,
        parts: Vec::new(),
        complete: true,
        trailers: Vec::new(),
        capture: match (whole, text) {
            (true, "") => Capture::Empty,
            (true, text) => Capture::Memory {
                bytes: Bytes::from(text.to_owned()),
            },
            (false, _) => Capture::Omitted {
                reason: Omission::Blob,
            },
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
