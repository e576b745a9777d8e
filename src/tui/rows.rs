//! The rows of the list: which there are and in which order. Only visible ones are ever drawn.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::action::Item;
use crate::base::clock;
use crate::exchange::{ExchangeId, HandshakeFailed};
use crate::pulls::{BlobState, Pull, State as PullState, Why};
use crate::store::{Entry, Store};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it stands for.
    pub(crate) item: Item,
    /// How deep it is nested.
    pub(crate) depth: u8,
    /// Whether it can be folded, and if so whether it is open.
    pub(crate) open: Option<bool>,
    /// Where a redirect led in the end, when that is shown in the same row.
    pub(crate) via: Option<ExchangeId>,
    /// How many it stands for.
    pub(crate) count: usize,
}

impl Row {
    fn of(item: Item, depth: u8, open: Option<bool>) -> Self {
        Self {
            item,
            depth,
            open,
            via: None,
            count: 1,
        }
    }
}

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// By start.
    #[default]
    Time,
    /// The largest first.
    Size,
    /// The longest first.
    Duration,
}

/// What decides which rows there are.
pub(crate) struct RowChoice<'a> {
    /// Whether exchanges stand by themselves instead of under their pulls.
    pub(crate) flat: bool,
    /// In which order.
    pub(crate) order: Order,
    /// What is folded against its default: pulls are open, redirects closed.
    pub(crate) toggled: &'a HashSet<Item>,
    /// What the user took out of the view.
    pub(crate) hidden: &'a HashSet<Item>,
    /// Which exchanges the filter lets through; all without one.
    pub(crate) matching: Option<&'a HashSet<ExchangeId>>,
}

impl Order {
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Time => Self::Size,
            Self::Size => Self::Duration,
            Self::Duration => Self::Time,
        }
    }

    /// The key of the notice that it is in force.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Time => "notice.by-time",
            Self::Size => "notice.by-size",
            Self::Duration => "notice.by-duration",
        }
    }
}

/// The rows of a store.
pub(crate) fn rows(store: &Store, choice: &RowChoice<'_>) -> Vec<Row> {
    let mut tops: Vec<(Timestamp, Item, usize)> = Vec::new();
    let top = |entry: &Entry| {
        let exchange = &entry.exchange;
        let item = Item::Exchange(exchange.id);
        choice.shows(entry).then_some((exchange.started, item, 1))
    };
    if choice.flat {
        tops.extend(store.entries().filter_map(top));
    } else {
        let pulls = store.pulls().iter();
        tops.extend(pulls.map(|pull| (pull.started, Item::Pull(pull.id), 1)));
        tops.extend(store.loose().filter_map(top));
    }
    if choice.matching.is_none() {
        tops.extend(refusals(store.handshakes()));
        let tunnels = store.tunnels().iter();
        tops.extend(tunnels.map(|tunnel| (tunnel.connection.opened, Item::Tunnel(tunnel.id), 1)));
    }
    tops.retain(|(_, item, _)| !choice.hidden.contains(item));
    choice.sort(store, &mut tops);
    let mut rows = Vec::with_capacity(tops.len());
    for (_, item, count) in tops {
        match item {
            Item::Pull(id) => {
                if let Some(pull) = store.pull(id) {
                    push_pull(store, choice, pull, &mut rows);
                }
            }
            item => rows.push(Row {
                count,
                ..Row::of(item, 0, None)
            }),
        }
    }
    rows
}

/// Clients try again and again: one row per host.
fn refusals(handshakes: &[HandshakeFailed]) -> Vec<(Timestamp, Item, usize)> {
    let mut hosts: HashMap<Option<&str>, usize> = HashMap::new();
    let mut rows: Vec<(Timestamp, Item, usize)> = Vec::new();
    for handshake in handshakes {
        let place = *hosts.entry(refused_host(handshake)).or_insert(rows.len());
        match rows.get_mut(place) {
            Some((_, _, count)) => *count += 1,
            None => rows.push((handshake.at, Item::Refused(handshake.connection.id), 1)),
        }
    }
    rows
}

/// The host a client wanted when it refused our certificate.
pub(crate) fn refused_host(handshake: &HandshakeFailed) -> Option<&str> {
    let connection = &handshake.connection;
    connection
        .target
        .as_ref()
        .map(|target| target.host.as_str())
        .or(connection.sni.as_deref())
}

fn push_pull(store: &Store, choice: &RowChoice<'_>, pull: &Pull, rows: &mut Vec<Row>) {
    let item = Item::Pull(pull.id);
    let open = !choice.toggled.contains(&item);
    let steps = steps(store, choice, pull);
    if steps.is_empty() && (choice.matching.is_some() || !pull.steps.is_empty()) {
        return;
    }
    rows.push(Row::of(item, 0, Some(open)));
    if !open {
        return;
    }
    for (id, children) in &steps {
        let item = Item::Exchange(*id);
        let open = (!children.is_empty()).then(|| choice.toggled.contains(&item));
        rows.push(Row {
            via: children.last().copied().filter(|_| open == Some(false)),
            ..Row::of(item, 1, open)
        });
        if open == Some(true) {
            let children = children.iter();
            rows.extend(children.map(|child| Row::of(Item::Exchange(*child), 2, None)));
        }
    }
    if choice.matching.is_none() {
        let queued = pull.blobs.iter().enumerate();
        let queued = queued.filter(|(_, blob)| blob.state == BlobState::Queued);
        rows.extend(queued.map(|(at, _)| Row::of(Item::Blob(pull.id, at), 1, None)));
    }
}

/// The steps of a pull that are shown, each with what its redirect led to.
fn steps(store: &Store, choice: &RowChoice<'_>, pull: &Pull) -> Vec<(ExchangeId, Vec<ExchangeId>)> {
    let mut places: HashMap<ExchangeId, usize> = HashMap::new();
    let mut steps: Vec<(ExchangeId, Vec<ExchangeId>)> = Vec::new();
    for step in &pull.steps {
        let id = step.exchange;
        if choice.hidden.contains(&Item::Exchange(id)) {
            continue;
        }
        let redirect = step.cause.filter(|cause| cause.why == Why::Redirect);
        let parent = redirect
            .and_then(|cause| places.get(&cause.exchange))
            .copied();
        if let Some((at, (_, children))) = parent.and_then(|at| Some((at, steps.get_mut(at)?))) {
            children.push(id);
            places.insert(id, at);
        } else {
            places.insert(id, steps.len());
            steps.push((id, Vec::new()));
        }
    }
    if let Some(matching) = choice.matching {
        // Where only what a redirect led to matches, that has the row.
        steps = steps
            .into_iter()
            .flat_map(|(id, children)| {
                let children = children
                    .into_iter()
                    .filter(|child| matching.contains(child));
                if matching.contains(&id) {
                    vec![(id, children.collect())]
                } else {
                    children.map(|child| (child, Vec::new())).collect()
                }
            })
            .collect();
    }
    if choice.order != Order::Time {
        let weight = |id: ExchangeId| {
            store
                .entry(id)
                .map_or(0, |entry| choice.order.weight(entry))
        };
        steps.sort_by_cached_key(|(id, children)| {
            let all = children.iter().chain([id]);
            std::cmp::Reverse(all.map(|id| weight(*id)).max().unwrap_or_default())
        });
    }
    steps
}

impl RowChoice<'_> {
    fn shows(&self, entry: &Entry) -> bool {
        self.matching
            .is_none_or(|matching| matching.contains(&entry.exchange.id))
    }

    fn sort(&self, store: &Store, tops: &mut [(Timestamp, Item, usize)]) {
        if self.order == Order::Time || !self.flat {
            tops.sort_by_key(|(at, item, _)| (*at, *item));
            return;
        }
        tops.sort_by_cached_key(|(_, item, _)| {
            let weight = match item {
                Item::Exchange(id) => store.entry(*id).map_or(0, |entry| self.order.weight(entry)),
                _ => 0,
            };
            std::cmp::Reverse(weight)
        });
    }
}

impl Order {
    fn weight(self, entry: &Entry) -> u128 {
        match self {
            Self::Size => entry.exchange.received.into(),
            _ => span(entry, entry.exchange.started).as_nanos(),
        }
    }
}

/// How long an exchange took, or has taken by `now`.
pub(crate) fn span(entry: &Entry, now: Timestamp) -> Duration {
    clock::passed(entry.exchange.started, entry.exchange.ended_by(now))
}

/// How long a pull took, or has taken by `now`.
pub(crate) fn length(pull: &Pull, now: Timestamp) -> Duration {
    match (pull.state, pull.ended) {
        (_, Some(ended)) => clock::passed(pull.started, ended),
        (PullState::UnderWay, None) => clock::passed(pull.started, now),
        (_, None) => pull.totals.took,
    }
}
