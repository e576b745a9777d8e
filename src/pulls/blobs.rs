//! The configuration and the layers of a pull, and how far each got.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::causes::Trail;
use super::observed::Observed;
use super::summary::Image;
use crate::exchange::Side;
use crate::pulls::{Blob, BlobPiece, BlobState, Part, Purpose, Why};
use crate::registry::{Descriptor, Digest, Route};

/// What is known of a pull before its blobs are looked at.
pub(super) struct Frame {
    pub(super) purpose: Purpose,
    /// Whether an exchange is open.
    pub(super) under_way: bool,
    /// Whether something else than a blob was asked for in vain.
    pub(super) failed: bool,
}

/// Every blob, in the order of the chosen manifest; then those that were asked for besides.
pub(super) fn blobs(
    members: &[Observed<'_>],
    trail: &Trail,
    image: &Image<'_>,
    frame: &Frame,
) -> Vec<Blob> {
    let asked = Asked::of(members, trail);
    let mut known: HashSet<&Digest> = HashSet::new();
    let mut blobs: Vec<Blob> = Vec::new();
    for (part, descriptor) in image.descriptors() {
        known.extend(&descriptor.digest);
        let digest = descriptor.digest.as_ref();
        blobs.push(asked.blob(Some(part), digest, Some(descriptor), frame.under_way));
    }
    let others = image
        .other_descriptors()
        .filter_map(|(part, d)| Some((Some(part), d.digest.as_ref()?, Some(d))));
    let unnamed = trail.blobs.iter().flatten();
    for (part, digest, descriptor) in others.chain(unnamed.map(|digest| (None, digest, None))) {
        if asked.at.contains_key(digest) && known.insert(digest) {
            blobs.push(asked.blob(part, Some(digest), descriptor, frame.under_way));
        }
    }
    let mut tried = blobs.iter().filter(|blob| !blob.exchanges.is_empty());
    let failed = frame.failed || tried.any(|blob| !is_had(blob.state));
    for blob in &mut blobs {
        if blob.exchanges.is_empty() {
            blob.state = untouched(blob, frame, failed);
        }
    }
    blobs
}

/// Whether the chosen manifest is known and all that it names is there, by what the transfers
/// brought.
pub(super) fn have_arrived(members: &[Observed<'_>], trail: &Trail, image: &Image<'_>) -> bool {
    use BlobState::{Mounted, Pushed, Verified, Whole};
    let asked = Asked::of(members, trail);
    let mut descriptors = image.descriptors();
    let all_there = descriptors.all(|(_, descriptor)| {
        let digest = descriptor.digest.as_ref();
        let blob = asked.blob(None, digest, Some(descriptor), true);
        let there = matches!(blob.state, Verified | Whole | Pushed | Mounted);
        there || descriptor.inline.is_some() || descriptor.is_foreign()
    });
    image.is_known() && all_there
}

/// Whether the client has it, or is about to.
fn is_had(state: BlobState) -> bool {
    use BlobState::{Failed, Mismatch, Partial, Stopped, Unseen};
    !matches!(state, Failed | Mismatch | Stopped | Partial | Unseen)
}

pub(super) fn is_failure(state: BlobState) -> bool {
    matches!(state, BlobState::Failed | BlobState::Mismatch)
}

/// The state of a blob that was never asked for.
fn untouched(blob: &Blob, frame: &Frame, failed: bool) -> BlobState {
    let descriptor = blob.descriptor.as_deref();
    if descriptor.is_some_and(|d| d.inline.is_some()) {
        BlobState::Inline
    } else if descriptor.is_some_and(Descriptor::is_foreign) {
        BlobState::Foreign
    } else if frame.purpose == Purpose::Push {
        BlobState::Mounted
    } else if frame.under_way {
        BlobState::Queued
    } else if frame.purpose == Purpose::Pull && !failed {
        BlobState::AlreadyPresent
    } else {
        BlobState::Unasked
    }
}

/// Which exchanges are about which blob.
struct Asked<'a> {
    members: &'a [Observed<'a>],
    trail: &'a Trail,
    at: HashMap<&'a Digest, Vec<usize>>,
}

impl<'a> Asked<'a> {
    fn of(members: &'a [Observed<'a>], trail: &'a Trail) -> Self {
        let mut places: HashMap<&Digest, Vec<usize>> = HashMap::new();
        for (at, blob) in trail.blobs.iter().enumerate() {
            if let Some(digest) = blob {
                places.entry(digest).or_default().push(at);
            }
        }
        Self {
            members,
            trail,
            at: places,
        }
    }

    fn blob(
        &self,
        part: Option<Part>,
        digest: Option<&Digest>,
        descriptor: Option<&Arc<Descriptor>>,
        under_way: bool,
    ) -> Blob {
        let about = digest.and_then(|digest| self.at.get(digest));
        let about: &[usize] = about.map_or(&[], Vec::as_slice);
        let exchanges = about.iter().filter_map(|at| self.members.get(*at));
        let size = descriptor
            .and_then(|d| d.size)
            .or_else(|| exchanges.clone().find_map(|o| stated_size(*o)));
        let mut transfers = Transfers::default();
        for at in about {
            if let Some(member) = self.members.get(*at) {
                let followed = self.trail.followed.get(*at) == Some(&true);
                transfers.add(*member, digest, size, followed);
                if self.had_its_share(*member) {
                    transfers.last = Last::Part;
                }
            }
        }
        let measured: Option<Vec<_>> = exchanges.clone().map(|o| o.exchange.measured()).collect();
        let started = measured.and_then(|moments| moments.into_iter().min());
        let last = exchanges.clone().filter_map(|o| last_byte(*o)).max();
        Blob {
            part,
            digest: digest.cloned(),
            descriptor: descriptor.cloned(),
            state: transfers.state(size, under_way),
            resumed: transfers.resumed,
            received: transfers.covered().max(transfers.sent),
            again: transfers.brought().saturating_sub(transfers.covered()),
            pieces: transfers.pieces,
            size,
            took: started
                .zip(last)
                .and_then(|(from, to)| Duration::try_from(to.duration_since(from)).ok()),
            exchanges: exchanges.map(|o| o.exchange.id).collect(),
        }
    }

    /// Whether a client cut off a range on purpose: it went on with something else afterwards.
    fn had_its_share(&self, Observed { exchange, reading }: Observed<'_>) -> bool {
        let last = self.members.last().map(|last| last.exchange.started);
        let is_cut = reading.status == Some(206) && exchange.cut_by() == Some(Side::Client);
        let ended = exchange.ended.as_ref().map(|(at, _)| *at);
        is_cut && last > ended
    }
}

/// The size of the whole blob, by an answer's head.
fn stated_size(observed: Observed<'_>) -> Option<u64> {
    let reading = observed.reading;
    match reading.status {
        Some(200) if reading.content_encoding.is_none() => reading.content_length,
        Some(206) => reading.range_total,
        _ => None,
    }
}

fn last_byte(observed: Observed<'_>) -> Option<Timestamp> {
    match &observed.exchange.ended {
        Some((at, _)) => Some(*at),
        None => observed.exchange.response.as_ref().map(|r| r.at),
    }
}

/// What the last exchange about a blob came to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// Nothing came, or not all of it.
    #[default]
    Failed,
    /// A redirect that nothing has followed yet, or the end of the trace.
    Unseen,
    /// The client ended it.
    Stopped,
    /// The part that was asked for came.
    Part,
}

/// What all exchanges about one blob brought.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Transfers {
    /// What arrived.
    pieces: Vec<BlobPiece>,
    /// What arrived by transfers that broke off: from, to.
    broken: Vec<(u64, u64)>,
    /// The longest that was sent to the registry.
    sent: u64,
    open: bool,
    last: Last,
    resumed: bool,
    whole: bool,
    verified: bool,
    mismatch: bool,
    pushed: bool,
    uploading: bool,
    mounted: bool,
}

impl Transfers {
    fn add(
        &mut self,
        observed: Observed<'_>,
        digest: Option<&Digest>,
        size: Option<u64>,
        followed: bool,
    ) {
        let Observed { exchange, reading } = observed;
        self.open |= exchange.ended.is_none();
        self.last = last(observed, followed);
        let method = &*reading.method;
        match reading.route() {
            Some(Route::UploadStart { mount, .. }) if mount.is_some() => {
                self.mounted |= reading.status == Some(201);
            }
            Some(Route::UploadStart { .. } | Route::Upload { .. }) => {
                self.sent += exchange.sent;
                self.uploading = true;
                self.pushed |= reading.status == Some(201);
                return;
            }
            _ => {}
        }
        if method == "HEAD" {
            self.mounted |= reading.succeeded();
            return;
        }
        if method != "GET" || reading.redirect.is_some() {
            return;
        }
        self.fetched(observed, digest, size);
    }

    fn fetched(&mut self, observed: Observed<'_>, digest: Option<&Digest>, size: Option<u64>) {
        let Observed { exchange, reading } = observed;
        let partial = match reading.status {
            Some(200) => false,
            Some(206) => true,
            _ => return,
        };
        let body = exchange.response_body.as_ref();
        let complete = body.is_some_and(|body| body.complete) && exchange.is_complete();
        let length = match body {
            Some(body) if complete => body.decoded_size.unwrap_or(body.size),
            _ => exchange.received,
        };
        // Several parts, each with a head of its own.
        let several = partial && reading.content_type.as_str() == BYTE_RANGES;
        for (from, to) in reading.brings.iter().filter(|_| several) {
            let to = size.map_or(*to, |size| size.min(*to));
            self.add_piece(observed, *from, to, false);
        }
        let stated = reading.brings.first().map(|(from, _)| *from);
        let from = stated.or_else(|| reading.range_start());
        let from = from.filter(|_| partial).unwrap_or_default();
        if !several {
            let to = from.saturating_add(length);
            let mut broken = self.broken.iter();
            let resumes = partial && broken.any(|(first, end)| *first < from && from <= *end);
            self.resumed |= resumes;
            self.add_piece(observed, from, to, resumes);
            if exchange.ended.is_some() && !complete {
                self.break_off(observed, from, to);
            }
        }
        let assembled = reading.digests.computed.as_ref().filter(|_| partial);
        let everything = !partial || (from == 0 && size == Some(length) && !several);
        if assembled.is_none() && !(complete && everything) {
            return;
        }
        self.whole = true;
        let hashed = body.and_then(|body| Digest::from_sha256_hex(body.sha256.as_deref()?));
        let computed = reading.digests.computed.clone().or(hashed);
        // Some clients undo an encoding that nobody asked for, some do not.
        let encoded = body.and_then(|body| body.encoded_sha256.as_deref());
        let encoded = encoded.and_then(Digest::from_sha256_hex);
        if let (Some(computed), Some(digest)) = (computed, digest)
            && computed.algorithm() == digest.algorithm()
        {
            let is_right = computed == *digest || encoded.as_ref() == Some(digest);
            self.verified |= is_right;
            self.mismatch |= !is_right;
        }
    }

    fn add_piece(&mut self, observed: Observed<'_>, from: u64, to: u64, resumes: bool) {
        if from < to {
            self.pieces.push(BlobPiece {
                exchange: observed.exchange.id,
                host: Arc::clone(&observed.reading.authority),
                from,
                to,
                resumes,
            });
        }
    }

    /// Notes where a transfer ended before its time. A client that asks for a range without an end
    /// may cut it off when it has its share.
    fn break_off(&mut self, Observed { exchange, reading }: Observed<'_>, from: u64, to: u64) {
        let by_client = exchange.cut_by() == Some(Side::Client);
        if !by_client || reading.range.is_none() || !self.broken.is_empty() {
            self.broken.push((from, to));
        }
    }

    /// How many bytes arrived, each counted as often as it came.
    fn brought(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.to - piece.from).sum()
    }

    /// How many bytes arrived, each counted once.
    fn covered(&self) -> u64 {
        let pieces = self.pieces.iter().map(|piece| (piece.from, piece.to));
        let mut pieces: Vec<_> = pieces.collect();
        pieces.sort_unstable();
        let (mut covered, mut end) = (0_u64, 0_u64);
        for (from, to) in pieces {
            let from = from.max(end);
            if to > from {
                covered = covered.saturating_add(to - from);
                end = to;
            }
        }
        covered
    }

    fn state(&self, size: Option<u64>, under_way: bool) -> BlobState {
        let stitched = size.is_some_and(|size| size > 0 && self.covered() >= size);
        if self.verified {
            BlobState::Verified
        } else if self.pushed {
            BlobState::Pushed
        } else if self.open || (self.last == Last::Unseen && under_way) {
            BlobState::Downloading
        } else if self.mismatch {
            BlobState::Mismatch
        } else if self.whole || stitched {
            BlobState::Whole
        } else if self.mounted && !self.uploading {
            BlobState::Mounted
        } else {
            match self.last {
                Last::Failed => BlobState::Failed,
                Last::Unseen => BlobState::Unseen,
                Last::Stopped => BlobState::Stopped,
                Last::Part => BlobState::Partial,
            }
        }
    }
}

/// The media type of several ranges in one answer (RFC 9110 section 14.6).
const BYTE_RANGES: &str = "multipart/byteranges";

fn last(observed: Observed<'_>, followed: bool) -> Last {
    let Observed { exchange, reading } = observed;
    match exchange.cut_by() {
        Some(Side::Client) => Last::Stopped,
        Some(Side::Shutdown | Side::Capture | Side::File) => Last::Unseen,
        None if exchange.is_complete() && reading.status == Some(206) => Last::Part,
        None if exchange.is_complete() && reading.redirect.is_some() && !followed => Last::Unseen,
        Some(Side::Upstream) | None => Last::Failed,
    }
}

/// Whether an exchange is a transfer of a blob's bytes, and so may have kept others waiting.
pub(super) fn is_transfer(observed: Observed<'_>, trail: &Trail, at: usize) -> bool {
    let about = trail.blobs.get(at).is_some_and(Option::is_some);
    about && observed.reading.redirect.is_none() && !matches!(observed.reading.status, Some(400..))
}

/// Whether this cause leaves the client no choice of the moment.
pub(super) fn is_immediate(why: Why) -> bool {
    !matches!(why, Why::Manifest | Why::Retry)
}
