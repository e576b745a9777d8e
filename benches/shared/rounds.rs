//! A trace of any length: the traffic of `tests/data/article` over and over again.

use std::time::Duration;

use pullscope::exchange::{Exchange, ExchangeId, RawHead};

use crate::load;
use crate::made;

/// The article's exchanges over and over, a round every seven seconds: pulls overlap.
pub(crate) fn exchanges(count: usize) -> Vec<Exchange> {
    let mut round = Vec::new();
    for name in load::NAMES {
        let all = made::exchanges(load::events(name, 1));
        let first = all.first().unwrap().started;
        round.extend(
            all.into_iter()
                .map(|x| (x.started.duration_since(first), x)),
        );
    }
    let start = round.first().unwrap().1.started;
    let mut exchanges = Vec::with_capacity(count);
    for (number, (offset, exchange)) in round.iter().cycle().take(count).enumerate() {
        let turn = u32::try_from(number / round.len()).unwrap();
        let started = start + Duration::from_secs(7) * turn + *offset;
        let later = started.duration_since(exchange.started);
        let mut exchange = exchange.clone();
        exchange.id = ExchangeId(number as u64 + 1);
        exchange.connection.id.0 = number as u64 + 1;
        exchange.started = started;
        // Clones share their bytes, what is captured or read does not.
        if let Some(request) = &mut exchange.request {
            request.head = RawHead::new(request.head.as_bytes());
        }
        if let Some(response) = &mut exchange.response {
            response.head = RawHead::new(response.head.as_bytes());
        }
        if let Some(response) = &mut exchange.response {
            response.at += later;
        }
        if let Some((at, _)) = &mut exchange.ended {
            *at += later;
        }
        exchanges.push(exchange);
    }
    exchanges.sort_by_key(|x| (x.started, x.id));
    exchanges
}
