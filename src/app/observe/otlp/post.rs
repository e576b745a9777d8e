//! Sends requests to a collector (OTLP/HTTP, protobuf:
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>), again where that may help.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use thiserror::Error as ThisError;
use tokio::sync::mpsc;

use super::collector::Collector;
use super::delivery::Tally;
use super::spans::SpanBatch;
use crate::base::cause::chain;
use crate::base::clock;
use crate::base::lock::lock;
use crate::base::printable::printable;

/// Why a request was not taken.
#[derive(Debug, ThisError)]
enum PostError {
    /// There was no answer.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer within {} seconds", ANSWER.as_secs())]
    Slow,
    /// The answer was no.
    #[error("the answer was {status}")]
    Refused {
        status: StatusCode,
        /// How long to wait, where the collector says so.
        after: Option<Duration>,
    },
}

impl PostError {
    /// Whether it may go better another time
    /// (<https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes>).
    fn passes(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Slow => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 429 | 502..=504),
        }
    }

    /// When to try again: no sooner than the collector says.
    fn wait(&self, planned: Option<Duration>) -> Option<Duration> {
        let told = match self {
            Self::Refused { after, .. } => *after,
            _ => None,
        };
        planned.map(|planned| planned.max(told.unwrap_or_default()).min(LONGEST))
    }
}

/// Sends what comes until no more does.
pub(super) async fn run(
    collector: Collector,
    mut requests: mpsc::Receiver<SpanBatch>,
    tally: Arc<Tally>,
) {
    while let Some(request) = requests.recv().await {
        let tries = ExponentialBuilder::new()
            .with_min_delay(SHORTEST)
            .with_max_delay(LONGEST)
            .with_max_times(TRIES)
            .with_jitter();
        let sent = (|| post(&collector, &request))
            .retry(tries)
            .when(PostError::passes)
            .adjust(PostError::wait)
            .notify(|error, _| lock(&tally).trouble(&error.to_string()))
            .await;
        match sent {
            Ok((rejected, why)) => {
                lock(&tally).take(request.spans.saturating_sub(rejected));
                if rejected > 0 {
                    lock(&tally).trouble(&format!("{rejected} spans were rejected: {why}"));
                }
            }
            Err(error) => lock(&tally).trouble(&error.to_string()),
        }
    }
}

/// Sends one request; how many of its spans were rejected nevertheless, and why.
async fn post(collector: &Collector, request: &SpanBatch) -> Result<(u64, String), PostError> {
    let answer = async {
        let response = collector.send(request.body.clone()).await;
        let response = response
            .map_err(|error| PostError::Unreachable(printable(&chain(&error)).into_owned()))?;
        let status = response.status();
        if !status.is_success() {
            let after = retry_after(response.headers(), clock::system());
            return Err(PostError::Refused { status, after });
        }
        Ok(rejected(response).await)
    };
    let answer = tokio::time::timeout(ANSWER, answer).await;
    answer.unwrap_or(Err(PostError::Slow))
}

/// What the collector did not take of a request that it took
/// (<https://opentelemetry.io/docs/specs/otlp/#partial-success-1>).
async fn rejected(response: Response<Incoming>) -> (u64, String) {
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect();
    let body = body.await.ok().map(http_body_util::Collected::to_bytes);
    let answer = body.and_then(|body| ExportTraceServiceResponse::decode(body).ok());
    let Some(partial) = answer.and_then(|answer| answer.partial_success) else {
        return (0, String::new());
    };
    let rejected = u64::try_from(partial.rejected_spans).unwrap_or_default();
    let why: String = partial.error_message.chars().take(200).collect();
    (rejected, printable(&why).into_owned())
}

/// `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(value).ok()?;
    date.duration_since(now).try_into().ok()
}

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// The first wait before another try.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest wait before another try.
const LONGEST: Duration = Duration::from_secs(30);
/// Tries after the first: about a minute, in all.
const TRIES: usize = 6;
/// Bytes of an answer that are looked at.
const LONGEST_ANSWER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_collector_says_when_and_within_bounds() {
        let now: Timestamp = "2020-08-20T06:17:41Z".parse().unwrap();
        for (value, wanted, waited) in [
            ("7", Some(7), 7),
            (" 0 ", Some(0), 2),
            ("Thu, 20 Aug 2020 06:17:51 GMT", Some(10), 10),
            ("Thu, 20 Aug 2020 06:17:31 GMT", None, 2),
            ("86400", Some(86_400), 30),
            ("soon", None, 2),
        ] {
            let headers = [(RETRY_AFTER, HeaderValue::from_static(value))];
            let after = retry_after(&headers.into_iter().collect(), now);
            assert_eq!(after, wanted.map(Duration::from_secs), "{value}");
            let status = StatusCode::TOO_MANY_REQUESTS;
            let refused = PostError::Refused { status, after };
            let wait = refused.wait(Some(Duration::from_secs(2)));
            assert_eq!(wait, Some(Duration::from_secs(waited)), "{value}");
            assert_eq!(refused.wait(None), None, "no more tries are left");
        }
    }

    #[test]
    fn what_is_wrong_with_a_request_does_not_pass() {
        for (code, passes) in [
            (400, false),
            (401, false),
            (429, true),
            (500, false),
            (503, true),
        ] {
            let status = StatusCode::from_u16(code).unwrap();
            let refused = PostError::Refused {
                status,
                after: None,
            };
            assert_eq!(refused.passes(), passes, "{code}");
        }
        assert!(PostError::Slow.passes());
    }
}
