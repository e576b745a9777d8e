//! Comparisons of numbers, sizes and durations: `>1MB`, `400..499`, `4xx`, `<=500ms`.

use std::time::Duration;

use super::atom::Atom;
use super::caret::Mistake;

/// Bounds, both included; `None` is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) from: Option<u64>,
    pub(super) to: Option<u64>,
}

/// What the numbers count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    /// Nothing: a plain number.
    Count,
    /// A status: `4xx` is a hundred of them.
    Status,
    /// Bytes; K, M and G are powers of 1024.
    Bytes,
    /// Nanoseconds, written with a unit of time.
    Time,
}

impl Bounds {
    /// Reads one value.
    pub(super) fn read(atom: &Atom, unit: Unit) -> Result<Self, Mistake> {
        let number = |atom: &Atom| unit.read(atom);
        let within = |from, to| Self { from, to };
        let from = |from| within(Some(from), None);
        let to = |to| within(None, Some(to));
        // Beyond all numbers there is nothing: bounds that none fits.
        let nothing = within(Some(1), Some(0));
        if let Some(rest) = atom.strip(">=") {
            return Ok(from(number(&rest)?));
        }
        if let Some(rest) = atom.strip("<=") {
            return Ok(to(number(&rest)?));
        }
        if let Some(rest) = atom.strip(">") {
            return Ok(number(&rest)?.checked_add(1).map_or(nothing, from));
        }
        if let Some(rest) = atom.strip("<") {
            return Ok(number(&rest)?.checked_sub(1).map_or(nothing, to));
        }
        if let Some((low, high)) = range(atom) {
            return Ok(within(
                low.map(|low| number(&low)).transpose()?,
                high.map(|high| number(&high)).transpose()?,
            ));
        }
        let text = atom.text().to_ascii_lowercase();
        if let (Unit::Status, Some(class)) = (unit, text.strip_suffix("xx")) {
            let class: u64 = class.parse().map_err(|_| unit.mistake(atom))?;
            let low = class.saturating_mul(100);
            return Ok(within(Some(low), Some(low.saturating_add(99))));
        }
        let exact = number(&atom.strip("=").unwrap_or_else(|| atom.clone()))?;
        Ok(within(Some(exact), Some(exact)))
    }

    /// Whether a number lies within.
    pub(super) fn hold(self, number: u64) -> bool {
        self.from.is_none_or(|from| from <= number) && self.to.is_none_or(|to| number <= to)
    }
}

/// The ends of `low..high`, of which one may be missing.
fn range(atom: &Atom) -> Option<(Option<Atom>, Option<Atom>)> {
    let text = atom.text();
    let at = text.find("..")?;
    let low = Atom::plain(text.get(..at)?, atom.span.start);
    let high = Atom::plain(text.get(at + 2..)?, atom.span.start + at + 2);
    let given = |end: Atom| (!end.is_empty()).then_some(end);
    Some((given(low), given(high)))
}

impl Unit {
    fn read(self, atom: &Atom) -> Result<u64, Mistake> {
        let text = atom.text().to_ascii_lowercase();
        let read = match self {
            Self::Count | Self::Status => text.parse().ok(),
            Self::Bytes => scaled(&text, &BYTES),
            Self::Time => scaled(&text, &TIMES),
        };
        read.ok_or_else(|| self.mistake(atom))
    }

    fn mistake(self, atom: &Atom) -> Mistake {
        let wanted = match self {
            Self::Count => "a number, such as 3, >3 or 3..5",
            Self::Status => "a status, such as 404, 4xx, >=400 or 400..404",
            Self::Bytes => "a size, such as 100, >64K, <=1.5MB or 1K..2M",
            Self::Time => "a duration with its unit, such as >500ms, <2s or 1s..1m",
        };
        let said = match atom.text() {
            text if text.is_empty() => format!("a value is missing here; write {wanted}"),
            text => format!("\"{text}\" is no value for this; write {wanted}"),
        };
        Mistake::new(atom.span.clone(), said)
    }
}

/// A decimal number times its unit.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = match whole {
        "" if !fraction.is_empty() => 0,
        whole => whole.parse().ok()?,
    };
    let mut parts = 0;
    let mut place = *factor;
    for digit in fraction.chars() {
        place /= 10;
        parts += u64::from(digit.to_digit(10)?) * place;
    }
    whole.checked_mul(*factor)?.checked_add(parts)
}

const BYTES: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kb", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1 << 20),
    ("mb", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1 << 30),
    ("gb", 1 << 30),
    ("gib", 1 << 30),
];

const TIMES: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A duration as [`Unit::Time`] counts it.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
