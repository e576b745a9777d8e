//! How blobs arrive: in parts, slowly, twice, or past us.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use url::Url;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, authority_of, handshake_host, hits};
use crate::pulls::{Blob, BlobState, Part};
use crate::registry::Digest;
use crate::words::figures::bytes;

/// A download broke off and was taken up again.
pub(super) fn resumed(scene: &Scene<'_>) -> Option<Found> {
    let pieces = scene.pull?.blobs.iter().flat_map(|blob| &blob.pieces);
    let resuming: HashSet<_> = pieces.filter(|p| p.resumes).map(|p| p.exchange).collect();
    let seen = scene.seen.iter();
    let resumptions: Vec<_> = seen.filter(|one| resuming.contains(&one.id())).collect();
    let first = resumptions.first()?;
    let severity = match resumptions.len() {
        1 => Severity::Info,
        _ => Severity::Warning,
    };
    let start = first.reading.range_start().unwrap_or_default();
    let found = Found::about(scene, first, "resumed", severity)
        .fact("case", if resumptions.len() == 1 { "" } else { "often" })
        .fact("start", bytes(start))
        .fact("count", resumptions.len());
    let found = resumptions.iter().fold(found, |found, one| {
        let range = one.reading.range.clone().unwrap_or_default();
        found.at(one, "request header Range", range)
    });
    Some(found)
}

/// Blobs came in ranges, each by a request of its own.
pub(super) fn chunked_fetch(scene: &Scene<'_>) -> Option<Found> {
    let blobs = in_ranges(scene).filter(|blob| {
        use BlobState::{Mismatch, Verified, Whole};
        !blob.resumed && matches!(blob.state, Verified | Whole | Mismatch)
    });
    let blobs: Vec<_> = blobs.collect();
    let pieces = || blobs.iter().flat_map(|blob| &blob.pieces);
    let hosts: BTreeSet<_> = pieces().map(|piece| &*piece.host).collect();
    let found = of_blobs(scene, &blobs, "chunked-fetch", Severity::Info)?
        .fact("pieces", pieces().count())
        .fact("hosts", hosts.into_iter().collect::<Vec<_>>().join(", "));
    Some(found)
}

/// Only parts of blobs were asked for.
pub(super) fn lazy_pull(scene: &Scene<'_>) -> Option<Found> {
    if !scene.settled || !scene.is_at_rest() {
        return None;
    }
    let blobs = scene.pull?.blobs.iter();
    let blobs: Vec<_> = blobs
        .filter(|blob| blob.state == BlobState::Partial)
        .collect();
    let size: Option<u64> = blobs.iter().map(|blob| blob.size).sum();
    let received: u64 = blobs.iter().map(|blob| blob.received).sum();
    let size = size.filter(|size| received > 0 && received < *size)?;
    let found = of_blobs(scene, &blobs, "lazy-pull", Severity::Info)?
        .fact("received", bytes(received))
        .fact("size", bytes(size));
    Some(found)
}

/// Ranges of a blob overlap: bytes came more than once.
pub(super) fn over_fetch(scene: &Scene<'_>) -> Option<Found> {
    let much = |blob: &&Blob| blob.again >= TELLING && blob.again >= blob.received / 10;
    let blobs: Vec<_> = in_ranges(scene).filter(much).collect();
    let again: u64 = blobs.iter().map(|blob| blob.again).sum();
    let received: u64 = blobs.iter().map(|blob| blob.received).sum();
    let severity = if again >= received / 2 {
        Severity::Warning
    } else {
        Severity::Info
    };
    let found = of_blobs(scene, &blobs, "over-fetch", severity)?
        .fact("again", bytes(again))
        .fact("size", bytes(received));
    Some(found)
}

/// The blobs of which a part came that is not their beginning.
fn in_ranges<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Blob> {
    let blobs = scene.pull.map_or(&[][..], |pull| pull.blobs.as_slice());
    blobs.iter().filter(|blob| blob.is_in_ranges())
}

/// What a rule says of some blobs, with the ranges by which they were asked for, as far as a reader
/// has patience.
fn of_blobs(
    scene: &Scene<'_>,
    blobs: &[&Blob],
    rule: &'static str,
    severity: Severity,
) -> Option<Found> {
    let digest = blobs.first()?.digest.as_ref();
    let found = Found::new(rule, severity)
        .fact("case", if blobs.len() == 1 { "" } else { "several" })
        .fact("client", scene.client())
        .fact("digest", digest.map(Digest::short).unwrap_or_default())
        .fact("blobs", blobs.len());
    let pieces = blobs.iter().flat_map(|blob| &blob.pieces);
    let brought: HashSet<_> = pieces.map(|piece| piece.exchange).collect();
    let seen = scene.seen.iter().filter(|one| brought.contains(&one.id()));
    let ranges = seen.filter_map(|one| Some((one, one.reading.range.as_deref()?)));
    let found = ranges.take(MOST_RANGES).fold(found, |found, (one, range)| {
        found.at(one, "request header Range", range)
    });
    Some(found)
}

/// Ranges that are shown as evidence.
const MOST_RANGES: usize = 8;

/// A part was asked for and all of it came.
pub(super) fn range_ignored(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().enumerate().find_map(|(at, one)| {
        let range = one.reading.range.as_ref()?;
        let is_part = one.reading.range_start() != Some(0) || !range.ends_with('-');
        let ignored = is_part && one.status() == Some(200) && one.is_get() && scene.is_blob(at);
        ignored.then(|| {
            Found::about(scene, one, "range-ignored", Severity::Warning)
                .at(one, "request header Range", range)
                .status(one)
                .fact("range", range)
        })
    })
}

/// One blob came much more slowly than the others.
pub(super) fn slow_blob(scene: &Scene<'_>) -> Option<Found> {
    const LONG: Duration = Duration::from_secs(10);
    let downloads = hits(scene.seen.iter().enumerate(), |at, one| {
        let is_whole = one.is_get() && one.succeeded() && one.is_complete();
        rate(one).filter(|_| is_whole && scene.is_blob(at))
    });
    let long = downloads.iter().filter(|(_, one, _)| duration(one) > LONG);
    let slowest = long.min_by_key(|(.., rate)| *rate);
    let (_, one, slow) = slowest?;
    // The median of the others: of two blobs, the slow one would be half of the measure. What is
    // small tells the distance to the server, not the rate.
    let others = downloads
        .iter()
        .filter(|(_, other, _)| other.id() != one.id() && other.exchange.received >= TELLING);
    let mut rates: Vec<_> = others.map(|(.., rate)| *rate).collect();
    rates.sort_unstable();
    let median = rates.get(rates.len() / 2).copied();
    if slow.saturating_mul(4) >= median.unwrap_or(CRAWL * 4) {
        return None;
    }
    let wait = one.exchange.timings.wait.unwrap_or_default();
    let receive = one.exchange.timings.receive.unwrap_or_default();
    let case = match median {
        None => "alone",
        Some(_) if wait > receive => "wait",
        Some(_) => "",
    };
    Some(
        Found::about(scene, one, "slow-blob", Severity::Warning)
            .at(one, "timing wait", seconds(wait))
            .at(one, "timing receive", seconds(receive))
            .at(one, "bytes received", one.exchange.received)
            .fact("case", case)
            .fact("size", bytes(one.exchange.received))
            .fact("wait", seconds(wait))
            .fact("receive", seconds(receive))
            .fact("rate", format!("{}/s", bytes(*slow)))
            .fact("median", format!("{}/s", bytes(median.unwrap_or_default()))),
    )
}

/// Blobs of fewer bytes are no measure of a rate.
const TELLING: u64 = 64 * 1024;
/// Bytes per second that are slow whatever one compares them with.
const CRAWL: u64 = 64 * 1024;

/// From the end of the request to the last byte.
fn duration(one: &Seen<'_>) -> Duration {
    let timings = &one.exchange.timings;
    let wait = timings.wait.unwrap_or_default();
    wait.saturating_add(timings.receive.unwrap_or_default())
}

/// Bytes per second; `None` for an empty blob or an unmeasured one.
fn rate(one: &Seen<'_>) -> Option<u64> {
    let millis = duration(one).as_millis();
    let size = u128::from(one.exchange.received);
    if size == 0 {
        return None;
    }
    let rate = (size * 1_000).checked_div(millis)?;
    Some(u64::try_from(rate).unwrap_or(u64::MAX))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// A layer was fetched whole more often than the image has it.
pub(super) fn duplicate(scene: &Scene<'_>) -> Option<Found> {
    let pull = scene.pull?;
    let mut needed: HashMap<&Digest, usize> = HashMap::new();
    for blob in &pull.blobs {
        if let (Some(digest), Some(Part::Layer { .. })) = (&blob.digest, blob.part) {
            *needed.entry(digest).or_default() += 1;
        }
    }
    let mut fetched: HashMap<&Digest, Vec<&Seen<'_>>> = HashMap::new();
    for (at, one) in scene.seen.iter().enumerate() {
        let is_whole = one.is_get() && one.status() == Some(200) && one.is_complete();
        let computed = one.reading.digests.computed.as_ref();
        let brought = scene.asked(at).filter(|asked| Some(*asked) == computed);
        let brought = brought.filter(|_| is_whole && one.reading.range.is_none());
        if let Some(layer) = brought.filter(|layer| needed.contains_key(layer)) {
            fetched.entry(layer).or_default().push(one);
        }
    }
    let mut too_often: Vec<_> = fetched
        .into_iter()
        .filter(|(digest, all)| all.len() > needed.get(digest).copied().unwrap_or_default())
        .collect();
    too_often.sort_by_key(|(_, all)| all.first().map(|one| one.id()));
    let (digest, all) = too_often.first()?;
    let size = all.first().map_or(0, |one| one.exchange.received);
    let found = Found::new("duplicate", Severity::Warning)
        .fact("client", scene.client())
        .fact("digest", digest.short())
        .fact("count", all.len())
        .fact("size", bytes(size));
    let found = all
        .iter()
        .fold(found, |found, one| found.at(one, "content digest", digest));
    Some(found)
}

/// A redirect was given, its target never arrived here, and the pull goes on.
pub(super) fn proxy_bypass(scene: &Scene<'_>) -> Option<Found> {
    if !scene.settled || !scene.is_at_rest() {
        return None;
    }
    let followed: HashSet<usize> = scene.seen.iter().filter_map(|one| one.from).collect();
    let passed = hits(scene.seen.iter().enumerate(), |at, one| {
        let redirect = one.reading.redirect.as_ref().filter(|to| to.leaves)?;
        let is_open = !followed.contains(&at) && one.is_complete() && one.is_get();
        let target = Url::parse(&redirect.target).ok().filter(|_| is_open)?;
        let is_gone = !is_accounted_for(scene, target.host_str()?) && goes_on(scene, at, one);
        is_gone.then_some(&redirect.target)
    });
    let (_, one, target) = *passed.first()?;
    let found = Found::about(scene, one, "proxy-bypass", Severity::Warning)
        .fact("target", authority_of(target));
    let field = "response header Location";
    Some(passed.iter().fold(found, |found, (_, one, target)| {
        found.at(one, field, target)
    }))
}

/// Whether the client did come here for a host, though no request of it was read.
fn is_accounted_for(scene: &Scene<'_>, host: &str) -> bool {
    let refused = scene.handshakes.iter().any(|h| handshake_host(h) == host);
    let passed = scene.tunnels.iter().any(|tunnel| {
        let target = tunnel.connection.target.as_ref();
        target.is_some_and(|target| target.host == host)
    });
    refused || passed
}

/// Whether the client asked for something else afterwards, and not for the same once more.
fn goes_on(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    let Some((ended, _)) = &one.exchange.ended else {
        return false;
    };
    let mut later = scene.after(at);
    !scene.asked_again(at) && later.any(|later| later.exchange.started > *ended)
}
