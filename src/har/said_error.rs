//! What browsers say of a request that failed, as the ending that it was.

use crate::exchange::{Ending, Failure, Side};

/// How a request ended that a program says this of.
pub(super) fn ending(said: &str) -> Ending {
    let detail = said.to_owned();
    let word = said.to_ascii_uppercase();
    let found = WORDS.iter().find(|(part, _)| word.contains(part));
    match found.map(|(_, meaning)| *meaning) {
        Some(SaidEnding::Stopped) => Ending::Aborted {
            by: Side::Client,
            detail,
        },
        Some(SaidEnding::Failed(reason)) => Ending::Failed { reason, detail },
        None => Ending::Failed {
            reason: Failure::Unspecified,
            detail,
        },
    }
}

#[derive(Clone, Copy)]
enum SaidEnding {
    /// The client itself did not want it any more.
    Stopped,
    Failed(Failure),
}

/// Parts of the words of Chromium (`net::ERR_…`), Firefox (`NS_ERROR_…`) and Safari; the first
/// that is in it counts.
const WORDS: &[(&str, SaidEnding)] = &[
    ("ABORTED", SaidEnding::Stopped),
    ("BLOCKED_BY", SaidEnding::Stopped),
    ("CANCEL", SaidEnding::Stopped),
    ("NAME_NOT_RESOLVED", SaidEnding::Failed(Failure::Dns)),
    ("NAME_RESOLUTION", SaidEnding::Failed(Failure::Dns)),
    ("UNKNOWN_HOST", SaidEnding::Failed(Failure::Dns)),
    ("DNS", SaidEnding::Failed(Failure::Dns)),
    ("PROXY", SaidEnding::Failed(Failure::UpstreamProxy)),
    ("TUNNEL", SaidEnding::Failed(Failure::UpstreamProxy)),
    ("TIMED_OUT", SaidEnding::Failed(Failure::Timeout)),
    ("TIMEOUT", SaidEnding::Failed(Failure::Timeout)),
    ("CERT", SaidEnding::Failed(Failure::Tls)),
    ("SSL", SaidEnding::Failed(Failure::Tls)),
    ("SEC_ERROR", SaidEnding::Failed(Failure::Tls)),
    ("REFUSED", SaidEnding::Failed(Failure::Connect)),
    ("UNREACHABLE", SaidEnding::Failed(Failure::Connect)),
    ("CONNECTION_FAILED", SaidEnding::Failed(Failure::Connect)),
    ("EMPTY_RESPONSE", SaidEnding::Failed(Failure::NoResponse)),
    ("RESET", SaidEnding::Failed(Failure::NoResponse)),
    ("CONNECTION_CLOSED", SaidEnding::Failed(Failure::NoResponse)),
    (
        "INVALID_HTTP_RESPONSE",
        SaidEnding::Failed(Failure::BadResponse),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_words_tell_what_failed() {
        let reason = |said: &str| match ending(said) {
            Ending::Failed { reason, detail } => {
                assert_eq!(detail, said);
                reason
            }
            other => panic!("{said}: {other:?}"),
        };
        assert_eq!(reason("net::ERR_NAME_NOT_RESOLVED"), Failure::Dns);
        assert_eq!(reason("NS_ERROR_UNKNOWN_HOST"), Failure::Dns);
        assert_eq!(reason("net::ERR_CONNECTION_REFUSED"), Failure::Connect);
        assert_eq!(reason("net::ERR_CERT_AUTHORITY_INVALID"), Failure::Tls);
        assert_eq!(
            reason("net::ERR_TUNNEL_CONNECTION_FAILED"),
            Failure::UpstreamProxy
        );
        assert_eq!(reason("net::ERR_CONNECTION_TIMED_OUT"), Failure::Timeout);
        assert_eq!(reason("net::ERR_EMPTY_RESPONSE"), Failure::NoResponse);
        assert_eq!(reason("net::ERR_FAILED"), Failure::Unspecified);
        let by = Side::Client;
        for said in ["net::ERR_ABORTED", "net::ERR_BLOCKED_BY_CLIENT"] {
            let detail = said.to_owned();
            assert_eq!(ending(said), Ending::Aborted { by, detail });
        }
    }
}
