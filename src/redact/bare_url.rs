//! A URL outside of a capture.

use super::find;
use super::kind::Candidate;
use super::part::EventPart;
use super::placeholder::Placeholder;
use super::redactor::MAX_ROUNDS;
use super::replacement::Replacement;
use super::shape::Shape;

/// A URL without its secrets, for a log line or an error text: each becomes `REDACTED`.
///
/// ```
/// let url = "https://me:pw@cdn.example/blob?Expires=9&Signature=abc";
/// assert_eq!(
///     pullscope::redact::url(url),
///     "https://REDACTED@cdn.example/blob?Expires=9&Signature=REDACTED"
/// );
/// ```
pub fn url(url: &str) -> String {
    let mut url = url.to_owned();
    for _ in 0..MAX_ROUNDS {
        let moved = EventPart::Text(&mut url, Shape::Url).rewrite(|text, shape| {
            let bare = |candidate: Candidate| Replacement {
                range: candidate.range,
                sort: candidate.sort,
                placeholder: Placeholder::BARE,
                quote: None,
            };
            find::find(text, shape).into_iter().map(bare).collect()
        });
        if !moved {
            break;
        }
    }
    url
}
