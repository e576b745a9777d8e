//! One telling, and in the language of the view.

use std::collections::BTreeSet;

use pullscope::exchange::Rejection;
use pullscope::store::Store;
use pullscope::story::text::{self, Look};
use pullscope::story::{self, Span, Telling};
use pullscope::words::Lang;
use serde_json::json;

use crate::article;
use crate::scenario::{HUB, SKOPEO, Scenario};
use crate::stage::{Stage, store};
use crate::story as stories;

/// A token for another repository than was asked for, which the registry then refuses.
fn wrong_token() -> Scenario {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({"access": [
        {"type": "repository", "name": "library/busybox", "actions": ["pull"]}]}));
    let tag = format!("{HUB}/manifests/latest");
    story.get(&tag).bearer(&token).answer(401);
    story
}

#[test]
fn the_token_tab_says_what_show_says() {
    let scenario = wrong_token();
    for lang in [Lang::En, Lang::Zh] {
        let mut stage = Stage::of_story(&scenario);
        if lang == Lang::Zh {
            stage.keys("i");
        }
        let screen = stage.keys("g j j enter").screen();
        let store = store(&scenario);
        let telling = Telling {
            store: &store,
            lang,
            now: None,
        };
        let pull = &store.pulls()[0];
        let told = story::pull(pull, &telling, &|_| true);
        let look = Look {
            width: 100,
            ascii: false,
        };
        let shown: String = text::steps(&told.steps[1..2], look)
            .iter()
            .flat_map(|line| line.iter().map(Span::text).chain(["\n"]))
            .collect();
        let verdict = if lang == Lang::Zh {
            "与请求不一致"
        } else {
            "not what was asked"
        };
        for said in [&screen, &shown] {
            assert!(said.contains(verdict), "{said}");
            assert!(!said.contains("✓ as asked"), "{said}");
        }
        // Every name and value of the one is on the other.
        let mut values = 0;
        for block in &told.steps[1].decoded {
            let story::Block::Pairs(pairs) = block else {
                panic!("a token is told by names and values")
            };
            for (name, value) in pairs {
                let value = value[0].text().get(..30).unwrap_or(value[0].text());
                assert!(screen.contains(name.text()), "{}: {screen}", name.text());
                assert!(screen.contains(value), "{value}: {screen}");
                values += 1;
            }
        }
        assert!(values > 8, "{values} values");
    }
}

/// What parts words.
const NO_WORD: fn(char) -> bool = |c| !c.is_ascii_alphabetic() && !"'_".contains(c);
/// Keys that lead to every kind of screen.
const SCREENS: &[&str] = &[
    "",
    "t",
    "g",
    "g enter",
    "g enter s",
    "g enter v",
    "E",
    "?",
    "x",
    "y",
    "ctrl-p",
    ":",
    "f",
    "w",
    "L",
    "z",
    "g left",
    "g j enter",
    "g j j enter",
    "g j j j enter",
    "g j j j j enter",
    "g j j j j j enter",
    "G enter",
];

#[test]
fn every_screen_is_in_chinese() {
    let mut refused = Scenario::new(SKOPEO);
    refused.refuse("registry-1.docker.io", SKOPEO, Rejection::alert(48));
    let mut tunnel = Scenario::docker();
    tunnel.tunnel("ghcr.io");
    let empty = Stage::live(Store::default(), stories::under_way().now);
    let stages = [
        article::stage(),
        Stage::of_story(&stories::under_way()),
        Stage::of_story(&wrong_token()),
        Stage::of_story(&refused),
        Stage::of_story(&tunnel),
        empty,
    ];
    let mut left = BTreeSet::new();
    for mut stage in stages {
        stage.keys(":").types("set lang zh").keys("enter");
        for keys in SCREENS {
            stage.keys("esc esc esc").keys(keys);
            english(&stage.screen(), &mut left);
            if keys.ends_with("enter") {
                for tab in ["2", "3", "4", "5", "6", "7"] {
                    english(&stage.keys(tab).screen(), &mut left);
                }
            }
        }
    }
    assert!(left.is_empty(), "English is left: {left:?}");
}

/// Words of our own English on a screen: what is neither a term nor said by the network.
fn english(screen: &str, left: &mut BTreeSet<String>) {
    for word in screen.split(NO_WORD) {
        if OURS.contains(&word) {
            // What a rule has seen is evidence, in the words that files have of it.
            let mut lines = screen
                .lines()
                .filter(|line| !line.contains("TLS handshake for"));
            let line = lines.find(|line| line.split(NO_WORD).any(|other| other == word));
            left.extend(line.map(|line| line.trim().to_owned()));
        }
    }
}

/// Words of sentences and labels in English that no name, path, command or header has in it.
const OURS: &[&str] = &[
    "the",
    "The",
    "and",
    "this",
    "This",
    "that",
    "with",
    "was",
    "were",
    "are",
    "has",
    "not",
    "Nothing",
    "nothing",
    "Waiting",
    "waiting",
    "receiving",
    "exchange",
    "exchanges",
    "pulls",
    "finding",
    "findings",
    "Findings",
    "Blobs",
    "critical",
    "caused",
    "leads",
    "Why",
    "Open",
    "Next",
    "Previous",
    "Help",
    "Quit",
    "Back",
    "Follow",
    "Explain",
    "Events",
    "Waterfall",
    "Sequence",
    "Filter",
    "Copy",
    "Export",
    "STAT",
    "METH",
    "KIND",
    "SIZE",
    "TIME",
    "platforms",
    "queued",
    "complete",
    "failed",
    "refused",
    "LIVE",
    "PAUSED",
    "FILE",
    "more",
    "choose",
    "Token",
    "Request",
    "Response",
    "Timing",
    "Raw",
    "Challenge",
    "Summary",
    "Redirects",
    "Moving",
    "Looking",
    "Doing",
    "Commands",
    "Checklist",
    "listening",
    "anonymous",
    "left",
    "expired",
    "resumed",
    "tunnel",
    "started",
    "ended",
    "seen",
];
