//! What some reader will not like about a HAR.

use crate::exchange::ExchangeId;

/// Something that was written faithfully and that a reader may fail on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderWarning {
    /// The file is so large that browsers have trouble with it.
    #[error(
        "the HAR has {} MB: browsers may fail to open it; `pullscope export --split 400M` makes \
         several files of it",
        bytes / 1_000_000
    )]
    Large {
        /// Its size.
        bytes: u64,
    },
    /// A message has a `Content-Encoding` that mitmproxy refuses the whole file for.
    #[error(
        "exchange {exchange} has the Content-Encoding {value:?}: mitmproxy will not open the HAR"
    )]
    Encoding {
        /// Whose.
        exchange: ExchangeId,
        /// The field's value.
        value: String,
    },
    /// A stored body could not be read and was left out.
    #[error("a body of exchange {exchange} was left out: {reason}")]
    Body {
        /// Whose.
        exchange: ExchangeId,
        /// Why.
        reason: String,
    },
}

impl ReaderWarning {
    /// From this size on a browser may run out of memory: Chrome opens 500 MB and fails on 600.
    const LARGE: u64 = 400_000_000;

    /// What there is to say about a file of this size.
    pub(super) fn of_size(bytes: u64) -> Option<Self> {
        (bytes >= Self::LARGE).then_some(Self::Large { bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_file_is_worth_a_warning() {
        assert_eq!(ReaderWarning::of_size(399_999_999), None);
        let warning = ReaderWarning::of_size(400_000_000).unwrap();
        assert!(warning.to_string().starts_with("the HAR has 400 MB"));
    }
}
