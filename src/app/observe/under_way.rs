//! The exchanges that have not ended yet, put together from events.

use std::collections::BTreeMap;

use crate::exchange::{Event, Exchange, ExchangeId};

/// Open exchanges, by number. Bounded by what the proxy lets be open at once.
#[derive(Default)]
pub(in crate::app) struct UnderWay {
    open: BTreeMap<ExchangeId, Exchange>,
}

impl UnderWay {
    /// Takes an event and returns the exchange it ended, if it ended one.
    pub(in crate::app) fn apply(&mut self, event: &Event) -> Option<Exchange> {
        if let Event::Opened { id, at, connection } = event {
            self.open
                .insert(*id, Exchange::new(*id, *at, (**connection).clone()));
            return None;
        }
        let id = event.exchange()?;
        self.open.get_mut(&id)?.apply(event.clone());
        if matches!(event, Event::Ended { .. }) {
            self.open.remove(&id)
        } else {
            None
        }
    }

    /// All of them.
    pub(in crate::app) fn iter(&self) -> impl Iterator<Item = &Exchange> {
        self.open.values()
    }

    /// The open exchange of this number.
    pub(in crate::app) fn get(&self, id: ExchangeId) -> Option<&Exchange> {
        self.open.get(&id)
    }
}
