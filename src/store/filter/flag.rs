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

macro_rules! flags {
    ($($name:literal $alias:literal $test:expr;)*) => {
        &[$(Flag { name: $name, alias: $alias, test: $test }),*]
    };
}

/// Every flag.
pub(super) const FLAGS: &[Flag] = flags! {
    "error" "e" |entry| {
        entry.kind == Kind::Error || matches!(ending(entry), Some(Ending::Aborted { .. }))
    };
    "aborted" "" |entry| matches!(ending(entry), Some(Ending::Aborted { .. }));
    "failed" "" |entry| matches!(ending(entry), Some(Ending::Failed { .. }));
    "open" "" |entry| entry.exchange.ended.is_none();
    "complete" "" |entry| matches!(ending(entry), Some(Ending::Complete));
    "answered" "s" |entry| entry.exchange.response.is_some();
    "unanswered" "q" |entry| entry.exchange.response.is_none();
    "redirect" "" |entry| entry.reading.redirect.is_some();
    "verified" "" |entry| entry.reading.digests.agree() == Some(true);
    "mismatch" "" |entry| entry.reading.digests.agree() == Some(false);
    "anonymous" "" |entry| entry.reading.authorization.is_none();
    "range" "" |entry| entry.reading.range.is_some();
    "encoded" "" |entry| entry.reading.content_encoding.is_some();
    "cached" "" |entry| entry.reading.age.is_some_and(|age| age > 0);
    "reused" "" |entry| {
        let upstream = entry.exchange.upstream.as_ref();
        upstream.is_some_and(|upstream| upstream.reused)
    };
    "redacted" "" |entry| entry.exchange.redacted;
    "loose" "" |entry| entry.pull.is_none();
    "all" "all" |_| true;
};

/// The words behind `is:`, and what each means.
pub(crate) fn flags(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    let flags = FLAGS.iter();
    flags.map(move |flag| (flag.name, row("flag", flag.name).of(lang)))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_described() {
        let names: Vec<_> = FLAGS.iter().map(|flag| flag.name).collect();
        crate::words::assert_rows("flag", &names);
    }
}
