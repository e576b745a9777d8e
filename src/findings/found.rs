//! Builds findings, each value bounded: what is quoted comes from the network.

use super::finding::{Evidence, Finding, Severity};
use super::scene::{Scene, Seen};
use crate::base::text::first;

/// Characters of a quoted value.
const MAX_VALUE: usize = 300;

/// A finding being put together.
pub(super) struct Found(Finding);

#[expect(
    clippy::needless_pass_by_value,
    reason = "numbers, texts and references to them alike"
)]
impl Found {
    /// Of this rule.
    pub(super) fn new(rule: &'static str, severity: Severity) -> Self {
        Self(Finding {
            rule,
            severity,
            evidence: Vec::new(),
            link: "",
            facts: Vec::new(),
        })
    }

    /// Of this rule and about an exchange, with what most sentences leave open.
    pub(super) fn about(
        scene: &Scene<'_>,
        one: &Seen<'_>,
        rule: &'static str,
        severity: Severity,
    ) -> Self {
        Self::new(rule, severity)
            .fact("client", scene.client())
            .fact("host", one.authority())
            .fact("method", &one.reading.method)
            .fact("path", one.reading.path())
            .fact("repository", one.repository().unwrap_or("-"))
            .fact("reference", one.named())
            .fact("status", one.status().unwrap_or_default())
    }

    /// Adds a field of an exchange.
    pub(super) fn at(mut self, one: &Seen<'_>, field: &str, value: impl ToString) -> Self {
        self.push(Evidence {
            exchange: Some(one.id()),
            field: field.to_owned(),
            value: first(&value.to_string(), MAX_VALUE),
        });
        self
    }

    /// Adds the status of a response.
    pub(super) fn status(self, one: &Seen<'_>) -> Self {
        let status = one.status().map_or_else(String::new, |s| s.to_string());
        self.at(one, "response status", status)
    }

    /// Adds a header field of a response, if it is there.
    pub(super) fn header<'a>(self, one: &Seen<'a>, name: &'a str) -> Self {
        match one.field(name) {
            Some(value) => self.at(one, &format!("response header {name}"), value),
            None => self,
        }
    }

    /// Adds that a response lacks a header field.
    pub(super) fn absent(self, one: &Seen<'_>, name: &str) -> Self {
        self.at(one, &format!("response header {name}"), "absent")
    }

    /// Adds the errors that a response reports.
    pub(super) fn errors(mut self, one: &Seen<'_>) -> Self {
        for error in one.reading.errors.iter().take(2) {
            self = self.at(one, "response body errors", error.text());
        }
        match &one.reading.page {
            Some(page) => self.at(one, "response body", page),
            None => self,
        }
    }

    /// States what the server said of it, in its own words: the sentence ends with them.
    pub(super) fn said(self, one: &Seen<'_>) -> Self {
        let is_stated = self.0.facts.iter().any(|(name, _)| *name == "said");
        match one.said().filter(|_| !is_stated) {
            Some(said) => self.fact("said", said),
            None => self,
        }
    }

    /// Adds something seen outside of any exchange.
    pub(super) fn apart(mut self, field: &str, value: &str) -> Self {
        self.push(Evidence {
            exchange: None,
            field: field.to_owned(),
            value: first(value, MAX_VALUE),
        });
        self
    }

    /// States what the sentences leave open, in the place of what was stated by this name.
    pub(super) fn fact(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.facts.retain(|(stated, _)| *stated != name);
        let value = first(&value.to_string(), MAX_VALUE);
        self.0.facts.push((name, value));
        self
    }

    /// Makes it more or less grave than its rule usually is.
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// The finding.
    pub(super) fn done(self) -> Finding {
        self.0
    }

    fn push(&mut self, evidence: Evidence) {
        // What says the same twice does so in a row.
        let mut latest = self.0.evidence.iter().rev().take(4);
        if latest.all(|other| *other != evidence) {
            self.0.evidence.push(evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_are_bounded() {
        let long = "é".repeat(10_000);
        let finding = Found::new("schema1", Severity::Warning)
            .apart("x", &long)
            .done();
        assert_eq!(finding.evidence[0].value.chars().count(), MAX_VALUE + 1);
    }
}
