//! The steps of two pulls, lined up by what they were for.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::sides::{ComparedPull, Pair};
use crate::exchange::ExchangeId;
use crate::exchange::timings::millis::to_millis;
use crate::pulls::{Part, Pull, Step};
use crate::registry::{Digest, Kind, Route};

/// A step of the one pull and its like in the other.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPair {
    /// What it was for: a ping also where the answer was a challenge.
    pub kind: Kind,
    /// Which part of the image it concerned; the number of layers is that of the first that has it.
    pub part: Option<Part>,
    /// How it went.
    pub taken: Pair<Taken>,
    /// In what they differ, apart from time.
    pub differences: Vec<Difference>,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// Its number in its pull, from 1.
    pub number: usize,
    /// Its exchange.
    pub exchange: ExchangeId,
    /// What it was for, as the answer shows.
    pub kind: Kind,
    /// Who was asked: host, and port where it is not the scheme's own.
    pub host: String,
    /// The method.
    pub method: String,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Bytes of content received.
    pub received: u64,
    /// All phases together.
    #[serde(rename = "took_ms", serialize_with = "as_millis")]
    pub took: Duration,
    /// The digest computed over the content, else the one stated.
    pub digest: Option<Digest>,
}

fn as_millis<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(to_millis(*took))
}

/// What differs between a step and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Only the first did it.
    OnlyA,
    /// Only the second did it.
    OnlyB,
    /// The method.
    Method,
    /// The status.
    Status,
    /// The host.
    Host,
    /// The content's digest.
    Digest,
    /// The number of bytes.
    Size,
}

/// What makes two steps alike: what they were for, the part of the image, and the how-manieth of
/// that sort it was.
type Likeness = (Kind, Option<Slot>, usize);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Index,
    Manifest,
    Config,
    Layer(usize),
    /// A layer that both have, by its place in the first, whatever its place in the second.
    Shared(usize),
}

/// The steps of both: those of the first in their order, each step of the second that the first
/// did not do behind the one it followed.
pub(super) fn align(a: ComparedPull<'_>, b: ComparedPull<'_>) -> Vec<StepPair> {
    let shared = shared_layers(a.pull, b.pull);
    let (of_a, of_b) = (likenesses(&a, &shared), likenesses(&b, &shared));
    let place: HashMap<Likeness, usize> = of_a.iter().copied().zip(0..).collect();
    let mut like: HashMap<usize, usize> = HashMap::new();
    // What only the second did, by the step of the first that it comes behind.
    let mut alone: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut behind = 0;
    for (at_b, likeness) in of_b.iter().enumerate() {
        match place.get(likeness) {
            Some(at_a) => {
                like.insert(*at_a, at_b);
                behind = at_a + 1;
            }
            None => alone.entry(behind).or_default().push(at_b),
        }
    }
    let only_b = |behind: usize| -> Vec<StepPair> {
        let places = alone.get(&behind).into_iter().flatten();
        let pairs = places.filter_map(|at| pair(&a, None, &b, Some(*at)));
        pairs.collect()
    };
    let mut pairs = only_b(0);
    for at_a in 0..of_a.len() {
        pairs.extend(pair(&a, Some(at_a), &b, like.get(&at_a).copied()));
        pairs.extend(only_b(at_a + 1));
    }
    pairs
}

/// The layers that both have, by digest, each with its place in the first.
fn shared_layers<'a>(a: &'a Pull, b: &Pull) -> HashMap<&'a Digest, usize> {
    let in_b: HashSet<&Digest> = b.layers().filter_map(|blob| blob.digest.as_ref()).collect();
    let of_a = a.layers().filter_map(|blob| blob.digest.as_ref());
    let shared = of_a.zip(1..).filter(|(digest, _)| in_b.contains(digest));
    shared.collect()
}

/// What a step of a layer is lined up by: the layer itself where both have it, else its number.
fn layer(
    side: &ComparedPull<'_>,
    step: &Step,
    number: usize,
    shared: &HashMap<&Digest, usize>,
) -> Slot {
    let mut layers = side.pull.layers();
    let blob = layers.find(|blob| blob.exchanges.contains(&step.exchange));
    let place = blob.and_then(|blob| shared.get(blob.digest.as_ref()?));
    place.map_or(Slot::Layer(number), |place| Slot::Shared(*place))
}

fn likenesses(side: &ComparedPull<'_>, shared: &HashMap<&Digest, usize>) -> Vec<Likeness> {
    let mut counts: HashMap<(Kind, Option<Slot>), usize> = HashMap::new();
    let steps = side.pull.steps.iter();
    steps
        .map(|step| {
            let slot = step.part.map(|part| match part {
                Part::Layer { number, .. } => layer(side, step, number, shared),
                part => slot(part),
            });
            let sort = (purpose(side, step), slot);
            let count = counts.entry(sort).or_default();
            *count += 1;
            (sort.0, sort.1, *count)
        })
        .collect()
}

/// What a step was for, whatever was answered: one registry takes for a ping what another
/// answers with a challenge.
fn purpose(side: &ComparedPull<'_>, step: &Step) -> Kind {
    let entry = side.entry(step.exchange);
    let endpoint = entry.and_then(|entry| entry.reading.endpoint.as_ref());
    match step.kind {
        Kind::Challenge if endpoint.is_some_and(|endpoint| endpoint.route == Route::Ping) => {
            Kind::Ping
        }
        kind => kind,
    }
}

fn slot(part: Part) -> Slot {
    match part {
        Part::Index => Slot::Index,
        Part::Manifest => Slot::Manifest,
        Part::Config => Slot::Config,
        Part::Layer { number, .. } => Slot::Layer(number),
    }
}

fn pair(
    a: &ComparedPull<'_>,
    at_a: Option<usize>,
    b: &ComparedPull<'_>,
    at_b: Option<usize>,
) -> Option<StepPair> {
    let step = |side: &ComparedPull<'_>, at: Option<usize>| {
        let step = side.pull.steps.get(at?)?;
        Some((purpose(side, step), step.part))
    };
    let (kind, part) = step(a, at_a).or_else(|| step(b, at_b))?;
    let taken = Pair {
        a: at_a.and_then(|at| taken(a, at)),
        b: at_b.and_then(|at| taken(b, at)),
    };
    Some(StepPair {
        kind,
        part,
        differences: differences(&taken),
        taken,
    })
}

fn taken(side: &ComparedPull<'_>, at: usize) -> Option<Taken> {
    let step = side.pull.steps.get(at)?;
    let entry = side.entry(step.exchange)?;
    let reading = &entry.reading;
    // A token's differs each time, and so does that of a page about an error.
    let digest = reading
        .digests
        .computed
        .as_ref()
        .or(reading.digests.stated.as_ref());
    let digest = digest.filter(|_| step.part.is_some() && reading.status == Some(200));
    Some(Taken {
        number: at + 1,
        exchange: step.exchange,
        kind: step.kind,
        host: reading.authority.to_string(),
        method: reading.method.to_string(),
        status: reading.status,
        received: entry.exchange.received,
        took: entry.exchange.took(),
        digest: digest.cloned(),
    })
}

fn differences(taken: &Pair<Taken>) -> Vec<Difference> {
    let (a, b) = match (&taken.a, &taken.b) {
        (Some(a), Some(b)) => (a, b),
        (Some(_), None) => return vec![Difference::OnlyA],
        (None, _) => return vec![Difference::OnlyB],
    };
    let digests_differ = a.digest.is_some() && b.digest.is_some() && a.digest != b.digest;
    [
        (Difference::Host, a.host != b.host),
        (Difference::Method, a.method != b.method),
        (Difference::Status, a.status != b.status),
        (Difference::Digest, digests_differ),
        (Difference::Size, a.received != b.received),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}
