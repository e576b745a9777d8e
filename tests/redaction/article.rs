//! Four real pulls of 2020: what must go is gone, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use pullscope::exchange::{Ending, Event, RawHead};
use pullscope::redact::Redactor;
use serde_json::Value;

use crate::traffic::{Talk, bodies, everything};

#[test]
fn docker_hubs_signatures_are_gone_and_all_else_stays() {
    check("dockerhub", 6);
}

#[test]
fn the_mirrors_signatures_are_gone_and_all_else_stays() {
    check("mirror", 5);
}

#[test]
fn googles_token_is_gone_and_all_else_stays() {
    check("gcr", 10);
}

#[test]
fn quays_signatures_are_gone_and_all_else_stays() {
    check("quay", 7);
}

fn check(name: &str, count: usize) {
    let talks = read(name);
    assert_eq!(talks.len(), count);
    let secrets = secrets(&talks);
    assert!(
        secrets.len() >= 2 || name == "gcr" && secrets.len() == 1,
        "{secrets:?}"
    );
    let mut redactor = Redactor::new();
    for talk in &talks {
        let events = talk.events("", None, Ending::Complete);
        for event in events {
            let after = redactor.event(event.clone());
            let text = everything(&after);
            for secret in &secrets {
                assert!(
                    !text.contains(secret.as_str()),
                    "{name}: {secret} in {text}"
                );
            }
            assert_eq!(redactor.event(after.clone()), after, "not idempotent");
            only_secrets_differ(&event, &after, &secrets);
        }
    }
}

/// Takes every placeholder to stand for a secret, and compares the rest byte by byte.
fn only_secrets_differ(before: &Event, after: &Event, secrets: &BTreeSet<String>) {
    match (before, after) {
        (Event::RequestHead { request: a, .. }, Event::RequestHead { request: b, .. }) => {
            assert_restored(&a.url, &b.url, secrets);
            assert_heads(&a.head, &b.head, secrets);
        }
        (Event::ResponseHead { response: a, .. }, Event::ResponseHead { response: b, .. }) => {
            assert_heads(&a.head, &b.head, secrets);
        }
        (Event::Ended { end: a, .. }, Event::Ended { end: b, .. }) => {
            let (before, after) = (bodies(before), bodies(after));
            assert_eq!(before.len(), after.len());
            for (before, after) in before.iter().zip(&after) {
                assert_restored(before, after, secrets);
            }
            let figures = |end: &pullscope::exchange::End| {
                let body = end.response_body.clone().unwrap();
                (body.size, body.decoded_size, body.sha256)
            };
            assert_eq!(figures(a), figures(b));
        }
        _ => assert_eq!(before, after),
    }
}

fn assert_heads(before: &RawHead, after: &RawHead, secrets: &BTreeSet<String>) {
    let text = |head: &RawHead| String::from_utf8(head.as_bytes().to_vec()).unwrap();
    assert_restored(&text(before), &text(after), secrets);
}

/// Walks along both texts: where the redacted one has a placeholder, the original must have
/// exactly one of the secrets.
fn assert_restored(mut before: &str, mut after: &str, secrets: &BTreeSet<String>) {
    while let Some((same, rest)) = after.split_once("REDACTED-") {
        before = before
            .strip_prefix(same)
            .expect("text before a placeholder is unchanged");
        after = rest.get(6..).unwrap();
        let next = after.split("REDACTED-").next().unwrap();
        before = secrets
            .iter()
            .filter_map(|secret| before.strip_prefix(secret.as_str()))
            .find(|rest| rest.starts_with(next))
            .expect("a placeholder stands for one of the secrets");
    }
    assert_eq!(before, after);
}

/// The secrets of a pull, found without the code under test.
fn secrets(talks: &[Talk]) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for talk in talks {
        for line in String::from_utf8(talk.request.clone()).unwrap().lines() {
            if let Some(token) = line.strip_prefix("Authorization: Bearer ") {
                let is_jwt = token.starts_with("eyJ");
                let signature = token.rsplit('.').next().unwrap();
                secrets.insert(if is_jwt { signature } else { token }.to_owned());
            }
        }
        for line in String::from_utf8(talk.response.clone()).unwrap().lines() {
            if let Some(url) = line.strip_prefix("Location: ") {
                for parameter in url.split(['?', '&']) {
                    if let Some(("Signature" | "Key-Pair-Id" | "OSSAccessKeyId", value)) =
                        parameter.split_once('=')
                    {
                        secrets.insert(value.to_owned());
                    }
                    if let Some(stamped) = parameter.strip_prefix("verify=") {
                        secrets.insert(stamped.split_once('-').unwrap().1.to_owned());
                    }
                }
            }
            if let Some(cookie) = line.strip_prefix("Set-Cookie: __cfduid=") {
                secrets.insert(cookie.split(';').next().unwrap().to_owned());
            }
        }
    }
    secrets
}

fn read(name: &str) -> Vec<Talk> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/article")
        .join(format!("{name}.json"));
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = |message: &Value| {
        let headers = message["headers"].as_array().unwrap();
        let line = |pair: &Value| format!("{}: {}\r\n", text(&pair[0]), text(&pair[1]));
        headers.iter().map(line).collect::<String>()
    };
    let exchanges = file["exchanges"].as_array().unwrap();
    exchanges
        .iter()
        .zip(1..)
        .map(|(exchange, id)| {
            let (request, response) = (&exchange["request"], &exchange["response"]);
            let url = text(&request["url"]);
            let path = url.splitn(4, '/').nth(3).unwrap();
            Talk {
                id,
                request: format!(
                    "{} /{path} {}\r\n{}\r\n",
                    text(&request["method"]),
                    text(&request["version"]),
                    lines(request)
                )
                .into_bytes(),
                url,
                request_body: Vec::new(),
                response: format!(
                    "{} {} {}\r\n{}\r\n",
                    text(&response["version"]),
                    response["status"],
                    text(&response["reason"]),
                    lines(response)
                )
                .into_bytes(),
                response_body: text(&response["body"]).into_bytes(),
            }
        })
        .collect()
}
