//! Following messages through a stream of bytes.
//!
//! A framer is fed what arrives in one direction, and when. It holds each head back until it is
//! whole and has been checked, lets bodies pass, and remembers raw heads and trailers for the
//! trace. It does no IO, asks for no time and never looks at content.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;
use memchr::memmem;

use crate::exchange::RawHead;

use super::content::DeclaredContent;
use super::rules::{self, BodyLength, CheckedHead, RequestMethod, Violation};

/// One direction of a connection.
pub struct Framer {
    messages: Messages,
    max_bytes: usize,
    max_fields: usize,
    position: Position,
    held: BytesMut,
    head_began: Option<Instant>,
    heads: VecDeque<FramedHead>,
    /// Interim responses since the last final one.
    interim: usize,
    trailers: Option<Vec<u8>>,
    /// Whether the connection has left HTTP.
    switched: bool,
}

/// A head that passed, or was refused.
#[derive(Debug)]
pub struct FramedHead {
    /// The bytes as they arrived.
    pub raw: RawHead,
    /// Of a response that was not refused: its status code.
    pub status: Option<u16>,
    /// What it says of the content under it.
    pub content: DeclaredContent,
    /// When the first of its bytes arrived.
    pub began: Instant,
    /// When the last of them arrived.
    pub ended: Instant,
    /// Why it was refused, if it was.
    pub refused: Option<Violation>,
}

/// What the first of some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamPart<'a> {
    /// The end of a head, which [`Framer::take_head`] gives from now on.
    Head,
    /// Content of a message.
    Content(&'a [u8]),
    /// What stands between content (chunk sizes, trailers), or what is no HTTP any more.
    Framing(&'a [u8]),
}

enum Messages {
    Requests,
    /// Responses to these, oldest first.
    Responses(VecDeque<RequestMethod>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Head,
    Length(u64),
    Chunk(Chunk),
    /// No framing applies any more: everything passes.
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    /// In the chunk-size line's digits; `seen` says whether there was one.
    Size {
        size: u64,
        seen: bool,
    },
    /// In a chunk extension, of which so many bytes passed.
    Extension {
        size: u64,
        passed: usize,
    },
    /// After the CR of a size line.
    SizeLf {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// At the start of a line of the trailer section.
    TrailerStart,
    TrailerLine,
    TrailerLf,
    /// After the CR of the final empty line.
    EndLf,
}

impl Framer {
    /// For the bytes that a client sends: heads of at most so many bytes and fields.
    pub fn requests(max_bytes: usize, max_fields: usize) -> Self {
        Self::new(Messages::Requests, max_bytes, max_fields)
    }

    /// For the bytes that a server sends.
    pub fn responses(max_bytes: usize, max_fields: usize) -> Self {
        Self::new(Messages::Responses(VecDeque::new()), max_bytes, max_fields)
    }

    fn new(messages: Messages, max_bytes: usize, max_fields: usize) -> Self {
        Self {
            messages,
            max_bytes,
            max_fields,
            position: Position::Head,
            held: BytesMut::new(),
            head_began: None,
            heads: VecDeque::new(),
            interim: 0,
            trailers: None,
            switched: false,
        }
    }

    /// Announces that a response to this method is due.
    pub fn expect(&mut self, method: &str) {
        if let Messages::Responses(due) = &mut self.messages {
            due.push_back(RequestMethod::by(method));
        }
    }

    /// Whether a message's bytes are due: a body has begun, or a response has been asked for.
    pub(crate) fn is_due(&self) -> bool {
        let asked = matches!(&self.messages, Messages::Responses(due) if !due.is_empty());
        asked || self.in_body() || !self.held.is_empty()
    }

    /// Whether everything passes unread from here on.
    pub(crate) fn is_raw(&self) -> bool {
        self.position == Position::Raw
    }

    /// Whether the connection has left HTTP, whose timers then no longer apply.
    pub fn is_switched(&self) -> bool {
        self.switched
    }

    /// When the head that is arriving began.
    pub(crate) fn head_began(&self) -> Option<Instant> {
        self.head_began
    }

    /// Whether a body is passing, whose bytes need not be held back. The message of the last
    /// head is whole when none is.
    pub fn in_body(&self) -> bool {
        self.position != Position::Head
    }

    /// Takes the oldest head that passed or was refused.
    pub fn take_head(&mut self) -> Option<FramedHead> {
        self.heads.pop_front()
    }

    /// Takes the trailer section of the last chunked body, if it had one.
    pub fn take_trailers(&mut self) -> Option<Vec<u8>> {
        let mut trailers = self.trailers.take()?;
        // The CR of the final empty line is no part of the section.
        if trailers.last() == Some(&b'\r') {
            trailers.pop();
        }
        Some(trailers).filter(|trailers| !trailers.is_empty())
    }

    /// Lets the framer refuse what has arrived of a head, for a reason of the caller's.
    pub fn refuse(&mut self, violation: Violation, now: Instant) {
        let raw = RawHead::new(self.held.split());
        self.push_head(raw, Err(violation), now);
    }

    /// The connection leaves HTTP: everything passes unread from here on. Bytes held back for a
    /// head are given back.
    pub(crate) fn switch(&mut self) -> BytesMut {
        self.switched = true;
        self.position = Position::Raw;
        self.head_began = None;
        self.held.split()
    }

    /// Takes the first part off bytes that arrived now; `None` when they are used up.
    ///
    /// # Errors
    /// When a head or the framing is refused; a refused head can be taken like any other.
    pub fn part<'a>(
        &mut self,
        bytes: &mut &'a [u8],
        now: Instant,
    ) -> Result<Option<StreamPart<'a>>, Violation> {
        while !bytes.is_empty() {
            if self.in_body() {
                return self.body_part(bytes).map(Some);
            }
            if self.head_part(bytes, now)? {
                return Ok(Some(StreamPart::Head));
            }
        }
        Ok(None)
    }

    /// Takes bytes that are held back and adds to `out` what may pass on.
    ///
    /// # Errors
    /// As those of [`Self::part`].
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        now: Instant,
        out: &mut BytesMut,
    ) -> Result<(), Violation> {
        while let Some(part) = self.part(&mut bytes, now)? {
            out.extend_from_slice(match part {
                StreamPart::Head => self.heads.back().map_or(&[], |head| head.raw.as_bytes()),
                StreamPart::Content(passed) | StreamPart::Framing(passed) => passed,
            });
        }
        Ok(())
    }

    /// Looks at bytes that pass as they are and says how many of them belong to the current
    /// message, and whether the next one breaks its framing. Where nothing is broken the rest
    /// begins another head and must go through [`Self::feed`].
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> (usize, Option<Violation>) {
        let mut rest = bytes;
        let mut broken = None;
        while self.in_body() && !rest.is_empty() && broken.is_none() {
            broken = self.body_part(&mut rest).err();
        }
        (bytes.len() - rest.len(), broken)
    }

    /// What one body's next bytes are. There is at least one byte, and a body.
    fn body_part<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<StreamPart<'a>, Violation> {
        let whole = *bytes;
        let (Position::Length(left) | Position::Chunk(Chunk::Data { left })) = self.position else {
            if self.position != Position::Raw {
                self.chunk_bytes(bytes)?;
                let passed = whole.len() - bytes.len();
                return Ok(StreamPart::Framing(whole.get(..passed).unwrap_or_default()));
            }
            *bytes = &[];
            return Ok(if self.switched {
                StreamPart::Framing(whole)
            } else {
                StreamPart::Content(whole)
            });
        };
        let taken = left.min(whole.len() as u64);
        self.position = match (self.position, left - taken) {
            (Position::Length(_), 0) => Position::Head,
            (Position::Length(_), left) => Position::Length(left),
            (_, 0) => Position::Chunk(Chunk::DataCr),
            (_, left) => Position::Chunk(Chunk::Data { left }),
        };
        let (content, rest) = whole.split_at(usize::try_from(taken).unwrap_or(whole.len()));
        *bytes = rest;
        Ok(StreamPart::Content(content))
    }

    /// Follows chunked framing (RFC 9112 section 7.1) to the next content, or to its end.
    fn chunk_bytes(&mut self, bytes: &mut &[u8]) -> Result<(), Violation> {
        let mut first = true;
        while let (Position::Chunk(chunk), [byte, rest @ ..]) = (self.position, *bytes) {
            if matches!(chunk, Chunk::Data { .. }) {
                break;
            }
            match self.chunk_byte(chunk, *byte) {
                Ok(()) => *bytes = rest,
                Err(violation) if first => return Err(violation),
                // What is before it passes; it is met again.
                Err(_) => break,
            }
            first = false;
        }
        Ok(())
    }

    fn chunk_byte(&mut self, chunk: Chunk, byte: u8) -> Result<(), Violation> {
        let next = after(chunk, byte).ok_or(Violation::Chunk)?;
        if matches!(
            chunk,
            Chunk::TrailerStart | Chunk::TrailerLine | Chunk::TrailerLf
        ) {
            let trailers = self.trailers.get_or_insert_default();
            if trailers.len() >= self.max_bytes {
                return Err(Violation::TooLong(self.max_bytes));
            }
            trailers.push(byte);
        }
        self.position = next.map_or(Position::Head, Position::Chunk);
        Ok(())
    }

    /// Adds bytes to the head that is arriving; whether it is whole then. Those after its end are
    /// left.
    fn head_part(&mut self, bytes: &mut &[u8], now: Instant) -> Result<bool, Violation> {
        // Empty lines before a request are to be ignored (RFC 9112 section 2.2).
        if matches!(self.messages, Messages::Requests) {
            match (&*self.held, *bytes) {
                ([], [b'\r', b'\n', rest @ ..]) => {
                    *bytes = rest;
                    return Ok(false);
                }
                // The same, its end in another packet.
                ([b'\r'], [b'\n', rest @ ..]) => {
                    self.held.clear();
                    self.head_began = None;
                    *bytes = rest;
                    return Ok(false);
                }
                _ => {}
            }
        }
        if matches!(&self.messages, Messages::Responses(due) if due.is_empty()) {
            self.held
                .extend_from_slice(bytes.get(..bytes.len().min(256)).unwrap_or_default());
            return Err(self.refused(Violation::Unsolicited, now));
        }
        self.head_began.get_or_insert(now);
        let known = self.held.len();
        let room = self.max_bytes.saturating_sub(known).saturating_add(1);
        let (arrived, _) = bytes.split_at(bytes.len().min(room));
        // Most heads arrive in one piece, which need not be held.
        let end = if known == 0 {
            end_of_head(arrived, 0)
        } else {
            self.held.extend_from_slice(arrived);
            end_of_head(&self.held, known)
        };
        if let Some(end) = end.filter(|end| *end <= self.max_bytes) {
            let raw = match known {
                0 => RawHead::new(arrived.get(..end).unwrap_or_default()),
                _ => RawHead::new(self.held.split_to(end)),
            };
            self.held = BytesMut::new();
            *bytes = bytes.get(end - known..).unwrap_or_default();
            self.finish_head(raw, now)?;
            return Ok(true);
        }
        if known == 0 {
            self.held.extend_from_slice(arrived);
        }
        *bytes = &[];
        if self.held.len() > self.max_bytes {
            return Err(self.refused(Violation::TooLong(self.max_bytes), now));
        }
        // No need to wait for more of a head that is refused anyway.
        if has_bare_lf(&self.held, known) {
            return Err(self.refused(Violation::LineEnd, now));
        }
        Ok(false)
    }

    fn finish_head(&mut self, raw: RawHead, now: Instant) -> Result<(), Violation> {
        let checked = match &mut self.messages {
            Messages::Requests => rules::request(&raw, self.max_fields),
            Messages::Responses(due) => {
                let asked = due.front().copied().unwrap_or_default();
                let mut checked = rules::response(&raw, asked, self.max_fields);
                let status = checked.as_ref().ok().and_then(|message| message.status);
                if matches!(status, Some(100 | 102..=199)) {
                    self.interim += 1;
                    if self.interim > MAX_INTERIM {
                        checked = Err(Violation::TooManyInterim(MAX_INTERIM));
                    }
                } else {
                    self.interim = 0;
                    due.pop_front();
                }
                checked
            }
        };
        let CheckedHead { framing, .. } = match &checked {
            Ok(checked) => *checked,
            Err(violation) => {
                let violation = violation.clone();
                self.push_head(raw, checked, now);
                return Err(violation);
            }
        };
        self.push_head(raw, checked, now);
        self.trailers = None;
        self.position = match framing {
            BodyLength::None | BodyLength::Length(0) => Position::Head,
            BodyLength::Length(length) => Position::Length(length),
            BodyLength::Chunked => Position::Chunk(Chunk::Size {
                size: 0,
                seen: false,
            }),
            BodyLength::UntilClose | BodyLength::Switched => Position::Raw,
        };
        self.switched = framing == BodyLength::Switched;
        Ok(())
    }

    fn refused(&mut self, violation: Violation, now: Instant) -> Violation {
        self.refuse(violation.clone(), now);
        violation
    }

    fn push_head(&mut self, raw: RawHead, checked: Result<CheckedHead, Violation>, now: Instant) {
        let message = checked.as_ref().ok();
        self.heads.push_back(FramedHead {
            raw,
            status: message.and_then(|message| message.status),
            content: message.map(|message| message.content).unwrap_or_default(),
            began: self.head_began.take().unwrap_or(now),
            ended: now,
            refused: checked.err(),
        });
    }
}

/// The state after one byte of chunked framing; `None` inside is the end of the body.
#[expect(clippy::option_option, reason = "refusal and end are different things")]
fn after(chunk: Chunk, byte: u8) -> Option<Option<Chunk>> {
    let next = match (chunk, byte) {
        (Chunk::Size { size, .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
            let digit = char::from(byte).to_digit(16)?;
            // Sizes beyond 2^60 are no chunks.
            let size = size.checked_mul(16).filter(|size| *size < 1 << 60)? + u64::from(digit);
            Chunk::Size { size, seen: true }
        }
        (Chunk::Size { size, seen: true }, b';' | b' ' | b'\t') => {
            Chunk::Extension { size, passed: 1 }
        }
        (Chunk::Size { size, seen: true } | Chunk::Extension { size, .. }, b'\r') => {
            Chunk::SizeLf { size }
        }
        (Chunk::Extension { size, passed }, _)
            if passed < MAX_EXTENSION && byte != b'\n' && byte != 0 =>
        {
            Chunk::Extension {
                size,
                passed: passed + 1,
            }
        }
        (Chunk::SizeLf { size: 0 } | Chunk::TrailerLf, b'\n') => Chunk::TrailerStart,
        (Chunk::SizeLf { size }, b'\n') => Chunk::Data { left: size },
        (Chunk::DataCr, b'\r') => Chunk::DataLf,
        (Chunk::DataLf, b'\n') => Chunk::Size {
            size: 0,
            seen: false,
        },
        (Chunk::TrailerStart, b'\r') => Chunk::EndLf,
        (Chunk::TrailerLine, b'\r') => Chunk::TrailerLf,
        (Chunk::TrailerStart | Chunk::TrailerLine, _) if byte != b'\n' && byte != 0 => {
            Chunk::TrailerLine
        }
        (Chunk::EndLf, b'\n') => return Some(None),
        _ => return None,
    };
    Some(Some(next))
}

/// The length of the head, when its end is in `bytes`; `known` bytes were searched before.
fn end_of_head(bytes: &[u8], known: usize) -> Option<usize> {
    let from = known.saturating_sub(3);
    let found = memmem::find(bytes.get(from..)?, b"\r\n\r\n")?;
    Some(from + found + 4)
}

/// Whether an LF without a CR before it stands in `bytes` from `known` on.
fn has_bare_lf(bytes: &[u8], known: usize) -> bool {
    let before = known
        .checked_sub(1)
        .and_then(|at| bytes.get(at))
        .copied()
        .unwrap_or(b' ');
    let recent = bytes.get(known..).unwrap_or_default();
    let previous = std::iter::once(&before).chain(recent);
    recent
        .iter()
        .zip(previous)
        .any(|(byte, before)| *byte == b'\n' && *before != b'\r')
}

/// Interim responses (1xx) to one request: each is kept until the final one comes.
const MAX_INTERIM: usize = 32;
/// Bytes of one chunk extension that are let through.
const MAX_EXTENSION: usize = 1_024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds in pieces and returns what passed, the heads, and the refusal.
    fn run(framer: &mut Framer, pieces: &[&[u8]]) -> (Vec<u8>, Vec<FramedHead>, Option<Violation>) {
        let now = Instant::now();
        let mut out = BytesMut::new();
        let refused = pieces
            .iter()
            .find_map(|piece| framer.feed(piece, now, &mut out).err());
        let heads = std::iter::from_fn(|| framer.take_head()).collect();
        (out.to_vec(), heads, refused)
    }

    const TWO: &[u8] = b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        GET /b HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn two_requests_in_one_piece_are_told_apart() {
        let (out, heads, refused) = run(&mut Framer::requests(1_000, 10), &[TWO]);
        assert_eq!(out, TWO);
        assert_eq!(refused, None);
        let targets: Vec<_> = heads.iter().filter_map(|head| head.raw.target()).collect();
        assert_eq!(targets, [&b"/a"[..], b"/b"]);
    }

    #[test]
    fn an_empty_line_between_requests_is_ignored_however_it_arrives() {
        for pieces in [
            &[&b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]][..],
            &[b"\r", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
        ] {
            let (_, heads, refused) = run(&mut Framer::requests(1_000, 10), pieces);
            assert_eq!(refused, None);
            assert_eq!(heads[0].raw.target(), Some(&b"/"[..]));
        }
    }

    #[test]
    fn a_head_is_held_back_until_it_is_whole() {
        let mut framer = Framer::requests(1_000, 10);
        let (out, ..) = run(&mut framer, &[b"GET / HTTP/1.1\r\nHost: a\r\n\r"]);
        assert!(out.is_empty());
        let (out, heads, _) = run(&mut framer, &[b"\n"]);
        assert_eq!(out, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(heads.len(), 1);
    }

    #[test]
    fn chunked_bodies_end_where_they_end_and_give_their_trailers() {
        let message = b"PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
            3;x=y\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n";
        let mut framer = Framer::requests(1_000, 10);
        let (out, heads, refused) = run(&mut framer, &[message]);
        assert_eq!(
            (out.as_slice(), heads.len(), refused),
            (&message[..], 1, None)
        );
        assert_eq!(
            framer.take_trailers().as_deref(),
            Some(&b"X-Sum: 1\r\nY: 2\r\n"[..])
        );
        assert!(!framer.is_due());
    }

    #[test]
    fn broken_chunks_are_refused() {
        for body in [
            "\r\n",
            "g\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "1\r\na\r\n\r\n",
            "-1\r\n",
        ] {
            let head = "PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            let message = format!("{head}{body}");
            let (_, _, refused) = run(&mut Framer::requests(1_000, 10), &[message.as_bytes()]);
            assert_eq!(refused, Some(Violation::Chunk), "{body:?}");
        }
    }

    #[test]
    fn a_refused_head_is_kept_for_the_trace_and_nothing_of_it_passes() {
        let raw = b"GET / HTTP/1.1\nHost: a\n\n";
        let (out, heads, refused) = run(&mut Framer::requests(1_000, 10), &[raw]);
        assert!(out.is_empty());
        assert_eq!(refused, Some(Violation::LineEnd));
        assert_eq!(heads[0].raw.as_bytes(), raw);
        assert_eq!(heads[0].refused, Some(Violation::LineEnd));
    }

    #[test]
    fn an_endless_head_is_refused_at_the_limit() {
        let mut framer = Framer::requests(100, 10);
        let (_, heads, refused) = run(&mut framer, &[&[b'a'; 60], &[b'a'; 60]]);
        assert_eq!(refused, Some(Violation::TooLong(100)));
        assert_eq!(heads[0].raw.len(), 101);
    }

    #[test]
    fn responses_follow_the_methods_asked() {
        let mut framer = Framer::responses(1_000, 10);
        framer.expect("HEAD");
        framer.expect("GET");
        let bytes = b"HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let (out, heads, refused) = run(&mut framer, &[bytes]);
        assert_eq!(
            (out.as_slice(), heads.len(), refused),
            (&bytes[..], 3, None)
        );
        let (_, _, refused) = run(&mut framer, &[b"HTTP/1.1 200 OK\r\n\r\n"]);
        assert_eq!(refused, Some(Violation::Unsolicited));
    }

    #[test]
    fn endless_interim_responses_are_refused() {
        let mut framer = Framer::responses(1_000, 10);
        framer.expect("GET");
        let flood = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(MAX_INTERIM + 1);
        let (_, heads, refused) = run(&mut framer, &[&flood]);
        assert_eq!(refused, Some(Violation::TooManyInterim(MAX_INTERIM)));
        assert_eq!(heads.len(), MAX_INTERIM + 1);
    }

    proptest! {
        #[test]
        fn pieces_never_change_what_passes(cuts in prop::collection::vec(1_usize..20, 0..40)) {
            let mut pieces = Vec::new();
            let mut rest = TWO;
            for cut in cuts {
                let (piece, tail) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            pieces.push(rest);
            let (out, heads, refused) = run(&mut Framer::requests(1_000, 10), &pieces);
            prop_assert_eq!(out.as_slice(), TWO);
            prop_assert_eq!(heads.len(), 2);
            prop_assert_eq!(refused, None);
        }

        #[test]
        fn any_bytes_end_in_a_state_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut framer = Framer::requests(256, 10);
            let (out, ..) = run(&mut framer, &[&bytes]);
            prop_assert!(out.len() <= bytes.len());
        }
    }
}
