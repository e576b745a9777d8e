//! What holds for any input.

use proptest::prelude::*;
use pullscope::exchange::{Ending, Event, RawHead};
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

proptest! {
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
