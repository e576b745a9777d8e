//! How long the store takes to load and group a hundred thousand exchanges, to follow a live
//! capture of them, and how much memory it keeps: `cargo bench --bench store`.
//!
//! The traffic is that of `tests/data/article` over and over again: real heads, real tokens, real
//! manifests, four pulls of 28 exchanges at a time. A number as first argument is how many
//! exchanges, 100,000 otherwise.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "../shared/figures.rs"]
mod figures;
#[path = "../../tests/article/load.rs"]
mod load;
#[path = "../../tests/article/made.rs"]
mod made;
#[path = "../shared/rounds.rs"]
mod rounds;

use std::time::Duration;

use pullscope::exchange::{Event, Exchange, ExchangeId, Trace};
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Retention, Store};

use figures::{busy, resident, since};
use rounds::exchanges;

/// How many exchanges, unless it is said.
const EXCHANGES: usize = 100_000;
/// How many events the application takes at a time.
const BATCH: usize = 32;
/// How many events more the price of one is taken of.
const MORE: u32 = 100_000;

fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok());
    let count = count.unwrap_or(EXCHANGES);
    println!("{count} exchanges; times are those of the processor");
    loads(count);
    follows(count);
}

/// A trace that is read.
fn loads(count: usize) {
    let before = resident();
    let exchanges = exchanges(count);
    let heads: u64 = exchanges.iter().map(wire).sum();
    let raw = resident().saturating_sub(before);
    let trace = Trace {
        exchanges,
        ..Trace::default()
    };
    let begun = busy();
    let store = Store::of_trace(trace, &InMemoryOnly);
    let took = since(begun);
    let kept = resident().saturating_sub(before);
    let each = |bytes: u64| bytes / count as u64;
    println!("\na trace that is loaded");
    println!(
        "  decoded, grouped and judged in {took:.2?}: {} pulls",
        store.pulls().len()
    );
    println!("  heads and URLs       {:>6} bytes each", each(heads));
    println!("  as exchanges         {:>6} bytes each", each(raw));
    println!("  in the store         {:>6} bytes each", each(kept));
    let beyond = kept.saturating_sub(heads);
    println!("  beyond heads, URLs   {:>6} bytes each", each(beyond));
}

/// The same, live: in the order in which it happened, some events at a time.
fn follows(count: usize) {
    let mut events: Vec<_> = exchanges(count).iter().flat_map(events).collect();
    events.sort_by_key(|(at, _)| *at);
    let mut store = Store::new(Retention::ALL);
    let mut longest = Duration::ZERO;
    let mut batches = 0_u32;
    let begun = busy();
    for batch in events.chunks(BATCH) {
        let begun = busy();
        store.extend(batch.iter().map(|(_, event)| event.clone()));
        longest = longest.max(since(begun));
        batches += 1;
    }
    let took = since(begun);
    println!("\na live capture, {BATCH} events at a time");
    println!(
        "  {} events in {took:.2?}: {} pulls",
        events.len(),
        store.pulls().len()
    );
    println!(
        "  {:.2?} a batch, the longest {longest:.2?}",
        took / batches
    );
    let last = ExchangeId(count as u64);
    let begun = busy();
    // The kernel counts in ticks of some milliseconds.
    for received in 0..u64::from(MORE) {
        store.apply(Event::Progress {
            id: last,
            sent: 0,
            received,
        });
    }
    println!("  {:.2?} for one event more", since(begun) / MORE);
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
