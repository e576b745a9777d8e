//! What an exchange is or is not: `is:aborted`.

use crate::exchange::Ending;
use crate::registry::Kind;
use crate::store::Entry;
use crate::words::{Lang, row};

/// One word behind `is:`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    /// The word.
    pub(super) name: &'static str,
    /// mitmproxy's letter for it, behind a tilde; empty when it has none.
    pub(super) alias: &'static str,
    test: fn(&Entry) -> bool,
}

/// Every flag.
pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "error",
        alias: "e",
        test: |entry| entry.kind == Kind::Error || is_cut(entry),
    },
    Flag {
        name: "aborted",
        alias: "",
        test: |entry| matches!(ending(entry), Some(Ending::Aborted { .. })),
    },
    Flag {
        name: "failed",
        alias: "",
        test: |entry| matches!(ending(entry), Some(Ending::Failed { .. })),
    },
    Flag {
        name: "open",
        alias: "",
        test: |entry| entry.exchange.ended.is_none(),
    },
    Flag {
        name: "complete",
        alias: "",
        test: |entry| matches!(ending(entry), Some(Ending::Complete)),
    },
    Flag {
        name: "answered",
        alias: "s",
        test: |entry| entry.exchange.response.is_some(),
    },
    Flag {
        name: "unanswered",
        alias: "q",
        test: |entry| entry.exchange.response.is_none(),
    },
    Flag {
        name: "redirect",
        alias: "",
        test: |entry| entry.reading.redirect.is_some(),
    },
    Flag {
        name: "verified",
        alias: "",
        test: |entry| entry.reading.digests.agree() == Some(true),
    },
    Flag {
        name: "mismatch",
        alias: "",
        test: |entry| entry.reading.digests.agree() == Some(false),
    },
    Flag {
        name: "anonymous",
        alias: "",
        test: |entry| entry.reading.authorization.is_none(),
    },
    Flag {
        name: "range",
        alias: "",
        test: |entry| entry.reading.range.is_some(),
    },
    Flag {
        name: "encoded",
        alias: "",
        test: |entry| entry.reading.content_encoding.is_some(),
    },
    Flag {
        name: "cached",
        alias: "",
        test: |entry| entry.reading.age.is_some_and(|age| age > 0),
    },
    Flag {
        name: "reused",
        alias: "",
        test: |entry| {
            let upstream = entry.exchange.upstream.as_ref();
            upstream.is_some_and(|upstream| upstream.reused)
        },
    },
    Flag {
        name: "redacted",
        alias: "",
        test: |entry| entry.exchange.redacted,
    },
    Flag {
        name: "loose",
        alias: "",
        test: |entry| entry.pull.is_none(),
    },
    Flag {
        name: "all",
        alias: "all",
        test: |_| true,
    },
];

impl Flag {
    /// The flag with this word.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.name == word)
    }

    /// What it means.
    pub(super) fn about(&self, lang: Lang) -> &'static str {
        row("flag", self.name).of(lang)
    }

    pub(super) fn holds(&self, entry: &Entry) -> bool {
        (self.test)(entry)
    }
}

impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

fn ending(entry: &Entry) -> Option<&Ending> {
    entry.exchange.ended.as_ref().map(|(_, ending)| ending)
}

fn is_cut(entry: &Entry) -> bool {
    !matches!(ending(entry), None | Some(Ending::Complete))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_described() {
        let names: Vec<_> = FLAGS.iter().map(|flag| flag.name).collect();
        crate::words::assert_rows("flag", &names);
    }
}
