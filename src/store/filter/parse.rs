//! From text to a filter.

use std::ops::Range;

use super::atom::{Atom, FilterToken, tokens};
use super::caret::Mistake;
use super::expr::Expr;
use super::flag::FLAGS;
use super::keyword::{Facet, KEYWORDS, Keyword};
use super::pattern::{Pattern, Style};
use super::term::Term;

/// Parentheses nested deeper than this help nobody.
const DEEPEST: usize = 32;

pub(super) fn parse(text: &str) -> Result<Expr, Mistake> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        end: text.len(),
        depth: 0,
    };
    if parser.tokens.peek().is_none() {
        return Ok(Expr::default());
    }
    let expr = parser.alternatives()?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some((_, span)) => Err(Mistake::new(
            span,
            "this parenthesis closes none; remove it, or add a ( before",
        )),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(FilterToken, Range<usize>)>>,
    end: usize,
    depth: usize,
}

impl Parser {
    /// `a | b`.
    fn alternatives(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.sequence()?];
        while self.take(&FilterToken::Or).is_some() {
            parts.push(self.sequence()?);
        }
        Ok(Expr::any(parts))
    }

    /// `a b`, also written `a & b`.
    fn sequence(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.negation()?];
        loop {
            let joined = self.take(&FilterToken::And).is_some();
            match self.tokens.peek() {
                None | Some((FilterToken::Or | FilterToken::Close, _)) if !joined => break,
                _ => parts.push(self.negation()?),
            }
        }
        Ok(Expr::all(parts))
    }

    /// `-a`, also written `!a`.
    fn negation(&mut self) -> Result<Expr, Mistake> {
        let mut negated = false;
        while self.take(&FilterToken::Not).is_some() {
            negated = !negated;
        }
        let expr = self.primary()?;
        Ok(if negated { expr.not() } else { expr })
    }

    fn primary(&mut self) -> Result<Expr, Mistake> {
        match self.tokens.next() {
            Some((FilterToken::Word(atom), _)) => word(&atom),
            Some((FilterToken::Alias(letters), span)) => self.alias(&letters, span),
            Some((FilterToken::Open, span)) => self.group(span),
            Some((_, span)) => Err(Mistake::new(
                span,
                "a term is missing before this; write one, such as kind:layer",
            )),
            None => Err(Mistake::new(
                self.end..self.end,
                "a term is missing here; write one, such as kind:layer",
            )),
        }
    }

    fn group(&mut self, open: Range<usize>) -> Result<Expr, Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("parentheses are nested deeper than {DEEPEST}; use fewer");
            return Err(Mistake::new(open, message));
        }
        let expr = self.alternatives()?;
        self.depth -= 1;
        match self.take(&FilterToken::Close) {
            Some(_) => Ok(expr),
            None => Err(Mistake::new(
                open,
                "this parenthesis is not closed; add a ) behind",
            )),
        }
    }

    /// mitmproxy's `~d value` and `~e`.
    fn alias(&mut self, letters: &str, span: Range<usize>) -> Result<Expr, Mistake> {
        if let Some(flag) = FLAGS
            .iter()
            .find(|flag| !flag.alias.is_empty() && flag.alias == letters)
        {
            return Ok(Expr::Term(Term::Is(flag)));
        }
        let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.tilde == letters) else {
            let known: Vec<_> = KEYWORDS
                .iter()
                .map(|keyword| keyword.tilde)
                .chain(FLAGS.iter().map(|flag| flag.alias))
                .filter(|alias| !alias.is_empty())
                .map(|alias| format!("~{alias}"))
                .collect();
            let message = format!("~{letters} is not known; take one of {}", known.join(" "));
            return Err(Mistake::new(span, message));
        };
        match self.tokens.next() {
            Some((FilterToken::Word(value), _)) => terms(keyword, &value),
            _ => Err(Mistake::new(
                span,
                format!(
                    "~{letters} needs a value behind it: {}, as in ~{letters} {}",
                    keyword.value,
                    keyword.example_value()
                ),
            )),
        }
    }

    fn take(&mut self, token: &FilterToken) -> Option<Range<usize>> {
        let next = self.tokens.next_if(|(next, _)| next == token);
        next.map(|(_, span)| span)
    }
}

/// `keyword:value`, or a bare word.
fn word(atom: &Atom) -> Result<Expr, Mistake> {
    let Some((name, value)) = atom.split_once(':') else {
        return forgotten_colon(atom).map_or_else(|| Ok(bare(atom)), Err);
    };
    let word = name.text().to_ascii_lowercase();
    if let Some(keyword) = Keyword::named(&word) {
        // `kind:-layer` is what some programs write for `-kind:layer`.
        return match value.strip("-").or_else(|| value.strip("!")) {
            Some(value) if !value.is_empty() && !matches!(keyword.facet, Facet::Is) => {
                Ok(terms(keyword, &value)?.not())
            }
            _ => terms(keyword, &value),
        };
    }
    // A digest or a URL that was pasted.
    if matches!(word.as_str(), "sha256" | "sha512" | "http" | "https") {
        return Ok(bare(atom));
    }
    let text = atom.text();
    let hint = match nearest(&word) {
        Some(near) => format!("did you mean {near}:? To search for the text, write \"{text}\""),
        None => format!("to search for the text, write \"{text}\" in quotes"),
    };
    Err(Mistake::new(
        name.span.clone(),
        format!("there is no keyword \"{}\"; {hint}", name.text()),
    ))
}

/// The value of a keyword: a list parted by commas, of which one must hold.
fn terms(keyword: &'static Keyword, value: &Atom) -> Result<Expr, Mistake> {
    let values = match keyword.facet {
        // The value of a header field may hold commas.
        Facet::Header(_) => vec![value.clone()],
        _ => value.split(','),
    };
    let terms = values.iter().map(|value| Term::read(keyword, value));
    let terms: Vec<_> = terms
        .map(|term| term.map(Expr::Term))
        .collect::<Result<_, _>>()?;
    Ok(Expr::any(terms))
}

/// `size>1M`, which lacks the colon that makes it a comparison.
fn forgotten_colon(atom: &Atom) -> Option<Mistake> {
    let text = atom.text();
    let sign = text.find(['<', '>', '='])?;
    let (name, rest) = text.split_at_checked(sign)?;
    // Not in quotes.
    atom.split_once(rest.chars().next()?)?;
    let meant = Keyword::named(&name.to_ascii_lowercase())?.name;
    let rest = rest.trim_start_matches('=');
    Some(Mistake::new(
        atom.span.clone(),
        format!("did you mean {meant}:{rest}? To search for the text, write \"{text}\" in quotes"),
    ))
}

fn bare(atom: &Atom) -> Expr {
    Expr::Term(Term::Anything(Pattern::read(atom, Style::Part)))
}

/// The keyword that was probably meant.
fn nearest(word: &str) -> Option<&'static str> {
    let names = KEYWORDS
        .iter()
        .flat_map(|keyword| std::iter::once(keyword.name).chain(keyword.aliases.iter().copied()));
    names
        .map(|name| (strsim::levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= name.chars().count() / 3)
        .min()
        .map(|(_, name)| name)
}
