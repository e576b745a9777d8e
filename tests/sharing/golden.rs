//! The article's pulls in every form, as golden files.

use pullscope::exchange::{Event, ExchangeId};
use pullscope::export::{allowlist, markdown, mermaid};
use pullscope::har;
use pullscope::store::{Entry, Store};
use pullscope::story;
use pullscope::story::text;
use pullscope::story::text::Look;
use pullscope::story::{Block, Telling};
use pullscope::words::Lang;

use crate::curl::script as curl_script;
use crate::load::{NAMES, events};

/// The four pulls in one store.
pub(crate) fn article() -> Store {
    let mut store = Store::default();
    let mut first = 1;
    for name in NAMES {
        let events = events(name, first);
        let opened = events.iter().filter(|e| matches!(e, Event::Opened { .. }));
        first += opened.count() as u64;
        store.extend(events);
    }
    store
}

fn told(at: usize, lang: Lang, look: Look) -> String {
    let store = article();
    let telling = Telling {
        store: &store,
        lang,
        now: None,
    };
    let pull = &store.pulls()[at];
    let title = Block::Heading(story::title(pull, lang));
    let mut lines = text::blocks(&[title], look, 0);
    let parts = story::pull(pull, &telling, &|_: ExchangeId| true);
    lines.extend(text::pull(&parts, &telling, look));
    let mut shown = String::new();
    for line in lines {
        shown.extend(line.iter().map(story::Span::text));
        shown.push('\n');
    }
    shown
}

const WIDE: Look = Look {
    width: 100,
    ascii: false,
};

#[test]
fn the_story_in_english() {
    for (at, name) in NAMES.iter().enumerate() {
        insta::assert_snapshot!(format!("story-{name}"), told(at, Lang::En, WIDE));
    }
}

#[test]
fn the_story_in_chinese() {
    let shown = told(2, Lang::Zh, WIDE);
    insta::assert_snapshot!("story-dockerhub-zh", shown);
}

#[test]
fn the_story_fits_its_width_and_an_ascii_terminal() {
    for width in [60, 80, 132] {
        for (at, lang) in [(0, Lang::En), (1, Lang::Zh), (2, Lang::En), (3, Lang::Zh)] {
            let look = Look {
                width,
                ascii: false,
            };
            for line in told(at, lang, look).lines() {
                let wide = unicode_width::UnicodeWidthStr::width(line);
                assert!(wide <= width, "{wide} > {width}: {line}");
            }
        }
    }
    let look = Look {
        width: 80,
        ascii: true,
    };
    let shown = told(2, Lang::En, look);
    assert!(shown.is_ascii(), "{shown}");
    assert!(shown.contains("ok complete") && shown.contains("<- chosen"));
}

fn with<T>(lang: Lang, make: impl FnOnce(&Telling<'_>, Vec<&Entry>) -> T) -> T {
    let store = article();
    let telling = Telling {
        store: &store,
        lang,
        now: None,
    };
    make(&telling, store.entries().collect())
}

#[test]
fn the_article_written_by_the_machine() {
    for (lang, name) in [(Lang::En, "article-en"), (Lang::Zh, "article-zh")] {
        let page = with(lang, |telling, _| {
            let mut out = Vec::new();
            let quay = |entry: &Entry| entry.pull.is_some_and(|pull| pull.0 == 4);
            let bodies = har::HarDocument::default();
            markdown::write(telling, &quay, false, &bodies, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        });
        insta::assert_snapshot!(name, page);
    }
}

#[test]
fn the_diagram() {
    let diagram = with(Lang::En, |telling, entries| {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        mermaid::diagram(|| entries.iter().copied(), telling)
    });
    insta::assert_snapshot!("mermaid", diagram);
}

#[test]
fn the_commands() {
    let script = with(Lang::En, |telling, entries| {
        let hub = entries
            .into_iter()
            .filter(|e| e.pull.is_some_and(|pull| pull.0 == 3));
        curl_script(hub, telling, &har::HarDocument::default())
    });
    assert!(!script.contains("eyJ"), "a token stands in it: {script}");
    insta::assert_snapshot!("curl", script);
}

#[test]
fn the_hosts() {
    let text = with(Lang::En, |telling, entries| {
        let needed = allowlist::needed(entries, true, telling);
        allowlist::text(&needed, telling)
    });
    insta::assert_snapshot!("allowlist", text);
}
