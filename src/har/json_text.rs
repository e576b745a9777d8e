//! The text of a file as JSON: unpacked, in UTF-8, and mended where programs write what is none.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

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
        let start = until_end(input.fill_buf())?;
        if let Some(big) = byte_order(start) {
            mended.utf16 = true;
            let units = Utf16 {
                input,
                big,
                odd: None,
            };
            input = Box::new(BufReader::with_capacity(BUFFER, units));
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

    fn count(&self, what: impl FnOnce(&mut Mended)) {
        let mut mended = self.mended.get();
        what(&mut mended);
        self.mended.set(mended);
    }

    /// The byte at this place, without taking it.
    fn peek(&mut self, at: usize) -> io::Result<Option<u8>> {
        while self.ahead.len() <= at {
            let Some(byte) = until_end(self.input.fill_buf())?.first().copied() else {
                return Ok(None);
            };
            self.input.consume(1);
            self.ahead.push_back(byte);
        }
        Ok(self.ahead.get(at).copied())
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
        let Some(byte) = self.peek(0)? else {
            return Ok(false);
        };
        match byte {
            b'"' => {
                self.in_string = !self.in_string;
                self.pass(1);
            }
            0x80.. => self.character()?,
            b'\\' if self.in_string => self.escape()?,
            ..=0x1f if self.in_string => {
                self.ahead.pop_front();
                self.ready.extend(format!("\\u{byte:04x}").bytes());
                self.count(|mended| mended.characters += 1);
            }
            0 => {
                self.ahead.pop_front();
                self.ready.push_back(b' ');
                self.count(|mended| mended.nuls += 1);
            }
            b'N' | b'I' | b'-' if !self.in_string => self.number()?,
            _ => self.pass(1),
        }
        Ok(true)
    }

    fn pass(&mut self, count: usize) {
        let count = count.min(self.ahead.len());
        self.ready.extend(self.ahead.drain(..count));
    }

    /// A word such as `NaN`, or the sign of a number.
    fn number(&mut self) -> io::Result<()> {
        for word in ["NaN", "Infinity", "-Infinity", "-NaN"] {
            let mut is_it = true;
            for (at, expected) in word.bytes().enumerate() {
                is_it = is_it && self.peek(at)? == Some(expected);
            }
            if is_it {
                self.ahead.drain(..word.len());
                self.ready.extend(b"null");
                self.count(|mended| mended.numbers += 1);
                return Ok(());
            }
        }
        self.pass(1);
        Ok(())
    }

    /// An escape; half of a surrogate pair alone is no character.
    fn escape(&mut self) -> io::Result<()> {
        let unit = match self.peek(1)? {
            Some(b'u') => self.unit(2)?,
            Some(_) => {
                self.pass(2);
                return Ok(());
            }
            None => None,
        };
        match unit {
            Some(0xd800..=0xdbff) if self.has_low_half()? => self.pass(12),
            Some(0xd800..=0xdfff) => {
                self.ahead.drain(..6);
                self.ready.extend(b"\\ufffd");
                self.count(|mended| mended.characters += 1);
            }
            Some(_) => self.pass(6),
            None => self.pass(1),
        }
        Ok(())
    }

    fn has_low_half(&mut self) -> io::Result<bool> {
        let follows = self.peek(6)? == Some(b'\\') && self.peek(7)? == Some(b'u');
        Ok(follows && matches!(self.unit(8)?, Some(0xdc00..=0xdfff)))
    }

    /// Four hexadecimal digits.
    fn unit(&mut self, at: usize) -> io::Result<Option<u32>> {
        let mut unit = 0;
        for at in at..at + 4 {
            let digit = self
                .peek(at)?
                .and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Ok(None);
            };
            unit = unit * 16 + digit;
        }
        Ok(Some(unit))
    }

    /// A character of several bytes; what is none becomes U+FFFD.
    fn character(&mut self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(4);
        for length in 1..=4 {
            match self.peek(length - 1)? {
                Some(byte) => bytes.push(byte),
                None => break,
            }
            if std::str::from_utf8(&bytes).is_ok() {
                self.pass(length);
                return Ok(());
            }
        }
        self.ahead.pop_front();
        self.ready.extend("\u{fffd}".bytes());
        self.count(|mended| mended.characters += 1);
        Ok(())
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

/// UTF-16 as UTF-8.
struct Utf16 {
    input: Box<dyn BufRead>,
    /// Whether the byte of the higher value comes first.
    big: bool,
    /// A unit that was taken and belongs to the next character.
    odd: Option<u16>,
}

impl Utf16 {
    fn unit(&mut self) -> io::Result<Option<u16>> {
        if let Some(unit) = self.odd.take() {
            return Ok(Some(unit));
        }
        let mut bytes = [0; 2];
        match self.input.read_exact(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
            Ok(()) if self.big => Ok(Some(u16::from_be_bytes(bytes))),
            Ok(()) => Ok(Some(u16::from_le_bytes(bytes))),
        }
    }
}

impl Read for Utf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while let Some(room) = buffer.get_mut(written..written + 4) {
            let Some(first) = self.unit()? else {
                break;
            };
            let mut units = vec![first];
            if (0xd800..0xdc00).contains(&first) {
                match self.unit()? {
                    Some(second @ 0xdc00..=0xdfff) => units.push(second),
                    other => self.odd = other,
                }
            }
            for found in char::decode_utf16(units) {
                let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
                written += found.encode_utf8(room).len();
            }
        }
        Ok(written)
    }
}

/// Whether a text is UTF-16, and then whether its higher bytes come first: by its mark, or since
/// JSON begins with two characters of ASCII.
fn byte_order(start: &[u8]) -> Option<bool> {
    match start {
        [0xfe, 0xff, ..] => Some(true),
        [0xff, 0xfe, ..] => Some(false),
        [0, high, 0, ..] if *high != 0 => Some(true),
        [low, 0, _, 0, ..] if *low != 0 => Some(false),
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
