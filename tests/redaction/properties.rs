//! What holds for any input.

use proptest::prelude::*;
use pullscope::exchange::{
    Capture, Connection, ConnectionId, Ending, Event, Exchange, ExchangeId, RawHead, Timings,
    Trace, Tunnel, TunnelId, TunnelKind,
};
use pullscope::har::{self, HarDocument, WriteOptions};
use pullscope::redact::{Redactor, url};

use crate::traffic::{Talk, body};

/// Pieces of traffic, whole and broken, to be put together in any order.
const PIECES: [&str; 58] = [
    "Authorization: ",
    "Bearer ",
    "Basic ",
    "dXNlcjpodW50ZXIy",
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiJtZSJ9",
    ".c2lnbmF0dXJl",
    "Cookie: ",
    "Set-Cookie: ",
    "a=b; ",
    "token=",
    "?Signature=",
    "&amp;",
    "\\u0026",
    "%26",
    "%3D",
    "%25",
    "\\\"",
    "\"token\":\"",
    "\"password\": ",
    "hunter2",
    "opaque-secret-value",
    "aHVudGVyMg==",
    "12345",
    "\"",
    "'",
    "<",
    ">",
    "\\",
    "\r\n",
    " ",
    ": ",
    "https://",
    "u:hunter2@",
    "host/",
    "/downloads/",
    "/_storage_proxy/",
    "REDACTED",
    "REDACTED-00ff00",
    "<AWSAccessKeyId>",
    "verify=1597907265-",
    "&password=",
    "é",
    "\u{ff}",
    "ghp_16C7e42F292c6912E7710c83",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "\"NPM_TOKEN=",
    "\n  apiToken: ",
    "{\"name\":\"password\",",
    "\"value\":\"",
    "{\"kind\":\"Secret\",\"data\":{",
    "\"tokens\":[",
    "form-data; name=\"password\"\r\n\r\n",
    "<input name=\"csrf\" value=\"",
    "<Password>",
    "hdnts=exp=1~hmac=",
    "$",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        9 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        text().prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

fn talk() -> impl Strategy<Value = Talk> {
    (text(), bytes(), bytes(), bytes(), bytes(), any::<bool>()).prop_map(
        |(url, request, request_body, response, response_body, form)| {
            let kind = if form {
                "Content-Type: application/x-www-form-urlencoded\r\n"
            } else {
                ""
            };
            Talk {
                id: 1,
                request: [
                    b"GET /",
                    url.as_bytes(),
                    b" HTTP/1.1\r\n",
                    kind.as_bytes(),
                    &request,
                ]
                .concat(),
                url,
                request_body,
                response,
                response_body,
            }
        },
    )
}

fn heads(event: &Event) -> Vec<RawHead> {
    match event {
        Event::RequestHead { request, .. } => vec![request.head.clone()],
        Event::ResponseHead { response, .. } => vec![response.head.clone()],
        _ => Vec::new(),
    }
}

/// Where a secret is recognised by its place.
const TEACHERS: usize = 5;

/// A trace of so many exchanges in which a secret is echoed in one and told by its place in
/// another, in a tunnel or in another program's field.
fn trace(count: usize, echo: usize, teacher: (usize, usize), secret: &str) -> Trace {
    let mut trace = Trace::default();
    let (at, place) = teacher;
    let login = data_encoding::BASE64.encode(format!("me:{secret}").as_bytes());
    for number in 0..count {
        let told = |wanted: usize| number == at && place == wanted;
        let header = match () {
            () if told(0) => format!("Authorization: Bearer {secret}\r\n"),
            () if told(1) => format!("Authorization: Basic {login}\r\n"),
            () => String::new(),
        };
        let mut body = String::new();
        if number == echo {
            body = format!("it said {secret} there. ");
        }
        if told(2) {
            body += &serde_json::json!({ "password": secret }).to_string();
        }
        let id = number as u64 + 1;
        let url = "https://r.example/";
        let talk = Talk::get(id, url, &header, "HTTP/1.1 200 OK", &body);
        let connection =
            Connection::of_request(ConnectionId(id), None, jiff::Timestamp::UNIX_EPOCH);
        let mut exchange = Exchange::new(ExchangeId(id), jiff::Timestamp::UNIX_EPOCH, connection);
        for event in talk.events("", None, Ending::Complete) {
            exchange.apply(event);
        }
        trace.exchanges.push(exchange);
    }
    let mut connection =
        Connection::of_request(ConnectionId(99), None, jiff::Timestamp::UNIX_EPOCH);
    if place == 3 {
        let head =
            format!("CONNECT r.example:443 HTTP/1.1\r\nProxy-Authorization: Basic {login}\r\n\r\n");
        connection.connect_head = Some(RawHead::new(head));
    }
    trace.tunnels.push(Tunnel {
        id: TunnelId(1),
        connection,
        kind: TunnelKind::Passthrough,
        upstream: None,
        sent: 0,
        received: 0,
        timings: Timings::default(),
        ended: None,
    });
    if place == 4 {
        let mut har = Vec::new();
        har::write(
            &trace,
            &HarDocument::default(),
            &mut har,
            &WriteOptions::default(),
        )
        .unwrap();
        let mut har: serde_json::Value = serde_json::from_slice(&har).unwrap();
        let entries = har["log"]["entries"].as_array_mut().unwrap().iter_mut();
        let mut asked = entries.filter(|entry| entry["request"]["method"] != "CONNECT");
        asked.nth(at).unwrap()["_auth"] = serde_json::json!({ "password": secret });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), har.to_string()).unwrap();
        trace = har::read(file.path()).unwrap().trace;
    }
    trace
}

/// All that a trace says of what was sent.
fn texts(trace: &Trace) -> String {
    let mut texts = Vec::new();
    for exchange in &trace.exchanges {
        let head = exchange.request.as_ref().unwrap().head.as_bytes();
        texts.push(String::from_utf8_lossy(head).into_owned());
        if let Some(Capture::Memory { bytes }) =
            exchange.response_body.as_ref().map(|body| &body.capture)
        {
            texts.push(String::from_utf8_lossy(bytes).into_owned());
        }
    }
    let heads = trace.tunnels.iter();
    let heads = heads.filter_map(|tunnel| tunnel.connection.connect_head.as_ref());
    texts.extend(heads.map(|head| String::from_utf8_lossy(head.as_bytes()).into_owned()));
    texts.push(format!("{:?}", trace.foreign));
    texts.join("\n")
}

proptest! {
    #[test]
    fn order_decides_nothing_in_a_trace(
        count in 1_usize..5,
        echo in 0_usize..5,
        at in 0_usize..5,
        place in 0..TEACHERS,
        secret in "[a-zA-Z]{8}[0-9]{4}[a-zA-Z]{8}",
    ) {
        let mut trace = trace(count, echo % count, (at % count, place), &secret);
        prop_assert!(texts(&trace).contains(&secret));
        Redactor::new().trace(&mut trace, None);
        let text = texts(&trace);
        prop_assert!(!text.contains(&secret), "{}", text);
    }

    #[test]
    fn redacting_twice_is_redacting_once(talk in talk(), detail in text()) {
        let mut redactor = Redactor::new();
        let ending = Ending::Failed { reason: pullscope::exchange::Failure::Dns, detail };
        for event in talk.events("", None, ending) {
            let once = redactor.event(event);
            let twice = redactor.event(once.clone());
            prop_assert_eq!(&once, &twice);
        }
    }

    #[test]
    fn a_stranger_finds_nothing_more_in_what_one_redactor_left(text in text()) {
        let once = Redactor::new().text(&text);
        prop_assert_eq!(Redactor::new().text(&once), once);
        let once = url(&text);
        prop_assert_eq!(url(&once), once);
    }

    #[test]
    fn lines_and_names_of_a_head_stay(talk in talk()) {
        let mut redactor = Redactor::new();
        for event in talk.events("", None, Ending::Complete) {
            let after = redactor.event(event.clone());
            for (before, after) in heads(&event).iter().zip(heads(&after)) {
                let lines = |head: &RawHead| {
                    let lines = head.as_bytes().split(|&b| b == b'\n');
                    lines.map(<[u8]>::to_vec).collect::<Vec<_>>()
                };
                let (before, after) = (lines(before), lines(&after));
                prop_assert_eq!(before.len(), after.len());
                for (before, after) in before.iter().zip(&after).skip(1) {
                    prop_assert_eq!(before.ends_with(b"\r"), after.ends_with(b"\r"));
                    let folded = before.starts_with(b" ") || before.starts_with(b"\t");
                    if let Some(colon) = before.iter().position(|&b| b == b':').filter(|_| !folded) {
                        prop_assert_eq!(before.get(..=colon), after.get(..=colon));
                    }
                }
            }
        }
    }

    #[test]
    fn a_learned_secret_is_gone_whatever_surrounds_it(
        secret in "[a-zA-Z0-9!%&<>\"\\\\/+= é_-]{16,60}",
        before in text(),
        after in text(),
    ) {
        prop_assume!(secret.bytes().collect::<std::collections::BTreeSet<_>>().len() >= 3);
        prop_assume!(!secret.starts_with(' ') && !secret.ends_with(' '));
        let mut redactor = Redactor::new();
        let json = serde_json::json!({ "password": secret }).to_string();
        let taught = redactor.text(&json);
        prop_assert!(taught.contains("REDACTED-"), "{}", taught);
        let text = redactor.text(&format!("{before} {secret} {after}"));
        prop_assert!(!text.contains(&secret), "{}", text);
    }

    #[test]
    fn figures_of_a_body_stay(content in bytes()) {
        let mut talk = Talk::get(1, "https://r.example/", "", "HTTP/1.1 200 OK", "");
        talk.response_body.clone_from(&content);
        let mut redactor = Redactor::new();
        for event in talk.events("", None, Ending::Complete) {
            if let Event::Ended { end, .. } = redactor.event(event) {
                let (after, before) = (end.response_body.unwrap(), body(&content));
                prop_assert_eq!(after.size, before.size);
                prop_assert_eq!(after.decoded_size, before.decoded_size);
                prop_assert_eq!(after.sha256, before.sha256);
            }
        }
    }
}
