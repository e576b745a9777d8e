//! What other programs wrote into an entry, kept for them.

use serde_json::{Map, Value};

use super::model::{Extras, HarEntry};

/// The fields of an entry that are not ours, by where they stand.
pub(super) fn of(entry: &HarEntry) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut copy = entry.clone();
    for (place, extra) in places(&mut copy) {
        let foreign = extra.foreign();
        if !foreign.is_empty() {
            fields.insert(place.to_owned(), foreign.into());
        }
    }
    if let Some(page) = &entry.pageref {
        fields.insert(PAGE.to_owned(), page.as_str().into());
    }
    fields
}

/// Puts them back.
pub(super) fn keep(entry: &mut HarEntry, fields: &Map<String, Value>) {
    for (place, extra) in places(entry) {
        extra.keep(fields.get(place));
    }
    let page = fields.get(PAGE).and_then(Value::as_str);
    entry.pageref = page.map(str::to_owned);
}

fn places(entry: &mut HarEntry) -> [(&'static str, &mut Extras); 5] {
    [
        ("entry", &mut entry.extra),
        ("request", &mut entry.request.extra),
        ("response", &mut entry.response.extra),
        ("content", &mut entry.response.content.extra),
        ("timings", &mut entry.timings.extra),
    ]
}

const PAGE: &str = "pageref";
