//! Measuring one body: sizes, digests, and the part that is kept.

use std::io::{self, Write};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::HEXLOWER;

use crate::exchange::{Body, Capture, ExchangeId, Omission, RangeParts};

use super::content::{self, Coding, DeclaredContent};
use super::recorder::Recorder;
use super::sink::{BodyStore, BodyWriter, Direction};
use super::strip::Place;

/// What is to be done with bodies, the same for all of a session.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether digests are computed.
    pub hash: bool,
    /// Largest JSON or text body to keep, in bytes.
    pub max_body: u64,
    /// Where bulk bodies go, when they are kept.
    pub store: Option<Arc<dyn BodyStore>>,
}

/// The work on one body. Everything in here may run beside the transfer.
pub struct Meter {
    /// Bytes as transferred.
    wire: u64,
    wire_digest: Option<Context>,
    decoder: Decoder,
    writer: Option<Box<dyn BodyWriter>>,
    streamed: bool,
    recorder: Recorder,
    /// Where its bytes stand in what was asked for, where parts of that may come by others.
    place: Option<Place>,
    /// The ranges in it, if it is several.
    parts: Option<RangeParts>,
    /// The digest of the whole that its bytes completed.
    assembled: Option<String>,
}

/// Undoes the `Content-Encoding` into an [`Entity`].
enum Decoder {
    Identity(Entity),
    Gzip(Box<flate2::write::MultiGzDecoder<Entity>>),
    Deflate(Box<flate2::write::ZlibDecoder<Entity>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Entity>>),
    /// The coding is unknown, or the content did not decode.
    Failed,
}

/// The decoded content.
struct Entity {
    size: u64,
    digest: Option<Context>,
    keep: Keep,
    kept: Vec<u8>,
    is_text: bool,
    /// Whether bulk goes to a disk as it is.
    stores_bulk: bool,
    max_body: u64,
    recorder: Recorder,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Undecided,
    Yes,
    No(Omission),
}

impl Meter {
    /// Prepares for a body with this content.
    pub(crate) fn new(
        policy: &Policy,
        content: DeclaredContent,
        recorder: &Recorder,
        exchange: ExchangeId,
        direction: Direction,
    ) -> Self {
        let digest = || policy.hash.then(|| Context::new(&SHA256));
        let entity = Entity {
            size: 0,
            digest: digest(),
            keep: Keep::Undecided,
            kept: Vec::new(),
            is_text: content.is_text(),
            stores_bulk: policy.store.is_some(),
            max_body: policy.max_body,
            recorder: recorder.clone(),
        };
        let decoder = Decoder::new(content.coding(), entity);
        let encoded = !matches!(decoder, Decoder::Identity(_));
        // Text is kept in memory, where secrets are taken out of it before it reaches a disk.
        let store = policy.store.as_ref().filter(|_| !content.is_text());
        Self {
            wire: 0,
            wire_digest: if encoded { digest() } else { None },
            decoder,
            writer: store.map(|store| store.open(exchange, direction)),
            streamed: false,
            recorder: recorder.clone(),
            place: None,
            parts: content.has_parts().then(RangeParts::default),
            assembled: None,
        }
    }

    /// The same, for bytes that stand somewhere in what was asked for.
    pub(super) fn placed(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Whether there is nothing to compute, to decode or to store.
    pub(crate) fn is_light(&self) -> bool {
        let plain = matches!(&self.decoder, Decoder::Identity(entity) if entity.digest.is_none());
        plain && self.writer.is_none()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &Bytes) {
        self.put_together(bytes);
        self.wire += bytes.len() as u64;
        if let Some(digest) = &mut self.wire_digest {
            digest.update(bytes);
        }
        if self.decoder.write(bytes, self.wire).is_err() {
            self.decoder = Decoder::Failed;
        }
        if self.decoder.is_bulk()
            && let Some(writer) = &mut self.writer
        {
            self.streamed = writer.push(bytes.clone());
            if !self.streamed {
                self.writer = None;
            }
        }
    }

    /// The result; `complete` says whether the body arrived whole.
    pub fn finish(mut self, complete: bool) -> Body {
        let asked_to_store = self.writer.is_some() || self.streamed;
        drop(self.writer.take());
        self.begin(complete);
        let finish = |context: Context| HEXLOWER.encode(context.finish().as_ref());
        let encoded = self.wire_digest.take();
        let mut body = Body {
            size: self.wire,
            complete,
            assembled_sha256: self.assembled.take(),
            parts: self
                .parts
                .take()
                .map_or_else(Vec::new, |parts| parts.came().to_vec()),
            encoded_sha256: encoded.filter(|_| complete).map(finish),
            ..Body::default()
        };
        match self.decoder.finish() {
            Some(mut entity) => {
                body.decoded_size = Some(entity.size);
                body.sha256 = entity.digest.take().filter(|_| complete).map(finish);
                body.capture = entity.capture(asked_to_store && self.streamed);
            }
            None if self.wire == 0 => {}
            None => {
                body.capture = Capture::Omitted {
                    reason: Omission::Undecodable,
                }
            }
        }
        body
    }
}

impl Meter {
    /// Hands on bytes that do not begin what was asked for, or may not be all that comes of it.
    fn put_together(&mut self, bytes: &[u8]) {
        let Some(place) = &mut self.place else {
            if let Some(parts) = &mut self.parts {
                parts.feed(bytes, |_, _| {});
            }
            return;
        };
        let mut extend = |place: &Place, at, bytes: &[u8]| {
            let assembled = self.recorder.strips().extend(place, at, bytes);
            self.assembled = assembled.or(self.assembled.take());
        };
        match &mut self.parts {
            Some(parts) => parts.feed(bytes, |part, bytes| {
                place.total = part.total.or(place.total);
                extend(place, part.from, bytes);
            }),
            None if place.from > 0 => extend(place, place.from.saturating_add(self.wire), bytes),
            None => {}
        }
    }

    /// Hands on the digest of a beginning, whose rest may come by others.
    fn begin(&mut self, complete: bool) {
        let begins = |place: &&Place| place.from == 0 && self.parts.is_none();
        let Some(place) = self.place.as_ref().filter(begins) else {
            return;
        };
        let whole = place.total.map_or(complete, |total| total == self.wire);
        let entity = match &self.decoder {
            Decoder::Identity(entity) => entity.digest.as_ref(),
            _ => None,
        };
        if let Some(digest) = self.wire_digest.as_ref().or(entity).filter(|_| !whole) {
            let mut strips = self.recorder.strips();
            self.assembled = strips.begin(place, digest.clone(), self.wire);
        }
    }
}

impl Decoder {
    fn new(coding: Coding, entity: Entity) -> Self {
        match coding {
            Coding::Identity => Self::Identity(entity),
            Coding::Gzip => Self::Gzip(Box::new(flate2::write::MultiGzDecoder::new(entity))),
            Coding::Deflate => Self::Deflate(Box::new(flate2::write::ZlibDecoder::new(entity))),
            Coding::Zstd => zstd::stream::write::Decoder::new(entity)
                .and_then(|mut decoder| decoder.window_log_max(ZSTD_WINDOW_LOG).map(|()| decoder))
                .map_or(Self::Failed, |decoder| Self::Zstd(Box::new(decoder))),
            Coding::Unknown => Self::Failed,
        }
    }

    fn write(&mut self, bytes: &[u8], wire: u64) -> io::Result<()> {
        // Decoding in small steps bounds what a single step can inflate to.
        for step in bytes.chunks(DECODE_STEP) {
            match self {
                Self::Identity(entity) => {
                    entity.write_all(bytes)?;
                    return Ok(());
                }
                Self::Gzip(decoder) => decoder.write_all(step)?,
                Self::Deflate(decoder) => decoder.write_all(step)?,
                Self::Zstd(decoder) => decoder.write_all(step)?,
                Self::Failed => return Ok(()),
            }
            let decoded = self.entity().map_or(0, |entity| entity.size);
            if decoded > wire.saturating_mul(MAX_RATIO).saturating_add(RATIO_FREE) {
                return Err(io::Error::other("the content inflates beyond reason"));
            }
        }
        Ok(())
    }

    fn entity(&self) -> Option<&Entity> {
        match self {
            Self::Identity(entity) => Some(entity),
            Self::Gzip(decoder) => Some(decoder.get_ref()),
            Self::Deflate(decoder) => Some(decoder.get_ref()),
            Self::Zstd(decoder) => Some(decoder.get_ref()),
            Self::Failed => None,
        }
    }

    fn is_bulk(&self) -> bool {
        self.entity()
            .is_none_or(|entity| entity.keep == Keep::No(Omission::Blob))
    }

    fn finish(self) -> Option<Entity> {
        match self {
            Self::Identity(entity) => Some(entity),
            Self::Gzip(decoder) => decoder.finish().ok(),
            Self::Deflate(decoder) => decoder.finish().ok(),
            Self::Zstd(mut decoder) => {
                decoder.flush().ok()?;
                Some(decoder.into_inner())
            }
            Self::Failed => None,
        }
    }
}

impl Entity {
    fn decide(&mut self, first: &[u8]) {
        let json = first
            .trim_ascii_start()
            .first()
            .is_some_and(|b| matches!(b, b'{' | b'['));
        // What goes to a disk as it passes holds its secrets still: no text does, whatever it is
        // called.
        let disguised = || self.stores_bulk && content::reads_as_text(first);
        // The first bytes of a large body always come in a large piece.
        self.keep = if json || self.is_text || disguised() {
            Keep::Yes
        } else {
            Keep::No(Omission::Blob)
        };
    }

    fn capture(&mut self, streamed: bool) -> Capture {
        let kept = std::mem::take(&mut self.kept);
        match self.keep {
            Keep::Undecided => Capture::Empty,
            Keep::Yes => Capture::Memory { bytes: kept.into() },
            Keep::No(Omission::Blob) if streamed => Capture::Streamed,
            Keep::No(reason) => Capture::Omitted { reason },
        }
    }

    fn give_up(&mut self, reason: Omission) {
        self.recorder.release_body(self.kept.len() as u64);
        self.kept = Vec::new();
        self.keep = Keep::No(reason);
    }
}

impl Write for Entity {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        if self.keep == Keep::Undecided && !bytes.is_empty() {
            self.decide(bytes);
        }
        if self.keep == Keep::Yes {
            if self.size > self.max_body {
                self.give_up(Omission::TooLarge);
            } else if self.recorder.reserve_body(bytes.len() as u64) {
                self.kept.extend_from_slice(bytes);
            } else {
                self.give_up(Omission::Budget);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Entity {
    /// Kept bytes that were not handed out are given back to the budget.
    fn drop(&mut self) {
        self.recorder.release_body(self.kept.len() as u64);
    }
}

/// Encoded bytes that are decoded at once.
const DECODE_STEP: usize = 16 * 1024;
/// How many times its size a body may inflate to.
const MAX_RATIO: u64 = 100;
/// Decoded bytes that are allowed whatever the ratio.
const RATIO_FREE: u64 = 4 * 1024 * 1024;
/// 8 MiB, the window that RFC 9659 allows for the zstd content coding.
const ZSTD_WINDOW_LOG: u32 = 23;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::capture::limits::CaptureLimits;
    use crate::exchange::RawHead;

    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn measure(head: &str, pieces: &[&[u8]], max_body: u64) -> (Body, Recorder) {
        measure_into(None, head, pieces, max_body)
    }

    fn measure_into(
        store: Option<Arc<dyn BodyStore>>,
        head: &str,
        pieces: &[&[u8]],
        max_body: u64,
    ) -> (Body, Recorder) {
        let bounds = CaptureLimits {
            body_budget: 1 << 20,
            ..CaptureLimits::default()
        };
        let (recorder, _changes) = Recorder::new(&bounds, Instant::now);
        let policy = Policy {
            hash: true,
            max_body,
            store,
        };
        let head = RawHead::new(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n"));
        let mut meter = Meter::new(
            &policy,
            DeclaredContent::of(&head),
            &recorder,
            ExchangeId(1),
            Direction::Response,
        );
        for piece in pieces {
            meter.update(&Bytes::copy_from_slice(piece));
        }
        (meter.finish(true), recorder)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_plain_text_body_is_measured_and_kept() {
        let (body, _) = measure("Content-Type: text/plain", &[b"he", b"llo"], 100);
        assert_eq!((body.size, body.decoded_size), (5, Some(5)));
        assert_eq!(body.sha256.as_deref(), Some(HELLO));
        assert_eq!(body.encoded_sha256, None);
        assert_eq!(
            body.capture,
            Capture::Memory {
                bytes: Bytes::from_static(b"hello")
            }
        );
    }

    #[test]
    fn an_encoded_body_has_both_digests_and_is_kept_decoded() {
        let wire = gzip(b"hello");
        let head = "Content-Type: text/plain\r\nContent-Encoding: gzip";
        let (body, _) = measure(head, &[&wire], 100);
        assert_eq!((body.size, body.decoded_size), (wire.len() as u64, Some(5)));
        assert_eq!(body.sha256.as_deref(), Some(HELLO));
        assert!(body.encoded_sha256.is_some());
        assert_eq!(
            body.capture,
            Capture::Memory {
                bytes: Bytes::from_static(b"hello")
            }
        );

        let wire = zstd::stream::encode_all(&b"hello"[..], 1).unwrap();
        let head = "Content-Type: text/plain\r\nContent-Encoding: zstd";
        let (body, _) = measure(head, &[&wire], 100);
        assert_eq!(body.sha256.as_deref(), Some(HELLO));
    }

    #[test]
    fn what_does_not_decode_is_said_to_be_so() {
        for coding in ["gzip", "br", "zstd"] {
            let head = format!("Content-Type: text/plain\r\nContent-Encoding: {coding}");
            let (body, _) = measure(&head, &[b"not encoded at all"], 100);
            assert_eq!(
                body.capture,
                Capture::Omitted {
                    reason: Omission::Undecodable
                }
            );
            assert_eq!((body.sha256, body.decoded_size), (None, None), "{coding}");
            assert!(body.encoded_sha256.is_some());
        }
    }

    #[test]
    fn bulk_is_not_kept_but_json_in_disguise_is() {
        let octets = "Content-Type: application/octet-stream";
        let (body, _) = measure(octets, &[b"\x1f\x8b..."], 100);
        assert_eq!(
            body.capture,
            Capture::Omitted {
                reason: Omission::Blob
            }
        );
        assert!(body.sha256.is_some());
        let (body, _) = measure(octets, &[b"{\"config\":1}"], 100);
        assert!(matches!(body.capture, Capture::Memory { .. }));
    }

    #[test]
    fn no_text_goes_to_a_disk_unread_whatever_it_is_called() {
        let octets = "Content-Type: application/octet-stream";
        let text = "NPM_TOKEN=abc\n\u{e9}".as_bytes();
        for (bytes, is_kept) in [
            (text, true),
            (text.get(..text.len() - 1).unwrap(), true),
            (b"\x1f\x8b...", false),
            (b"ustar\0", false),
        ] {
            for stores in [false, true] {
                let store: Option<Arc<dyn BodyStore>> = stores.then(|| Arc::new(Nowhere) as _);
                let (body, _) = measure_into(store, octets, &[bytes], 100);
                let in_memory = matches!(body.capture, Capture::Memory { .. });
                assert_eq!(in_memory, is_kept && stores, "{bytes:?}");
                let is_streamed = body.capture == Capture::Streamed;
                assert_eq!(is_streamed, stores && !is_kept, "{bytes:?}");
            }
        }
    }

    /// Takes bodies and keeps none.
    #[derive(Debug)]
    struct Nowhere;

    impl BodyStore for Nowhere {
        fn open(&self, _: ExchangeId, _: Direction) -> Box<dyn BodyWriter> {
            Box::new(Self)
        }
    }

    impl BodyWriter for Nowhere {
        fn push(&mut self, _: Bytes) -> bool {
            true
        }
    }

    #[test]
    fn a_body_over_the_limit_is_left_out_and_its_memory_returned() {
        let (body, recorder) = measure("Content-Type: text/plain", &[b"hello", b"!"], 5);
        assert_eq!(
            body.capture,
            Capture::Omitted {
                reason: Omission::TooLarge
            }
        );
        assert!(recorder.reserve_body(1 << 20));
    }

    #[test]
    fn security_18_a_bomb_is_given_up() {
        let wire = gzip(&vec![0; 64 << 20]);
        let head = "Content-Type: text/plain\r\nContent-Encoding: gzip";
        let (body, recorder) = measure(head, &[&wire], 1 << 30);
        assert_eq!(
            body.capture,
            Capture::Omitted {
                reason: Omission::Undecodable
            }
        );
        assert!(recorder.reserve_body(1 << 20));
    }
}
