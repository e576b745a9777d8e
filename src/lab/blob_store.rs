//! A provider's blob store: the target of its registry's redirects.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;

use super::answer::Answer;
use super::digest::random;
use super::image::{BlobKind, StoredBlob};
use super::provider::template_of;
use super::range::{ByteRange, parts, several};
use super::response::BodyDelivery;
use super::service::ProviderService;
use super::signed_url::BlobStore;
use super::{Fault, IncomingRequest, OutgoingResponse};
use crate::base::lock::lock;

impl ProviderService {
    /// Answers a request for a blob by its signed URL.
    pub(super) fn store(
        &self,
        store: &'static BlobStore,
        request: &IncomingRequest,
        client: SocketAddr,
    ) -> OutgoingResponse {
        let now = self.registry_time();
        let struck = request
            .field("range")
            .filter(|range| range.contains(','))
            .and_then(|_| self.struck(request, "ranges", false, client));
        if let Some(struck) = struck {
            return struck;
        }
        let digest = store.check(&self.keys, &request.path, request.query.as_deref(), now);
        let answer = digest.map_or_else(Answer::from, |digest| {
            self.part(request, &digest, Some(store))
        });
        self.profile().store_says(store, answer, now)
    }

    /// A blob, or what a request wants of it; without a store the registry keeps it itself.
    pub(super) fn part(
        &self,
        request: &IncomingRequest,
        digest: &str,
        store: Option<&'static BlobStore>,
    ) -> Answer {
        let repositories = lock(&self.repositories);
        let mut all = repositories.values();
        let blob = all.find_map(|repository| repository.blobs.get(digest));
        let Some(blob) = blob.filter(|blob| !blob.is_manifest()) else {
            return Answer::missing();
        };
        let size = blob.bytes.len();
        let wanted = request.field("range");
        let many = several(wanted, size).filter(|_| !self.has(Fault::RangesIgnored));
        if let (Some(store), Some(ranges)) = (store, many) {
            if template_of(store, "ranges").is_some() {
                return Answer::new(&["ranges"]);
            }
            let boundary = HEXLOWER.encode(&random(12));
            let body = parts(
                &blob.bytes,
                &ranges,
                &format!("{}{boundary}", store.boundary),
            );
            return Answer::stored(blob, body.into())
                .named(&["parts"])
                .fact("boundary", format!("{}{boundary}", store.boundary));
        }
        let Ok(part) = ByteRange::asked(wanted, size) else {
            let status = "416 Requested Range Not Satisfiable";
            let words = "The requested range is not satisfiable";
            return Answer::withheld(status, "InvalidRange", words)
                .fact("content-range", format!("bytes */{size}"));
        };
        let delivery = match blob.kind {
            BlobKind::Layer { last } if !request.is_head() => self.delivery(blob, &part, last),
            _ => BodyDelivery::Whole,
        };
        let names: &[_] = match blob.kind {
            BlobKind::Config => &["config", "blob"],
            _ => &["blob"],
        };
        Answer::stored(blob, self.content(blob).slice(part.range.clone()))
            .named(names)
            .status(part.status())
            .maybe("content-range", part.content_range())
            .delivered(delivery)
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

    fn delivery(&self, blob: &Arc<StoredBlob>, part: &ByteRange, last: bool) -> BodyDelivery {
        if self.has(Fault::TruncatedLayer) {
            let mut broken_off = lock(&self.broken_off);
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
