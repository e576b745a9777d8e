//! The JSON: its schema's promises, and that the documentation names every field.

use std::collections::BTreeSet;

use pullscope::export::json;
use pullscope::store::Entry;
use pullscope::story::Telling;
use pullscope::words::Lang;
use serde_json::Value;

use crate::golden::article;

fn written(takes: &dyn Fn(&Entry) -> bool, whole: bool) -> Value {
    let store = article();
    let telling = Telling {
        store: &store,
        lang: Lang::En,
        now: None,
    };
    let mut out = Vec::new();
    json::write(&telling, takes, whole, false, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_article() {
    let quay = |entry: &Entry| entry.pull.is_some_and(|pull| pull.0 == 4);
    let value = written(&quay, false);
    insta::assert_snapshot!("json-quay", serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn everything_is_there_and_hangs_together() {
    let value = written(&|_| true, true);
    assert_eq!(value["schema"], 1);
    assert_eq!(value["secrets_kept"], false);
    let list = |name: &str| value[name].as_array().unwrap().clone();
    assert_eq!(list("pulls").len(), 4);
    assert_eq!(list("exchanges").len(), 28);
    for name in ["findings", "tunnels", "handshakes"] {
        assert!(list(name).is_empty(), "{name}");
    }
    let ids: BTreeSet<_> = list("exchanges").iter().map(|x| x["id"].as_u64()).collect();
    for pull in list("pulls") {
        for (step, number) in pull["steps"].as_array().unwrap().iter().zip(1..) {
            assert_eq!(step["number"], number);
            assert!(ids.contains(&step["exchange"].as_u64()));
            assert!(step["explanation"].as_str().unwrap().len() > 20);
        }
    }
}

#[test]
fn a_filter_leaves_the_rest_out() {
    let value = written(&|entry| entry.exchange.id.0 == 2, false);
    assert_eq!(value["exchanges"].as_array().unwrap().len(), 1);
    assert_eq!(value["pulls"].as_array().unwrap().len(), 1);
    assert!(value.get("tunnels").is_none());
}

/// The names of all members, except inside `decoded` and of what a token claims.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                if name != "decoded" && name != "annotations" {
                    names(value, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[test]
fn every_field_is_documented() {
    let page = include_str!("../../docs/reference/json.md");
    let mut found = BTreeSet::new();
    names(&written(&|_| true, true), &mut found);
    let missing: Vec<_> = found
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/reference/json.md lacks {missing:?}"
    );
    assert!(page.contains(&format!("\"schema\": {}", json::SCHEMA)));
}
