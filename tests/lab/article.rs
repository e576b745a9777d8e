//! The article's 28 exchanges, asked again of the lab and lined up with what was captured.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;

use crate::support::{Answer, Fixture, sha256, split};

/// Values that differ from the captured ones, and how they are alike. All others are equal.
const DIFFERENT_FIELDS: &[(&str, Alike)] = &[
    // The time.
    ("Date", Alike::Punctuation),
    ("Expires", Alike::Punctuation),
    ("Set-Cookie", Alike::Punctuation),
    // Sizes and digests: the images are others.
    ("Content-Length", Alike::Number),
    ("x-goog-stored-content-length", Alike::Number),
    ("Docker-Content-Digest", Alike::Punctuation),
    ("Etag", Alike::Punctuation),
    ("ETag", Alike::Punctuation),
    ("Content-MD5", Alike::Length),
    ("x-oss-hash-crc64ecma", Alike::Number),
    ("x-goog-hash", Alike::Length),
    // When and as which version an object was stored.
    ("Last-Modified", Alike::Punctuation),
    ("x-goog-generation", Alike::Number),
    ("x-amz-version-id", Alike::Length),
    // Signatures.
    ("Location", Alike::Url),
    // Request ids.
    ("CF-Ray", Alike::Punctuation),
    ("cf-request-id", Alike::Punctuation),
    ("x-amz-request-id", Alike::Punctuation),
    ("x-oss-request-id", Alike::Punctuation),
    ("X-GUploader-UploadID", Alike::Length),
    ("Via", Alike::Punctuation),
    ("X-Amz-Cf-Id", Alike::Length),
];

/// Members of JSON bodies, token headers and claims whose values differ. All others are equal.
const DIFFERENT_MEMBERS: &[&str] = &[
    "digest",
    "diff_ids",
    "size",
    "token",
    "access_token",
    "issued_at",
    "x5c",
    "kid",
    "exp",
    "iat",
    "nbf",
    "jti",
];

#[derive(Clone, Copy)]
enum Alike {
    /// The same but for letters and digits.
    Punctuation,
    Number,
    Length,
    /// The same host, path but for letters and digits, and query but for values.
    Url,
}

#[tokio::test]
async fn docker_hub_answers_as_captured() {
    line_up(include_str!("../data/article/dockerhub.json"), 6).await;
}

#[tokio::test]
async fn the_mirror_answers_as_captured() {
    line_up(include_str!("../data/article/mirror.json"), 5).await;
}

#[tokio::test]
async fn gcr_answers_as_captured() {
    line_up(include_str!("../data/article/gcr.json"), 10).await;
}

#[tokio::test]
async fn quay_answers_as_captured() {
    line_up(include_str!("../data/article/quay.json"), 7).await;
}

async fn line_up(capture: &str, count: usize) {
    let capture: Value = serde_json::from_str(capture).unwrap();
    let exchanges = capture["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), count);
    let fixture = Fixture::new(&[]).await;
    let mut live = Translation::default();
    for (at, exchange) in exchanges.iter().enumerate() {
        let url = live.translate(exchange["request"]["url"].as_str().unwrap());
        let what = format!("exchange {} {url}", at + 1);
        let answer = fixture.repeat(&exchange["request"], &url, &live).await;
        let captured = &exchange["response"];
        assert_eq!(captured["version"], "HTTP/1.1", "{what}");
        assert_eq!(captured["status"], answer.status, "{what}");
        assert_eq!(captured["reason"], answer.reason, "{what}");
        compare_fields(captured, &answer, &mut live, &what);
        compare_bodies(captured, &answer, &mut live, &what);
    }
}

impl Fixture {
    /// Sends a captured request: the same fields in the same order, with live tokens and digests.
    async fn repeat(&self, request: &Value, url: &str, live: &Translation) -> Answer {
        let (host, target) = split(url);
        let mut text = format!(
            "{} {target} HTTP/1.1\r\n",
            request["method"].as_str().unwrap()
        );
        for field in request["headers"].as_array().unwrap() {
            let (name, value) = (field[0].as_str().unwrap(), field[1].as_str().unwrap());
            text.push_str(&format!("{name}: {}\r\n", live.translate(value)));
        }
        text.push_str("\r\n");
        self.send(host, &text, false).await
    }
}

/// What stands in the live exchanges in the place of captured tokens, digests and URLs.
#[derive(Default)]
struct Translation(BTreeMap<String, String>);

impl Translation {
    fn learn(&mut self, captured: &str, live: &str) {
        if captured.len() > 20 && captured != live {
            self.0.insert(captured.to_owned(), live.to_owned());
        }
    }

    fn translate(&self, text: &str) -> String {
        // A URL holds a digest: the longest first.
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_by_key(|(captured, _)| std::cmp::Reverse(captured.len()));
        for (captured, live) in pairs {
            if text.contains(captured) {
                return text.replace(captured, live);
            }
        }
        text.to_owned()
    }
}

fn compare_fields(captured: &Value, answer: &Answer, live: &mut Translation, what: &str) {
    let fields: Vec<(&str, &str)> = captured["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field[0].as_str().unwrap(), field[1].as_str().unwrap()))
        .collect();
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let live_names: Vec<_> = answer
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, live_names, "{what}");
    for ((name, value), (_, live_value)) in fields.into_iter().zip(&answer.fields) {
        let what = format!("{what}: {name}");
        if name == "Location" {
            live.learn(value, live_value);
        }
        match DIFFERENT_FIELDS
            .iter()
            .find(|(different, _)| *different == name)
        {
            None => assert_eq!(value, live_value, "{what}"),
            Some((_, alike)) => assert_alike(*alike, value, live_value, &what),
        }
    }
    let length = answer.field("Content-Length").unwrap().parse();
    assert_eq!(length, Ok(answer.body.len()), "{what}");
}

fn assert_alike(alike: Alike, captured: &str, live: &str, what: &str) {
    match alike {
        Alike::Punctuation => assert_eq!(punctuation(captured), punctuation(live), "{what}"),
        Alike::Number => assert!(live.parse::<u64>().is_ok(), "{what}: {live}"),
        Alike::Length => assert_eq!(captured.len(), live.len(), "{what}: {live}"),
        Alike::Url => {
            let [captured, live] = [captured, live].map(|url| Url::parse(url).unwrap());
            assert_eq!(captured.host_str(), live.host_str(), "{what}");
            assert_eq!(
                punctuation(captured.path()),
                punctuation(live.path()),
                "{what}"
            );
            let parameters = |url: &Url| -> Vec<(String, usize)> {
                let pairs = url.query_pairs();
                pairs
                    .map(|(name, value)| (name.into_owned(), value.len()))
                    .collect()
            };
            assert_eq!(parameters(&captured), parameters(&live), "{what}");
        }
    }
}

fn punctuation(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c })
        .collect()
}

fn compare_bodies(captured: &Value, answer: &Answer, live: &mut Translation, what: &str) {
    let body = captured["body"].as_str().unwrap();
    if captured["body_complete"] == false {
        // The beginning of a config, or nothing of a layer.
        assert!(answer.body.starts_with(body.as_bytes()), "{what}");
        return;
    }
    match serde_json::from_str(body) {
        Ok(json) => {
            assert_eq!(skeleton(body), skeleton(answer.text()), "{what}");
            compare_json(&json, &answer.json(), "", live, what);
        }
        Err(_) => assert_eq!(translate_page(body, live), answer.text(), "{what}"),
    }
    let digest = answer.field("Docker-Content-Digest");
    if let Some(digest) = digest.filter(|_| answer.status == 200) {
        assert_eq!(digest, sha256(&answer.body), "{what}");
    }
}

/// The text with every string that is not a key, and every number, taken out: what is left is
/// the keys, their order, and the white space.
fn skeleton(json: &str) -> String {
    let mut out = String::new();
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                let mut string = String::new();
                while let Some(c) = rest.next_if(|c| *c != '"') {
                    string.push(c);
                    if c == '\\' {
                        string.extend(rest.next());
                    }
                }
                rest.next();
                out.push_str(if rest.peek() == Some(&':') {
                    &string
                } else {
                    "_"
                });
            }
            '0'..='9' => {
                while rest.next_if(char::is_ascii_digit).is_some() {}
                out.push('0');
            }
            c => out.push(c),
        }
    }
    out
}

fn compare_json(captured: &Value, ours: &Value, key: &str, live: &mut Translation, what: &str) {
    let what = &format!("{what} {key}");
    match (captured, ours) {
        (Value::Object(captured), Value::Object(ours)) => {
            let [keys, our_keys] = [captured, ours].map(|map| map.keys().collect::<Vec<_>>());
            assert_eq!(keys, our_keys, "{what}");
            for (key, value) in captured {
                compare_json(value, &ours[key], key, live, what);
            }
        }
        (Value::Array(captured), Value::Array(ours)) => {
            assert_eq!(captured.len(), ours.len(), "{what}");
            for (value, ours) in captured.iter().zip(ours) {
                compare_json(value, ours, key, live, what);
            }
        }
        (Value::String(captured), Value::String(ours)) if DIFFERENT_MEMBERS.contains(&key) => {
            if key.ends_with("token") {
                compare_tokens(captured, ours, live, what);
            }
            live.learn(captured, ours);
        }
        (Value::Number(_), Value::Number(_)) if DIFFERENT_MEMBERS.contains(&key) => {}
        _ => assert_eq!(captured, ours, "{what}"),
    }
}

/// A JWT has the same header and claims; an opaque token the same length.
fn compare_tokens(captured: &str, ours: &str, live: &mut Translation, what: &str) {
    let parts: Vec<_> = captured.split('.').zip(ours.split('.')).collect();
    let [header, claims, signature] = parts[..] else {
        assert_eq!(captured.len(), ours.len(), "{what}");
        return;
    };
    let decode = |part: &str| {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        (text, json)
    };
    for (captured, ours) in [header, claims] {
        let (text, json) = decode(captured);
        let (our_text, our_json) = decode(ours);
        assert_eq!(skeleton(&text), skeleton(&our_text), "{what}");
        compare_json(&json, &our_json, "", live, what);
        for (earlier, later) in [("nbf", "iat"), ("iat", "exp")] {
            let span = |claims: &Value| Some(claims[later].as_i64()? - claims[earlier].as_i64()?);
            assert_eq!(span(&json), span(&our_json), "{what}: {earlier} to {later}");
        }
    }
    assert_eq!(signature.0.len(), signature.1.len(), "{what}");
}

/// A captured page with live URLs in it.
fn translate_page(page: &str, live: &Translation) -> String {
    live.translate(&page.replace("&amp;", "&"))
        .replace('&', "&amp;")
}
