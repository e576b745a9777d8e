//! Downloading a blob: resumed where it broke off, and checked.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use serde::Deserialize;
use tokio::time::timeout;
use url::Url;

use super::http::{Fetch, Http, ServerAnswer};
use super::profile::ClientHabit;
use super::{PullError, PullEvent, PullStep};
use crate::registry::Descriptor;

/// One blob on its way.
pub(super) struct Download<'a> {
    pub(super) http: &'a Http<'a>,
    pub(super) url: Url,
    pub(super) step: PullStep,
    pub(super) descriptor: &'a Descriptor,
    pub(super) digest: String,
    pub(super) size: u64,
    pub(super) authorization: Option<String>,
}

impl Download<'_> {
    /// Gets all of it.
    pub(super) async fn run(self) -> Result<(), PullError> {
        let profile = self.http.profile.row;
        if self.step == PullStep::Layer {
            let position = self.descriptor.annotations.get(POSITION);
            if let Some(position) = position.filter(|_| profile.does(ClientHabit::Partial))
                && self.missing_pieces(position).await?
            {
                return Ok(());
            }
            if profile.chunk > 0 && self.in_chunks(profile.chunk).await? {
                return Ok(());
            }
        }
        let mut state = PartialBlob::new(&self.digest);
        for _ in 0..MAX_ATTEMPTS {
            let answer = self
                .ask((state.received > 0).then(|| format!("bytes={}-", state.received)))
                .await?;
            if answer.status() == StatusCode::OK {
                // Also when the rest was asked for: the server does not do ranges.
                state = PartialBlob::new(&self.digest);
            }
            let Some(reason) = self.receive(answer, &mut state).await else {
                return self.verify(state);
            };
            (self.http.tell)(PullEvent::Interrupted {
                digest: self.digest.clone(),
                received: state.received,
                reason,
            });
        }
        Err(self.broken_off(MAX_ATTEMPTS))
    }

    fn broken_off(&self, attempts: u32) -> PullError {
        PullError::BrokenOff {
            step: self.step,
            digest: self.digest.clone(),
            attempts,
        }
    }

    /// Gets it in parts, several at a time: each is asked for without an end and cut off where the
    /// next begins. Whether the store does that.
    async fn in_chunks(&self, chunk: u64) -> Result<bool, PullError> {
        let starts = (0..self.size).step_by(usize::try_from(chunk).unwrap_or(1));
        let parts = futures_util::stream::iter(starts.map(|from| self.chunk(from, chunk)));
        let mut parts = parts.buffered(PARALLEL);
        let mut state = PartialBlob::new(&self.digest);
        while let Some(part) = parts.try_next().await? {
            let Some(bytes) = part else { return Ok(false) };
            state.take(&bytes);
        }
        self.verify(state)?;
        Ok(true)
    }

    async fn chunk(&self, from: u64, length: u64) -> Result<Option<BytesMut>, PullError> {
        let answer = self.ask(Some(format!("bytes={from}-"))).await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            return Ok(None);
        }
        let wanted = length.min(self.size - from);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let (mut body, mut bytes) = (answer.into_body(), BytesMut::new());
        while bytes.len() < wanted {
            let Ok(Some(Ok(frame))) = timeout(IDLE_TIMEOUT, body.frame()).await else {
                return Err(self.broken_off(1));
            };
            bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        }
        bytes.truncate(wanted);
        Ok(Some(bytes))
    }

    /// Gets, of a layer with a table of its files at the end, the table and all files but the
    /// largest: as if that one were there already. Whether the store gives several ranges.
    async fn missing_pieces(&self, position: &str) -> Result<bool, PullError> {
        let mut numbers = position
            .split(':')
            .map(|number| number.parse::<u64>().unwrap_or(0));
        let (at, length) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let table = self
            .ask(Some(format!(
                "bytes={at}-{}",
                (at + length).saturating_sub(1)
            )))
            .await?;
        if table.status() != StatusCode::PARTIAL_CONTENT {
            return Ok(false);
        }
        let table = zstd::stream::decode_all(&table.content().await?[..]).unwrap_or_default();
        let table: LayerTable = serde_json::from_slice(&table).unwrap_or_default();
        let largest = table.entries.iter().map(|entry| entry.size).max();
        let wanted = table
            .entries
            .iter()
            .filter(|entry| Some(entry.size) != largest);
        let ranges: Vec<_> = wanted
            .map(|entry| format!("{}-{}", entry.offset, entry.end_offset.saturating_sub(1)))
            .collect();
        let range = format!("bytes={}", ranges.join(","));
        let answer = self.http.send(&self.url, self.fetch(Some(range))).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                answer.content().await?;
                Ok(true)
            }
            // All of it is to be fetched then.
            StatusCode::BAD_REQUEST => Ok(false),
            _ => Err(answer.into_error().await),
        }
    }

    fn fetch(&self, range: Option<String>) -> Fetch<'_> {
        Fetch {
            authorization: self.authorization.clone(),
            range,
            ..Fetch::new(self.step).announced(Some(self.descriptor.media_type.as_str()))
        }
    }

    async fn ask(&self, range: Option<String>) -> Result<ServerAnswer, PullError> {
        let is_part = range.is_some();
        let answer = self.http.send(&self.url, self.fetch(range)).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::PARTIAL_CONTENT if is_part => Ok(answer),
            _ => Err(answer.into_error().await),
        }
    }

    /// Takes what comes; tells what happened if it ends before its time.
    async fn receive(&self, answer: ServerAnswer, state: &mut PartialBlob) -> Option<String> {
        let total = self.size;
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
            state.take(&data);
            (self.http.tell)(PullEvent::Progress {
                digest: self.digest.clone(),
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
        let algorithm = self.digest.split(':').next().unwrap_or_default();
        let actual = format!(
            "{algorithm}:{}",
            HEXLOWER.encode(state.hash.finish().as_ref())
        );
        if actual != self.digest {
            return Err(PullError::Digest {
                step: self.step,
                expected: self.digest.clone(),
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
    fn new(digest: &str) -> Self {
        let is_long = digest.starts_with("sha512:");
        Self {
            hash: Context::new(if is_long { &SHA512 } else { &SHA256 }),
            received: 0,
        }
    }

    fn take(&mut self, data: &[u8]) {
        self.hash.update(data);
        self.received += data.len() as u64;
    }
}

/// What stands at the end of a layer in zstd:chunked.
#[derive(Default, Deserialize)]
struct LayerTable {
    entries: Vec<LayerFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayerFile {
    size: u64,
    offset: u64,
    end_offset: u64,
}

/// Where that is: its first byte, and its length.
const POSITION: &str = "io.github.containers.zstd-chunked.manifest-position";
/// Parts at a time, as containerd.
const PARALLEL: usize = 3;
/// As dockerd.
const MAX_ATTEMPTS: u32 = 5;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
