//! What a story is made of.

use crate::base::printable::printable;
use crate::words::{Lang, say};

/// A piece of text and how it is meant. It holds no hidden characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    text: String,
    /// How it is meant.
    pub tone: Tone,
    /// What part of a whole it speaks of; where there is room, a bar shows it.
    pub share: Option<Share>,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

/// How a piece of text is meant; whoever prints it chooses the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// What matters most on its line.
    Strong,
    /// What one reads only when looking for it.
    Dim,
    /// What stands for a thing: a digest.
    Id,
    /// As it should be.
    Good,
    /// Works, and is not as it should be.
    Warn,
    /// Wrong.
    Bad,
}

/// A field of a table: spans side by side.
pub type Cell = Vec<Span>;

/// A part of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// The heading of what follows.
    Heading(Cell),
    /// Text that wraps.
    Paragraph(Cell),
    /// Names with their values.
    Pairs(Vec<(Span, Cell)>),
    /// Rows of fields.
    Table(Table),
    /// Lines that stay as they are.
    Verbatim(String),
    /// Set in one step further.
    Inset(Vec<Block>),
}

/// Rows of fields under a head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns, and whether figures stand in it (on the right).
    pub head: Vec<(Span, bool)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Span {
    /// Some text.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self {
            text: printable(text.as_ref()).into_owned(),
            tone,
            share: None,
        }
    }

    /// Text as it is.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// Text that matters.
    pub fn strong(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Strong)
    }

    /// Text that does not.
    pub fn dim(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Dim)
    }

    /// The name of a value, by its key in the catalogue.
    pub(crate) fn label(key: &'static str, lang: Lang) -> Self {
        Self::dim(say(key, lang))
    }

    /// A tick or a cross.
    pub fn mark(good: bool) -> Self {
        if good {
            Self::new("✓", Tone::Good)
        } else {
            Self::new("✗", Tone::Bad)
        }
    }

    /// The same text, with the part of a whole that it speaks of.
    pub(crate) fn of_share(self, part: u64, whole: u64) -> Self {
        Self {
            share: Some(Share { part, whole }),
            ..self
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Share {
    /// Whole per cent; 100 only when all is there.
    pub fn percent(self) -> u64 {
        let percent = match self.whole {
            0 => 100,
            whole => u128::from(self.part) * 100 / u128::from(whole),
        };
        percent.min(100).try_into().unwrap_or(100)
    }
}

impl Block {
    /// What stands under a heading.
    pub(crate) fn under(heading: &str, blocks: Vec<Self>) -> Vec<Self> {
        let heading = vec![Span::strong(heading)];
        vec![Self::Heading(heading), Self::Inset(blocks)]
    }
}

impl Table {
    /// Rows under the names with these keys in the catalogue, and whether figures stand there.
    pub(crate) fn of<const N: usize>(
        head: [(&'static str, bool); N],
        rows: impl IntoIterator<Item = [Cell; N]>,
        lang: Lang,
    ) -> Self {
        Self {
            head: head
                .map(|(key, right)| (Span::label(key, lang), right))
                .into(),
            rows: rows.into_iter().map(Vec::from).collect(),
        }
    }
}

/// A field of one span as it is.
pub(crate) fn cell(text: impl AsRef<str>) -> Cell {
    vec![Span::plain(text)]
}

/// The spans with a space in between.
pub(crate) fn spaced(spans: impl IntoIterator<Item = Span>) -> Cell {
    let mut cell = Cell::new();
    for span in spans {
        if !cell.is_empty() {
            cell.push(Span::plain(" "));
        }
        cell.push(span);
    }
    cell
}
