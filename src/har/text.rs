//! Bytes from the wire as text that every JSON reader takes.

use url::Url;

use super::model::NameValue;
use crate::exchange::head::latin1;
use crate::exchange::{Authority, ParsedHead, RawHead};

/// Stands for NUL, which some readers cannot hold in a string.
pub(super) const NUL_PICTURE: char = '\u{2400}';

/// UTF-8 as it is, anything else byte by byte as Latin-1; without NUL.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => latin1(bytes),
    };
    without_nul(text)
}

/// The same text with each NUL replaced by its picture.
pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', NUL_PICTURE.encode_utf8(&mut [0; 4]))
    } else {
        text
    }
}

/// The first value of a field; empty where there is none.
pub(super) fn first(head: &ParsedHead<'_>, field: &str) -> String {
    let mut values = head.values(field);
    values.next().map(text).unwrap_or_default()
}

/// A head's fields in wire order.
pub(super) fn fields(head: &ParsedHead<'_>) -> Vec<NameValue> {
    head.fields()
        .iter()
        .map(|field| NameValue::new(text(field.name), text(field.value)))
        .collect()
}

/// The HTTP version in the spelling that readers know.
pub(super) fn version(head: &RawHead) -> String {
    match head.version() {
        Some(b"HTTP/1.0") => "HTTP/1.0",
        Some(b"HTTP/2" | b"HTTP/2.0") => "http/2.0",
        Some(b"HTTP/3" | b"HTTP/3.0") => "HTTP/3",
        _ => "HTTP/1.1",
    }
    .to_owned()
}

/// A URL that every reader can take apart. One that came over the wire may be anything, and a
/// single one that does not parse makes some readers refuse the file.
pub(super) fn url(url: &str, target: Option<&Authority>) -> String {
    match (Url::parse(url).ok().filter(is_plain), target) {
        (Some(_), _) if url.bytes().all(is_uri_byte) => url.to_owned(),
        (Some(parsed), _) => parsed.into(),
        (None, Some(target)) => connect_url(target),
        (None, None) => NO_URL.to_owned(),
    }
}

/// The URL of a CONNECT entry: `https://host:port/`, the port always there.
fn connect_url(target: &Authority) -> String {
    let url = format!("https://{target}/");
    match Url::parse(&url) {
        Ok(parsed) if is_plain(&parsed) => url,
        _ => NO_URL.to_owned(),
    }
}

/// The URL's parameters, decoded.
pub(super) fn query(url: &str) -> Vec<NameValue> {
    let Ok(parsed) = Url::parse(url) else {
        return Vec::new();
    };
    let pairs = parsed.query_pairs();
    pairs
        .map(|(name, value)| NameValue::new(text(name.as_bytes()), text(value.as_bytes())))
        .collect()
}

/// The URL of an exchange that has none.
const NO_URL: &str = "http://unknown.invalid/";

/// Whether the URL is of HTTP, and its host a name or an address by the book.
fn is_plain(url: &Url) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(url::Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name.len() <= 253 && name.split('.').all(label)
            }
            Some(_) => true,
            None => false,
        }
}

/// Whether RFC 3986 has a place for this byte.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_utf8_become_latin1() {
        assert_eq!(text("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(text(b"gr\xfcn"), "gr\u{fc}n");
        assert_eq!(text(b"a\0b"), "a\u{2400}b");
    }

    #[test]
    fn urls_stay_as_they_are_unless_a_reader_would_stumble() {
        let target = Authority {
            host: "::1".to_owned(),
            port: 5_000,
        };
        let good = "https://r.example:5000/v2/?a=b%20c&d";
        assert_eq!(url(good, None), good);
        assert_eq!(url("http://r.example/a b", None), "http://r.example/a%20b");
        assert_eq!(
            url("http://r.example/\u{e9}", None),
            "http://r.example/%C3%A9"
        );
        assert_eq!(url("/relative", Some(&target)), "https://[::1]:5000/");
        assert_eq!(url("http://a!b/", None), NO_URL);
        assert_eq!(url(&format!("http://{}/", "a".repeat(64)), None), NO_URL);
        assert_eq!(url("", None), NO_URL);
    }
}
