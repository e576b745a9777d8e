//! How a pull stands in the light of what is known around it, and what is wrong with it.

use url::Url;

use super::around::Around;
use super::diagnosis::{diagnose, sort};
use super::finding::{Evidence, Finding, Severity};
use super::scene;
use crate::exchange::{ExchangeId, TunnelKind};
use crate::pulls::{Pull, State};

/// Judges a pull: what is wrong with it or worth knowing of it, the gravest first. How it stands
/// is changed where what passed unread, or a rule, says more than its exchanges: afterwards a
/// pull that failed has an error among its findings, and one that is complete has none.
pub fn conclude(pull: &mut Pull, around: &Around<'_>) -> Vec<Finding> {
    if matches!(pull.state, State::Unfinished | State::Failed) && led_past(pull, around) {
        pull.state = State::PartlySeen;
    }
    let mut found = diagnose(pull, around);
    let warns = |rule| {
        let mut all = found.iter();
        all.any(|one| one.rule == rule && one.severity == Severity::Warning)
    };
    let error = found.iter().find(|one| one.severity == Severity::Error);
    match (pull.state, error) {
        (State::Complete | State::Unfinished, Some(error))
            if pull.state == State::Unfinished || ended(pull, error, around) =>
        {
            pull.state = State::Failed;
            pull.decided_by = last_evidence(error).or(pull.decided_by);
        }
        (State::Complete, Some(_)) => return got_over(found),
        // An index arrived, and perhaps nothing in it was for the client.
        (State::Complete, None) if warns(NO_PLATFORM) => {
            pull.state = State::Unfinished;
            pull.decided_by = pull.image.index;
        }
        (State::Unfinished, None) if warns(PROXY_BYPASS) => pull.state = State::PartlySeen,
        _ => {}
    }
    if pull.state == State::Failed {
        show_at(pull, &mut found, around);
    }
    found
}

/// Shows the gravest error at the exchange that decided, where none is shown at any exchange: a
/// refused handshake is none.
fn show_at(pull: &Pull, found: &mut [Finding], around: &Around<'_>) {
    let mut errors = found.iter_mut();
    let error = errors.find(|one| one.severity == Severity::Error);
    let decided = pull.decided_by.and_then(|id| (around.observed)(id));
    if let (Some(error), Some(decided)) = (error, decided)
        && error.evidence.iter().all(|one| one.exchange.is_none())
    {
        let reading = decided.reading;
        error.evidence.push(Evidence {
            exchange: pull.decided_by,
            field: "request".to_owned(),
            value: format!("{} {}{}", reading.method, reading.authority, reading.path()),
        });
    }
}

const NO_PLATFORM: &str = "no-platform";
const PROXY_BYPASS: &str = "proxy-bypass";

/// Whether an error was the end: the client asked for nothing more after it.
fn ended(pull: &Pull, error: &Finding, around: &Around<'_>) -> bool {
    let exchange = |id| (around.observed)(id).map(|observed| observed.exchange);
    let Some(shown) = last_evidence(error).and_then(exchange) else {
        return false;
    };
    let shown_at = shown.ended.as_ref().map_or(shown.started, |(at, _)| *at);
    let later = pull.steps.iter().skip_while(|s| s.exchange != shown.id);
    let mut later = later.skip(1).filter_map(|step| exchange(step.exchange));
    later.all(|other| other.started < shown_at)
}

fn last_evidence(finding: &Finding) -> Option<ExchangeId> {
    let evidence = finding.evidence.iter();
    evidence.filter_map(|one| one.exchange).next_back()
}

/// What the client has got over makes nothing fail.
fn got_over(mut found: Vec<Finding>) -> Vec<Finding> {
    for one in &mut found {
        one.severity = one.severity.min(Severity::Warning);
    }
    sort(&mut found);
    found
}

/// Whether the exchange that decided led to a host that was passed on unread.
fn led_past(pull: &Pull, around: &Around<'_>) -> bool {
    let decided = pull.decided_by.and_then(|id| (around.observed)(id));
    let Some(reading) = decided.map(|observed| observed.reading) else {
        return false;
    };
    let realms = reading.challenges.iter().filter_map(|c| c.realm());
    let target = reading.redirect.as_ref().map(|r| &*r.target);
    let hosts: Vec<_> = realms
        .chain(target)
        .filter_map(|url| Url::parse(url).ok()?.host_str().map(str::to_owned))
        .collect();
    around.tunnels.iter().any(|tunnel| {
        let host = tunnel.connection.target.as_ref().map(|target| &target.host);
        let opened = tunnel.connection.opened;
        let passed = tunnel.kind != TunnelKind::Unused;
        passed && host.is_some_and(|host| hosts.contains(host)) && scene::is_about(opened, pull)
    })
}
