//! The open-source registry, as Docker Hub and Aliyun's mirror run it.

use jiff::Timestamp;
use serde_json::json;

use super::super::OutgoingResponse;
use super::super::answer::RegistryAnswer;
use super::shared::with_fields;

pub(super) fn registry(answer: RegistryAnswer, now: Timestamp) -> OutgoingResponse {
    match answer {
        RegistryAnswer::Pong => OutgoingResponse::new((200, "OK"))
            .length()
            .field("Content-Type", "application/json; charset=utf-8")
            .fields(API)
            .date(now)
            .connection()
            .body("{}"),
        RegistryAnswer::Challenge { value } => json(401, "Unauthorized")
            .field("Www-Authenticate", value)
            .date(now)
            .length()
            .connection()
            .body(UNAUTHORIZED),
        RegistryAnswer::Manifest { blob, digest, .. } => OutgoingResponse::new((200, "OK"))
            .length()
            .field("Content-Type", blob.kind.media_type())
            .maybe("Docker-Content-Digest", digest)
            .fields(API)
            .field("Etag", format!("\"{}\"", blob.digest))
            .date(now)
            .connection()
            .body(blob.bytes.clone()),
        RegistryAnswer::NotModified { digest } => OutgoingResponse::new((304, "Not Modified"))
            .field("Docker-Content-Digest", digest.clone())
            .fields(API)
            .field("Etag", format!("\"{digest}\""))
            .date(now)
            .connection(),
        RegistryAnswer::Redirect { location, .. } => {
            OutgoingResponse::new((307, "Temporary Redirect"))
                .field("Content-Type", "application/octet-stream")
                .fields(API)
                .field("Location", location)
                .date(now)
                .length()
                .connection()
        }
        RegistryAnswer::Tags { name, tags } => json(200, "OK")
            .date(now)
            .length()
            .connection()
            .body(format!("{}\n", json!({ "name": name, "tags": tags }))),
        RegistryAnswer::Refusal(refusal) => {
            let body = format!("{}\n", refusal.body(["code", "message", "detail"]));
            with_fields(json(refusal.status, refusal.reason), refusal)
                .date(now)
                .length()
                .connection()
                .body(body)
        }
    }
}

fn json(status: u16, reason: &'static str) -> OutgoingResponse {
    OutgoingResponse::new((status, reason))
        .field("Content-Type", "application/json")
        .fields(API)
}

const API: &[(&str, &str)] = &[("Docker-Distribution-Api-Version", "registry/2.0")];

const UNAUTHORIZED: &str = concat!(
    r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#,
    "\n"
);
