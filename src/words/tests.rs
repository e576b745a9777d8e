//! The catalogue is whole: nothing is missing, nothing is left over, and each language says the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use toml::{Table, Value};

use super::catalogue::{FILES, all};
use super::{Lang, Phrase};

/// Every row, with its key.
fn keyed() -> impl Iterator<Item = (String, Phrase)> {
    all().map(|(table, row, phrase)| (format!("{table}.{row}"), phrase))
}

#[test]
fn every_row_has_every_language_and_stands_once() {
    let mut seen = BTreeSet::new();
    for file in FILES {
        let table: Table = file.parse().unwrap();
        check("", &table, &mut seen);
    }
    assert_eq!(seen.len(), all().count(), "an aliased row is not there");
}

/// A table holds rows and tables, a row a text for each language and tables.
fn check(path: &str, table: &Table, seen: &mut BTreeSet<String>) {
    let codes = Lang::ALL.map(Lang::code);
    let has = codes.map(|code| table.get(code).is_some_and(Value::is_str));
    let is_row = has.contains(&true);
    assert!(
        !is_row || has == [true; Lang::ALL.len()],
        "{path}: a language is missing"
    );
    if is_row {
        assert!(seen.insert(path.to_owned()), "{path} stands twice");
    }
    for (name, value) in table {
        let key = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match value {
            Value::Table(inner) => check(&key, inner, seen),
            Value::String(_) if codes.contains(&name.as_str()) => {}
            Value::String(_) => assert!(seen.insert(key.clone()), "{key} stands twice"),
            _ => panic!("{key} is no text"),
        }
    }
}

#[test]
fn no_phrase_is_missing_in_either_language() {
    let is_cjk = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for (key, phrase) in keyed() {
        let [en, zh] = phrase.0;
        assert!(!en.trim().is_empty() && !zh.trim().is_empty(), "{key}");
        // Names such as "kid" are the same in both, and a language calls itself by its own name.
        if en != zh {
            assert!(!en.contains(is_cjk), "{key}: {en}");
            assert!(zh.contains(is_cjk), "{key}: {zh}");
        }
    }
}

#[test]
fn both_languages_use_the_same_placeholders() {
    for (key, phrase) in keyed() {
        let sets = Lang::ALL.map(|lang| {
            let names = phrase.placeholders(lang).into_iter();
            names.collect::<BTreeSet<_>>()
        });
        assert_eq!(sets[0], sets[1], "{key}");
    }
}

#[test]
fn sentences_end_as_sentences_do() {
    let is_sentence = |key: &str| {
        let finding = key.starts_with("finding.") && key.rsplit('.').next() != Some("title");
        finding
            || ["step.", "failure.told.", "side.told.", "credentials.told."]
                .iter()
                .any(|t| key.starts_with(t))
    };
    let mut count = 0;
    for (key, phrase) in keyed() {
        let [en, zh] = phrase.0;
        let halfwidth = [", ", "; ", "? "];
        assert!(
            !halfwidth.iter().any(|mark| zh.contains(mark)),
            "{key}: {zh}"
        );
        if is_sentence(&key) {
            count += 1;
            // What is quoted at the end ends as it likes.
            assert!(en.ends_with(['.', '}']), "{key}: {en}");
            assert!(zh.ends_with(['。', '}']), "{key}: {zh}");
        }
    }
    assert!(count > 200, "only {count} sentences were looked at");
}

#[test]
fn every_key_of_the_program_has_a_row_and_every_row_is_used() {
    let used = Used::in_sources();
    let keys: BTreeSet<_> = keyed().map(|(key, _)| key).collect();
    let missing: Vec<_> = used
        .keys
        .iter()
        .filter(|key| !keys.contains(*key))
        .collect();
    assert!(
        missing.is_empty(),
        "the catalogue has no rows for {missing:#?}"
    );
    let unused: Vec<_> = all()
        .filter(|(table, _, _)| {
            // Tests of their own compare these with the variants and the rules.
            !used.tables.contains(*table) && !table.starts_with("finding.")
        })
        .map(|(table, row, _)| format!("{table}.{row}"))
        .filter(|key| !used.keys.contains(key) && !used.literals.contains(key))
        .collect();
    assert!(unused.is_empty(), "nothing in src/ uses {unused:#?}");
}

/// What the sources name.
#[derive(Default)]
struct Used {
    /// Literals that are handed to `say`, `phrase` and their like, or that look like a row.
    keys: BTreeSet<String>,
    /// Every literal.
    literals: BTreeSet<String>,
    /// The tables of `worded!` and of look-ups by row.
    tables: BTreeSet<String>,
}

impl Used {
    fn in_sources() -> Self {
        let tables: BTreeSet<_> = all().map(|(table, _, _)| table).collect();
        let mut used = Self::default();
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for path in rust_files(&src) {
            if !path.starts_with(src.join("words")) {
                let text = fs::read_to_string(&path).unwrap();
                used.read(text.parse().unwrap());
            }
        }
        let rows = used.literals.iter().filter(|literal| {
            let (table, _) = literal.rsplit_once('.').unwrap_or_default();
            tables.contains(table) && is_key(literal) && !tables.contains(literal.as_str())
        });
        used.keys.extend(rows.cloned().collect::<Vec<_>>());
        used
    }

    /// Takes note of the literals outside tests.
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => {
                    if is_cfg_test(group) {
                        while let Some(token) = tokens.get(at) {
                            at += 1;
                            if is_end_of_item(token) {
                                break;
                            }
                        }
                        continue;
                    }
                    self.read(group.stream());
                }
                TokenTree::Literal(literal) => {
                    self.literals.extend(unquoted(&literal.to_string()));
                }
                TokenTree::Ident(ident) => match (ident.to_string().as_str(), tokens.get(at)) {
                    ("say" | "phrase" | "say_with", Some(TokenTree::Group(group))) => {
                        let first = group.stream().into_iter().next();
                        let first = first.and_then(|first| unquoted(&first.to_string()));
                        self.keys.extend(first.filter(|first| is_key(first)));
                    }
                    ("row", Some(TokenTree::Group(group))) => {
                        let first = group.stream().into_iter().next();
                        let first = first.and_then(|first| unquoted(&first.to_string()));
                        self.tables.extend(first);
                    }
                    ("worded", Some(TokenTree::Punct(_))) => {
                        if let Some(TokenTree::Group(group)) = tokens.get(at + 1) {
                            let tokens = group.stream().into_iter();
                            let literals = tokens.filter_map(|token| unquoted(&token.to_string()));
                            self.tables.extend(literals);
                        }
                    }
                    _ => {}
                },
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Whether it has the form of a key, as file names have it too.
fn is_key(literal: &str) -> bool {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty() && chars.all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    literal.contains('.') && literal.split('.').all(is_name)
}

fn is_cfg_test(group: &proc_macro2::Group) -> bool {
    let text = group.stream().to_string().replace(' ', "");
    group.delimiter() == Delimiter::Bracket && text == "cfg(test)"
}

fn is_end_of_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                let is_rust = path.extension().is_some_and(|e| e == "rs");
                is_rust.then_some(path).into_iter().collect()
            }
        })
        .collect()
}
