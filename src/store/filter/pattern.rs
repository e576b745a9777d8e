//! Patterns over text: a part of it, all of it, or pieces with anything in between.

use super::atom::Atom;

/// A pattern; ASCII letters in it are lower-case and match both cases.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// The text holds this.
    Part(String),
    /// The text is this.
    Whole(String),
    /// The text is these pieces with anything in between: `*` unites them.
    Pieces(Vec<String>),
}

/// What a value without `*` and `=` stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    /// A part of the text.
    Part,
    /// All of the text.
    Whole,
}

impl Pattern {
    /// Reads a value: `=text` is all of the text, `*` stands for anything.
    pub(super) fn read(atom: &Atom, style: Style) -> Self {
        if let Some(whole) = atom.strip("=") {
            return Self::Whole(lower(&whole));
        }
        let pieces: Vec<_> = atom.split('*').iter().map(lower).collect();
        match (pieces.as_slice(), style) {
            ([one], Style::Part) => Self::Part(one.clone()),
            ([one], Style::Whole) => Self::Whole(one.clone()),
            _ => Self::Pieces(pieces),
        }
    }

    /// Whether a text is as the pattern wants it.
    pub(super) fn fits(&self, text: &str) -> bool {
        self.fits_bytes(text.as_bytes())
    }

    /// The same of a text that there may be none of.
    pub(super) fn fits_some(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| self.fits(text))
    }

    /// As [`Self::fits`] for bytes of any encoding.
    pub(super) fn fits_bytes(&self, text: &[u8]) -> bool {
        match self {
            Self::Part(part) => find(text, part.as_bytes()).is_some(),
            Self::Whole(whole) => text.eq_ignore_ascii_case(whole.as_bytes()),
            Self::Pieces(pieces) => fits_pieces(text, pieces),
        }
    }
}

fn lower(atom: &Atom) -> String {
    atom.text().to_ascii_lowercase()
}

/// The first piece begins the text, the last one ends it, the others follow in order.
fn fits_pieces(text: &[u8], pieces: &[String]) -> bool {
    let [first, between @ .., last] = pieces else {
        return false;
    };
    let begins = text
        .get(..first.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(first.as_bytes()));
    let mut rest = match text.get(first.len()..) {
        Some(rest) if begins => rest,
        _ => return false,
    };
    for piece in between {
        let Some(behind) = find(rest, piece.as_bytes()) else {
            return false;
        };
        rest = rest.get(behind..).unwrap_or_default();
    }
    rest.len()
        .checked_sub(last.len())
        .and_then(|at| rest.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(last.as_bytes()))
}

/// Where the text goes on behind the first occurrence of a lower-case needle.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let Some((&first, more)) = needle.split_first() else {
        return Some(0);
    };
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(first, upper, text)
        .map(|at| (at + 1, at + needle.len()))
        .find(|&(from, to)| {
            text.get(from..to)
                .is_some_and(|found| found.eq_ignore_ascii_case(more))
        })
        .map(|(_, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Pattern {
        Pattern::Pieces(text.split('*').map(str::to_owned).collect())
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(pieces("*.r2.*").fits("x.R2.y"));
        assert!(!pieces("*.r2.*").fits("r2.y"));
        assert!(pieces("a*a").fits("aa"));
        assert!(!pieces("a*a").fits("a"));
        assert!(pieces("*").fits(""));
        assert!(!pieces("ab*bc").fits("abc"));
    }

    #[test]
    fn a_part_is_found_whatever_its_case() {
        let part = |text: &str| Pattern::Part(text.to_owned());
        assert!(part("docker").fits("auth.DOCKER.io"));
        assert!(part("aab").fits("aaab"));
        assert!(part("").fits(""));
        assert!(!part("x").fits(""));
        assert!(part("\u{e9}").fits("caf\u{e9}"));
    }
}
