//! One message of a transcript: from its lines to head and body.

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use super::line::{Annotation, Start, field, printable_content};
use crate::base::hex::sha256;
use crate::exchange::{Body, Capture, Omission, RawHead};
use crate::registry::time::http_date;
use crate::registry::{Digest, Endpoint};

/// A message on its way.
#[derive(Default)]
pub(super) struct PrintedMessage {
    pub(super) start: String,
    pub(super) fields: Vec<String>,
    /// Everything behind the blank line, as it stands.
    pub(super) content: String,
    pub(super) notes: Vec<Annotation>,
    /// Its stated length, once its head is over and says one.
    pub(super) stated: Option<usize>,
    /// Bytes of content that somebody counted without printing them.
    pub(super) counted: u64,
    /// Whether there was content that was neither printed nor counted.
    pub(super) unprinted: bool,
    /// Whether its content may stand in the framing of the wire (RFC 9112 section 7.1).
    pub(super) framed: bool,
}

impl PrintedMessage {
    /// The method, if it is a request.
    pub(super) fn method(&self) -> Option<&str> {
        match Start::read(&self.start)? {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The status, if it is an answer.
    pub(super) fn status(&self) -> Option<u16> {
        match Start::read(&self.start)? {
            Start::Response { status } => Some(status),
            Start::Request { .. } => None,
        }
    }

    pub(super) fn head(&self) -> RawHead {
        self.head_with(&self.start)
    }

    pub(super) fn head_with(&self, start: &str) -> RawHead {
        let mut text = format!("{start}\r\n");
        for field in &self.fields {
            text.extend([field.as_str(), "\r\n"]);
        }
        RawHead::new(text + "\r\n")
    }

    /// Method, absolute URL, and the request line as it stands inside a tunnel. `scheme` is that
    /// of a target without one.
    pub(super) fn asked(&self, scheme: &str) -> (String, String, String) {
        let Some(Start::Request {
            method,
            target,
            version,
        }) = Start::read(&self.start)
        else {
            return (String::new(), String::new(), self.start.clone());
        };
        let host = self.fields.iter().find_map(|line| {
            let (name, value) = field(line)?;
            name.eq_ignore_ascii_case("host").then_some(value)
        });
        // With a blank in it, it is no host, and would end the target when that is written.
        let host = host.filter(|host| !host.contains(' '));
        let url = match (target.starts_with('/'), host) {
            (true, Some(host)) => format!("{scheme}://{host}{target}"),
            _ if method == "CONNECT" && !target.contains("://") => format!("https://{target}/"),
            _ => target.to_owned(),
        };
        if method == "CONNECT" {
            return (method.to_owned(), url, self.start.clone());
        }
        let origin_form = match Url::parse(&url) {
            Ok(parsed) if parsed.scheme() == "https" => origin_form(&url, &parsed),
            _ => target.to_owned(),
        };
        let line = format!("{method} {origin_form} {version}");
        (method.to_owned(), url, line)
    }

    /// The length of what follows the head, where it says so.
    pub(super) fn stated_length(&self) -> Option<usize> {
        let head = self.head();
        let encoded = head.text("content-encoding").is_some();
        let length = head.text("content-length").filter(|_| !encoded)?;
        length.parse().ok()
    }

    /// What of a line belongs to its content, and what stands behind that.
    pub(super) fn room<'a>(&self, whole: &'a str) -> (&'a str, &'a str) {
        let room = self
            .stated
            .map(|length| length.saturating_sub(self.content.len()));
        let parts = room.and_then(|room| whole.split_at_checked(room));
        parts.unwrap_or((whole, ""))
    }

    /// Whether all content has been read that its head says there is.
    pub(super) fn is_whole(&self) -> bool {
        let given = self.content.len();
        self.stated.is_some_and(|length| given >= length)
    }

    /// The content, and whether it is all that there was.
    pub(super) fn body(&self, head: &RawHead, bodiless: bool, promised: &[Digest]) -> Body {
        if let Some(Annotation::Content {
            size,
            sha256,
            complete,
        }) = self
            .notes
            .iter()
            .find(|note| matches!(note, Annotation::Content { .. }))
        {
            return Body {
                size: *size,
                decoded_size: Some(*size),
                sha256: sha256.clone(),
                complete: *complete,
                capture: Capture::Omitted {
                    reason: Omission::Absent,
                },
                ..Body::default()
            };
        }
        let length = head
            .text("content-length")
            .and_then(|length| length.parse::<u64>().ok())
            .filter(|_| !bodiless);
        let encoded = head
            .text("content-encoding")
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
        let expected = length.filter(|_| !encoded);
        let unframed = self.framed && head.text("transfer-encoding").is_some();
        let unframed = unframed.then(|| unchunked(&self.content)).flatten();
        let content = unframed.as_deref().unwrap_or(&self.content);
        let mut text = exact(content, expected, promised);
        if text.contains(char::REPLACEMENT_CHARACTER) && expected != Some(text.len() as u64) {
            // It is no text, and so not what was sent.
            text.clear();
        }
        let given = text.len() as u64;
        // Its length stands nowhere, so that there was none is not said either.
        let unknown = !bodiless
            && length.is_none()
            && given == 0
            && (self.unprinted || has_unstated_length(head));
        let length = length.or((self.counted > 0 && given == 0).then_some(self.counted));
        let expected = expected.or(length.filter(|_| !encoded));
        let whole = expected.is_none_or(|expected| expected == given)
            && !(given == 0 && (encoded || unknown));
        Body {
            size: length.unwrap_or(given),
            decoded_size: Some(expected.unwrap_or(given)),
            sha256: whole.then(|| sha256(text.as_bytes())),
            complete: true,
            capture: if given > 0 {
                Capture::Memory {
                    bytes: Bytes::copy_from_slice(text.as_bytes()),
                }
            } else if unknown || length.is_some_and(|length| length > 0) {
                Capture::Omitted {
                    reason: Omission::Absent,
                }
            } else {
                Capture::Empty
            },
            ..Body::default()
        }
    }
}

/// Whether a head leaves it open how long its content is.
fn has_unstated_length(head: &RawHead) -> bool {
    let version = head.version().unwrap_or_default();
    head.text("transfer-encoding").is_some() || version.starts_with(b"HTTP/2")
}

/// Content out of its chunks; `None` where it does not stand in any.
fn unchunked(content: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = content;
    loop {
        let (size, after) = rest.split_once('\n')?;
        let size = usize::from_str_radix(size.trim_end_matches('\r'), 16).ok()?;
        if size == 0 {
            return after.trim().is_empty().then_some(text);
        }
        let (chunk, after) = after.split_at_checked(size)?;
        text.push_str(chunk);
        rest = after.trim_start_matches('\r').strip_prefix('\n')?;
    }
}

/// The content without what parts it from the next message. How many line ends belong to it,
/// and of which kind they were, its stated length or its digest tells.
fn exact(content: &str, length: Option<u64>, promised: &[Digest]) -> String {
    let least = content.trim_end_matches(['\n', '\r']);
    let unified = content.replace("\r\n", "\n");
    let fits = |text: &str| match length {
        Some(length) => text.len() as u64 == length,
        None => promised
            .iter()
            .any(|digest| Digest::of(digest.algorithm(), text.as_bytes()) == *digest),
    };
    for text in [content, &unified] {
        let bare = text.trim_end_matches(['\n', '\r']).len();
        // A stated length tells the place at once; digests are tried for a few line ends only.
        let places = (bare..=text.len()).take(MOST_LINE_ENDS);
        for place in length
            .and_then(|n| usize::try_from(n).ok())
            .into_iter()
            .chain(places)
        {
            if place >= bare
                && let Some((text, rest)) = text.split_at_checked(place)
                && !(text.ends_with('\r') && rest.starts_with('\n'))
                && fits(text)
            {
                return text.to_owned();
            }
        }
    }
    match length {
        // It is not what was sent, so it is kept as it would be shown.
        Some(_) => printable_content(least),
        None => least.to_owned(),
    }
}

/// The digests that an answer's content should have.
pub(super) fn promised(url: &str, head: &RawHead) -> Vec<Digest> {
    let stated = head.text("docker-content-digest");
    let asked = Url::parse(url).ok().and_then(|url| {
        let endpoint = Endpoint::read(&url)?;
        endpoint.reference()?.digest().cloned()
    });
    asked
        .into_iter()
        .chain(stated.and_then(|text| text.parse().ok()))
        .collect()
}

/// The request target inside a tunnel, as the URL writes it.
fn origin_form(url: &str, parsed: &Url) -> String {
    let after_host = url
        .split_once("://")
        .and_then(|(_, rest)| Some(rest.get(rest.find(['/', '?'])?..)?.to_owned()))
        .filter(|target| target.starts_with('/'));
    after_host.unwrap_or_else(|| match parsed.query() {
        Some(query) => format!("{}?{query}", parsed.path()),
        None => parsed.path().to_owned(),
    })
}

/// `Date` of an answer.
pub(super) fn date(response: &PrintedMessage) -> Option<Timestamp> {
    http_date(response.head().text("date")?)
}

/// When an answer came, by its `Date`. A cache may repeat the date of long ago and add `Age`.
pub(super) fn moment(response: &PrintedMessage, before: Timestamp) -> Timestamp {
    let Some(date) = date(response) else {
        return before;
    };
    let age = response
        .head()
        .text("age")
        .and_then(|age| age.parse::<u32>().ok());
    let aged = age.and_then(|age| {
        let age = jiff::SignedDuration::from_secs(age.into());
        date.checked_add(age).ok()
    });
    [Some(date), aged]
        .into_iter()
        .flatten()
        .find(|at| *at >= before)
        .unwrap_or(before)
}

/// More line ends at the end of some content are not tried against a digest.
const MOST_LINE_ENDS: usize = 6;
