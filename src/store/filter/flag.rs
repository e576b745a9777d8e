//! What an exchange is or is not: `is:aborted`.

use crate::exchange::Ending;
use crate::registry::Kind;
use crate::store::Entry;

/// One word behind `is:`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    /// The word.
    pub(super) name: &'static str,
    /// mitmproxy's letter for it, behind a tilde; empty when it has none.
    pub(super) alias: &'static str,
    /// What it means.
    pub(super) about: &'static str,
    test: fn(&Entry) -> bool,
}

/// Every flag.
pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "error",
        alias: "e",
        about: "an answer of 4xx or 5xx other than a first 401, a transfer cut off, or no answer",
        test: |entry| entry.kind == Kind::Error || is_cut(entry),
    },
    Flag {
        name: "aborted",
        alias: "",
        about: "cut off after it had begun to pass",
        test: |entry| matches!(ending(entry), Some(Ending::Aborted { .. })),
    },
    Flag {
        name: "failed",
        alias: "",
        about: "no answer of the server could be passed on",
        test: |entry| matches!(ending(entry), Some(Ending::Failed { .. })),
    },
    Flag {
        name: "open",
        alias: "",
        about: "still under way",
        test: |entry| entry.exchange.ended.is_none(),
    },
    Flag {
        name: "complete",
        alias: "",
        about: "request and answer passed whole",
        test: |entry| matches!(ending(entry), Some(Ending::Complete)),
    },
    Flag {
        name: "answered",
        alias: "s",
        about: "an answer arrived",
        test: |entry| entry.exchange.response.is_some(),
    },
    Flag {
        name: "unanswered",
        alias: "q",
        about: "no answer arrived",
        test: |entry| entry.exchange.response.is_none(),
    },
    Flag {
        name: "redirect",
        alias: "",
        about: "the answer leads elsewhere",
        test: |entry| entry.reading.redirect.is_some(),
    },
    Flag {
        name: "verified",
        alias: "",
        about: "the content has the digest that was promised",
        test: |entry| entry.reading.digests.agree() == Some(true),
    },
    Flag {
        name: "mismatch",
        alias: "",
        about: "the content has another digest than was promised",
        test: |entry| entry.reading.digests.agree() == Some(false),
    },
    Flag {
        name: "anonymous",
        alias: "",
        about: "the request carried no credentials",
        test: |entry| entry.reading.authorization.is_none(),
    },
    Flag {
        name: "range",
        alias: "",
        about: "only a part was asked for",
        test: |entry| entry.reading.range.is_some(),
    },
    Flag {
        name: "encoded",
        alias: "",
        about: "the answer has a Content-Encoding",
        test: |entry| entry.reading.content_encoding.is_some(),
    },
    Flag {
        name: "cached",
        alias: "",
        about: "the answer lay in a cache (Age)",
        test: |entry| entry.reading.age.is_some_and(|age| age > 0),
    },
    Flag {
        name: "reused",
        alias: "",
        about: "sent on a connection that an earlier exchange had opened",
        test: |entry| {
            let upstream = entry.exchange.upstream.as_ref();
            upstream.is_some_and(|upstream| upstream.reused)
        },
    },
    Flag {
        name: "redacted",
        alias: "",
        about: "secrets were taken out",
        test: |entry| entry.exchange.redacted,
    },
    Flag {
        name: "loose",
        alias: "",
        about: "belongs to no pull",
        test: |entry| entry.pull.is_none(),
    },
    Flag {
        name: "all",
        alias: "all",
        about: "everything",
        test: |_| true,
    },
];

impl Flag {
    /// The flag with this word.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.name == word)
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
