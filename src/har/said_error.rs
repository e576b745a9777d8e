//! What browsers say of a request that failed, as the ending that it was.

use crate::base::table::rows;
use crate::exchange::{Ending, Failure, Side};

/// How a request ended that a program says this of.
pub(super) fn ending(said: &str) -> Ending {
    let detail = said.to_owned();
    let word = said.to_ascii_uppercase();
    let found = rows(WORDS).find(|[part, _]| word.contains(part));
    let meaning = found.map(|[_, meaning]| meaning);
    if meaning == Some(ABORTED) {
        let by = Side::Client;
        return Ending::Aborted { by, detail };
    }
    let reason = meaning.and_then(|meaning| meaning.parse().ok());
    let reason = reason.unwrap_or(Failure::Unspecified);
    Ending::Failed { reason, detail }
}

const WORDS: &str = include_str!("said_errors.txt");
const ABORTED: &str = "aborted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_means_something() {
        for [_, meaning] in rows(WORDS) {
            let is_known = meaning == ABORTED || meaning.parse::<Failure>().is_ok();
            assert!(is_known, "{meaning}");
        }
    }

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
