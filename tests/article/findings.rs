//! The four pulls were healthy: no rule finds anything, and each step is explained in both
//! languages.

use std::fmt::Write as _;

use pullscope::store::Store;
use pullscope::story::explain;
use pullscope::words::Lang;

use crate::load::{NAMES, events};

fn store(name: &str) -> Store {
    let mut store = Store::default();
    store.extend(events(name, 1));
    store
}

#[test]
fn nothing_is_wrong_with_them() {
    for name in NAMES {
        let store = store(name);
        let [pull] = store.pulls() else {
            panic!("{name} is one pull");
        };
        assert_eq!(store.findings_of(pull.id), [], "{name}");
        assert_eq!(store.loose_findings(), [], "{name}");
    }
}

#[test]
fn each_step_is_explained() {
    for (lang, suffix) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        for name in NAMES {
            let store = store(name);
            let pull = &store.pulls()[0];
            let mut text = String::new();
            for step in &pull.steps {
                let entry = store.entry(step.exchange).unwrap();
                let why = explain(step, &entry.reading, pull, lang);
                let _ = writeln!(text, "{}: {why}", step.kind.name(lang));
            }
            insta::assert_snapshot!(format!("explain-{name}-{suffix}"), text);
        }
    }
}
