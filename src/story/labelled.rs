//! Names with their values, as a story collects them.

use super::block::cell;
use super::{Block, Cell, Span, Tone};
use crate::words::Lang;

/// Names with their values, in a language.
pub(super) struct Labelled {
    pub(super) lang: Lang,
    pairs: Vec<(Span, Cell)>,
}

impl Labelled {
    pub(super) fn new(lang: Lang) -> Self {
        let pairs = Vec::new();
        Self { lang, pairs }
    }

    /// A value under a name of its own.
    pub(super) fn named(&mut self, name: Span, value: Cell) {
        self.pairs.push((name, value));
    }

    /// A value, where there is one, under the name that has this key in the catalogue.
    pub(super) fn add(&mut self, key: &'static str, value: Cell) {
        if value.iter().any(|span| !span.text().is_empty()) {
            self.named(Span::label(key, self.lang), value);
        }
    }

    /// A text as it is.
    pub(super) fn text(&mut self, key: &'static str, text: impl AsRef<str>) {
        self.add(key, cell(text));
    }

    /// Each of the texts there are.
    pub(super) fn texts<T: AsRef<str>>(
        &mut self,
        key: &'static str,
        texts: impl IntoIterator<Item = T>,
    ) {
        for text in texts {
            self.text(key, text);
        }
    }

    /// A text that is meant in some way.
    pub(super) fn toned(&mut self, key: &'static str, tone: Tone, text: impl AsRef<str>) {
        self.add(key, vec![Span::new(text, tone)]);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// As a block, where there is anything.
    pub(super) fn blocks(self) -> Vec<Block> {
        let pairs = Some(self.pairs).filter(|pairs| !pairs.is_empty());
        pairs.into_iter().map(Block::Pairs).collect()
    }

    /// The same under a heading.
    pub(super) fn under(self, heading: &str) -> Vec<Block> {
        match self.blocks() {
            none if none.is_empty() => none,
            blocks => Block::under(heading, blocks),
        }
    }
}
