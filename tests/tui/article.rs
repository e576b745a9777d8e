//! Every screen, from the article's four pulls.

use std::time::Duration;

use jiff::Timestamp;
use pullscope::exchange::{Event, Timings};
use pullscope::store::Store;

use crate::load::{NAMES, events};
use crate::stage::Stage;

/// The four pulls. The article gives no times; these are made up, and the same in every run.
pub(crate) fn store() -> (Store, Timestamp) {
    let mut store = Store::default();
    let mut first = 1;
    let mut now = Timestamp::UNIX_EPOCH;
    for name in NAMES {
        let mut all = events(name, first);
        let mut at: Option<Timestamp> = None;
        for event in &mut all {
            place(event, &mut at);
            if let Event::Ended { end, .. } = event {
                now = now.max(end.at);
            }
        }
        first += all
            .iter()
            .filter(|event| matches!(event, Event::Opened { .. }))
            .count() as u64;
        store.extend(all);
    }
    (store, now + Duration::from_secs(2))
}

/// Exchanges follow each other; larger answers take longer.
fn place(event: &mut Event, at: &mut Option<Timestamp>) {
    match event {
        Event::Opened { at: opened, .. } => *opened = *at.get_or_insert(*opened),
        Event::ResponseHead { response, .. } => {
            let begun = at.unwrap() + Duration::from_millis(85);
            response.at = begun;
            *at = Some(begun);
        }
        Event::Ended { end, .. } => {
            let size = end.response_body.as_ref().map_or(0, |body| body.size);
            let receive = Duration::from_millis(2 + size / 12_000);
            end.at = at.unwrap() + receive;
            *at = Some(end.at + Duration::from_millis(6));
            end.timings = Timings {
                dns: Some(Duration::from_millis(4)),
                connect: Some(Duration::from_millis(31)),
                ssl: Some(Duration::from_millis(20)),
                send: Some(Duration::from_micros(300)),
                wait: Some(Duration::from_millis(50)),
                receive: Some(receive),
                ..Timings::default()
            };
        }
        _ => {}
    }
}

pub(crate) fn stage() -> Stage {
    let (store, now) = store();
    Stage::file(store, "article.har", now)
}

/// The list, filtered to one kind of one registry, with its first exchange open.
fn opened(filter: &str) -> Stage {
    let mut stage = stage();
    stage.keys("f").types(filter).keys("enter g j enter");
    stage
}

#[test]
fn list() {
    let mut stage = stage();
    insta::assert_snapshot!("list", stage.sizes());
    stage.keys("t");
    insta::assert_snapshot!("list-flat", stage.sizes());
    stage
        .keys("t f")
        .types("kind:layer,cdn size:>1M")
        .keys("enter");
    insta::assert_snapshot!("list-filtered", stage.sizes());
}

#[test]
fn exchanges_by_kind() {
    for kind in [
        "challenge",
        "token",
        "index",
        "manifest",
        "config",
        "redirect",
        "cdn",
    ] {
        let filter = format!("registry:registry-1.docker.io kind:{kind}");
        let mut stage = opened(&filter);
        insta::assert_snapshot!(format!("detail-{kind}"), stage.sizes());
    }
}

#[test]
fn tabs_of_an_exchange() {
    let mut stage = opened("registry:registry-1.docker.io kind:token");
    for (key, name) in [
        ("2", "request"),
        ("3", "response"),
        ("4", "timing"),
        ("5", "tls"),
        ("6", "raw"),
    ] {
        insta::assert_snapshot!(format!("tab-{name}"), stage.keys(key).sizes());
    }
    let mut stage = opened("registry:registry-1.docker.io kind:redirect");
    insta::assert_snapshot!("tab-redirects", stage.keys("4").sizes());
}

#[test]
fn a_pull() {
    let mut stage = opened("registry:quay.io kind:token");
    insta::assert_snapshot!("pull-overview", stage.keys("p").sizes());
    insta::assert_snapshot!("pull-sequence", stage.keys("s").sizes());
    insta::assert_snapshot!("pull-waterfall", stage.keys("v").sizes());
}

#[test]
fn menus_and_pages() {
    let mut stage = stage();
    insta::assert_snapshot!("help", stage.keys("?").sizes());
    stage.keys("esc g j m x");
    insta::assert_snapshot!("menu-export", stage.sizes());
    insta::assert_snapshot!("menu-copy", stage.keys("esc y").sizes());
    insta::assert_snapshot!(
        "menu-palette",
        stage.keys("esc ctrl-p").types("theme").sizes()
    );
    insta::assert_snapshot!(
        "prompt-mistake",
        stage.keys("esc f").types("kind:layr size:>1M").sizes()
    );
}

#[test]
fn explanations_in_chinese() {
    let mut stage = opened("registry:registry-1.docker.io kind:token");
    stage.keys("i");
    insta::assert_snapshot!("detail-token-zh", stage.sizes());
    stage.keys("esc");
    insta::assert_snapshot!("list-zh", stage.sizes());
}

#[test]
fn with_nothing_but_ascii() {
    let mut stage = stage();
    stage.keys(":").types("set ascii").keys("enter");
    let screen = stage.sizes();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("list-ascii", screen);
    stage.keys("g enter s");
    assert!(stage.screen().is_ascii());
}

#[test]
fn the_first_minute() {
    let now = "2026-11-25T10:00:00Z".parse().unwrap();
    let mut stage = Stage::live(Store::default(), now);
    insta::assert_snapshot!("empty", stage.sizes());
}
