//! Parts of a blob that a server does not serve.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::words::figures::bytes;

/// Several ranges were asked for at once, and the server serves one at a time at most.
pub(super) fn multi_range_refused(scene: &Scene<'_>) -> Option<Found> {
    let (at, one, range) = refused(scene, |range| range.contains(','))?;
    let found = Found::about(scene, one, "multi-range-refused", severity(scene, at))
        .at(one, "request header Range", range)
        .status(one)
        .errors(one)
        .fact("count", range.split(',').count());
    Some(found.said(one))
}

/// The rest of a download that broke off was asked for, and the server refused.
pub(super) fn resume_refused(scene: &Scene<'_>) -> Option<Found> {
    let (at, one, range) = refused(scene, |range| !range.contains(','))?;
    let start = one.reading.range_start().filter(|start| *start > 0)?;
    let asked = scene.asked(at)?;
    let earlier = scene.seen.iter().enumerate().take(at);
    let mut broken = earlier.filter(|(place, one)| {
        // What another tool recorded may say no more than that less came than was announced.
        let length = one.reading.content_length;
        let is_short = length.is_some_and(|all| one.exchange.received < all);
        let is_whole = one.is_complete() && !is_short;
        one.is_get() && one.succeeded() && !is_whole && scene.asked(*place) == Some(asked)
    });
    let (_, broken) = broken.next_back()?;
    let found = Found::about(scene, one, "resume-refused", severity(scene, at))
        .at(broken, "bytes received", broken.exchange.received)
        .at(one, "request header Range", range)
        .status(one)
        .errors(one)
        .fact("first", broken.authority())
        .fact("received", bytes(broken.exchange.received))
        .fact("start", bytes(start));
    Some(found.said(one))
}

/// The first request for a range of this kind that was refused for what it asks; a refusal for
/// want of credentials or for too many requests has other reasons.
fn refused<'s, 'a>(
    scene: &'s Scene<'a>,
    fits: impl Fn(&str) -> bool,
) -> Option<(usize, &'s Seen<'a>, &'a str)> {
    scene.unexplained().find_map(|(at, one)| {
        let range = one.reading.range.as_deref().filter(|range| fits(range))?;
        let is_refused = matches!(one.status(), Some(400 | 405..=428 | 501)) && !one.has_failed();
        (one.is_get() && is_refused && scene.is_blob(at)).then_some((at, one, range))
    })
}

fn severity(scene: &Scene<'_>, at: usize) -> Severity {
    Severity::error_if(!scene.whole_later(at) && !scene.recovered(at))
}
