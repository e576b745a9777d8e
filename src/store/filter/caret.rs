//! What is wrong with a filter's text, and where.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::base::printable::printable;

/// A mistake in a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// The bytes of the text it is about; empty at the end of the text.
    pub span: Range<usize>,
    /// One sentence without a full stop that says what is wrong and what to write instead.
    pub message: String,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }

    /// Two lines without a line end after the second: the text as it can be shown, and carets
    /// under the part that is wrong.
    pub fn caret(&self, text: &str) -> String {
        let part = |range: Range<usize>| printable(text.get(range).unwrap_or_default());
        let before = part(0..self.span.start).width();
        let under = part(self.span.clone()).width().max(1);
        format!(
            "{}\n{}{}",
            printable(text),
            " ".repeat(before),
            "^".repeat(under)
        )
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_what_is_wrong() {
        let mistake = Mistake::new(7..10, "x");
        assert_eq!(mistake.caret("中文 a:b"), "中文 a:b\n     ^^^");
        let hidden = Mistake::new(1..3, "x");
        assert_eq!(hidden.caret("\u{1b}xy"), "\\x1bxy\n    ^^");
        assert_eq!(Mistake::new(2..2, "x").caret("a "), "a \n  ^");
    }
}
