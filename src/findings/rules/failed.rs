//! A failure that no other rule explains: told by the exchange that decided it.

use crate::exchange::{Body, Ending};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::pulls::State;

/// A pull failed, and no error was found so far.
pub(super) fn failed(scene: &Scene<'_>) -> Option<Found> {
    let pull = scene.pull.filter(|pull| pull.state == State::Failed)?;
    if scene.has_error {
        return None;
    }
    let decided = pull.decided_by;
    let own = scene.seen.iter().find(|one| Some(one.id()) == decided);
    let one = own.or(scene.seen.last())?;
    let (case, why) = account(one);
    let found = Found::about(scene, one, "failed", Severity::Error);
    let found = found.fact("case", case).fact("why", &why);
    let found = if case.is_empty() {
        found.said(one)
    } else {
        found
    };
    Some(match one.status() {
        Some(_) => found.status(one).errors(one),
        None => found.at(one, "failure", &why),
    })
}

/// In what way an exchange came to nothing, and what was said of it.
fn account(one: &Seen<'_>) -> (&'static str, String) {
    match &one.exchange.ended {
        Some((_, Ending::Failed { detail, .. })) => return ("silent", detail.clone()),
        Some((_, Ending::Aborted { detail, .. })) => return ("cut", detail.clone()),
        Some((_, Ending::Complete)) | None => {}
    }
    let body = one.exchange.response_body.as_ref();
    match one.status() {
        Some(400..) => ("", String::new()),
        _ if body.is_some_and(Body::is_undecodable) => {
            let coding = one.reading.content_encoding.as_deref();
            ("undecodable", coding.unwrap_or_default().to_owned())
        }
        _ => ("other", one.reading.content_type.to_string()),
    }
}
