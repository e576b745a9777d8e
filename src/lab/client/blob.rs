//! Downloading a blob: resumed where it broke off, and checked.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use tokio::time::timeout;
use url::Url;

use super::document::BlobRef;
use super::http::{Fetch, Http, ServerAnswer};
use super::{PullError, PullEvent, PullStep};

/// One blob on its way.
pub(super) struct Download<'a> {
    pub(super) http: &'a Http<'a>,
    pub(super) url: Url,
    pub(super) step: PullStep,
    pub(super) descriptor: &'a BlobRef,
    pub(super) authorization: Option<&'a str>,
}

impl Download<'_> {
    /// Gets all of it.
    pub(super) async fn run(self) -> Result<(), PullError> {
        let mut state = PartialBlob::new();
        for _ in 0..MAX_ATTEMPTS {
            let answer = self.ask(state.received).await?;
            if answer.status() == StatusCode::OK {
                // Also when the rest was asked for: the server does not do ranges.
                state = PartialBlob::new();
            }
            let Some(reason) = self.receive(answer, &mut state).await else {
                return self.verify(state);
            };
            (self.http.tell)(PullEvent::Interrupted {
                digest: self.descriptor.digest.clone(),
                received: state.received,
                reason,
            });
        }
        Err(PullError::BrokenOff {
            step: self.step,
            digest: self.descriptor.digest.clone(),
            attempts: MAX_ATTEMPTS,
        })
    }

    async fn ask(&self, received: u64) -> Result<ServerAnswer, PullError> {
        let ask = Fetch {
            step: self.step,
            accept: &[],
            authorization: self.authorization,
            from: (received > 0).then_some(received),
        };
        let answer = self.http.get(&self.url, ask).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::PARTIAL_CONTENT if received > 0 => Ok(answer),
            _ => Err(answer.into_error().await),
        }
    }

    /// Takes what comes; tells what happened if it ends before its time.
    async fn receive(&self, answer: ServerAnswer, state: &mut PartialBlob) -> Option<String> {
        let total = self.descriptor.size;
        let mut body = answer.into_body();
        loop {
            let frame = match timeout(IDLE_TIMEOUT, body.frame()).await {
                Err(_) => return Some("nothing came any more".to_owned()),
                Ok(Some(Err(error))) => return Some(error.to_string()),
                Ok(Some(Ok(frame))) => frame,
                Ok(None) if state.received < total => return Some("it ended early".to_owned()),
                Ok(None) => return None,
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            state.hash.update(&data);
            state.received += data.len() as u64;
            (self.http.tell)(PullEvent::Progress {
                digest: self.descriptor.digest.clone(),
                received: state.received,
                total,
            });
            if state.received > total {
                // The digest will tell.
                return None;
            }
        }
    }

    fn verify(&self, state: PartialBlob) -> Result<(), PullError> {
        let actual = format!("sha256:{}", HEXLOWER.encode(state.hash.finish().as_ref()));
        if actual != self.descriptor.digest {
            return Err(PullError::Digest {
                step: self.step,
                expected: self.descriptor.digest.clone(),
                actual,
            });
        }
        (self.http.tell)(PullEvent::Verified {
            step: self.step,
            digest: actual,
            size: state.received,
        });
        Ok(())
    }
}

struct PartialBlob {
    hash: Context,
    received: u64,
}

impl PartialBlob {
    fn new() -> Self {
        Self {
            hash: Context::new(&SHA256),
            received: 0,
        }
    }
}

/// As dockerd.
const MAX_ATTEMPTS: u32 = 5;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
