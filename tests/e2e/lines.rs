//! The article's answers beside live ones, line by line. What may differ is in one table.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use url::Url;

/// Everything in answers that is not as the article has it: where, how it is alike all the same,
/// and why. All other lines are equal to the letter.
#[rustfmt::skip]
const DIFFERENCES: &[(Place, Alike, &str)] = &[
    (Place::Field("Location"), Alike::Url, "digest, signature and expiry of a live redirect"),
    (Place::Page, Alike::Learned, "the same URL, as a link in the page of the redirect"),
    (Place::Nothing, Alike::Content, "the article prints nothing of a layer, the export its size and digest"),
    (Place::Beginning, Alike::Start, "the article breaks a config off, the export prints all of it"),
    // The time.
    (Place::Field("Date"), Alike::Punctuation, "the time"),
    (Place::Field("Expires"), Alike::Punctuation, "the time"),
    (Place::Field("Set-Cookie"), Alike::Punctuation, "a cookie's value is made of the time, and so is its expiry"),
    (Place::Member("issued_at"), Alike::Moment, "the time, with as many digits as it takes"),
    (Place::Member("iat"), Alike::Number, "the time"),
    (Place::Member("nbf"), Alike::Number, "the time"),
    (Place::Member("exp"), Alike::Number, "the time"),
    // The images are made when the lab starts.
    (Place::Field("Content-Length"), Alike::Number, "size of another image, or of its documents"),
    (Place::Field("x-goog-stored-content-length"), Alike::Number, "size of another image"),
    (Place::Field("Docker-Content-Digest"), Alike::Punctuation, "digest of another image"),
    (Place::Field("Etag"), Alike::Punctuation, "digest of another image"),
    (Place::Field("ETag"), Alike::Punctuation, "digest of another image"),
    (Place::Field("Content-MD5"), Alike::Length, "digest of another image"),
    (Place::Field("x-oss-hash-crc64ecma"), Alike::Number, "checksum of another image"),
    (Place::Field("x-goog-hash"), Alike::Length, "checksum of another image"),
    (Place::Member("digest"), Alike::Punctuation, "digest of another image"),
    (Place::Member("diff_ids"), Alike::Punctuation, "digest of another image"),
    (Place::Member("size"), Alike::Number, "size of another image"),
    (Place::Field("Last-Modified"), Alike::Punctuation, "when the lab's object was stored"),
    (Place::Field("x-goog-generation"), Alike::Number, "as which version it was stored"),
    (Place::Field("x-amz-version-id"), Alike::Length, "as which version it was stored"),
    // Keys and signatures.
    (Place::Member("token"), Alike::Token, "signed by the lab"),
    (Place::Member("access_token"), Alike::Token, "signed by the lab"),
    (Place::Member("x5c"), Alike::Base64, "certificate of the lab's token server"),
    (Place::Member("kid"), Alike::Length, "name of the lab's key"),
    // Numbers used once.
    (Place::Member("jti"), Alike::Length, "number of a token"),
    (Place::Field("CF-Ray"), Alike::Punctuation, "number of a request"),
    (Place::Field("cf-request-id"), Alike::Punctuation, "number of a request"),
    (Place::Field("x-amz-request-id"), Alike::Punctuation, "number of a request"),
    (Place::Field("x-oss-request-id"), Alike::Punctuation, "number of a request"),
    (Place::Field("X-GUploader-UploadID"), Alike::Length, "number of a request"),
    (Place::Field("X-Amz-Cf-Id"), Alike::Length, "number of a request"),
    (Place::Field("Via"), Alike::Punctuation, "number of a cache's host"),
];

/// Where a line, or a part of it, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The value of an answer's field; the name is as it stands on the wire.
    Field(&'static str),
    /// The value of a member, in a JSON body or in a token's header and claims.
    Member(&'static str),
    /// A line of an HTML body.
    Page,
    /// A body of which the article prints the beginning.
    Beginning,
    /// A body of which the article prints nothing.
    Nothing,
}

/// What two values that differ have in common.
#[derive(Clone, Copy, Debug)]
enum Alike {
    /// The live one has exactly what live answers before it had in the place of captured values.
    Learned,
    /// The same but for letters and digits.
    Punctuation,
    /// The same but for runs of letters and digits.
    Moment,
    /// Both are numbers.
    Number,
    Length,
    /// Both are Base64 of something.
    Base64,
    /// The same host, path but for letters and digits, and query but for values.
    Url,
    /// A JWT has the same header and claims, but for what is in the table; an opaque token has
    /// the same length.
    Token,
    /// The live one begins with the captured one.
    Start,
    /// The live one is a line with size and digest.
    Content,
}

/// Captured answers beside live ones, in the order they were given.
#[derive(Default)]
pub(crate) struct Comparison {
    live: Translation,
    used: BTreeSet<Place>,
}

/// What stands in the live exchanges in the place of captured tokens, digests and URLs.
#[derive(Default)]
struct Translation(BTreeMap<String, String>);

impl Comparison {
    /// A captured text with what live answers had in the place of captured values.
    pub(crate) fn translate(&self, captured: &str) -> String {
        self.live.translate(captured)
    }

    /// Forgets what the live answers had: another pull begins.
    pub(crate) fn another_pull(&mut self) {
        self.live = Translation::default();
    }

    /// Compares the lines of an answer, and learns from it.
    pub(crate) fn answer(&mut self, captured: &Value, live: &[&str], what: &str) {
        let status = status_line(captured);
        let captured_fields = fields(captured);
        let content = body_lines(captured);
        let count =
            1 + captured_fields.len() + content.as_ref().map_or(0, |(_, lines)| 1 + lines.len());
        assert_eq!(count, live.len(), "{what}: lines of the answer {live:#?}");
        let mut live = live.iter();
        let mut next = || *live.next().unwrap();
        assert_eq!(status, next(), "{what}");
        for (name, value) in captured_fields {
            let field = next();
            let (live_name, live_value) = field.split_once(": ").unwrap_or((field, ""));
            assert_eq!(name, live_name, "{what}");
            let what = format!("{what}: {name}");
            if value != live_value {
                let place = known(
                    &what,
                    |place| matches!(place, Place::Field(known) if *known == name),
                );
                self.line(place, &value, live_value, &what);
                self.live.learn(&value, live_value);
            }
        }
        let Some((place, lines)) = content else {
            return;
        };
        assert_eq!(next(), "", "{what}: a blank line before the body");
        let mut key = String::new();
        for line in lines {
            match place {
                Some(place) => self.line(place, &line, next(), what),
                None => self.json(&line, next(), &mut key, what),
            }
        }
    }

    /// Every row of the table was needed.
    pub(crate) fn assert_all_needed(&self) {
        let idle = |(place, ..): &&(Place, Alike, &str)| !self.used.contains(place);
        let idle: Vec<_> = DIFFERENCES.iter().filter(idle).collect();
        assert!(idle.is_empty(), "not needed any more: {idle:?}");
    }

    fn line(&mut self, place: Place, captured: &str, live: &str, what: &str) {
        if captured == live {
            return;
        }
        let row = DIFFERENCES.iter().find(|(known, ..)| *known == place);
        let (place, alike, _) = *row.unwrap_or_else(|| panic!("{what}: {captured} is {live}"));
        self.used.insert(place);
        match alike {
            Alike::Learned => {
                let page = matches!(place, Place::Page);
                let unescaped = if page {
                    captured.replace("&amp;", "&")
                } else {
                    captured.to_owned()
                };
                let mut expected = self.live.translate(&unescaped);
                if page {
                    expected = expected.replace('&', "&amp;");
                }
                assert_eq!(expected, live, "{what}");
            }
            Alike::Punctuation => assert_eq!(punctuation(captured), punctuation(live), "{what}"),
            Alike::Moment => {
                let [mut captured, mut live] =
                    [captured, live].map(|moment| punctuation(moment).into_bytes());
                captured.dedup();
                live.dedup();
                assert_eq!(
                    captured.escape_ascii().to_string(),
                    live.escape_ascii().to_string(),
                    "{what}"
                );
            }
            Alike::Number => {
                for number in [captured, live] {
                    assert!(number.parse::<u64>().is_ok(), "{what}: {number}");
                }
            }
            Alike::Length => assert_eq!(captured.len(), live.len(), "{what}: {live}"),
            Alike::Base64 => {
                let decoded = data_encoding::BASE64.decode(live.as_bytes());
                assert!(
                    decoded.is_ok_and(|bytes| bytes.len() > 100),
                    "{what}: {live}"
                );
            }
            Alike::Url => assert_urls(captured, live, what),
            Alike::Token => self.token(captured, live, what),
            Alike::Start => assert!(live.starts_with(captured), "{what}: {live}"),
            Alike::Content => assert!(is_content(live), "{what}: {live}"),
        }
    }

    /// A line of a JSON document: its strings and numbers one by one, all else to the letter.
    fn json(&mut self, captured: &str, live: &str, key: &mut String, what: &str) {
        let [captured, live] = [captured, live].map(words);
        let texts = |words: &[Word]| -> Vec<String> {
            words
                .iter()
                .map(|word| match word {
                    Word::Value(_) => "_".to_owned(),
                    Word::Key(text) | Word::Other(text) => text.clone(),
                })
                .collect()
        };
        assert_eq!(texts(&captured), texts(&live), "{what}");
        for (word, live) in captured.iter().zip(&live) {
            match (word, live) {
                (Word::Key(name), _) => name.trim_matches('"').clone_into(key),
                (Word::Value(value), Word::Value(live)) if value != live => {
                    let what = format!("{what}: {key}: {value}");
                    let place = known(
                        &what,
                        |place| matches!(place, Place::Member(known) if known == key),
                    );
                    let bare = |text: &str| text.trim_matches('"').to_owned();
                    self.line(place, &bare(value), &bare(live), &what);
                    self.live.learn(&bare(value), &bare(live));
                }
                _ => {}
            }
        }
    }

    fn token(&mut self, captured: &str, live: &str, what: &str) {
        let [parts, live_parts] =
            [captured, live].map(|token| token.split('.').collect::<Vec<_>>());
        let ([header, claims, signature], [live_header, live_claims, live_signature]) =
            (&parts[..], &live_parts[..])
        else {
            assert_eq!(parts.len(), live_parts.len(), "{what}");
            assert_eq!(captured.len(), live.len(), "{what}");
            return;
        };
        let decode = |part: &str| {
            String::from_utf8(BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        };
        for (captured, live) in [(header, live_header), (claims, live_claims)] {
            self.json(&decode(captured), &decode(live), &mut String::new(), what);
        }
        let [claims, live_claims] =
            [claims, live_claims].map(|part| serde_json::from_str::<Value>(&decode(part)).unwrap());
        for (earlier, later) in [("nbf", "iat"), ("iat", "exp")] {
            let span = |claims: &Value| Some(claims[later].as_i64()? - claims[earlier].as_i64()?);
            assert_eq!(
                span(&claims),
                span(&live_claims),
                "{what}: {earlier} to {later}"
            );
        }
        assert_eq!(signature.len(), live_signature.len(), "{what}");
    }
}

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

/// The captured exchanges of a pull.
pub(crate) fn captured(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/tests/data/article/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["exchanges"].as_array().unwrap().clone()
}

/// The lines of a captured request, each ended in this way, with `target` in its first line and
/// live values in the place of captured ones.
pub(crate) fn request(captured: &Value, target: &str, live: &Comparison, line_end: &str) -> String {
    let [method, version] = ["method", "version"].map(|name| text(&captured[name]));
    let mut lines = format!("{method} {target} {version}{line_end}");
    for (name, value) in fields(captured) {
        lines.extend([&*name, ": ", &live.translate(&value), line_end]);
    }
    lines
}

fn known(what: &str, is_it: impl Fn(&Place) -> bool) -> Place {
    let row = DIFFERENCES.iter().find(|(place, ..)| is_it(place));
    row.unwrap_or_else(|| panic!("{what} differs")).0
}

fn status_line(response: &Value) -> String {
    format!(
        "{} {} {}",
        text(&response["version"]),
        response["status"],
        text(&response["reason"])
    )
}

fn fields(message: &Value) -> Vec<(String, String)> {
    let fields = message["headers"].as_array().unwrap().iter();
    fields
        .map(|field| (text(&field[0]), text(&field[1])))
        .collect()
}

/// The lines of a captured body, and where they stand; no place in a JSON document.
fn body_lines(response: &Value) -> Option<(Option<Place>, Vec<String>)> {
    let body = text(&response["body"]);
    let lines = || body.lines().map(str::to_owned).collect();
    if response["body_complete"] == false {
        return Some(if body.is_empty() {
            (Some(Place::Nothing), vec![String::new()])
        } else {
            (Some(Place::Beginning), lines())
        });
    }
    let place = (!body.starts_with('{')).then_some(Place::Page);
    (!body.is_empty()).then(|| (place, lines()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn assert_urls(captured: &str, live: &str, what: &str) {
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

fn punctuation(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c })
        .collect()
}

fn is_content(line: &str) -> bool {
    let inner = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'));
    inner
        .and_then(|inner| inner.split_once(" bytes, sha256:"))
        .is_some_and(|(size, hex)| {
            size.parse::<u64>().is_ok_and(|size| size > 0)
                && hex.len() == 64
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// A piece of a JSON text.
#[derive(Debug)]
enum Word {
    Key(String),
    /// A string or a number.
    Value(String),
    Other(String),
}

fn words(json: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        let mut word = c.to_string();
        match c {
            '"' => {
                while let Some(c) = rest.next() {
                    word.push(c);
                    match c {
                        '"' => break,
                        '\\' => word.extend(rest.next()),
                        _ => {}
                    }
                }
                // No line of a document breaks between a name and its colon.
                let after: String = rest
                    .clone()
                    .take_while(|c| *c == ' ' || *c == ':')
                    .collect();
                words.push(if after.contains(':') {
                    Word::Key(word)
                } else {
                    Word::Value(word)
                });
            }
            '0'..='9' => {
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    word.push(digit);
                }
                words.push(Word::Value(word));
            }
            _ => words.push(Word::Other(word)),
        }
    }
    words
}
