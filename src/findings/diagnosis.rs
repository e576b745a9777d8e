//! Asks the rules.

use std::collections::BTreeMap;

use super::around::{Around, Session};
use super::callers::{Course, left};
use super::finding::{Finding, Severity};
use super::rules::{self, Rule};
use super::scene::{self, Scene};
use crate::exchange::{HandshakeFailed, Rejection};
use crate::pulls::{Observed, Pull};

/// What is wrong with a pull or worth knowing of it, the gravest first.
pub(super) fn diagnose(pull: &Pull, around: &Around<'_>) -> Vec<Finding> {
    let steps = pull.steps.iter();
    let seen: Vec<_> = steps
        .filter_map(|step| (around.observed)(step.exchange))
        .collect();
    let refused = if around.handshakes.is_empty() {
        Vec::new()
    } else {
        let course = Course::of(pull, &seen);
        let all = around.handshakes.iter();
        all.filter(|one| course.concerns(one)).collect()
    };
    let (tunnels, settled) = (around.tunnels, around.settled);
    judge(Scene::of(Some(pull), &seen, refused, tunnels, settled))
}

/// What is wrong and belongs to no pull, the gravest first: refused handshakes above all.
pub fn diagnose_session(session: &Session<'_>) -> Vec<Finding> {
    let mut by_server: BTreeMap<&str, Vec<Observed<'_>>> = BTreeMap::new();
    for observed in session.loose {
        let server = by_server.entry(&observed.reading.authority).or_default();
        server.push(*observed);
    }
    let mut scenes: Vec<_> = by_server
        .values()
        .map(|observed| Scene::of(None, observed, Vec::new(), session.tunnels, false))
        .collect();
    let mut by_client: BTreeMap<_, Vec<&HandshakeFailed>> = BTreeMap::new();
    let left = left(session);
    for handshake in unclaimed(session).into_iter().chain(&left) {
        let connection = &handshake.connection;
        let head = connection.connect_head.as_ref();
        let user_agent = head.and_then(|head| head.text("user-agent"));
        let client = (connection.client.ip(), user_agent, &handshake.process);
        by_client.entry(client).or_default().push(handshake);
    }
    let refused = by_client.into_values();
    scenes.extend(refused.map(|refused| Scene::of(None, &[], refused, session.tunnels, false)));
    let mut found: Vec<_> = scenes.into_iter().flat_map(judge).collect();
    sort(&mut found);
    found
}

/// What one refused handshake says by itself: who does not trust the CA, and how that is mended.
pub fn refused_handshake(handshake: &HandshakeFailed) -> Option<Finding> {
    let mut finding = rules::of_handshake(handshake)?.done();
    finding.link = Rule::find(finding.rule).map_or("", |rule| rule.link);
    Some(finding)
}

/// The refused handshakes that no pull explains.
fn unclaimed<'a>(session: &Session<'a>) -> Vec<&'a HandshakeFailed> {
    if session.handshakes.is_empty() {
        return Vec::new();
    }
    let mut rest: Vec<_> = session.handshakes.iter().collect();
    let closed = rest.iter().any(|h| h.rejection == Rejection::Closed);
    for pull in session.pulls {
        let during = rest.iter().any(|one| scene::is_about(one.at, pull));
        if !during && !closed {
            continue;
        }
        let steps = pull.steps.iter();
        let seen: Vec<_> = steps
            .filter_map(|step| (session.observed)(step.exchange))
            .collect();
        let course = Course::of(pull, &seen);
        // A client that closes where it was content before no longer needs the connection.
        rest.retain(|one| {
            let spares = one.rejection == Rejection::Closed && course.trusts(one);
            !spares && !course.concerns(one)
        });
    }
    rest
}

fn judge(mut scene: Scene<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in Rule::ALL {
        let mut findings = rule.check.findings(&scene);
        if rule.is_cause {
            let evidence = findings.iter().flat_map(|finding| &finding.evidence);
            scene.explained.extend(evidence.filter_map(|e| e.exchange));
        }
        for finding in &mut findings {
            scene.has_error |= finding.severity == Severity::Error;
            finding.evidence.truncate(MAX_EVIDENCE);
            finding.link = rule.link;
        }
        found.append(&mut findings);
    }
    sort(&mut found);
    found
}

/// More pieces of evidence of one finding add nothing.
const MAX_EVIDENCE: usize = 8;

/// The gravest first; what is equally grave in the order of the rules.
pub(super) fn sort(found: &mut [Finding]) {
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}
