//! A filter as text, for tests: it reads back as the same filter.

use std::fmt::{self, Write as _};

use super::Filter;
use super::compare::{Bounds, Unit};
use super::expr::Expr;
use super::keyword::Facet;
use super::pattern::{Pattern, Style};
use super::term::Term;

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Expr {
    /// Writes a part of a list, in parentheses where it would fall apart without them.
    fn part(&self, f: &mut fmt::Formatter<'_>, within: fn(&Self) -> bool) -> fmt::Result {
        if within(self) {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Not(inner) => {
                f.write_char('-')?;
                inner.part(f, |inner| !matches!(inner, Self::Term(_)))
            }
            Self::And(parts) => joined(f, parts, " ", |part| matches!(part, Self::Or(_))),
            // Everything in an empty And would be nothing in writing.
            Self::Or(parts) => joined(f, parts, " | ", |part| *part == Self::default()),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    between: &str,
    within: fn(&Expr) -> bool,
) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_str(between)?;
        }
        part.part(f, within)?;
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything(pattern) => pattern.fmt(f),
            Self::Text(keyword, Pattern::Whole(whole))
                if matches!(
                    keyword.facet,
                    Facet::Text(Style::Whole, _) | Facet::Finding(_)
                ) =>
            {
                write!(f, "{}:{}", keyword.name, Quoted(whole))
            }
            Self::Text(keyword, pattern) | Self::Body(keyword, pattern) => {
                write!(f, "{}:{pattern}", keyword.name)
            }
            Self::Number(keyword, bounds) => match keyword.facet {
                Facet::Number(unit, _) => write!(f, "{}:{}", keyword.name, bounds.text(unit)),
                _ => Ok(()),
            },
            Self::Kind(kind) => write!(f, "kind:{kind}"),
            Self::Is(flag) => write!(f, "is:{}", flag.name),
            Self::Header(keyword, field, value) => {
                write!(f, "{}:{field}", keyword.name)?;
                match value {
                    Some(value) => write!(f, ":{value}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => Quoted(part).fmt(f),
            Self::Whole(whole) => write!(f, "={}", Quoted(whole)),
            Self::Pieces(pieces) => {
                for (number, piece) in pieces.iter().enumerate() {
                    if number > 0 {
                        f.write_char('*')?;
                    }
                    if !piece.is_empty() {
                        Quoted(piece).fmt(f)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Bounds {
    /// As it stands in a filter.
    fn text(self, unit: Unit) -> String {
        let number = |number: Option<u64>| number.map_or_else(String::new, |n| unit.text(n));
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => number(self.from),
            _ => format!("{}..{}", number(self.from), number(self.to)),
        }
    }
}

impl Unit {
    fn text(self, number: u64) -> String {
        match self {
            Self::Time if number.is_multiple_of(1_000_000) => format!("{}ms", number / 1_000_000),
            Self::Time => format!("{number}ns"),
            _ => number.to_string(),
        }
    }
}

/// Text as it stands in a filter: quoted where it would mean something else.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.0.is_empty()
            && !self.0.starts_with(['-', '!', '~', '='])
            && !matches!(self.0, "or" | "and" | "not")
            && self.0.chars().all(|c| {
                c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '+' | '%' | '@' | '?')
            })
            && !self.0.contains("..");
        if plain {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}
