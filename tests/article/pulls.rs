//! The 28 exchanges, grouped: four pulls, as golden files.

use pullscope::exchange::Event;
use pullscope::findings::Finding;
use pullscope::pulls::BlobState::{AlreadyPresent, Verified, Whole};
use pullscope::pulls::{Pull, PullId, Purpose, State};
use pullscope::store::{Filter, Store};
use serde::Serialize;

use crate::load::{NAMES, events};

/// A pull with what is wrong with it.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    pull: &'a Pull,
    findings: &'a [Finding],
}

fn all() -> Vec<Event> {
    let mut first = 1;
    let mut all = Vec::new();
    for name in NAMES {
        let events = events(name, first);
        let opened = events.iter().filter(|e| matches!(e, Event::Opened { .. }));
        first += opened.count() as u64;
        all.extend(events);
    }
    all
}

fn store() -> Store {
    let mut store = Store::default();
    store.extend(all());
    store
}

#[test]
fn four_pulls() {
    let store = store();
    assert_eq!(store.pulls().len(), 4);
    assert_eq!(store.loose().count(), 0);
    assert_eq!(store.entries().len(), 28);
    for (pull, name) in store.pulls().iter().zip(NAMES) {
        let golden = serde_json::to_string_pretty(&Judged {
            pull,
            findings: store.findings_of(pull.id),
        })
        .unwrap();
        insta::assert_snapshot!(format!("pull-{name}"), golden);
    }
}

#[test]
fn each_is_a_whole_pull_by_docker() {
    let store = store();
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(
        names,
        [
            "gcr.io/google-containers/kube-controller-manager:v1.16.10",
            "2h3po24q.mirror.aliyuncs.com/library/alpine:latest",
            "alpine:latest",
            "quay.io/watchdogpolska/alpine-curl:latest",
        ]
    );
    for (pull, number) in store.pulls().iter().zip(1..) {
        assert_eq!(pull.id, PullId(number));
        assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Complete));
        assert_eq!(pull.client.label(), "docker 19.03.12");
        assert!(pull.mirrors.is_empty());
        let steps: Vec<_> = pull.steps.iter().map(|step| step.exchange).collect();
        let entries = store.entries().filter(|entry| entry.pull == Some(pull.id));
        assert_eq!(
            steps,
            entries.map(|entry| entry.exchange.id).collect::<Vec<_>>()
        );
    }
}

#[test]
fn layers_that_were_never_asked_for_are_there_already() {
    let store = store();
    let states = |at: usize| -> Vec<_> {
        let blobs = store.pulls()[at].blobs.iter();
        blobs.map(|blob| blob.state).collect()
    };
    assert_eq!(states(0), [Whole, Whole, Whole]);
    assert_eq!(states(1), [Whole, AlreadyPresent]);
    assert_eq!(states(2), [Whole, AlreadyPresent]);
    assert_eq!(states(3), [Verified, AlreadyPresent, Whole]);
}

#[test]
fn any_order_of_the_events_gives_the_same_store() {
    let expected = store();
    let mut reversed = Store::default();
    for event in all().into_iter().rev() {
        reversed.apply(event);
    }
    assert_eq!(reversed.pulls(), expected.pulls());
    assert!(reversed.entries().eq(expected.entries()));
}

#[test]
fn a_filter_for_layers_finds_the_way_to_them() {
    let store = store();
    let found = |text: &str| {
        let filter: Filter = text.parse().unwrap();
        let fits = store
            .entries()
            .filter(|entry| filter.matches(entry, &store));
        let kinds: Vec<_> = fits.map(|entry| entry.kind.word()).collect();
        kinds.join(" ")
    };
    assert_eq!(found("pull:3 kind:layer"), "", "it was there already");
    assert_eq!(
        found("pull:1 kind:layer"),
        "redirect redirect cdn cdn",
        "two layers"
    );
    assert_eq!(found("pull:1 kind:config"), "redirect cdn");
    assert_eq!(found("pull:3 kind:cdn"), "cdn");
}
