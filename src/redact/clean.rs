//! Texts in which there is nothing to redact, remembered.
//!
//! Most fields of a head say the same in every exchange. Whether one holds a secret depends on its
//! text, on its shape and on the secrets that are known: while those stay the same, so does the
//! answer.

use std::collections::{HashMap, HashSet};

use super::shape::Shape;

/// Longer texts are not remembered.
const MAX_LENGTH: usize = 512;
/// Most texts that are remembered; then all are forgotten.
const MAX_TEXTS: usize = 4_096;

/// Texts that were found clean.
#[derive(Clone, Default)]
pub(super) struct Clean {
    /// The state of the secrets they were looked at with.
    generation: u64,
    texts: HashMap<Shape, HashSet<Box<[u8]>>>,
    count: usize,
}

impl Clean {
    /// Whether this text was found clean when the secrets were in this state.
    pub(super) fn holds(&self, text: &[u8], shape: Shape, generation: u64) -> bool {
        self.generation == generation
            && self
                .texts
                .get(&shape)
                .is_some_and(|texts| texts.contains(text))
    }

    /// Remembers a text in which nothing was found when the secrets were in this state.
    pub(super) fn insert(&mut self, text: &[u8], shape: Shape, generation: u64) {
        if text.len() > MAX_LENGTH {
            return;
        }
        if self.generation != generation || self.count >= MAX_TEXTS {
            self.texts.clear();
            self.count = 0;
            self.generation = generation;
        }
        let is_new = self.texts.entry(shape).or_default().insert(text.into());
        self.count += usize::from(is_new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_clean_under_its_shape_and_secrets_alone() {
        let mut clean = Clean::default();
        clean.insert(b"text", Shape::Text, 1);
        assert!(clean.holds(b"text", Shape::Text, 1));
        assert!(!clean.holds(b"text", Shape::Url, 1));
        assert!(!clean.holds(b"text", Shape::Text, 2));
        clean.insert(b"other", Shape::Text, 2);
        assert!(!clean.holds(b"text", Shape::Text, 1) && !clean.holds(b"text", Shape::Text, 2));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut clean = Clean::default();
        for number in 0..3 * MAX_TEXTS {
            clean.insert(number.to_string().as_bytes(), Shape::Text, 1);
        }
        clean.insert(&[b'x'; MAX_LENGTH + 1], Shape::Text, 1);
        let kept: usize = clean.texts.values().map(HashSet::len).sum();
        assert!(kept == clean.count && kept <= MAX_TEXTS, "{kept}");
        assert!(!clean.holds(&[b'x'; MAX_LENGTH + 1], Shape::Text, 1));
    }
}
