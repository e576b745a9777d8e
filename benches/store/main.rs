//! How long the store takes to load and group a hundred thousand exchanges, to follow a live
//! capture of them, and how much memory it keeps: `cargo bench --bench store`.
//!
//! The traffic is that of `tests/data/article` over and over again: real heads, real tokens, real
//! manifests, four pulls of 28 exchanges at a time. A number as first argument is how many
//! exchanges, 100,000 otherwise.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "../../tests/article/load.rs"]
mod load;

use std::time::{Duration, Instant};

use pullscope::exchange::{Event, Exchange, ExchangeId, Trace};
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Retention, Store};

/// How many exchanges, unless it is said.
const EXCHANGES: usize = 100_000;
/// How many events the application takes at a time.
const BATCH: usize = 32;

fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok());
    let count = count.unwrap_or(EXCHANGES);
    let exchanges = exchanges(count);
    println!("{count} exchanges\n");
    loads(&exchanges);
    follows(&exchanges);
}

/// A trace that is read.
fn loads(exchanges: &[Exchange]) {
    let before = resident();
    let mut trace = Trace::default();
    trace.exchanges.extend(exchanges.iter().cloned());
    let bytes: u64 = exchanges.iter().map(wire).sum();
    let raw = resident().saturating_sub(before);
    let begun = Instant::now();
    let store = Store::of_trace(trace, &InMemoryOnly);
    let took = begun.elapsed();
    let kept = resident().saturating_sub(before);
    let each = |bytes: u64| bytes / exchanges.len() as u64;
    println!("a trace that is loaded");
    println!(
        "  decoded and grouped in {took:.2?}: {} pulls",
        store.pulls().len()
    );
    println!("  heads and URL          {:>6} bytes each", each(bytes));
    println!(
        "  as exchanges           {:>6} bytes each resident",
        each(raw)
    );
    println!(
        "  in the store           {:>6} bytes each resident",
        each(kept)
    );
    let beyond = kept.saturating_sub(bytes);
    println!("  beyond heads and URL   {:>6} bytes each\n", each(beyond));
}

/// The same, live: in the order in which it happened, some events at a time.
fn follows(exchanges: &[Exchange]) {
    let mut events: Vec<_> = exchanges.iter().flat_map(events).collect();
    events.sort_by_key(|(at, _)| *at);
    let events: Vec<Event> = events.into_iter().map(|(_, event)| event).collect();
    let mut store = Store::new(Retention::ALL);
    let mut longest = Duration::ZERO;
    let mut batches = 0_u32;
    let begun = Instant::now();
    for batch in events.chunks(BATCH) {
        let begun = Instant::now();
        store.extend(batch.iter().cloned());
        longest = longest.max(begun.elapsed());
        batches += 1;
    }
    let took = begun.elapsed();
    println!("a live capture, {BATCH} events at a time");
    println!(
        "  {} events in {took:.2?}: {} pulls",
        events.len(),
        store.pulls().len()
    );
    println!(
        "  {:.2?} a batch, the longest {longest:.2?}",
        took / batches
    );
    let last = ExchangeId(exchanges.len() as u64);
    let begun = Instant::now();
    for _ in 0..1_000 {
        store.apply(Event::Progress {
            id: last,
            sent: 0,
            received: 1,
        });
    }
    println!("  {:.2?} for one event at the end", begun.elapsed() / 1_000);
}

/// The article's exchanges over and over, a round every seven seconds: pulls overlap.
fn exchanges(count: usize) -> Vec<Exchange> {
    let mut round = Vec::new();
    for name in load::NAMES {
        let all = load::exchanges(load::events(name, 1));
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

/// What a live capture says of an exchange, and when.
fn events(exchange: &Exchange) -> Vec<(jiff::Timestamp, Event)> {
    let id = exchange.id;
    let response = exchange.response.clone().unwrap();
    let (ended, ending) = exchange.ended.clone().unwrap();
    vec![
        (
            exchange.started,
            Event::Opened {
                id,
                at: exchange.started,
                connection: Box::new(exchange.connection.clone()),
            },
        ),
        (
            exchange.started,
            Event::RequestHead {
                id,
                request: exchange.request.clone().unwrap(),
            },
        ),
        (response.at, Event::ResponseHead { id, response }),
        (
            ended,
            Event::Ended {
                id,
                end: Box::new(pullscope::exchange::End {
                    at: ended,
                    ending,
                    timings: exchange.timings,
                    upstream: exchange.upstream.clone(),
                    request_body: exchange.request_body.clone(),
                    response_body: exchange.response_body.clone(),
                    redacted: false,
                }),
            },
        ),
    ]
}

/// Bytes of heads and URL. The bodies that are kept are the same in every round, and shared.
fn wire(exchange: &Exchange) -> u64 {
    let request = exchange.request.as_ref().unwrap();
    let response = exchange.response.as_ref().unwrap();
    (request.head.len() + response.head.len() + request.url.len()) as u64
}

/// Bytes of memory this process holds.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4_096
}
