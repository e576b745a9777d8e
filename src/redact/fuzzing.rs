//! Fuzz targets: texts in which secrets may stand.

use crate::exchange::Event;

use super::find;
use super::redactor::Redactor;
use super::rule::FieldRule;
use super::shape::Shape;

/// Any text, read as each kind of text.
pub(crate) fn text(bytes: &[u8]) {
    let named = Shape::Field(FieldRule::of(b"X-Session-Id"));
    for shape in SHAPES.into_iter().chain([named]) {
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

const SHAPES: [Shape; 14] = [
    Shape::Url,
    Shape::Form,
    Shape::Authority,
    Shape::Field(FieldRule::Credentials),
    Shape::Field(FieldRule::Cookies),
    Shape::Field(FieldRule::SetCookie),
    Shape::Field(FieldRule::DockerConfig),
    Shape::Field(FieldRule::Opaque),
    Shape::Field(FieldRule::Address),
    Shape::Field(FieldRule::Authority),
    Shape::Field(FieldRule::Challenge),
    Shape::Field(FieldRule::Url),
    Shape::Field(FieldRule::Plain),
    Shape::Text,
];
/// Not to be hit upon by chance.
const SECRET: &str = "dckr_pat_9fQ2xLmV7bTz0RkWcN4hYs1pGaE";
