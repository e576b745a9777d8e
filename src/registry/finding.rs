//! What is wrong with a pull, or worth knowing.

use serde::Serialize;

use super::Lang;
use crate::exchange::ExchangeId;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, and is not as it should be.
    Warning,
    /// Something fails because of it.
    Error,
}

/// One rule's verdict on a pull.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's word: `ca-rejected`.
    pub rule: &'static str,
    /// How grave it is here.
    pub severity: Severity,
    /// What was observed, in order of time.
    pub evidence: Vec<Evidence>,
    /// What the sentences of this rule leave open, by name.
    #[serde(skip)]
    pub facts: Vec<(&'static str, String)>,
}

/// One thing that was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// In which exchange; `None` for a refused handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeId>,
    /// Which field: `response header Docker-Content-Digest`.
    pub field: String,
    /// What it said.
    pub value: String,
}

impl Finding {
    /// One sentence that a tired engineer understands at once.
    pub fn sentence(&self, lang: Lang) -> String {
        let _ = lang;
        String::new()
    }

    /// What to do about it.
    pub fn fix(&self, lang: Lang) -> String {
        let _ = lang;
        String::new()
    }

    /// The section of the specification, or the documentation, that says how it should be.
    pub fn link(&self) -> &'static str {
        ""
    }
}
