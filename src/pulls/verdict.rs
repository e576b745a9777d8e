//! How a pull stands: what the client asked for, and whether it got it.

use std::collections::{HashMap, HashSet};

use super::arrived::is_no_manifest;
use super::ask::{Ask, hash, reference_key};
use super::blobs::is_failure;
use super::causes::Trail;
use super::observed::Observed;
use crate::exchange::Side;
use crate::pulls::{Blob, BlobState, Purpose, State, Why};
use crate::registry::{Digest, Reading, Reference};

/// What became of one thing that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It was had.
    Got,
    /// An answer led on, and nothing followed; or there is no word of how it went on.
    Unfinished,
    /// The client ended it.
    Stopped,
    /// It was refused, cut off, or something else came in its place.
    Refused,
}

/// One try to have something.
struct Try {
    at: usize,
    outcome: Outcome,
    is_head: bool,
}

/// What the client asked for, blobs left aside: they are judged by their own states.
pub(super) struct Goals<'a> {
    members: &'a [Observed<'a>],
    trail: &'a Trail,
    purpose: Purpose,
    /// The tries for each thing, in order.
    tries: Vec<Vec<Try>>,
    /// The blobs that the manifests name that a registry accepted; `None` where one of them is
    /// not at hand.
    accepted: Option<HashSet<&'a Digest>>,
    /// The last manifest that a registry accepted.
    accepted_at: Option<usize>,
    asked: bool,
}

impl<'a> Goals<'a> {
    pub(super) fn of(members: &'a [Observed<'a>], trail: &'a Trail, purpose: Purpose) -> Self {
        let mut goals = Self {
            members,
            trail,
            purpose,
            tries: Vec::new(),
            accepted: Some(HashSet::new()),
            accepted_at: None,
            asked: false,
        };
        let answered = goals.challenges_answered();
        let mut places: HashMap<u64, usize> = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            let Some(key) = goals.key(at) else {
                continue;
            };
            let Some(outcome) = goals.outcome(at, &answered) else {
                continue;
            };
            let place = *places.entry(key).or_insert_with(|| {
                goals.tries.push(Vec::new());
                goals.tries.len() - 1
            });
            goals.accept(at, outcome);
            let is_head = member.reading.method == "HEAD";
            if let Some(tries) = goals.tries.get_mut(place) {
                tries.push(Try {
                    at,
                    outcome,
                    is_head,
                });
            }
        }
        goals.forgive();
        goals
    }

    /// Whether something was asked for in vain.
    pub(super) fn went_without(&self) -> bool {
        let mut ends = self.tries.iter().filter_map(|tries| end(tries));
        ends.any(|one| one.outcome == Outcome::Refused)
    }

    /// How the pull stands, its blobs and all, and which exchange decided that, where it is not
    /// simply complete.
    pub(super) fn verdict(&self, blobs: &[Blob]) -> (State, Option<usize>) {
        let ids = self.members.iter().map(|m| m.exchange.id);
        let place: HashMap<_, _> = ids.zip(0..).collect();
        let about_blobs = blobs.iter().filter_map(|blob| {
            let at = blob.exchanges.last().and_then(|id| place.get(id))?;
            let outcome = match blob.state {
                state if is_failure(state) => Outcome::Refused,
                BlobState::Stopped => Outcome::Stopped,
                BlobState::Unseen => Outcome::Unfinished,
                _ => return None,
            };
            Some((outcome, *at))
        });
        let blobs_count = self.purpose != Purpose::Push;
        let ends = self.tries.iter().filter_map(|tries| end(tries));
        let ends = ends.map(|one| (one.outcome, one.at));
        let all: Vec<_> = ends.chain(about_blobs.filter(|_| blobs_count)).collect();
        // What weighs most, and of that what came last.
        let worst = all.iter().max();
        match worst {
            Some((Outcome::Refused, at)) => (State::Failed, Some(*at)),
            Some((Outcome::Stopped, at)) => (State::Stopped, Some(*at)),
            Some((Outcome::Unfinished, at)) => (State::Unfinished, Some(*at)),
            Some((Outcome::Got, _)) if self.purpose == Purpose::Login => self.beginning(),
            Some((Outcome::Got, _)) => match self.only_schema1() {
                Some(at) => (State::Unfinished, Some(at)),
                None => (self.whole(), None),
            },
            None if self.asked => (State::Complete, None),
            None => self.beginning(),
        }
    }

    /// What the last tries at the beginning of a pull say, where nothing else was asked for.
    fn beginning(&self) -> (State, Option<usize>) {
        let pings = self.members.iter().enumerate();
        let pings = pings.filter(|(_, m)| Ask::of(**m) == Ask::Ping);
        // What `/v2/` said counts before what its forerunner did.
        let last = pings.max_by_key(|(at, m)| (m.reading.endpoint.is_some(), *at));
        let Some((at, ping)) = last else {
            return (State::Undecided, None);
        };
        let showed = ping.reading.authorization.is_some();
        match self.outcome(at, &HashSet::new()) {
            Some(Outcome::Got) if showed => (State::Complete, None),
            Some(Outcome::Refused) if showed || ping.reading.status != Some(401) => {
                (State::Failed, Some(at))
            }
            _ => (State::Undecided, None),
        }
    }

    /// The manifest of schema 1, or the answer to HEAD that announces it, after which a client that
    /// pulls asked for nothing, where it got no other: today's clients refuse those.
    fn only_schema1(&self) -> Option<usize> {
        let all = self.members.iter().map(|m| m.reading).enumerate();
        let is_got = |one: &Reading| one.method == "GET" && one.document.is_some();
        let mut got = all.filter(|(_, one)| is_got(one) || one.is_schema1());
        let asks = self.trail.blobs.iter().any(Option::is_some);
        let is_so = self.purpose == Purpose::Pull && !asks;
        let is_only = is_so && got.clone().all(|(_, one)| one.is_schema1());
        got.next_back().filter(|_| is_only).map(|(at, _)| at)
    }

    /// An image is pushed when its manifest is accepted; clients that push nothing else were on
    /// their way there.
    fn whole(&self) -> State {
        let pushers = [
            "docker",
            "containerd",
            "buildkit",
            "podman",
            "buildah",
            "skopeo",
        ];
        let mut clients = self.members.iter().map(|m| &*m.reading.client.name);
        let pushes_images = clients.any(|name| pushers.contains(&name));
        let uploads = self.purpose == Purpose::Push && self.accepted_at.is_none();
        if uploads && pushes_images {
            State::Unfinished
        } else {
            State::Complete
        }
    }

    /// What a request is for, whoever is asked; `None` for what is no end in itself.
    fn key(&mut self, at: usize) -> Option<u64> {
        let at = self.trail.beginning(at);
        let member = *self.members.get(at)?;
        let reading = member.reading;
        let key = match Ask::of(member) {
            Ask::Token => {
                let request = reading.token_request.as_ref()?;
                let mut scopes: Vec<_> = request.scopes.iter().map(ToString::to_string).collect();
                scopes.sort_unstable();
                hash(&("token", &request.realm, scopes))
            }
            // Signatures are looked for, and mostly there are none. But who asked what refers to a
            // manifest wants to know, and goes no further without an answer.
            Ask::Manifest(reference)
                if reference.is_auxiliary()
                    && (reading.status == Some(404) || !self.stands_in(&reference)) =>
            {
                return None;
            }
            // Before a push, to see whether it is there.
            Ask::Manifest(_) if self.purpose == Purpose::Push => return None,
            Ask::Manifest(reference) => hash(&("manifest", reference_key(&reference))),
            Ask::Change(reference) => hash(&("change", &reading.method, reference_key(&reference))),
            Ask::Store if reading.method == "HEAD" => return None,
            Ask::Store => match self.trail.blobs.get(at) {
                Some(Some(blob)) => hash(&("store", blob)),
                _ => hash(&("upload", at)),
            },
            Ask::Tags { .. } | Ask::Catalog => hash(&("list", reading.path())),
            // Blobs are counted as such; most images have no referrers.
            Ask::Blob(_) | Ask::Referrers => {
                self.asked = true;
                return None;
            }
            Ask::Ping | Ask::Other => return None,
        };
        self.asked = true;
        Some(key)
    }

    /// Whether a tag is asked for in place of a list of referrers.
    fn stands_in(&self, tag: &Reference) -> bool {
        let mut routes = self.members.iter().filter_map(|m| m.reading.route());
        routes.any(|route| route.falls_back_on(tag))
    }

    /// What one try came to; `None` where the next request says it.
    fn outcome(&self, at: usize, answered: &HashSet<usize>) -> Option<Outcome> {
        let member = self.members.get(at)?;
        let reading = member.reading;
        match member.exchange.cut_by() {
            Some(Side::Client) => return Some(Outcome::Stopped),
            Some(Side::Upstream) => return Some(Outcome::Refused),
            None if member.exchange.has_failed() => return Some(Outcome::Refused),
            None if member.exchange.is_complete() => {}
            _ => return Some(Outcome::Unfinished),
        }
        if reading.redirect.is_some() {
            let followed = self.trail.followed.get(at) == Some(&true);
            return (!followed).then_some(Outcome::Unfinished);
        }
        let outcome = match reading.status {
            None => Outcome::Unfinished,
            Some(401) if answered.contains(&at) => Outcome::Unfinished,
            Some(400..) => Outcome::Refused,
            // Nothing says where the upload goes on.
            Some(202) if reading.is_upload() && reading.location.is_none() => Outcome::Refused,
            Some(202 | 204) if reading.is_upload() => Outcome::Unfinished,
            Some(_) if self.came_instead(at, *member) => Outcome::Refused,
            Some(_) => Outcome::Got,
        };
        Some(outcome)
    }

    /// Whether something else arrived than what was asked for.
    fn came_instead(&self, at: usize, member: Observed<'_>) -> bool {
        let reading = member.reading;
        let asked = self.members.get(self.trail.beginning(at));
        match asked.map(|m| Ask::of(*m)) {
            Some(Ask::Manifest(_)) => &*reading.method == "GET" && is_no_manifest(member),
            Some(Ask::Token) => reading.token_answer.is_none() && !reading.unseen,
            _ => false,
        }
    }

    /// The 401s after which a token was to be had.
    fn challenges_answered(&self) -> HashSet<usize> {
        let causes = self.trail.causes.iter().zip(self.members);
        let answered = causes.filter_map(|(cause, member)| match cause {
            Some((Why::Challenge, from)) if member.reading.token_answer.is_some() => Some(*from),
            _ => None,
        });
        answered.collect()
    }

    /// Notes a manifest that a registry took.
    fn accept(&mut self, at: usize, outcome: Outcome) {
        let Some(member) = self.members.get(at).copied() else {
            return;
        };
        let is_put = member.reading.method == "PUT" && matches!(Ask::of(member), Ask::Change(_));
        if !is_put || outcome != Outcome::Got {
            return;
        }
        self.accepted_at = Some(at);
        match &member.reading.document {
            Some(document) => {
                let named = document.descriptors().filter_map(|d| d.digest.as_ref());
                if let Some(accepted) = &mut self.accepted {
                    accepted.extend(named);
                }
            }
            None => self.accepted = None,
        }
    }

    /// What was got over counts no longer.
    fn forgive(&mut self) {
        let starts = |at: usize| self.members.get(at).map(|m| m.exchange.started);
        let got = self.tries.iter().flatten().filter(|one| {
            let member = self.members.get(one.at);
            one.outcome == Outcome::Got && member.is_some_and(|m| m.reading.token_request.is_none())
        });
        let last_good = got.filter_map(|one| starts(one.at)).max();
        let is_over = |tries: &Vec<Try>| {
            let last = tries.last();
            let Some((last, member)) = last.and_then(|one| Some((one, self.members.get(one.at)?)))
            else {
                return false;
            };
            match Ask::of(*member) {
                // Other requests went well without this token.
                Ask::Token => {
                    let ended = member.exchange.ended.as_ref().map(|(at, _)| *at);
                    ended.zip(last_good).is_some_and(|(end, good)| good >= end)
                }
                // The registry has what the manifests name that it took.
                Ask::Store => match (self.trail.blobs.get(last.at), &self.accepted) {
                    (Some(Some(blob)), Some(accepted)) => accepted.contains(blob),
                    _ => self.accepted_at.is_some_and(|accepted| accepted > last.at),
                },
                _ => false,
            }
        };
        let over: Vec<bool> = self.tries.iter().map(is_over).collect();
        let mut over = over.into_iter();
        self.tries.retain(|_| over.next() != Some(true));
    }
}

/// What became of a thing: a success stands; or else the last try says it. A HEAD only counts
/// where no GET followed.
fn end(tries: &[Try]) -> Option<&Try> {
    let last_get = tries.iter().rposition(|one| !one.is_head);
    let counted = tries.iter().enumerate();
    let counted = counted.filter(|(at, one)| !one.is_head || Some(*at) > last_get);
    let mut counted = counted.map(|(_, one)| one);
    let got = counted.clone().find(|one| one.outcome == Outcome::Got);
    got.or_else(|| counted.next_back())
}
