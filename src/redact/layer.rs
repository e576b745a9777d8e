//! Text with its escapes undone, and the way back to where each byte stood.
//!
//! One layer undoes percent-encoding (RFC 3986 section 2.1), HTML character references and JSON
//! escapes at once: the text of a registry mixes them, as in a signed URL inside an HTML page
//! inside a JSON string.

use std::ops::Range;

use memchr::{memchr, memchr3};

/// How many layers of escapes are undone. A URL in HTML in JSON needs three.
const DEPTH: usize = 3;

/// Looks at a text as it is and at each layer below it. `look` also gets the function that leads
/// from a range of the layer to the range of `text` it was read from.
pub(super) fn each(
    text: &[u8],
    mut look: impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>),
) {
    look(text, &|range| range);
    let mut layers: Vec<Unescaped> = Vec::new();
    while layers.len() < DEPTH
        && let Some(next) = Unescaped::below(layers.last().map_or(text, |layer| &layer.bytes))
    {
        layers.push(next);
        if let Some(layer) = layers.last() {
            let source = |range| layers.iter().rev().fold(range, |range, l| l.source(range));
            look(&layer.bytes, &source);
        }
    }
}

/// The text with all layers of escapes undone.
pub(super) fn settle(text: &[u8]) -> Vec<u8> {
    let mut settled = text.to_vec();
    for _ in 0..=DEPTH {
        match Unescaped::below(&settled) {
            Some(layer) => settled = layer.bytes,
            None => break,
        }
    }
    settled
}

/// A text with one layer of escapes undone.
struct Unescaped {
    bytes: Vec<u8>,
    /// The escapes that were undone, in order.
    escapes: Vec<Escape>,
}

/// One escape: where its bytes are in the layer, and where it stood in the source.
struct Escape {
    at: usize,
    source: usize,
    len: u8,
    source_len: u8,
}

impl Unescaped {
    /// Undoes one layer; `None` when there is nothing to undo.
    fn below(text: &[u8]) -> Option<Self> {
        let mut layer = Self {
            bytes: Vec::new(),
            escapes: Vec::new(),
        };
        let mut done = 0;
        let mut from = 0;
        while let Some(found) = memchr3(b'%', b'&', b'\\', text.get(from..)?) {
            let source = from + found;
            let Some((taken, piece)) = unescape(text.get(source..)?) else {
                from = source + 1;
                continue;
            };
            layer.bytes.extend_from_slice(text.get(done..source)?);
            let at = layer.bytes.len();
            match piece {
                Escaped::Byte(byte) => layer.bytes.push(byte),
                Escaped::Char(char) => layer.bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
            }
            layer.escapes.push(Escape {
                at,
                source,
                len: u8::try_from(layer.bytes.len() - at).unwrap_or(4),
                source_len: taken,
            });
            from = source + usize::from(taken);
            done = from;
        }
        layer.bytes.extend_from_slice(text.get(done..)?);
        (!layer.escapes.is_empty()).then_some(layer)
    }

    /// The range of the source that a range of the layer was read from.
    fn source(&self, range: Range<usize>) -> Range<usize> {
        self.position(range.start, false)..self.position(range.end, true)
    }

    /// Where a position of the layer is in the source; inside an escape, where that ends or begins.
    fn position(&self, at: usize, after: bool) -> usize {
        let count = self.escapes.partition_point(|escape| escape.at <= at);
        let Some(escape) = count.checked_sub(1).and_then(|last| self.escapes.get(last)) else {
            return at;
        };
        let inside = at - escape.at;
        let end = escape.source + usize::from(escape.source_len);
        match inside.checked_sub(usize::from(escape.len)) {
            Some(beyond) => end + beyond,
            None if after && inside > 0 => end,
            None => escape.source,
        }
    }
}

/// What an escape stands for.
enum Escaped {
    Byte(u8),
    Char(char),
}

/// The escape at the beginning of `text`: its length and what it stands for.
fn unescape(text: &[u8]) -> Option<(u8, Escaped)> {
    match *text {
        [b'%', high, low, ..] => {
            let byte = hex(&[high, low])?;
            Some((3, Escaped::Byte(u8::try_from(byte).ok()?)))
        }
        [b'\\', b'u', ..] => unicode_escape(text),
        [b'\\', escaped, ..] => {
            let byte = match escaped {
                b'"' | b'\\' | b'/' => escaped,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                _ => return None,
            };
            Some((2, Escaped::Byte(byte)))
        }
        [b'&', ..] => character_reference(text),
        _ => None,
    }
}

/// `\uXXXX`, or a surrogate pair of two (RFC 8259 section 7).
fn unicode_escape(text: &[u8]) -> Option<(u8, Escaped)> {
    let high = hex(text.get(2..6)?)?;
    if let Some(character) = char::from_u32(high) {
        return Some((6, Escaped::Char(character)));
    }
    let low = hex(text.get(6..12)?.strip_prefix(b"\\u")?)?;
    let pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
    let code = 0x1_0000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
    let character = char::from_u32(code).filter(|_| pair)?;
    Some((12, Escaped::Char(character)))
}

/// `&amp;`, `&#38;` or `&#x26;`; of the named ones, those that stand for ASCII marks.
fn character_reference(text: &[u8]) -> Option<(u8, Escaped)> {
    let end = memchr(b';', text.get(..12.min(text.len()))?)?;
    let name = text.get(1..end)?;
    let character = match name {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => {
            let digits = std::str::from_utf8(digits).ok()?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            char::from_u32(digits.parse().ok().filter(|_| plain)?)?
        }
        name => {
            let mut named = NAMED.iter();
            let (_, mark) = named.find(|(known, _)| known.as_bytes() == name)?;
            *mark
        }
    };
    Some((u8::try_from(end + 1).ok()?, Escaped::Char(character)))
}

#[rustfmt::skip]
const NAMED: [(&str, char); 17] = [
    ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("equals", '='),
    ("plus", '+'), ("sol", '/'), ("colon", ':'), ("quest", '?'), ("commat", '@'), ("percnt", '%'),
    ("lowbar", '_'), ("period", '.'), ("num", '#'), ("excl", '!'), ("dollar", '$'),
];

/// A number of hex digits and nothing else.
fn hex(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each(text.as_bytes(), |bytes, _| {
            all.push(String::from_utf8_lossy(bytes).into_owned());
        });
        all
    }

    #[test]
    fn escapes_are_undone_layer_by_layer() {
        assert_eq!(layers("plain"), ["plain"]);
        assert_eq!(
            layers("a%2Fb&amp;c\\u0026d"),
            ["a%2Fb&amp;c\\u0026d", "a/b&c&d"]
        );
        assert_eq!(layers("a%252Fb"), ["a%252Fb", "a%2Fb", "a/b"]);
        assert_eq!(layers(r#"\"\\\/\n"#)[1], "\"\\/\n");
        assert_eq!(layers("&#39;&#x2f;&quot;")[1], "'/\"");
        assert_eq!(layers(r"\ud83d\ude00x")[1], "\u{1F600}x");
        // Half of a pair is no character; what follows it may be one.
        assert_eq!(layers(r"\ud83d\u0041")[1], r"\ud83dA");
    }

    #[test]
    fn every_escape_is_known() {
        for (text, character) in [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
            ("&apos;", '\''),
            ("&equals;", '='),
            ("&plus;", '+'),
            ("&sol;", '/'),
            ("&colon;", ':'),
            ("&quest;", '?'),
            ("&commat;", '@'),
            ("&percnt;", '%'),
            ("&lowbar;", '_'),
            ("&period;", '.'),
            ("&num;", '#'),
            ("&excl;", '!'),
            ("&dollar;", '$'),
            ("\\b", '\u{8}'),
            ("\\f", '\u{c}'),
            ("\\n", '\n'),
            ("\\r", '\r'),
            ("\\t", '\t'),
            ("\\u20ac", '€'),
            ("&#8364;", '€'),
        ] {
            assert_eq!(
                layers(&format!("a{text}b"))[1],
                format!("a{character}b"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            r"\udc00\udc00",
            "100%",
            "%zz",
            "%+1",
            "a&b;",
            "&#;",
            "&#+3;",
            "\\x",
            "\\u12",
            "\\ud83d!",
            "&",
        ] {
            assert_eq!(layers(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_range_leads_back_to_its_source() {
        let text = r"a\u00e9b%252Fc&amp;d".as_bytes();
        let mut found = Vec::new();
        each(text, |bytes, source| {
            for (needle, end) in [
                (&b"b"[..], 1),
                (b"/", 1),
                (b"&", 1),
                (b"c&d", 3),
                (b"\xc3", 1),
            ] {
                if let Some(at) = memchr::memmem::find(bytes, needle) {
                    let range = source(at..at + end);
                    found.push(String::from_utf8_lossy(&text[range]).into_owned());
                }
            }
        });
        assert_eq!(
            found,
            [
                "b", "&", r"b", "&amp;", r"c&amp;d", r"\u00e9", "b", "%252F", "&amp;", r"c&amp;d",
                r"\u00e9"
            ]
        );
    }

    #[test]
    fn layers_have_an_end() {
        assert_eq!(layers("%25252525252541").len(), 1 + DEPTH);
        assert_eq!(settle(b"%252541"), b"A");
    }
}
