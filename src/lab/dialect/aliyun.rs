//! Aliyun's object store (OSS), where the mirror keeps its blobs.

use data_encoding::{BASE64, HEXUPPER};
use jiff::Timestamp;

use super::super::answer::{StoreAnswer, StoredPart, Withheld};
use super::super::digest::{crc64, md5, random};
use super::super::{OutgoingResponse, Provider, signed_url};
use super::shared::error_document;

pub(super) fn store(answer: StoreAnswer, now: Timestamp) -> OutgoingResponse {
    let request_id = HEXUPPER.encode(&random::<12>());
    let StoredPart { blob, part, bytes } = match answer {
        Ok(found) => found,
        Err(withheld) => return withhold(&withheld, &request_id, now),
    };
    let md5 = md5(&blob.bytes);
    OutgoingResponse::new(part.status())
        .field("Server", "AliyunOSS")
        .date(now)
        .field("Content-Type", "application/octet-stream")
        .length()
        .connection()
        .field("x-oss-request-id", request_id)
        .maybe("Content-Range", part.content_range())
        .field("Accept-Ranges", "bytes")
        .field("ETag", format!("\"{}\"", HEXUPPER.encode(&md5)))
        .field("Last-Modified", "Fri, 29 May 2020 21:41:36 GMT")
        .field("x-oss-object-type", "Normal")
        .field("x-oss-hash-crc64ecma", crc64(&blob.bytes).to_string())
        .field("x-oss-storage-class", "Standard")
        .field("Content-MD5", BASE64.encode(&md5))
        .field("x-oss-server-time", "2")
        .body(bytes)
}

fn withhold(withheld: &Withheld, request_id: &str, now: Timestamp) -> OutgoingResponse {
    let mut more = format!(
        "  <RequestId>{request_id}</RequestId>\n  <HostId>{}</HostId>\n",
        Provider::Mirror.blob_store()
    );
    if let Withheld::Url(signed_url::Refused::Expired { at }) = withheld {
        more.extend([
            format!("  <Expires>{}</Expires>\n", at.strftime(OSS_TIME)),
            format!("  <ServerTime>{}</ServerTime>\n", now.strftime(OSS_TIME)),
        ]);
    }
    OutgoingResponse::new(withheld.status())
        .field("Server", "AliyunOSS")
        .date(now)
        .field("Content-Type", "application/xml")
        .length()
        .connection()
        .field("x-oss-request-id", request_id.to_owned())
        .maybe("Content-Range", withheld.content_range())
        .field("x-oss-server-time", "0")
        .body(error_document(withheld, &more))
}

const OSS_TIME: &str = "%Y-%m-%dT%H:%M:%S.000Z";
