//! Google Container Registry, and Google's object store behind it.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::json;

use super::super::OutgoingResponse;
use super::super::answer::{RegistryAnswer, StoreAnswer, StoredPart};
use super::super::clock::{after, http_date};
use super::super::digest::{crc32c, md5, random};
use super::super::image::{BlobKind, StoredBlob};
use super::super::token::Grant;
use super::shared::{error_document, oauth_body, with_fields};

pub(super) fn registry(answer: RegistryAnswer, now: Timestamp) -> OutgoingResponse {
    match answer {
        RegistryAnswer::Pong => json_start(200, "OK").private(now).body("{}"),
        RegistryAnswer::Challenge { value } => start(401, "Unauthorized")
            .field("WWW-Authenticate", value)
            .field("Content-Type", "application/json")
            .private(now)
            .body(r#"{"errors":[{"code":"UNAUTHORIZED","message":"Unauthorized access."}]}"#),
        RegistryAnswer::Manifest {
            blob,
            by_tag,
            digest,
        } => {
            let response = start(200, "OK").field("Content-Type", blob.kind.media_type());
            // The two captured manifests differ in this.
            let response = if by_tag {
                response.length().maybe("Docker-Content-Digest", digest)
            } else {
                response.maybe("Docker-Content-Digest", digest).length()
            };
            response
                .date(now)
                .fields(SERVER)
                .fields(PROTECTION)
                .connection()
                .body(blob.bytes.clone())
        }
        RegistryAnswer::NotModified { digest } => start(304, "Not Modified")
            .field("Docker-Content-Digest", digest)
            .date(now)
            .fields(SERVER)
            .fields(PROTECTION)
            .connection(),
        RegistryAnswer::Redirect { location, .. } => start(302, "Found")
            .field("Location", location)
            .field("Content-Type", "application/json")
            .date(now)
            .fields(SERVER)
            .fields(PRIVATE)
            .fields(PROTECTION)
            .field("Accept-Ranges", "none")
            .field("Vary", "Accept-Encoding")
            .connection()
            .length()
            .body(r#"{"errors":[]}"#),
        RegistryAnswer::Tags { name, tags } => {
            let body = json!({ "child": [], "manifest": {}, "name": name, "tags": tags });
            json_start(200, "OK").private(now).body(body.to_string())
        }
        RegistryAnswer::Refusal(refusal) => {
            let body = refusal.body(["code", "message", "detail"]).to_string();
            with_fields(json_start(refusal.status, refusal.reason), refusal)
                .private(now)
                .body(body)
        }
    }
}

pub(super) fn token(grant: &Grant, oauth: bool, now: Timestamp) -> OutgoingResponse {
    let body = if oauth {
        oauth_body(grant)
    } else {
        json!({
            "expires_in": grant.lifetime,
            "issued_at": pacific(grant.issued),
            "token": grant.token,
        })
        .to_string()
    };
    json_start(200, "OK").private(now).body(body)
}

pub(super) fn store(answer: StoreAnswer, now: Timestamp) -> OutgoingResponse {
    let upload_id = BASE64URL_NOPAD.encode(&random::<68>());
    let StoredPart { blob, part, bytes } = match answer {
        Ok(found) => found,
        Err(withheld) => {
            return OutgoingResponse::new(withheld.status())
                .field("X-GUploader-UploadID", upload_id)
                .field("Content-Type", "application/xml; charset=UTF-8")
                .length()
                .maybe("Content-Range", withheld.content_range())
                .date(now)
                .field("Expires", http_date(now))
                .fields(PRIVATE)
                .field("Server", "UploadServer")
                .fields(ALT_SVC)
                .connection()
                .body(error_document(&withheld, ""));
        }
    };
    // As captured: the config had been asked for before and came out of Google's cache, which
    // moves one field and adds another.
    let cached = blob.kind == BlobKind::Config;
    let made = if cached { after(now, -CACHE_AGE) } else { now };
    let response = OutgoingResponse::new(part.status())
        .field("X-GUploader-UploadID", upload_id)
        .field("Expires", http_date(after(made, 3_600)))
        .date(made)
        .fields(if cached { &[] } else { PUBLIC });
    object(response, &blob)
        .maybe("Content-Range", part.content_range())
        .length()
        .field("Server", "UploadServer")
        .fields(if cached { PUBLIC } else { &[] })
        .maybe("Age", cached.then(|| CACHE_AGE.to_string()))
        .fields(ALT_SVC)
        .connection()
        .body(bytes)
}

/// What the store knows of an object.
fn object(response: OutgoingResponse, blob: &StoredBlob) -> OutgoingResponse {
    let md5 = md5(&blob.bytes);
    response
        .field("Last-Modified", "Wed, 20 May 2020 17:27:37 GMT")
        .field("ETag", format!("\"{}\"", HEXLOWER.encode(&md5)))
        .field("x-goog-generation", "1589995657415353")
        .field("x-goog-metageneration", "1")
        .field("x-goog-stored-content-encoding", "identity")
        .field("x-goog-stored-content-length", blob.bytes.len().to_string())
        .field("Content-Type", "application/octet-stream")
        .field(
            "x-goog-hash",
            format!("crc32c={}", BASE64.encode(&crc32c(&blob.bytes))),
        )
        .field("x-goog-hash", format!("md5={}", BASE64.encode(&md5)))
        .field("x-goog-storage-class", "STANDARD")
        .field("Accept-Ranges", "bytes")
}

fn start(status: u16, reason: &'static str) -> OutgoingResponse {
    OutgoingResponse::new((status, reason)).field("Docker-Distribution-API-Version", "registry/2.0")
}

fn json_start(status: u16, reason: &'static str) -> OutgoingResponse {
    start(status, reason).field("Content-Type", "application/json")
}

impl OutgoingResponse {
    /// The end of the head of what is for this client alone.
    fn private(self, now: Timestamp) -> Self {
        self.date(now)
            .fields(SERVER)
            .fields(PRIVATE)
            .fields(PROTECTION)
            .connection()
            .length()
    }
}

/// A time as Google's token server in California writes it.
fn pacific(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::fixed(Offset::constant(-7)));
    time.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

/// Seconds for which the config has been in the cache.
const CACHE_AGE: i64 = 506;

const SERVER: &[(&str, &str)] = &[("Server", "Docker Registry")];
const PRIVATE: &[(&str, &str)] = &[("Cache-Control", "private")];
const PUBLIC: &[(&str, &str)] = &[("Cache-Control", "public, max-age=3600")];
const PROTECTION: &[(&str, &str)] = &[
    ("X-XSS-Protection", "0"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Alt-Svc", QUIC),
];
const ALT_SVC: &[(&str, &str)] = &[("Alt-Svc", QUIC)];
const QUIC: &str = "h3-29=\":443\"; ma=2592000,h3-27=\":443\"; ma=2592000,\
    h3-T050=\":443\"; ma=2592000,h3-Q050=\":443\"; ma=2592000,h3-Q046=\":443\"; ma=2592000,\
    h3-Q043=\":443\"; ma=2592000,quic=\":443\"; ma=2592000; v=\"46,43\"";
