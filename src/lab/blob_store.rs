//! A provider's blob store: the target of its registry's redirects.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;

use super::answer::{StoredPart, Withheld};
use super::image::{BlobKind, StoredBlob};
use super::range::{ByteRange, Unsatisfiable};
use super::response::BodyDelivery;
use super::service::ProviderService;
use super::{Fault, IncomingRequest, OutgoingResponse, dialect, signed_url};

impl ProviderService {
    /// Answers a request for a blob by its signed URL.
    pub(super) fn store(&self, request: &IncomingRequest) -> OutgoingResponse {
        let now = self.registry_time();
        let found = signed_url::check(
            &self.keys,
            self.provider,
            &request.path,
            request.query.as_deref(),
            now,
        )
        .map_err(Withheld::Url)
        .and_then(|digest| self.find(request, &digest));
        let (blob, part) = match found {
            Ok(found) => found,
            Err(withheld) => return dialect::store(self.provider, Err(withheld), now),
        };
        let delivery = match blob.kind {
            BlobKind::Layer { last } if !request.is_head() => self.delivery(blob, &part, last),
            _ => BodyDelivery::Whole,
        };
        let content = StoredPart {
            bytes: self.content(blob).slice(part.range.clone()),
            blob: blob.clone(),
            part,
        };
        dialect::store(self.provider, Ok(content), now).delivered(delivery)
    }

    fn find(
        &self,
        request: &IncomingRequest,
        digest: &str,
    ) -> Result<(&Arc<StoredBlob>, ByteRange), Withheld> {
        let blob = self.repository.blob(digest);
        let blob = blob
            .filter(|blob| !blob.kind.is_manifest())
            .ok_or(Withheld::Missing)?;
        let size = blob.bytes.len();
        match ByteRange::asked(request.field("range"), size) {
            Ok(part) => Ok((blob, part)),
            Err(Unsatisfiable) => Err(Withheld::Range { size }),
        }
    }

    fn content(&self, blob: &StoredBlob) -> Bytes {
        let is_layer = matches!(blob.kind, BlobKind::Layer { .. });
        if !is_layer || !self.has(Fault::CorruptLayer) {
            return blob.bytes.clone();
        }
        let mut bytes = blob.bytes.to_vec();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        bytes.into()
    }

    fn delivery(&self, blob: &StoredBlob, part: &ByteRange, last: bool) -> BodyDelivery {
        if self.has(Fault::TruncatedLayer) {
            let mut broken_off = self
                .broken_off
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let times = broken_off.entry(blob.digest.clone()).or_default();
            if *times < 2 {
                *times += 1;
                let after = part.range.len() / 2;
                return BodyDelivery::Cut { after };
            }
        }
        if last && self.has(Fault::SlowLayer) {
            BodyDelivery::Paced {
                rate: self.slow_rate,
            }
        } else {
            BodyDelivery::Whole
        }
    }
}
