//! Makes a pull of the exchanges that belong to it.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::arrived::probes;
use super::ask::Ask;
use super::blobs::{Frame, blobs, have_arrived};
use super::causes::Trail;
use super::critical::critical_path;
use super::observed::Observed;
use super::summary::{Image, purpose};
use super::verdict::Goals;
use crate::base::clock;
use crate::exchange::ExchangeId;
use crate::pulls::{Blob, Cause, Part, Pull, PullId, Purpose, State, Step, Totals, Why};
use crate::registry::{Client, Kind};

/// Makes a pull of its exchanges, which stand by their start; `None` when there are none. The
/// pull has no number yet. `settled` says that nothing more is to come: a pull
/// that is quiet for a moment between two requests is under way until then.
pub fn assemble(members: &[Observed<'_>], settled: bool) -> Option<Pull> {
    let started = members.first()?.exchange.started;
    let trail = Trail::of(members);
    let image = Image::of(members, &trail);
    let purpose = purpose(members, &image, &trail);
    let open = members.iter().any(|m| m.exchange.ended.is_none());
    let under_way = open || !(settled || have_arrived(members, &trail, &image));
    let goals = Goals::of(members, &trail, purpose);
    let frame = Frame {
        purpose,
        under_way,
        failed: goals.went_without(),
    };
    let blobs = blobs(members, &trail, &image, &frame);
    let (state, decided_by) = if under_way {
        (State::UnderWay, None)
    } else {
        goals.verdict(&blobs)
    };
    let (registry, mirrors) = registries(members, &trail, &image);
    let ends = members.iter().filter_map(|m| m.exchange.ended.as_ref());
    let ended = ends.map(|(at, _)| *at).max().filter(|_| !under_way);
    let id = |at: usize| members.get(at).map(|m| m.exchange.id);
    Some(Pull {
        id: PullId::default(),
        purpose,
        client: client(members),
        registry,
        mirrors,
        repository: repository(members),
        reference: image.reference.clone(),
        digest: image.digest.clone(),
        platform: image.platform(members, &trail),
        started,
        ended,
        state,
        decided_by: decided_by.and_then(id),
        steps: steps(members, &trail, &image, purpose),
        image: image.steps(members, &trail),
        totals: totals(members, &blobs, &image, started),
        blobs,
        critical_path: critical_path(members, &trail)
            .into_iter()
            .filter_map(id)
            .collect(),
    })
}

fn steps(
    members: &[Observed<'_>],
    trail: &Trail,
    image: &Image<'_>,
    purpose: Purpose,
) -> Vec<Step> {
    let probes = probes(members.iter().copied());
    let mut steps = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let cause = trail.causes.get(at).copied().flatten();
        let blob = trail.blobs.get(at).and_then(Option::as_ref);
        let part = match blob {
            Some(blob) => image.part(blob),
            None => image.document_part(*member),
        };
        steps.push(Step {
            exchange: member.exchange.id,
            entry: image.entry(*member, blob).cloned(),
            kind: if is_answer(*member, purpose, &probes) {
                member.reading.subject()
            } else {
                kind(*member, part, cause)
            },
            part,
            cause: cause.and_then(|(why, from)| {
                let exchange = members.get(from)?.exchange.id;
                Some(Cause { why, exchange })
            }),
        });
    }
    steps
}

/// Whether what looks like an error is the answer that a client reckoned with: before a push it
/// looks whether the manifest is there, most images have no signature, and some try https before
/// http.
fn is_answer(member: Observed<'_>, purpose: Purpose, probes: &HashSet<ExchangeId>) -> bool {
    let looks = match Ask::of(member) {
        Ask::Manifest(reference) => purpose == Purpose::Push || reference.is_auxiliary(),
        Ask::Referrers => true,
        _ => false,
    };
    looks && member.reading.status == Some(404) || probes.contains(&member.exchange.id)
}

/// What an exchange is for, with the whole pull in sight.
fn kind(member: Observed<'_>, part: Option<Part>, cause: Option<(Why, usize)>) -> Kind {
    let redirected = matches!(cause, Some((Why::Redirect, _)));
    match member.reading.kind(member.exchange) {
        Kind::Blob if member.reading.endpoint.is_none() && redirected => Kind::Cdn,
        Kind::Other | Kind::Token if redirected => Kind::Cdn,
        Kind::Other if matches!(cause, Some((Why::Upload, _))) => Kind::Upload,
        Kind::Blob => match part {
            Some(Part::Config) => Kind::Config,
            Some(Part::Layer { .. }) => Kind::Layer,
            _ => Kind::Blob,
        },
        kind => kind,
    }
}

fn client(members: &[Observed<'_>]) -> Client {
    let named = members.iter().find(|m| !m.reading.client.name.is_empty());
    let member = named.or(members.first());
    member.map_or_else(Client::default, |m| (*m.reading.client).clone())
}

fn repository(members: &[Observed<'_>]) -> String {
    let in_url = members.iter().find_map(|m| {
        let endpoint = m.reading.endpoint.as_ref()?;
        endpoint.repository.as_deref()
    });
    let found = in_url.or_else(|| members.iter().find_map(|m| m.reading.repository()));
    found.unwrap_or_default().to_owned()
}

/// The registry that answered for the image, and the others. Where one redirected to names
/// nothing, even if it is a registry, too.
fn registries(members: &[Observed<'_>], trail: &Trail, image: &Image<'_>) -> (String, Vec<String>) {
    let asked = (0..members.len()).filter(|at| trail.beginning(*at) == *at);
    let api = asked
        .filter_map(|at| members.get(at))
        .filter(|m| m.reading.endpoint.is_some());
    let answered = image
        .source()
        .and_then(|at| members.get(trail.beginning(at)))
        .filter(|m| m.reading.endpoint.is_some())
        .or_else(|| {
            let mut image = api.clone().rev();
            image.find(|m| m.reading.succeeded() && !matches!(Ask::of(**m), Ask::Ping))
        })
        .or_else(|| api.clone().next_back())
        .or(members.first());
    let registry = answered.map_or_else(String::new, |m| m.reading.authority.to_string());
    let mut mirrors: Vec<String> = Vec::new();
    for member in api {
        let authority = &member.reading.authority;
        if **authority != *registry && mirrors.iter().all(|known| **known != **authority) {
            mirrors.push(authority.to_string());
        }
    }
    (registry, mirrors)
}

fn totals(
    members: &[Observed<'_>],
    blobs: &[Blob],
    image: &Image<'_>,
    started: Timestamp,
) -> Totals {
    let sum = |of: fn(&Observed<'_>) -> u64| members.iter().map(of).fold(0, u64::saturating_add);
    let last = members
        .iter()
        .flat_map(|m| {
            let ended = m.exchange.ended.as_ref().map(|(at, _)| *at);
            let response = m.exchange.response.as_ref().map(|r| r.at);
            [ended, response, Some(m.exchange.started)]
        })
        .flatten()
        .max();
    Totals {
        exchanges: members.len(),
        received: sum(|m| m.exchange.received),
        sent: sum(|m| m.exchange.sent),
        promised: image.is_known().then(|| {
            let sizes = blobs
                .iter()
                .filter_map(|blob| blob.descriptor.as_ref()?.size);
            sizes.fold(0, u64::saturating_add)
        }),
        // Moments that were not measured are none to count from.
        took: if members.iter().any(|member| member.exchange.untimed) {
            Duration::ZERO
        } else {
            clock::passed(started, last.unwrap_or(started))
        },
    }
}
