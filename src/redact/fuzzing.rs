//! Fuzz targets: texts in which secrets may stand.

use crate::exchange::Event;

use super::field::Rule;
use super::find::{self, Shape};
use super::redactor::Redactor;

/// Any text, read as each kind of text.
pub(crate) fn text(bytes: &[u8]) {
    for shape in SHAPES {
        for found in find::find(bytes, shape) {
            assert!(
                bytes.get(found.range.clone()).is_some(),
                "{shape:?} {found:?}"
            );
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = super::url(&text);
    let mut redactor = Redactor::new();
    let _ = redactor.text(&text);
    if let Ok(event) = serde_json::from_slice::<Event>(bytes) {
        let id = event.exchange();
        assert_eq!(redactor.event(event).exchange(), id);
    }
}

/// A secret under its name in JSON is found whatever stands around it.
pub(crate) fn json(bytes: &[u8]) {
    let around = String::from_utf8_lossy(bytes);
    let text = serde_json::json!({
        "before": around, "access_token": SECRET, "after": [around],
    })
    .to_string();
    let clean = Redactor::new().text(&text);
    assert!(!clean.contains(SECRET), "{text} became {clean}");
}

const SHAPES: [Shape; 13] = [
    Shape::Url,
    Shape::Form,
    Shape::Authority,
    Shape::Field(Rule::Credentials),
    Shape::Field(Rule::Cookies),
    Shape::Field(Rule::SetCookie),
    Shape::Field(Rule::DockerConfig),
    Shape::Field(Rule::Opaque),
    Shape::Field(Rule::Address),
    Shape::Field(Rule::Challenge),
    Shape::Field(Rule::Url),
    Shape::Field(Rule::Plain),
    Shape::Text,
];
/// Not to be hit upon by chance.
const SECRET: &str = "dckr_pat_9fQ2xLmV7bTz0RkWcN4hYs1pGaE";
