//! Pieces of a text to replace.

use std::ops::Range;

use super::kind::SecretSort;
use super::placeholder::Placeholder;

/// A piece of a text and what to put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// Which bytes.
    pub(super) range: Range<usize>,
    /// What to put there.
    pub(super) placeholder: Placeholder,
    /// What it is counted as.
    pub(super) sort: SecretSort,
    /// Where a quote stands that is to be written around it, as a JSON number has none.
    pub(super) quote: Option<Range<usize>>,
}

/// Spans in order. Those that overlap or touch become one, with the placeholder of the one that
/// begins first, or of the longest of those.
pub(super) fn merge(text: &[u8], mut spans: Vec<Replacement>) -> Vec<Replacement> {
    spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    let mut merged: Vec<Replacement> = Vec::with_capacity(spans.len());
    for mut span in spans {
        span.range = whole_characters(text, span.range);
        match merged.last_mut() {
            Some(last) if span.range.start <= last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// The text with all spans replaced, [merged](merge); `None` when there are none.
pub(super) fn splice(text: &[u8], spans: Vec<Replacement>) -> Option<Vec<u8>> {
    let merged = merge(text, spans);
    merged.first()?;
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for span in merged {
        out.extend_from_slice(text.get(done..span.range.start).unwrap_or_default());
        let quote = span
            .quote
            .and_then(|quote| text.get(quote))
            .unwrap_or_default();
        out.extend_from_slice(quote);
        span.placeholder.write(&mut out);
        out.extend_from_slice(quote);
        done = span.range.end;
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    Some(out)
}

/// The range, made wider where it would cut a UTF-8 character.
fn whole_characters(text: &[u8], range: Range<usize>) -> Range<usize> {
    // Bytes that are no UTF-8 may look like the rest of a character that never began.
    let continues = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        text.get(at).is_some_and(|b| (0x80..0xC0).contains(b))
            && before.is_some_and(|b| !b.is_ascii())
    };
    let (mut start, mut end) = (range.start, range.end.min(text.len()));
    for _ in 0..3 {
        if start > 0 && continues(start) {
            start -= 1;
        }
        if continues(end) {
            end += 1;
        }
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice_all(text: &str, ranges: &[(usize, usize)]) -> Option<String> {
        let spans = ranges
            .iter()
            .map(|&(start, end)| Replacement {
                sort: SecretSort::Token,
                range: start..end,
                placeholder: Placeholder::BARE,
                quote: None,
            })
            .collect();
        splice(text.as_bytes(), spans).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn spans_are_replaced_and_the_rest_stays() {
        assert_eq!(splice_all("abc", &[]), None);
        assert_eq!(
            splice_all("abcdef", &[(4, 5), (1, 2)]).unwrap(),
            "aREDACTEDcdREDACTEDf"
        );
        assert_eq!(
            splice_all("abcdef", &[(1, 4), (2, 3), (3, 5)]).unwrap(),
            "aREDACTEDf"
        );
        assert_eq!(splice_all("ab", &[(0, 1), (1, 2)]).unwrap(), "REDACTED");
    }

    #[test]
    fn characters_stay_whole() {
        assert_eq!(splice_all("a\u{20ac}b", &[(2, 3)]).unwrap(), "aREDACTEDb");
    }

    #[test]
    fn a_number_becomes_a_string() {
        let span = Replacement {
            sort: SecretSort::Token,
            range: 8..10,
            placeholder: Placeholder::BARE,
            quote: Some(0..2),
        };
        let text = br#"\"pin\":12}"#;
        assert_eq!(
            splice(text, vec![span]).unwrap(),
            br#"\"pin\":\"REDACTED\"}"#
        );
    }
}
