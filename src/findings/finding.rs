//! What is wrong with a pull, or worth knowing.

use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};

use crate::exchange::ExchangeId;
use crate::words::{FindingText, Lang, Phrase, phrase, worded};

/// How grave a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, and is not as it should be.
    Warning,
    /// Something fails because of it.
    Error,
}

impl Severity {
    /// An error where this is so, and else a warning.
    pub(super) fn error_if(fails: bool) -> Self {
        if fails { Self::Error } else { Self::Warning }
    }
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
    /// The section of the specification, or the documentation, that says how it should be.
    #[serde(skip)]
    pub(super) link: &'static str,
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
    /// A few words, as a headline.
    pub fn title(&self, lang: Lang) -> &'static str {
        self.texts().map_or(self.rule, |texts| texts.title.of(lang))
    }

    /// One sentence that a tired engineer understands at once, and what the server said, where it
    /// said something.
    pub fn sentence(&self, lang: Lang) -> String {
        let case = self.fact("case");
        let sentence = self
            .texts()
            .and_then(|texts| pick(&texts.sentences, case, None))
            .map_or_else(String::new, |text| text.fill(lang, &self.facts));
        match self.fact("said") {
            Some(_) => sentence + &phrase("label.server-said").fill(lang, &self.facts),
            None => sentence,
        }
    }

    /// What to do about it.
    pub fn fix(&self, lang: Lang) -> String {
        let case = self.fact("case");
        self.texts()
            .and_then(|texts| pick(&texts.fixes, self.fact("fix"), case))
            .map_or_else(String::new, |text| text.fill(lang, &self.facts))
    }

    /// The section of the specification, or the documentation, that says how it should be.
    pub fn link(&self) -> &'static str {
        self.link
    }

    /// Whether an exchange is evidence of it.
    pub fn shown_by(&self, exchange: ExchangeId) -> bool {
        let mut evidence = self.evidence.iter();
        evidence.any(|evidence| evidence.exchange == Some(exchange))
    }

    /// What was observed, by name.
    fn fact(&self, name: &str) -> Option<&str> {
        let fact = self.facts.iter().find(|(key, _)| *key == name);
        fact.map(|(_, value)| value.as_str())
    }

    fn texts(&self) -> Option<&'static FindingText> {
        FindingText::find(self.rule)
    }
}

/// The text of the first name that there is one of, or else the usual one.
fn pick(texts: &[(&str, Phrase)], name: Option<&str>, other: Option<&str>) -> Option<Phrase> {
    let of = |name: &str| texts.iter().find(|(key, _)| *key == name);
    let found = name.and_then(of).or_else(|| other.and_then(of));
    found.or_else(|| texts.first()).map(|(_, text)| *text)
}

worded! {
    Severity: "severity" [name];
}
