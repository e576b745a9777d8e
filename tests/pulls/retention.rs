//! What a store lets go when it holds too much.

use pullscope::exchange::{Capture, Omission};
use pullscope::pulls::{PullId, State};
use pullscope::store::{Dropped, Retention, Store};

use crate::traffic::{Traffic, X, pull};

/// Ten pulls of nine exchanges, the second still going on, and a stray request.
fn traffic() -> Traffic {
    let mut traffic = Traffic::of([X::get("https://example.org/").at(10)]);
    for n in 0..10 {
        let mut all = pull("a", n * 10_000);
        if n == 1 {
            let last = all.pop().unwrap();
            all.push(last.open(5));
        }
        traffic.add(all);
    }
    traffic
}

#[test]
fn the_oldest_pulls_go_and_the_others_keep_their_numbers() {
    let mut store = Store::new(Retention {
        exchanges: 50,
        bodies: u64::MAX,
    });
    for events in traffic().events().chunks(7) {
        store.extend(events.iter().cloned());
        assert!(store.entries().len() <= 50);
    }
    let ids: Vec<_> = store.pulls().iter().map(|pull| pull.id.0).collect();
    // The one that is under way stays, however old.
    assert_eq!(ids, [2, 7, 8, 9, 10]);
    assert_eq!(store.pulls()[0].state, State::UnderWay);
    assert_eq!(store.loose().count(), 0);
    assert_eq!(
        store.dropped(),
        Dropped {
            exchanges: 91 - 45,
            pulls: 5,
            bodies: 0
        }
    );
    for pull in store.pulls() {
        assert_eq!(store.pull(pull.id), Some(pull));
        for step in &pull.steps {
            assert_eq!(store.entry(step.exchange).unwrap().pull, Some(pull.id));
        }
    }
    assert_eq!(store.pull(PullId(1)), None);
    // What comes later is numbered on.
    let mut more = traffic();
    more.add(pull("b", 200_000));
    store.extend(more.events().into_iter().skip(4 * 91 - 2));
    assert_eq!(store.pulls().last().unwrap().id, PullId(11));
}

#[test]
fn the_oldest_bodies_go_and_what_was_read_stays() {
    let mut all = Store::default();
    all.extend(traffic().events());
    let mut store = Store::new(Retention {
        exchanges: usize::MAX,
        bodies: 4_000,
    });
    for events in traffic().events().chunks(5) {
        store.extend(events.iter().cloned());
    }
    assert_eq!(store.pulls(), all.pulls());
    let held: usize = store
        .entries()
        .filter_map(
            |entry| match &entry.exchange.response_body.as_ref()?.capture {
                Capture::Memory { bytes } => Some(bytes.len()),
                _ => None,
            },
        )
        .sum();
    assert!(held > 2_000 && held <= 4_000, "{held}");
    let let_go = store.entries().filter(|entry| {
        let body = entry.exchange.response_body.as_ref();
        body.is_some_and(|body| {
            body.capture
                == Capture::Omitted {
                    reason: Omission::Memory,
                }
        })
    });
    assert_eq!(let_go.count() as u64, store.dropped().bodies);
    let first = store.pulls()[0].image.manifest.unwrap();
    assert!(store.entry(first).unwrap().reading.document.is_some());
}
