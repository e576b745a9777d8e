//! Following messages through a stream of bytes.
//!
//! A framer is fed what arrives in one direction. It holds each head back until it is whole and
//! has been checked, lets bodies pass, and remembers raw heads and trailers for the trace. It
//! does no IO and never looks at content.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::Method;

use crate::exchange::RawHead;

use super::rules::{self, Framing, Violation};

/// One direction of a connection.
pub(crate) struct Framer {
    role: Role,
    max_bytes: usize,
    max_fields: usize,
    state: State,
    held: BytesMut,
    head_began: Option<Instant>,
    heads: VecDeque<Head>,
    /// Interim responses since the last final one.
    interim: usize,
    trailers: Option<Vec<u8>>,
    /// Whether the connection has left HTTP.
    switched: bool,
}

/// A head that passed, or was refused.
#[derive(Debug)]
pub(crate) struct Head {
    /// The bytes as they arrived.
    pub(crate) raw: RawHead,
    /// When the first of them arrived.
    pub(crate) began: Instant,
    /// When the last of them arrived.
    pub(crate) ended: Instant,
    /// Why it was refused, if it was.
    pub(crate) refused: Option<Violation>,
}

enum Role {
    /// Heads are requests.
    Requests,
    /// Heads are responses to these methods, oldest first.
    Responses(VecDeque<Method>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
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
    /// For the bytes that a client sends.
    pub(crate) fn requests(max_bytes: usize, max_fields: usize) -> Self {
        Self::new(Role::Requests, max_bytes, max_fields)
    }

    /// For the bytes that a server sends.
    pub(crate) fn responses(max_bytes: usize, max_fields: usize) -> Self {
        Self::new(Role::Responses(VecDeque::new()), max_bytes, max_fields)
    }

    fn new(role: Role, max_bytes: usize, max_fields: usize) -> Self {
        Self {
            role,
            max_bytes,
            max_fields,
            state: State::Head,
            held: BytesMut::new(),
            head_began: None,
            heads: VecDeque::new(),
            interim: 0,
            trailers: None,
            switched: false,
        }
    }

    /// Announces that a response to this method is due.
    pub(crate) fn expect(&mut self, method: Method) {
        if let Role::Responses(due) = &mut self.role {
            due.push_back(method);
        }
    }

    /// Whether a message's bytes are due: a body has begun, or a response has been asked for.
    pub(crate) fn is_due(&self) -> bool {
        let asked = matches!(&self.role, Role::Responses(due) if !due.is_empty());
        asked || self.state != State::Head || !self.held.is_empty()
    }

    /// Whether everything passes unread from here on.
    pub(crate) fn is_raw(&self) -> bool {
        self.state == State::Raw
    }

    /// Whether the connection has left HTTP, whose timers then no longer apply.
    pub(crate) fn is_switched(&self) -> bool {
        self.switched
    }

    /// When the head that is arriving began.
    pub(crate) fn head_began(&self) -> Option<Instant> {
        self.head_began
    }

    /// Whether bytes pass as they are, so that they need not be held back.
    pub(crate) fn passes(&self) -> bool {
        self.state != State::Head
    }

    /// Takes the oldest head that passed or was refused.
    pub(crate) fn take_head(&mut self) -> Option<Head> {
        self.heads.pop_front()
    }

    /// Takes the trailer section of the last chunked body, if it had one.
    pub(crate) fn take_trailers(&mut self) -> Option<Vec<u8>> {
        let mut trailers = self.trailers.take()?;
        // The CR of the final empty line is no part of the section.
        if trailers.last() == Some(&b'\r') {
            trailers.pop();
        }
        Some(trailers).filter(|trailers| !trailers.is_empty())
    }

    /// Lets the framer refuse what has arrived of a head, for a reason of the caller's.
    pub(crate) fn refuse(&mut self, violation: Violation) {
        let raw = RawHead::new(self.held.split());
        self.refuse_head(raw, violation);
    }

    /// The connection leaves HTTP: everything passes unread from here on. Bytes held back for a
    /// head are given back.
    pub(crate) fn switch(&mut self) -> BytesMut {
        self.switched = true;
        self.state = State::Raw;
        self.head_began = None;
        self.held.split()
    }

    /// Looks at bytes that pass as they are and says how many of them belong to the current
    /// message, and whether the next one breaks its framing. Where nothing is broken the rest
    /// begins another head and must go through [`Self::feed`].
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> (usize, Option<Violation>) {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Head {
            let rest = bytes.get(at..).unwrap_or_default();
            at += match self.state {
                State::Head => 0,
                State::Raw => rest.len(),
                State::Length(left) => {
                    let taken = left.min(rest.len() as u64);
                    self.state = match left - taken {
                        0 => State::Head,
                        left => State::Length(left),
                    };
                    usize::try_from(taken).unwrap_or(rest.len())
                }
                State::Chunk(chunk) => match self.chunk(chunk, rest) {
                    Ok(taken) => taken,
                    Err(violation) => return (at, Some(violation)),
                },
            };
        }
        (at, None)
    }

    /// Takes bytes that are held back and adds to `out` what may pass on.
    ///
    /// # Errors
    /// When a head or the framing is refused; a refused head can be taken like any other.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<(), Violation> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            if self.state == State::Head {
                bytes = self.feed_head(bytes, out)?;
            } else {
                let (passed, broken) = self.pass(bytes);
                let (body, rest) = bytes.split_at(passed);
                out.extend_from_slice(body);
                if let Some(violation) = broken {
                    return Err(violation);
                }
                bytes = rest;
            }
        }
        Ok(())
    }

    /// Adds bytes to the head that is arriving and returns those after its end.
    fn feed_head<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut BytesMut,
    ) -> Result<&'a [u8], Violation> {
        // Empty lines before a request are to be ignored (RFC 9112 section 2.2).
        if matches!(self.role, Role::Requests) {
            match (&*self.held, bytes) {
                ([], [b'\r', b'\n', rest @ ..]) => return Ok(rest),
                // The same, its end in another packet.
                ([b'\r'], [b'\n', rest @ ..]) => {
                    self.held.clear();
                    self.head_began = None;
                    return Ok(rest);
                }
                _ => {}
            }
        }
        if matches!(&self.role, Role::Responses(due) if due.is_empty()) {
            self.held
                .extend_from_slice(bytes.get(..bytes.len().min(256)).unwrap_or_default());
            return Err(self.refused(Violation::Unsolicited));
        }
        self.head_began.get_or_insert_with(Instant::now);
        let known = self.held.len();
        let room = self.max_bytes.saturating_sub(known);
        let taken = bytes.len().min(room.saturating_add(1));
        self.held
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        match end_of_head(&self.held, known) {
            Some(end) if end <= self.max_bytes => {
                let head = self.held.split_to(end).freeze();
                self.held.clear();
                self.finish_head(&head)?;
                out.extend_from_slice(&head);
                Ok(bytes.get(end - known..).unwrap_or_default())
            }
            _ if self.held.len() > self.max_bytes => {
                Err(self.refused(Violation::TooLong(self.max_bytes)))
            }
            // No need to wait for more of a head that is refused anyway.
            _ if has_bare_lf(&self.held, known) => Err(self.refused(Violation::LineEnd)),
            _ => Ok(&[]),
        }
    }

    fn finish_head(&mut self, bytes: &Bytes) -> Result<(), Violation> {
        let raw = RawHead::new(bytes);
        let framing = match &mut self.role {
            Role::Requests => rules::request(&raw, self.max_fields),
            Role::Responses(due) => {
                let method = due.front().cloned().unwrap_or(Method::GET);
                let mut framing = rules::response(&raw, &method, self.max_fields);
                if matches!(raw.status(), Some(100 | 102..=199)) {
                    self.interim += 1;
                    if self.interim > MAX_INTERIM {
                        framing = Err(Violation::TooManyInterim(MAX_INTERIM));
                    }
                } else {
                    self.interim = 0;
                    due.pop_front();
                }
                framing
            }
        };
        match framing {
            Ok(framing) => {
                let began = self.head_began.take().unwrap_or_else(Instant::now);
                self.heads.push_back(Head {
                    raw,
                    began,
                    ended: Instant::now(),
                    refused: None,
                });
                self.trailers = None;
                self.state = match framing {
                    Framing::None | Framing::Length(0) => State::Head,
                    Framing::Length(length) => State::Length(length),
                    Framing::Chunked => State::Chunk(Chunk::Size {
                        size: 0,
                        seen: false,
                    }),
                    Framing::UntilClose | Framing::Switched => State::Raw,
                };
                self.switched = framing == Framing::Switched;
                Ok(())
            }
            Err(violation) => {
                self.refuse_head(raw, violation.clone());
                Err(violation)
            }
        }
    }

    fn refused(&mut self, violation: Violation) -> Violation {
        self.refuse(violation.clone());
        violation
    }

    fn refuse_head(&mut self, raw: RawHead, violation: Violation) {
        let began = self.head_began.take().unwrap_or_else(Instant::now);
        let refused = Some(violation);
        self.heads.push_back(Head {
            raw,
            began,
            ended: Instant::now(),
            refused,
        });
    }

    /// Follows chunked framing (RFC 9112 section 7.1) and returns how many bytes it took.
    fn chunk(&mut self, chunk: Chunk, bytes: &[u8]) -> Result<usize, Violation> {
        if let Chunk::Data { left } = chunk {
            let taken = left.min(bytes.len() as u64);
            self.state = State::Chunk(match left - taken {
                0 => Chunk::DataCr,
                left => Chunk::Data { left },
            });
            return Ok(usize::try_from(taken).unwrap_or(bytes.len()));
        }
        let Some(&byte) = bytes.first() else {
            return Ok(0);
        };
        if matches!(
            chunk,
            Chunk::TrailerStart | Chunk::TrailerLine | Chunk::TrailerLf
        ) {
            self.trailer_byte(byte)?;
        }
        self.state = match after(chunk, byte).ok_or(Violation::Chunk)? {
            Some(chunk) => State::Chunk(chunk),
            None => State::Head,
        };
        Ok(1)
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<(), Violation> {
        let trailers = self.trailers.get_or_insert_default();
        if trailers.len() >= self.max_bytes {
            return Err(Violation::TooLong(self.max_bytes));
        }
        trailers.push(byte);
        Ok(())
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
    let found = bytes
        .get(from..)?
        .windows(4)
        .position(|four| four == b"\r\n\r\n")?;
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
    fn run(framer: &mut Framer, pieces: &[&[u8]]) -> (Vec<u8>, Vec<Head>, Option<Violation>) {
        let mut out = BytesMut::new();
        let refused = pieces
            .iter()
            .find_map(|piece| framer.feed(piece, &mut out).err());
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
        framer.expect(Method::HEAD);
        framer.expect(Method::GET);
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
        framer.expect(Method::GET);
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
