//! One check, and how the checks are told.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::printable::printable;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, in one word.
    pub name: &'static str,
    /// How it is.
    #[serde(flatten)]
    pub verdict: CheckResult,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum CheckResult {
    /// As it should be.
    Good {
        /// What was found.
        text: String,
    },
    /// Not as it should be.
    Bad {
        /// What it is, in one word.
        cause: &'static str,
        /// What was found, and why that matters.
        text: String,
        /// Lines for a shell that mend it.
        fix: Vec<String>,
    },
    /// There was nothing to check, or no way to.
    Skipped {
        /// Why.
        text: String,
    },
}

/// The checks as lines for people; `glyphs` says whether the terminal has more than ASCII.
pub fn describe(checks: &[Check], glyphs: bool) -> String {
    let (good, bad, none) = if glyphs {
        ("✓", "✗", "·")
    } else {
        ("ok  ", "FAIL", "-   ")
    };
    let mut text = String::new();
    let names = checks.iter().map(|check| check.name.len());
    let width = names.max().unwrap_or_default();
    for Check { name, verdict } in checks {
        let (mark, what) = match verdict {
            CheckResult::Good { text } => (good, text),
            CheckResult::Bad { text, .. } => (bad, text),
            CheckResult::Skipped { text } => (none, text),
        };
        let _ = writeln!(text, "{mark} {name:<width$} {}", printable(what));
        if let CheckResult::Bad { fix, .. } = verdict {
            for line in fix.iter().flat_map(|fix| fix.lines()) {
                let _ = writeln!(text, "      {}", printable(line));
            }
        }
    }
    if glyphs {
        return text;
    }
    let text = text.replace('…', "...");
    text.chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

impl Check {
    /// Whether something is wrong.
    pub fn is_bad(&self) -> bool {
        matches!(self.verdict, CheckResult::Bad { .. })
    }
}

pub(super) fn good(name: &'static str, text: impl Into<String>) -> Check {
    let verdict = CheckResult::Good { text: text.into() };
    Check { name, verdict }
}

pub(super) fn skipped(name: &'static str, text: impl Into<String>) -> Check {
    let verdict = CheckResult::Skipped { text: text.into() };
    Check { name, verdict }
}
