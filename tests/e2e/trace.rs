//! A HAR as pullscope wrote it, and what the tests ask of it.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use pullscope::har;
use pullscope::registry::InMemoryOnly;
use pullscope::store::Store;
use serde_json::Value;

use crate::image::{Blob, sha256};

/// A HAR file.
pub(crate) struct Trace {
    har: Value,
    path: PathBuf,
}

/// One of its entries.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a>(&'a Value);

impl Trace {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            har: serde_json::from_slice(&text).expect("a HAR is JSON"),
            path: path.to_owned(),
        }
    }

    /// What it means.
    pub(crate) fn store(&self) -> Store {
        let mut document = har::read(&self.path).expect("it was read before");
        Store::of_trace(std::mem::take(&mut document.trace), &InMemoryOnly)
    }

    /// No rule finds anything.
    pub(crate) fn assert_healthy(&self) {
        let store = self.store();
        let findings: Vec<_> = store.all_findings().collect();
        assert!(findings.is_empty(), "{findings:#?}\n{:#?}", self.entries());
    }

    /// Every exchange; a CONNECT request is none.
    pub(crate) fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.har["log"]["entries"].as_array().expect("HAR 1.2");
        let entries = entries.iter().map(Entry);
        entries
            .filter(|entry| entry.method() != "CONNECT")
            .collect()
    }

    /// Where the first exchange is that fits.
    ///
    /// # Panics
    /// When there is none; `what` says what was looked for.
    pub(crate) fn position(&self, what: &str, fits: impl Fn(Entry<'_>) -> bool) -> usize {
        let entries = self.entries();
        entries
            .iter()
            .position(|entry| fits(*entry))
            .unwrap_or_else(|| panic!("no {what} among {entries:#?}"))
    }

    /// The first exchange that fits.
    pub(crate) fn find(&self, what: &str, fits: impl Fn(Entry<'_>) -> bool) -> Entry<'_> {
        let position = self.position(what, fits);
        self.entries()[position]
    }

    /// The handshakes that clients refused, as HTTP Toolkit's extension has them.
    pub(crate) fn tls_errors(&self) -> &[Value] {
        self.har["log"]["_tlsErrors"]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn method(self) -> &'a str {
        text(&self.0["request"]["method"])
    }

    pub(crate) fn url(self) -> &'a str {
        text(&self.0["request"]["url"])
    }

    /// 0 when no response arrived.
    pub(crate) fn status(self) -> u64 {
        self.0["response"]["status"].as_u64().expect("HAR 1.2")
    }

    /// Whether it is this request, with this answer.
    pub(crate) fn is(self, method: &str, url: &str, status: u64) -> bool {
        (self.method(), self.url(), self.status()) == (method, url, status)
    }

    /// Why it is not whole, when it is not.
    pub(crate) fn error(self) -> Option<&'a str> {
        self.0["_error"].as_str()
    }

    /// The value of a response header.
    pub(crate) fn response_header(self, name: &str) -> Option<&'a str> {
        header(&self.0["response"], name)
    }

    /// The value of a request header.
    pub(crate) fn request_header(self, name: &str) -> Option<&'a str> {
        header(&self.0["request"], name)
    }

    /// Milliseconds from the first to the last byte of the response.
    pub(crate) fn receive(self) -> f64 {
        self.0["timings"]["receive"].as_f64().expect("HAR 1.2")
    }

    /// Bytes of request content on the wire.
    pub(crate) fn request_size(self) -> u64 {
        self.0["request"]["bodySize"].as_u64().expect("HAR 1.2")
    }

    /// The sha256 of the response's content, hex.
    pub(crate) fn sha256(self) -> Option<String> {
        let digest = digest(&self.0["response"]["content"])?;
        digest.strip_prefix("sha256:").map(str::to_owned)
    }

    /// Whether the response's content is recorded as exactly this.
    pub(crate) fn carried(self, blob: &Blob) -> bool {
        let content = &self.0["response"]["content"];
        content["size"].as_u64() == Some(blob.bytes.len() as u64)
            && digest(content).is_some_and(|digest| digest == blob.digest)
    }
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.method(), self.url(), self.status())?;
        self.error().map_or(Ok(()), |error| write!(f, " ({error})"))
    }
}

/// The digest of the content itself where it is kept, the recorded one where it is not.
fn digest(content: &Value) -> Option<String> {
    let Some(text) = content["text"].as_str() else {
        return content["_sha256"]
            .as_str()
            .map(|hex| format!("sha256:{hex}"));
    };
    if content["encoding"] == "base64" {
        Some(sha256(
            &BASE64.decode(text.as_bytes()).expect("it says base64"),
        ))
    } else {
        Some(sha256(text.as_bytes()))
    }
}

fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let headers = message["headers"].as_array().expect("HAR 1.2");
    headers
        .iter()
        .find(|header| text(&header["name"]).eq_ignore_ascii_case(name))
        .map(|header| text(&header["value"]))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("HAR 1.2 has text here")
}
