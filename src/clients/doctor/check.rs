//! One check, and how the checks are told.

use std::fmt::Write as _;

use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::base::printable::printable;

/// One check.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, in one word.
    pub name: &'static str,
    /// How it is.
    pub verdict: CheckResult,
    /// What is wrong, in one word.
    pub cause: Option<&'static str>,
    /// What was found, and why that matters or why there was nothing to find.
    pub text: String,
    /// Lines for a shell that mend what is wrong.
    pub fix: Option<Vec<String>>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// There was nothing to check, or no way to.
    Skipped,
}

/// The checks as lines for people; `glyphs` says whether the terminal has more than ASCII.
pub fn describe(checks: &[Check], glyphs: bool) -> String {
    let marks = if glyphs {
        ["✓", "✗", "·"]
    } else {
        ["ok  ", "FAIL", "-   "]
    };
    let mut text = String::new();
    let names = checks.iter().map(|check| check.name.len());
    let width = names.max().unwrap_or_default();
    for check in checks {
        let mark = marks.get(check.verdict as usize).unwrap_or(&"");
        let name = check.name;
        let _ = writeln!(text, "{mark} {name:<width$} {}", printable(&check.text));
        for line in check.fix.iter().flatten().flat_map(|fix| fix.lines()) {
            let _ = writeln!(text, "      {}", printable(line));
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
        self.verdict == CheckResult::Bad
    }
}

pub(super) fn good(name: &'static str, text: impl Into<String>) -> Check {
    without_fix(name, CheckResult::Good, text.into())
}

pub(super) fn skipped(name: &'static str, text: impl Into<String>) -> Check {
    without_fix(name, CheckResult::Skipped, text.into())
}

fn without_fix(name: &'static str, verdict: CheckResult, text: String) -> Check {
    let (cause, fix) = (None, None);
    Check {
        name,
        verdict,
        cause,
        text,
        fix,
    }
}
