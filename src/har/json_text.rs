//! The text of a file as JSON: unpacked, in UTF-8, and mended where programs write what is none.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

/// What was done to make JSON of a text, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// Whether it was unpacked.
    pub(super) gzip: bool,
    /// Whether it was UTF-16.
    pub(super) utf16: bool,
    /// `NaN` and `Infinity` in the place of numbers, which JSON does not have.
    pub(super) numbers: u64,
    /// Characters in strings that JSON does not allow, or that are none.
    pub(super) characters: u64,
    /// NUL bytes between and behind the values.
    pub(super) nuls: u64,
}

/// A reader of JSON in UTF-8, whatever the file has.
pub(super) struct JsonText {
    input: Box<dyn BufRead>,
    /// Bytes that were looked at and are not mended yet.
    ahead: VecDeque<u8>,
    /// Mended bytes that were not asked for yet.
    ready: VecDeque<u8>,
    in_string: bool,
    mended: Rc<Cell<Mended>>,
}

impl JsonText {
    /// The text of a file that begins here.
    ///
    /// # Errors
    /// When the file cannot be read, or is packed in a way that is not read here.
    pub(super) fn of(input: impl Read + 'static) -> io::Result<Self> {
        let mut input: Box<dyn BufRead> = Box::new(BufReader::with_capacity(BUFFER, input));
        let mut mended = Mended::default();
        let start = input.fill_buf()?;
        if start.starts_with(b"\x1f\x8b") {
            mended.gzip = true;
            input = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input)));
        } else if let Some((_, kind)) = PACKED.iter().find(|(magic, _)| start.starts_with(magic)) {
            let text = format!("it is packed ({kind}); unpack it first");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let encoding = encoding(until_end(input.fill_buf())?);
        mended.utf16 = encoding.is_some();
        if encoding.is_some() {
            let decoder = DecodeReaderBytesBuilder::new()
                .encoding(encoding)
                .build(input);
            input = Box::new(BufReader::with_capacity(BUFFER, decoder));
        }
        let mark = "\u{feff}".as_bytes();
        if until_end(input.fill_buf())?.starts_with(mark) {
            input.consume(mark.len());
        }
        Ok(Self {
            input,
            ahead: VecDeque::new(),
            ready: VecDeque::new(),
            in_string: false,
            mended: Rc::new(Cell::new(mended)),
        })
    }

    /// What has been done so far.
    pub(super) fn mended(&self) -> Rc<Cell<Mended>> {
        self.mended.clone()
    }

    /// So many bytes of what comes next, or all that there is, without taking them.
    fn look_ahead(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.ahead.len() < count {
            let Some(byte) = until_end(self.input.fill_buf())?.first().copied() else {
                break;
            };
            self.input.consume(1);
            self.ahead.push_back(byte);
        }
        Ok(self.ahead.make_contiguous())
    }

    /// Takes what needs no mending; most of a file is so.
    fn plain(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.ahead.is_empty() {
            return Ok(0);
        }
        let in_string = self.in_string;
        let is_plain = |byte: &u8| match byte {
            b'"' | 0 | 0x80.. => false,
            ..=0x1f | b'\\' => !in_string,
            b'N' | b'I' | b'-' => in_string,
            _ => true,
        };
        let input = until_end(self.input.fill_buf())?;
        let run = input.iter().take(buffer.len()).take_while(|b| is_plain(b));
        let count = run.zip(buffer).map(|(byte, to)| *to = *byte).count();
        self.input.consume(count);
        Ok(count)
    }

    /// Mends what comes next; answers whether there was anything.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(byte) = self.look_ahead(1)?.first().copied() else {
            return Ok(false);
        };
        let in_string = self.in_string;
        self.in_string ^= byte == b'"';
        let piece = match byte {
            b'\\' if in_string => escape(self.look_ahead(12)?),
            ..=0x1f if in_string => (1, Some(format!("\\u{byte:04x}"))),
            0 => (1, Some(" ".to_owned())),
            b'N' | b'I' | b'-' if !in_string => {
                let ahead = self.look_ahead(9)?;
                let mut words = ["NaN", "Infinity", "-Infinity", "-NaN"].into_iter();
                let word = words.find(|word| ahead.starts_with(word.as_bytes()));
                word.map_or((1, None), |word| (word.len(), Some("null".to_owned())))
            }
            0x80.. => character(self.look_ahead(4)?),
            _ => (1, None),
        };
        let (taken, mended) = piece;
        let taken = self.ahead.drain(..taken.min(self.ahead.len()));
        let Some(mended) = mended else {
            self.ready.extend(taken);
            return Ok(true);
        };
        drop(taken);
        let mut count = self.mended.get();
        match mended.as_str() {
            " " => count.nuls += 1,
            "null" => count.numbers += 1,
            _ => count.characters += 1,
        }
        self.mended.set(count);
        self.ready.extend(mended.into_bytes());
        Ok(true)
    }
}

/// How many bytes belong to an escape, and what is to stand for it: half of a surrogate pair alone
/// is no character.
fn escape(ahead: &[u8]) -> (usize, Option<String>) {
    let unit = |from: usize| {
        let digits = ahead.get(from..)?.strip_prefix(b"\\u")?.get(..4)?;
        let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
        digits.reduce(|high, low| Some(high? * 16 + low?))?
    };
    match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
        (Some(0xd800..=0xdfff), _) => (6, Some("\\ufffd".to_owned())),
        (Some(_), _) => (6, None),
        (None, _) if ahead.get(1) == Some(&b'u') => (1, None),
        (None, _) => (2, None),
    }
}

/// The same of a character of several bytes; what is none becomes U+FFFD.
fn character(ahead: &[u8]) -> (usize, Option<String>) {
    let valid = ahead.utf8_chunks().next().map(|chunk| chunk.valid());
    match valid.and_then(|valid| valid.chars().next()) {
        Some(character) => (character.len_utf8(), None),
        None => (1, Some(char::REPLACEMENT_CHARACTER.to_string())),
    }
}

impl Read for JsonText {
    /// Mends no more than is asked for: what was counted before a value was read belongs to it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !buffer.is_empty() {
            let plain = self.plain(buffer)?;
            if plain > 0 || !self.advance()? {
                return Ok(plain);
            }
        }
        self.ready.read(buffer)
    }
}

/// What a text is encoded in that is UTF-16: by its mark, or since JSON begins with two characters of
/// ASCII.
fn encoding(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0, high, 0, ..] if *high != 0 => Some(UTF_16BE),
        [low, 0, _, 0, ..] if *low != 0 => Some(UTF_16LE),
        _ => None,
    }
}

/// What was packed and then cut off ends where it was cut off.
fn until_end(read: io::Result<&[u8]>) -> io::Result<&[u8]> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(&[]),
        read => read,
    }
}

const BUFFER: usize = 64 << 10;

/// How files begin that are packed in other ways.
const PACKED: [(&[u8], &str); 4] = [
    (b"PK\x03\x04", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mend(bytes: &[u8]) -> (String, Mended) {
        let mut text = JsonText::of(io::Cursor::new(bytes.to_vec())).unwrap();
        let mut mended = String::new();
        text.read_to_string(&mut mended).unwrap();
        (mended, text.mended().get())
    }

    #[test]
    fn what_is_no_number_is_null_and_what_is_in_a_string_stays() {
        let (text, mended) = mend(br#"[NaN,-Infinity,Infinity,-1,"NaN","\"NaN",null]"#);
        assert_eq!(text, r#"[null,null,null,-1,"NaN","\"NaN",null]"#);
        assert_eq!(mended.numbers, 3);
    }

    #[test]
    fn characters_that_are_none_are_marked() {
        let (text, mended) = mend(b"\"a\nb\xff\xe2\x82\\ud800x\\ud83d\\ude00\\n\\u00e9\xc3\xa9\"");
        assert_eq!(
            text,
            "\"a\\u000ab\u{fffd}\u{fffd}\u{fffd}\\ufffdx\\ud83d\\ude00\\n\\u00e9é\""
        );
        assert_eq!(mended.characters, 5);
    }

    #[test]
    fn both_byte_orders_are_read_with_and_without_a_mark() {
        for mark in ["\u{feff}", ""] {
            let text = format!("{mark}{{\"a\":\"é\u{1f600}\"}}");
            let units = || text.encode_utf16();
            let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                let (read, mended) = mend(&bytes);
                assert_eq!(read, "{\"a\":\"é\u{1f600}\"}");
                assert!(mended.utf16);
            }
        }
    }

    #[test]
    fn other_packings_are_named() {
        let error = JsonText::of(io::Cursor::new(b"PK\x03\x04rest".to_vec())).err();
        assert!(error.unwrap().to_string().contains("(zip)"));
    }

    proptest! {
        #[test]
        fn json_stays_as_it_is(text in "\\PC{0,40}", number: i64) {
            let json = serde_json::json!({ "text": text, "number": number }).to_string();
            let (mended, what) = mend(json.as_bytes());
            prop_assert_eq!(mended, json);
            prop_assert_eq!(what, Mended::default());
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes: Vec<u8>) {
            if let Ok(mut text) = JsonText::of(io::Cursor::new(bytes)) {
                let _ = text.read_to_end(&mut Vec::new());
            }
        }
    }
}
