//! The pieces of a filter's text: operators, and words in which quotes protect characters.

use std::ops::Range;

use super::caret::Mistake;

/// One piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FilterToken {
    Open,
    Close,
    Or,
    And,
    Not,
    /// `~d` and its like: the letters behind the tilde.
    Alias(String),
    Word(Atom),
}

/// A word: characters, some of which quotes protect from having a meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Atom {
    chars: Vec<Char>,
    /// Whether there were quotes, so that an empty word is one.
    pub(super) quoted: bool,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Char {
    c: char,
    /// Protected by quotes.
    literal: bool,
    at: usize,
}

/// The pieces of a text with the bytes they stand at.
pub(super) fn tokens(text: &str) -> Result<Vec<(FilterToken, Range<usize>)>, Mistake> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some(&(at, c)) = rest.peek() {
        let single = match c {
            c if c.is_whitespace() => {
                rest.next();
                continue;
            }
            '(' => Some(FilterToken::Open),
            ')' => Some(FilterToken::Close),
            '|' => Some(FilterToken::Or),
            '&' => Some(FilterToken::And),
            '!' | '-' => Some(FilterToken::Not),
            _ => None,
        };
        let token = if let Some(token) = single {
            rest.next();
            // `||` and `&&` are what programmers write.
            if matches!(token, FilterToken::Or | FilterToken::And) {
                rest.next_if(|&(_, next)| next == c);
            }
            token
        } else {
            let atom = word(text, &mut rest)?;
            match atom.alias() {
                Some(letters) => FilterToken::Alias(letters),
                None => operator(&atom).unwrap_or(FilterToken::Word(atom)),
            }
        };
        let end = rest.peek().map_or(text.len(), |&(at, _)| at);
        found.push((token, at..end));
    }
    Ok(found)
}

/// GitHub's words for the operators.
fn operator(atom: &Atom) -> Option<FilterToken> {
    match atom.as_plain().as_deref() {
        Some("OR") => Some(FilterToken::Or),
        Some("AND") => Some(FilterToken::And),
        Some("NOT") => Some(FilterToken::Not),
        _ => None,
    }
}

fn word(
    text: &str,
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
) -> Result<Atom, Mistake> {
    let start = rest.peek().map_or(text.len(), |&(at, _)| at);
    let mut atom = Atom::default();
    while let Some(&(at, c)) = rest.peek() {
        match c {
            '"' | '\'' if c == '"' || atom.ends_a_part() => {
                rest.next();
                quoted(text, at, c, rest, &mut atom)?;
            }
            c if ends_word(c) => break,
            c => {
                rest.next();
                let literal = false;
                atom.chars.push(Char { c, literal, at });
            }
        }
    }
    atom.span = start..rest.peek().map_or(text.len(), |&(at, _)| at);
    Ok(atom)
}

/// Takes what stands up to the closing quote; a backslash protects the next character.
fn quoted(
    text: &str,
    start: usize,
    quote: char,
    rest: &mut impl Iterator<Item = (usize, char)>,
    atom: &mut Atom,
) -> Result<(), Mistake> {
    atom.quoted = true;
    while let Some((at, c)) = rest.next() {
        let (at, c) = match c {
            c if c == quote => return Ok(()),
            '\\' => match rest.next() {
                Some(next) => next,
                None => break,
            },
            c => (at, c),
        };
        let literal = true;
        atom.chars.push(Char { c, literal, at });
    }
    Err(Mistake::new(
        start..text.len(),
        format!("this quote is not closed; add a {quote} behind it"),
    ))
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&')
}

impl Atom {
    /// The letters of `~letters`.
    fn alias(&self) -> Option<String> {
        let plain = self.as_plain()?;
        plain.strip_prefix('~').map(str::to_owned)
    }

    /// The text, when nothing in it is protected.
    fn as_plain(&self) -> Option<String> {
        (!self.quoted).then(|| self.text())
    }

    /// Whether a single quote here begins a quotation instead of being an apostrophe.
    fn ends_a_part(&self) -> bool {
        self.chars
            .last()
            .is_none_or(|last| matches!(last.c, ':' | ',' | '=' | '<' | '>') && !last.literal)
    }

    /// The characters.
    pub(super) fn text(&self) -> String {
        self.chars.iter().map(|char| char.c).collect()
    }

    /// A word without any quotes that stands at some byte.
    pub(super) fn plain(text: &str, start: usize) -> Self {
        let chars = text.char_indices().map(|(at, c)| Char {
            c,
            literal: false,
            at: start + at,
        });
        Self {
            chars: chars.collect(),
            quoted: false,
            span: start..start + text.len(),
        }
    }

    /// Whether there are no characters.
    pub(super) fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The parts before and behind the first unprotected `separator`.
    pub(super) fn split_once(&self, separator: char) -> Option<(Self, Self)> {
        let place = self
            .chars
            .iter()
            .position(|char| char.c == separator && !char.literal)?;
        let (before, behind) = self.chars.split_at(place);
        let at = behind.first().map_or(self.span.end, |char| char.at);
        Some((
            self.part(before.to_vec(), self.span.start..at),
            self.part(
                behind.iter().skip(1).copied().collect(),
                at + separator.len_utf8()..self.span.end,
            ),
        ))
    }

    /// The parts between unprotected separators.
    pub(super) fn split(&self, separator: char) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self.clone();
        while let Some((part, behind)) = rest.split_once(separator) {
            parts.push(part);
            rest = behind;
        }
        parts.push(rest);
        parts
    }

    /// What follows an unprotected prefix.
    pub(super) fn strip(&self, prefix: &str) -> Option<Self> {
        let count = prefix.chars().count();
        let begins = self.chars.len() >= count
            && self
                .chars
                .iter()
                .zip(prefix.chars())
                .all(|(char, wanted)| char.c == wanted && !char.literal);
        begins.then(|| {
            let rest: Vec<_> = self.chars.iter().skip(count).copied().collect();
            self.part(rest, self.span.start + prefix.len()..self.span.end)
        })
    }

    fn part(&self, chars: Vec<Char>, span: Range<usize>) -> Self {
        Self {
            chars,
            quoted: self.quoted,
            span,
        }
    }
}
