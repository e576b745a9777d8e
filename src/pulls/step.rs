//! One exchange as a step of a pull: what it is for there, and what made the client send it.

use std::sync::Arc;

use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};

use crate::exchange::ExchangeId;
use crate::registry::{Descriptor, Kind};
use crate::words::{Lang, Phrase, row, worded};

/// One exchange of a pull or push.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The exchange.
    pub exchange: ExchangeId,
    /// What it is for, with the whole pull in sight: a blob is known as config or layer, and
    /// what a redirect led to as CDN download.
    pub kind: Kind,
    /// Which part of the image it is about, when it is about one.
    pub part: Option<Part>,
    /// What an index says of the manifest that this is, or that names this blob.
    #[serde(skip)]
    pub entry: Option<Arc<Descriptor>>,
    /// What made the client send it; `None` for a first step.
    pub cause: Option<Cause>,
}

/// A part of an image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case", tag = "part")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// The list of the image's platforms.
    Index,
    /// The manifest of one platform.
    Manifest,
    /// The configuration.
    Config,
    /// A layer.
    Layer {
        /// Its place, from 1, lowest layer first.
        number: usize,
        /// How many the image has.
        count: usize,
    },
}

/// What made the client send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// In what way.
    pub why: Why,
    /// The earlier exchange.
    pub exchange: ExchangeId,
}

/// How an earlier exchange led to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// A 401 told where to ask for a token.
    Challenge,
    /// A token was given, and is used for the first time.
    Token,
    /// `/v2/` answered without asking for credentials.
    Ping,
    /// `Location` led here.
    Redirect,
    /// A HEAD told which digest the tag has.
    Resolve,
    /// An index named this manifest.
    Index,
    /// A manifest named this blob.
    Manifest,
    /// The same was asked before and failed, or ended early.
    Retry,
    /// `Link` named the next page.
    Page,
    /// `Location` of an upload told where it goes on.
    Upload,
}

impl Part {
    /// Its name in a sentence: `layer 2 of 7`.
    pub fn name(&self, lang: Lang) -> String {
        self.fill(row("part", self.word()), lang)
    }

    /// Its name in a list: `layer 2`.
    pub fn short(&self, lang: Lang) -> String {
        self.fill(row("part.short", self.word()), lang)
    }

    fn fill(&self, phrase: Phrase, lang: Lang) -> String {
        match self {
            Self::Layer { number, count } => {
                let facts = [("number", number.to_string()), ("count", count.to_string())];
                phrase.fill(lang, &facts)
            }
            _ => phrase.of(lang).to_owned(),
        }
    }
}

worded! {
    Part: "part", "part.short";
    Why: "cause" [name];
}
