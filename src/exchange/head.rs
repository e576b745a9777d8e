//! Message heads exactly as they were on the wire.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use memchr::memchr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The bytes of one HTTP/1.x message head: start line, field lines, and the empty line.
///
/// Names keep their case, order and duplicates; the accessors look, they never rewrite. Clones
/// share the bytes.
/// In JSON a head is a string in which each byte stands as the character of the same number
/// (Latin-1), so that any byte survives and a plain head stays readable.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RawHead {
    bytes: Arc<[u8]>,
    /// How long it was on the wire, where that is known to differ.
    wire_len: Option<NonZeroU32>,
}

/// One field line: name and value as sent, the value without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name in the case it was sent in.
    pub name: &'a [u8],
    /// The value, optional white space around it removed (RFC 9110 section 5.5).
    pub value: &'a [u8],
}

/// A head taken apart in one pass, for those who look for more than one thing in it.
#[derive(Clone)]
pub struct ParsedHead<'a> {
    fields: Vec<Field<'a>>,
}

/// How closely a recorded head follows the bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fidelity {
    /// Byte for byte what was on the wire.
    #[default]
    Exact,
    /// Names, case and values as on the wire, but a repeated field stands beside its first line
    /// and white space around values is normalised. Heads that the front door parsed (CONNECT
    /// and plain-HTTP proxy requests) are of this kind.
    Regrouped,
}

impl RawHead {
    /// Takes the bytes of a head as they are.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            bytes: bytes.as_ref().into(),
            wire_len: None,
        }
    }

    /// These bytes in the place of its own. The length on the wire stays.
    pub(crate) fn rewritten(&self, bytes: impl AsRef<[u8]>) -> Self {
        Self::new(bytes).of_wire_len(u32::try_from(self.wire_len()).ok())
    }

    /// The same, when it was this long on the wire, in bytes.
    pub(crate) fn of_wire_len(self, length: Option<u32>) -> Self {
        let differs = |length: &NonZeroU32| u64::from(length.get()) != self.bytes.len() as u64;
        Self {
            wire_len: length.and_then(NonZeroU32::new).filter(differs),
            ..self
        }
    }

    /// Length on the wire in bytes, whatever was taken out since.
    pub fn wire_len(&self) -> u64 {
        self.told_wire_len()
            .map_or(self.bytes.len() as u64, u64::from)
    }

    /// The length on the wire in bytes, where it differs from [`len`](Self::len).
    pub(super) fn told_wire_len(&self) -> Option<u32> {
        self.wire_len.map(NonZeroU32::get)
    }

    /// The bytes, from the start line to the empty line.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length of these bytes, line ends and the empty line included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The first line, without its line end.
    pub fn start_line(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }

    /// The head, taken apart.
    pub fn parse(&self) -> ParsedHead<'_> {
        ParsedHead {
            fields: self.fields().collect(),
        }
    }

    /// The field lines in wire order; a line without a colon is a field with an empty value.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        passes::count(self);
        self.lines().skip(1).map(|line| {
            let colon = memchr(b':', line).unwrap_or(line.len());
            let (name, rest) = line.split_at(colon);
            Field {
                name,
                value: rest.get(1..).unwrap_or_default().trim_ascii(),
            }
        })
    }

    /// The values of every field of this name, compared without regard to case, in wire order.
    /// This walks the head: whoever looks for more than one name parses it.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields()
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// The first value of this name as text, if it is there and UTF-8.
    pub fn text<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name)
            .next()
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Of a request: the method. `None` for an empty head.
    pub fn method(&self) -> Option<&[u8]> {
        self.words().next().filter(|word| !word.is_empty())
    }

    /// Of a request: the request target as sent.
    pub fn target(&self) -> Option<&[u8]> {
        self.words().nth(1)
    }

    /// The HTTP version as sent, such as `HTTP/1.1`, of a request or a response.
    pub fn version(&self) -> Option<&[u8]> {
        let mut words = self.words();
        let first = words.next()?;
        if first.starts_with(b"HTTP/") {
            Some(first)
        } else {
            words.nth(1)
        }
    }

    /// Of a response: the status code.
    pub fn status(&self) -> Option<u16> {
        std::str::from_utf8(self.words().nth(1)?).ok()?.parse().ok()
    }

    /// Of a response: the reason phrase, empty when there is none.
    pub fn reason(&self) -> &[u8] {
        let mut words = self.start_line().splitn(3, |&b| b == b' ');
        words.nth(2).unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.start_line().split(|&b| b == b' ')
    }

    /// Lines without their ends, up to the empty line.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(&self.bytes)
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .take_while(|line| !line.is_empty())
    }
}

impl<'a> ParsedHead<'a> {
    /// The field lines in wire order.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// The values of every field of this name, compared without regard to case, in wire order.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a, 'n> {
        let named = move |field: &&Field<'a>| field.name.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|field| field.value)
    }

    /// The first value of this name as text, if it is there and UTF-8.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.values(name).next()?;
        std::str::from_utf8(value).ok()
    }
}

/// Counts how often heads are walked, for the test that holds how often that may be.
#[doc(hidden)]
pub mod passes {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use memchr::memmem;

    use super::RawHead;

    static MARK: OnceLock<&'static str> = OnceLock::new();
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    static RESPONSES: AtomicUsize = AtomicUsize::new(0);

    /// Counts from now on passes over heads that hold this text. In a release build nothing is
    /// ever counted.
    pub fn watch(mark: &'static str) {
        MARK.get_or_init(|| mark);
    }

    /// Passes over the fields of request heads, and over those of response heads.
    pub fn counted() -> (usize, usize) {
        (REQUESTS.load(Relaxed), RESPONSES.load(Relaxed))
    }

    pub(crate) fn count(head: &RawHead) {
        let mark = MARK.get().filter(|_| cfg!(debug_assertions));
        if mark.is_none_or(|mark| memmem::find(&head.bytes, mark.as_bytes()).is_none()) {
            return;
        }
        let counter = if head.bytes.starts_with(b"HTTP/") {
            &RESPONSES
        } else {
            &REQUESTS
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// What stands between line feeds, and behind the last.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (line, more) = match memchr(b'\n', bytes).and_then(|end| bytes.split_at_checked(end)) {
            Some((line, more)) => (line, more.get(1..)),
            None => (bytes, None),
        };
        rest = more;
        Some(line)
    })
}

/// Bytes as text in which every byte is the character of the same number.
pub fn latin1(bytes: &[u8]) -> String {
    match ascii(bytes) {
        Some(text) => text.to_owned(),
        None => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

/// Bytes of which each is a character of its own.
fn ascii(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.is_ascii().then_some(text)
}

/// The inverse of [`latin1`]; `None` when a character is beyond U+00FF.
pub fn from_latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

impl fmt::Debug for RawHead {
    /// Shows the start line's first word and the length only: heads hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.words().next().unwrap_or_default();
        write!(
            f,
            "RawHead({}…, {} bytes)",
            first.escape_ascii(),
            self.bytes.len()
        )
    }
}

impl Serialize for RawHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match ascii(&self.bytes) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_str(&latin1(&self.bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for RawHead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        from_latin1(&text)
            .map(Self::new)
            .ok_or_else(|| serde::de::Error::custom("a head holds a character beyond U+00FF"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RawHead {
        RawHead::new(*b"GET /v2/ HTTP/1.1\r\nHost: r.example\r\nAccept:  a \r\naccept:b\r\n\r\n")
    }

    #[test]
    fn lines_are_as_splitting_has_them() {
        for text in ["", "\n", "a", "a\n", "\na", "a\n\nb", "a\r\nb\n"] {
            let split: Vec<_> = text.as_bytes().split(|&b| b == b'\n').collect();
            assert_eq!(
                lines(text.as_bytes()).collect::<Vec<_>>(),
                split,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_request_is_read_as_sent() {
        let head = request();
        assert_eq!(head.method(), Some(&b"GET"[..]));
        assert_eq!(head.target(), Some(&b"/v2/"[..]));
        assert_eq!(head.version(), Some(&b"HTTP/1.1"[..]));
        let names: Vec<_> = head.fields().map(|f| f.name.to_vec()).collect();
        assert_eq!(names, [&b"Host"[..], b"Accept", b"accept"]);
        assert_eq!(head.values("ACCEPT").collect::<Vec<_>>(), [&b"a"[..], b"b"]);
    }

    #[test]
    fn a_reason_phrase_may_be_missing_or_long() {
        let head = |line: &str| RawHead::new(format!("{line}\r\n\r\n"));
        assert_eq!(
            head("HTTP/1.1 307 Temporary Redirect").reason(),
            b"Temporary Redirect"
        );
        assert_eq!(head("HTTP/1.1 200 ").reason(), b"");
        assert_eq!(head("HTTP/1.1 200").reason(), b"");
        assert_eq!(head("HTTP/1.1 200").status(), Some(200));
        assert_eq!(head("HTTP/1.1 200").version(), Some(&b"HTTP/1.1"[..]));
    }

    #[test]
    fn every_byte_survives_json() {
        let head = RawHead::new((0..=255).collect::<Vec<u8>>());
        let json = serde_json::to_string(&head).unwrap();
        assert_eq!(serde_json::from_str::<RawHead>(&json).unwrap(), head);
    }

    #[test]
    fn debug_output_shows_no_field() {
        assert_eq!(format!("{:?}", request()), "RawHead(GET…, 61 bytes)");
    }
}
