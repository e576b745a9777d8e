//! Quay, and `CloudFront` with S3 behind it.

use data_encoding::{BASE64URL, HEXLOWER};
use jiff::Timestamp;
use serde_json::json;

use super::super::OutgoingResponse;
use super::super::answer::{RegistryAnswer, StoreAnswer, StoredPart};
use super::super::digest::{md5, random};
use super::super::image::BlobKind;
use super::super::token::Grant;
use super::shared::{error_document, oauth_body, with_fields};

pub(super) fn registry(answer: RegistryAnswer, now: Timestamp) -> OutgoingResponse {
    match answer {
        RegistryAnswer::Pong => start(200, "OK", HTML, now).fields(API).body("true"),
        RegistryAnswer::Challenge { value } => start(401, "UNAUTHORIZED", HTML, now)
            .fields(API)
            .field("WWW-Authenticate", value)
            .body("true"),
        RegistryAnswer::Manifest { blob, digest, .. } => {
            start(200, "OK", blob.kind.media_type(), now)
                .maybe("Docker-Content-Digest", digest)
                .fields(SECURITY)
                .body(blob.bytes.clone())
        }
        RegistryAnswer::NotModified { digest } => OutgoingResponse::new((304, "NOT MODIFIED"))
            .field("Server", NGINX)
            .date(now)
            .connection()
            .field("Docker-Content-Digest", digest)
            .fields(SECURITY),
        RegistryAnswer::Redirect { location, digest } => {
            let body = redirect_page(&location);
            start(302, "FOUND", HTML, now)
                .field("Location", location)
                .field("Accept-Ranges", "bytes")
                .field("Docker-Content-Digest", digest)
                .field("Cache-Control", "max-age=31536000")
                .fields(SECURITY)
                .body(body)
        }
        RegistryAnswer::Tags { name, tags } => start(200, "OK", JSON, now)
            .fields(SECURITY)
            .body(format!("{}\n", json!({ "name": name, "tags": tags }))),
        RegistryAnswer::Refusal(refusal) => {
            let body = format!("{}\n", refusal.body(["code", "detail", "message"]));
            let response = start(refusal.status, shouted(refusal.reason), JSON, now);
            with_fields(response, refusal).fields(SECURITY).body(body)
        }
    }
}

pub(super) fn token(grant: &Grant, oauth: bool, now: Timestamp) -> OutgoingResponse {
    let body = if oauth {
        oauth_body(grant)
    } else {
        format!("{}\n", json!({ "token": grant.token }))
    };
    start(200, "OK", JSON, now)
        .field("Cache-Control", "no-cache, no-store, must-revalidate")
        .fields(SECURITY)
        .body(body)
}

pub(super) fn store(answer: StoreAnswer, now: Timestamp) -> OutgoingResponse {
    let StoredPart { blob, part, bytes } = match answer {
        Ok(found) => found,
        Err(withheld) => {
            let response = OutgoingResponse::new(withheld.status())
                .field("Server", "CloudFront")
                .date(now)
                .field("Content-Type", "text/xml")
                .length()
                .connection()
                .maybe("Content-Range", withheld.content_range())
                .field("X-Cache", "Error from cloudfront");
            return edge(response).body(error_document(&withheld, ""));
        }
    };
    let etag = format!("\"{}-1\"", HEXLOWER.encode(&md5(&md5(&blob.bytes))));
    let head = OutgoingResponse::new(part.status())
        .field("Content-Type", "binary/octet-stream")
        .length()
        .connection()
        .date(now)
        .field("x-amz-replication-status", "COMPLETED")
        .field("Last-Modified", "Sun, 05 Jul 2020 11:54:33 GMT")
        .field("ETag", etag);
    // S3 tiers no small objects.
    let tiered = matches!(blob.kind, BlobKind::Layer { .. });
    let tier = tiered.then(|| "INTELLIGENT_TIERING".to_owned());
    let head = head
        .maybe("x-amz-storage-class", tier)
        .field("x-amz-server-side-encryption", "AES256")
        .field("x-amz-version-id", BASE64URL.encode(&random::<24>()))
        .field("Accept-Ranges", "bytes")
        .maybe("Content-Range", part.content_range())
        .field("Server", "AmazonS3")
        .field("X-Cache", "Miss from cloudfront");
    edge(head).body(bytes)
}

/// The marks of a `CloudFront` edge server.
fn edge(response: OutgoingResponse) -> OutgoingResponse {
    let via = format!(
        "1.1 {}.cloudfront.net (CloudFront)",
        HEXLOWER.encode(&random::<16>())
    );
    response
        .field("Via", via)
        .field("X-Amz-Cf-Pop", "SIN5-C1")
        .field("X-Amz-Cf-Id", BASE64URL.encode(&random::<40>()))
}

fn start(
    status: u16,
    reason: &'static str,
    content_type: &'static str,
    now: Timestamp,
) -> OutgoingResponse {
    OutgoingResponse::new((status, reason))
        .field("Server", NGINX)
        .date(now)
        .field("Content-Type", content_type)
        .length()
        .connection()
}

/// The page that the web framework behind Quay adds to a redirect.
fn redirect_page(location: &str) -> String {
    let target = location.replace('&', "&amp;");
    format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>Redirecting...</title>\n\
         <h1>Redirecting...</h1>\n<p>You should be redirected automatically to target URL: \
         <a href=\"{target}\">{target}</a>.  If not click the link."
    )
}

/// Quay's framework writes reason phrases in capitals.
fn shouted(reason: &'static str) -> &'static str {
    match reason {
        "Not Found" => "NOT FOUND",
        "Bad Request" => "BAD REQUEST",
        "Method Not Allowed" => "METHOD NOT ALLOWED",
        "Too Many Requests" => "TOO MANY REQUESTS",
        other => other,
    }
}

const NGINX: &str = "nginx/1.12.1";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const API: &[(&str, &str)] = &[("Docker-Distribution-API-Version", "registry/2.0")];
const SECURITY: &[(&str, &str)] = &[
    ("X-Frame-Options", "DENY"),
    ("Strict-Transport-Security", "max-age=63072000; preload"),
];
