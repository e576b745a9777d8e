//! Exchanges put together from their events.

use pullscope::exchange::{Event, Exchange};

/// The exchanges that events make.
pub(crate) fn exchanges(events: Vec<Event>) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for event in events {
        match event {
            Event::Opened { id, at, connection } => {
                exchanges.push(Exchange::new(id, at, *connection));
            }
            other => exchanges.last_mut().unwrap().apply(other),
        }
    }
    exchanges
}
