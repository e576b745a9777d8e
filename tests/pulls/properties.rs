//! What holds of all traffic.

use std::collections::HashMap;

use jiff::Timestamp;
use proptest::prelude::*;
use pullscope::exchange::{Event, Exchange, ExchangeId, Trace};
use pullscope::pulls::order;
use pullscope::pulls::{Pull, PullId};
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Retention, Store};

use crate::traffic::{CONTAINERD, DOCKER, PODMAN, Traffic, X, digest_of, moment, pull};

/// Traffic of several clients that pull, look and fail, at once and one after the other.
fn traffic() -> impl Strategy<Value = Traffic> {
    let agent = prop_oneof![Just(DOCKER), Just(CONTAINERD), Just(PODMAN)];
    let some = (agent, 0..6_u8, 0..4_u64, 0..3_u8, any::<bool>());
    prop::collection::vec(some, 1..7).prop_map(|parts| {
        let mut traffic = Traffic::default();
        for (number, (agent, what, gap, image, keeps)) in parts.into_iter().enumerate() {
            let number = number as u64;
            let image = ["a", "b", "c/d"][usize::from(image)];
            let at = number * [0, 40, 700, 4_000][usize::try_from(gap).unwrap()];
            let connection = if keeps { number + 1 } else { 0 };
            let some = part(what, image, at).into_iter();
            traffic.add(some.map(|x| x.by(agent).on(connection)));
        }
        traffic
    })
}

fn part(what: u8, image: &str, at: u64) -> Vec<X> {
    let url = |rest: &str| format!("https://r.example/v2/{image}/{rest}");
    match what {
        0 | 1 => pull(image, at),
        // One that is still going on.
        2 => pull(image, at)
            .into_iter()
            .take(5)
            .chain([X::get(&url(&format!("blobs/{}", digest_of("x"))))
                .open(7)
                .at(at + 200)])
            .collect(),
        3 => vec![
            X::get("https://r.example/v2/").fails().at(at),
            X::get("https://r.example/v2/").fails().at(at + 30),
        ],
        4 => vec![
            X::get(&url("manifests/latest")).status(404).at(at),
            X::get(&url("tags/list")).at(at + 20),
        ],
        _ => vec![
            X::get("https://m.example/v2/").at(at),
            X::get(&format!("https://m.example/v2/{image}/manifests/latest"))
                .status(500)
                .at(at + 15),
            X::get("https://r.example/v2/").at(at + 35),
            X::get(&url("manifests/latest")).text("{}").at(at + 55),
            X::get("https://elsewhere.example/").at(at + 60),
        ],
    }
}

/// The pulls of the trace that events make, loaded all at once.
fn at_once(events: &[Event]) -> Vec<Pull> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for event in events {
        match event {
            Event::Opened { id, at, connection } => {
                exchanges.push(Exchange::new(*id, *at, (**connection).clone()));
            }
            other => {
                let id = other.exchange().unwrap();
                let exchange = exchanges.iter_mut().find(|x| x.id == id).unwrap();
                exchange.apply(other.clone());
            }
        }
    }
    exchanges.sort_by_key(|x| (x.started, x.id));
    let trace = Trace {
        exchanges,
        ..Trace::default()
    };
    Store::of_trace(trace, &InMemoryOnly).pulls().to_vec()
}

fn assert_sound(store: &Store) {
    for (pull, number) in store.pulls().iter().zip(1..) {
        assert_eq!(pull.id, PullId(number));
        assert_eq!(store.pull(pull.id), Some(pull));
        let ids: Vec<ExchangeId> = pull.steps.iter().map(|step| step.exchange).collect();
        for step in &pull.steps {
            let entry = store.entry(step.exchange).unwrap();
            assert_eq!((entry.pull, entry.kind), (Some(pull.id), step.kind));
            if let Some(cause) = step.cause {
                assert!(ids.contains(&cause.exchange), "a cause outside the pull");
                let before = &store.entry(cause.exchange).unwrap().exchange;
                assert!(
                    before.started <= entry.exchange.started,
                    "a cause that comes later"
                );
            }
        }
        let blobs = pull.blobs.iter().flat_map(|blob| &blob.exchanges);
        assert!(blobs.chain(&pull.critical_path).all(|id| ids.contains(id)));
    }
    let mut orders: Vec<_> = store.pulls().iter().map(order).collect();
    orders.sort_unstable();
    assert!(store.pulls().iter().map(order).eq(orders));
    let in_pulls: usize = store.pulls().iter().map(|pull| pull.steps.len()).sum();
    assert_eq!(in_pulls + store.loose().count(), store.entries().len());
}

fn assert_same(one: &Store, other: &Store) {
    assert_eq!(one.pulls(), other.pulls());
    assert!(one.entries().eq(other.entries()));
    assert!(one.all_findings().eq(other.all_findings()));
    for pull in one.pulls() {
        assert_eq!(one.findings_of(pull.id), other.findings_of(pull.id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_order_of_events_gives_the_same_store(
        (events, shuffled) in traffic().prop_flat_map(|traffic| {
            let events = traffic.events();
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        batch in 1..9_usize,
    ) {
        let mut expected = Store::default();
        expected.extend(events.clone());
        assert_sound(&expected);
        let mut store = Store::default();
        for events in shuffled.chunks(batch) {
            store.extend(events.iter().cloned());
            assert_sound(&store);
        }
        assert_same(&store, &expected);
    }

    #[test]
    fn a_live_store_is_at_every_moment_what_the_same_trace_would_give(
        traffic in traffic(),
    ) {
        let mut events = traffic.events();
        let started: HashMap<ExchangeId, Timestamp> = events
            .iter()
            .filter_map(|event| match event {
                Event::Opened { id, at, .. } => Some((*id, *at)),
                _ => None,
            })
            .collect();
        // By the moment they happen, as in a live capture.
        events.sort_by_key(|event| match event {
            Event::Ended { end, .. } => end.at,
            Event::ResponseHead { response, .. } => response.at,
            other => started[&other.exchange().unwrap()],
        });
        let mut store = Store::default();
        for (count, event) in events.iter().enumerate() {
            store.apply(event.clone());
            prop_assert_eq!(store.pulls(), at_once(&events[..=count]));
        }
    }

    #[test]
    fn letting_go_takes_whole_pulls_and_the_oldest(
        traffic in traffic(), most in 1..40_usize,
    ) {
        let mut all = Store::default();
        all.extend(traffic.events());
        let mut store = Store::new(Retention { exchanges: most, bodies: u64::MAX });
        store.extend(traffic.events());
        let dropped = store.dropped();
        let kept = store.entries().len();
        prop_assert_eq!(kept as u64 + dropped.exchanges, all.entries().len() as u64);
        prop_assert_eq!(store.pulls().len() as u64 + dropped.pulls, all.pulls().len() as u64);
        for pull in store.pulls() {
            prop_assert_eq!(all.pull(pull.id), Some(pull));
        }
        let over = store.entries().all(|entry| entry.exchange.ended.is_some());
        prop_assert!(kept <= most || !over);
    }

    #[test]
    fn any_bytes_are_taken(
        heads in prop::collection::vec((".{0,60}", prop::collection::vec(any::<u8>(), 0..200)), 0..12),
        starts in prop::collection::vec(0..50_u64, 12),
    ) {
        let mut trace = Trace::default();
        for ((url, bytes), (id, start)) in heads.into_iter().zip(starts.into_iter().zip(1..).map(|(s, i)| (i, s))) {
            let mut events = Traffic::of([X::get("https://r.example/v2/a/manifests/1").at(start)]).events();
            for event in &mut events {
                match event {
                    Event::RequestHead { request, .. } => {
                        request.url = url.clone();
                        request.head = pullscope::exchange::RawHead::new(bytes.clone());
                    }
                    Event::ResponseHead { response, .. } => {
                        response.head = pullscope::exchange::RawHead::new(bytes.clone());
                    }
                    _ => {}
                }
            }
            let mut exchange = match events.remove(0) {
                Event::Opened { at, connection, .. } => Exchange::new(ExchangeId(id), at, *connection),
                other => panic!("{other:?}"),
            };
            for event in events {
                exchange.apply(event);
            }
            trace.exchanges.push(exchange);
        }
        assert_sound(&Store::of_trace(trace, &InMemoryOnly));
    }
}

#[test]
fn a_pull_that_is_quiet_for_a_moment_is_not_over() {
    use pullscope::pulls::State;
    let traffic = Traffic::of(pull("a", 0).into_iter().take(4));
    let mut store = Store::default();
    store.tick(moment(0));
    store.extend(traffic.events());
    assert_eq!(store.pulls()[0].state, State::UnderWay);
    let generation = store.generation();
    store.tick(moment(1_000));
    assert_eq!(store.generation(), generation);
    store.tick(moment(60_000));
    assert!(store.generation() > generation);
    assert_eq!(store.pulls()[0].state, State::Complete);
}

#[test]
fn progress_shows_in_the_blob() {
    let image = crate::traffic::manifest("a", &["a layer"]);
    let blob = format!("https://r.example/v2/a/blobs/{}", digest_of("a layer"));
    let traffic = Traffic::of([
        X::get("https://r.example/v2/a/manifests/1")
            .text(&image)
            .at(0),
        X::get(&blob).open(3).at(20),
    ]);
    let mut store = traffic.store();
    assert_eq!(store.pulls()[0].blobs[1].received, 3);
    let before = store.generation();
    store.apply(Event::Progress {
        id: ExchangeId(2),
        sent: 0,
        received: 5,
    });
    assert_eq!(store.pulls()[0].blobs[1].received, 5);
    assert!(store.generation() > before);
}
