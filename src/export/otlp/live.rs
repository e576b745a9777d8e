//! What can be given out of a capture that is under way.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::context::Context;
use super::{other, pull, write};
use crate::exchange::{Event, ExchangeId};
use crate::pulls::{Pull, State};
use crate::store::Store;
use crate::story::Telling;
use crate::words::Lang;

/// Gives each span out once: an exchange's when it has ended and its pull is known, a pull's own
/// when nothing more is to come.
///
/// What has been given out is not taken back. So a pull keeps the trace that its first span went
/// into, whatever is learnt of it later, and what joins a pull that was over is given out below
/// the root that was.
#[derive(Debug, Default)]
pub struct Live {
    /// Exchanges that ended and have not been given out.
    ended: BTreeSet<ExchangeId>,
    /// The traces of the exchanges that were given out in pulls.
    given: HashMap<ExchangeId, Context>,
    /// The traces whose root has not been given out, each by one exchange of it.
    rootless: HashMap<Context, ExchangeId>,
    /// The traces of pulls, by the first exchange.
    begun: HashMap<ExchangeId, Context>,
    /// Spans of what the store had let go before they could be given out.
    missed: u64,
}

impl Live {
    /// Takes note of an event that the store has taken; gives out what is no exchange.
    pub fn note(&mut self, event: &Event, lang: Lang) -> Option<Span> {
        match event {
            Event::Ended { id, .. } => {
                self.ended.insert(*id);
                None
            }
            Event::Tunnel(tunnel) if tunnel.ended.is_some() => Some(other::tunnel(tunnel)),
            Event::HandshakeFailed(failed) => Some(other::handshake(failed, lang)),
            _ => None,
        }
    }

    /// Spans that can no more be given out, because the store has let their exchanges go.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// What is to be given out now. `last` says that nothing more is to come.
    pub fn due(&mut self, telling: &Telling<'_>, now: Timestamp, last: bool) -> Vec<Span> {
        let store = telling.store;
        let mut spans = Vec::new();
        for id in std::mem::take(&mut self.ended) {
            let Some(entry) = store.entry(id) else {
                self.missed += 1;
                continue;
            };
            let Some(of) = entry.pull.and_then(|id| store.pull(id)) else {
                let ended = entry.exchange.ended.as_ref().map(|(at, _)| *at);
                if last || ended.is_none_or(|at| is_over(at, now, UNCLAIMED)) {
                    spans.push(write::loose(entry, telling));
                } else {
                    self.ended.insert(id);
                }
                continue;
            };
            let Some((context, step)) = self.context(of, store).zip(of.step(id)) else {
                self.missed += 1;
                continue;
            };
            // A reason that has gone into another trace is none that this one can show.
            let here = |id: ExchangeId| self.given.get(&id).is_none_or(|other| *other == context);
            spans.extend(pull::step(step, of, store, &context, &here));
            self.given.insert(id, context);
        }
        let rootless = std::mem::take(&mut self.rootless);
        for (context, id) in rootless {
            let entry = store.entry(id);
            let Some(of) = entry.and_then(|entry| store.pull(entry.pull?)) else {
                self.missed += 1;
                continue;
            };
            let over = of.state != State::UnderWay
                && of.ended.is_some_and(|at| is_over(at, now, AFTERMATH));
            if last || over {
                spans.push(pull::root(of, store, &context, telling.lang));
            } else {
                self.rootless.insert(context, id);
            }
        }
        self.forget(store);
        spans
    }

    /// The trace of a pull: the one that something of it is in already, or that of its first
    /// exchange.
    fn context(&mut self, of: &Pull, store: &Store) -> Option<Context> {
        let first = of.steps.first()?.exchange;
        if let Some(context) = self.begun.get(&first) {
            return Some(*context);
        }
        let given = of
            .steps
            .iter()
            .find_map(|step| self.given.get(&step.exchange));
        let context = if let Some(context) = given {
            *context
        } else {
            let context = pull::context(of, store)?;
            self.rootless.insert(context, first);
            context
        };
        self.begun.insert(first, context);
        Some(context)
    }

    /// Forgets what the store has let go.
    fn forget(&mut self, store: &Store) {
        if self.given.len() + self.begun.len() > 2 * store.entries().len() + SLACK {
            self.given.retain(|id, _| store.entry(*id).is_some());
            self.begun.retain(|id, _| store.entry(*id).is_some());
        }
    }
}

fn is_over(at: Timestamp, now: Timestamp, span: Duration) -> bool {
    Duration::try_from(now.duration_since(at)).is_ok_and(|passed| passed >= span)
}

/// For so long a request of a pull may follow a `/v2/` or a token that waits for one.
const UNCLAIMED: Duration = Duration::from_secs(61);
/// For so long after its last exchange a pull may still go on.
const AFTERMATH: Duration = Duration::from_secs(2);
/// What may be remembered beyond need, so that this is not looked at all the time.
const SLACK: usize = 1_024;
