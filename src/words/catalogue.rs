//! Every phrase of the program, read once from the data files beside this one.
//!
//! `token.granted` is the row `granted` of the table `token`, in whichever file that stands. A
//! row has its words by the code of the language; a string in their place names the row whose
//! words it shares.

use std::collections::HashMap;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::{Lang, Phrase};

/// The phrase of a key.
///
/// A test says when a key that the program uses has no row; the key itself takes its place then.
pub fn phrase(key: &'static str) -> Phrase {
    let row = key
        .rsplit_once('.')
        .and_then(|(table, row)| find(table, row));
    row.unwrap_or_else(|| missing(key))
}

/// The words of a key in a language.
pub fn say(key: &'static str, lang: Lang) -> &'static str {
    phrase(key).of(lang)
}

/// The phrase in this row of a table.
pub(crate) fn row(table: &'static str, row: &'static str) -> Phrase {
    find(table, row).unwrap_or_else(|| missing(row))
}

/// The rows of a table in the order of their file.
pub(crate) fn rows(table: &str) -> impl Iterator<Item = (&'static str, Phrase)> {
    all().filter_map(move |(of, row, phrase)| (of == table).then_some((row, phrase)))
}

/// Every row: its table, its name and its words.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, Phrase)> {
    CATALOGUE.in_order.iter().copied()
}

fn find(table: &str, row: &str) -> Option<Phrase> {
    CATALOGUE.by_key.get(&(table, row)).copied()
}

fn missing(key: &'static str) -> Phrase {
    debug_assert!(false, "the catalogue has no row {key}");
    Phrase([key; Lang::ALL.len()])
}

struct Catalogue {
    in_order: Vec<(&'static str, &'static str, Phrase)>,
    by_key: HashMap<(&'static str, &'static str), Phrase>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut catalogue = Catalogue {
        in_order: Vec::new(),
        by_key: HashMap::new(),
    };
    for file in FILES {
        catalogue.read("", file.parse().unwrap_or_default());
    }
    catalogue
});

impl Catalogue {
    /// Takes the rows of a table, and of the tables in it.
    fn read(&mut self, path: &str, table: Table) {
        let path: &'static str = path.to_owned().leak();
        for (name, value) in table {
            let name: &'static str = name.leak();
            let inner = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            match value {
                Value::Table(mut table) => {
                    if let Some(phrase) = take(&mut table) {
                        self.add(path, name, phrase);
                    }
                    self.read(&inner, table);
                }
                Value::String(other) => {
                    let shared = other.rsplit_once('.');
                    let shared = shared.and_then(|(table, row)| self.by_key.get(&(table, row)));
                    if let Some(phrase) = shared.copied() {
                        self.add(path, name, phrase);
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, table: &'static str, row: &'static str, phrase: Phrase) {
        self.in_order.push((table, row, phrase));
        self.by_key.insert((table, row), phrase);
    }
}

/// The words of a row, taken out of its table; a language that is missing has those of the first.
fn take(table: &mut Table) -> Option<Phrase> {
    let words = Lang::ALL.map(|lang| match table.remove(lang.code()) {
        Some(Value::String(words)) => Some(&*words.leak()),
        _ => None,
    });
    let [first, ..] = words;
    first.map(|first| Phrase(words.map(|words| words.unwrap_or(first))))
}

/// Names that come first may be shared by what comes later.
pub(super) const FILES: &[&str] = &[
    include_str!("names.toml"),
    include_str!("labels.toml"),
    include_str!("steps.toml"),
    include_str!("findings.toml"),
    include_str!("filter.toml"),
    include_str!("screen.toml"),
    include_str!("reading.toml"),
];
