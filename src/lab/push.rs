//! Pushing to a provider's registry (OCI distribution-spec, "Push").

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::answer::Answer;
use super::catalog::Repository;
use super::digest::{random, sha256, sha512};
use super::image::{BlobKind, StoredBlob};
use super::path::What;
use super::service::ProviderService;
use super::{Fault, IncomingRequest};
use crate::base::lock::lock;

impl ProviderService {
    /// Answers what changes a repository; `None` where it is nothing that the lab has.
    pub(super) fn change(
        &self,
        request: &IncomingRequest,
        name: &str,
        what: What<'_>,
    ) -> Option<Answer> {
        if !self.profile().push {
            return None;
        }
        Some(match (request.method.as_str(), what) {
            ("POST", What::Uploads(None)) => self.begin(request, name),
            ("PATCH" | "PUT" | "GET" | "DELETE", What::Uploads(Some(session))) => {
                self.go_on(request, name, session)
            }
            ("PUT", What::Manifest(reference)) => self.publish(request, name, reference),
            _ => return None,
        })
    }

    fn begin(&self, request: &IncomingRequest, name: &str) -> Answer {
        let from = request.parameter("from").unwrap_or_default();
        if let Some(digest) = request.parameter("mount") {
            let mut repositories = lock(&self.repositories);
            let there = repositories
                .get(&from)
                .and_then(|from| from.blobs.get(&digest).cloned());
            if let Some(blob) = there {
                repositories.entry(name.to_owned()).or_default().add(blob);
                return created(name, "blobs", &digest);
            }
        }
        if let Some(digest) = request.parameter("digest") {
            return self.store_blob(name, &digest, &request.body);
        }
        let mut uploads = lock(&self.uploads);
        if uploads.len() >= MOST_UPLOADS {
            let message = "the lab has too many uploads open";
            return Answer::refusal("429 Too Many Requests", "TOOMANYREQUESTS", message);
        }
        let session = HEXLOWER.encode(&random(16));
        uploads.insert(session.clone(), Vec::new());
        self.uploading(&["uploading"], name, &session, 0)
    }

    fn go_on(&self, request: &IncomingRequest, name: &str, session: &str) -> Answer {
        let mut uploads = lock(&self.uploads);
        let open: usize = uploads.values().map(Vec::len).sum();
        let Some(upload) = uploads.get_mut(session) else {
            let message = "blob upload unknown to registry";
            return Answer::refusal("404 Not Found", "BLOB_UPLOAD_UNKNOWN", message);
        };
        if open + request.body.len() > MOST_BYTES {
            let message = "the lab takes no more than it can hold in memory";
            return Answer::refusal("413 Content Too Large", "SIZE_INVALID", message);
        }
        upload.extend_from_slice(&request.body);
        let length = upload.len();
        match request.method.as_str() {
            "PATCH" => self.uploading(&["uploading"], name, session, length),
            "GET" => self.uploading(&["upload-status"], name, session, length),
            "DELETE" => {
                uploads.remove(session);
                Answer::new(&["deleted"])
            }
            _ => {
                let bytes = uploads.remove(session).unwrap_or_default();
                let digest = request.parameter("digest").unwrap_or_default();
                self.store_blob(name, &digest, &bytes)
            }
        }
    }

    fn uploading(
        &self,
        names: &'static [&'static str],
        name: &str,
        session: &str,
        length: usize,
    ) -> Answer {
        let path = format!("/v2/{name}/blobs/uploads/{session}");
        let location = match () {
            () if self.has(Fault::PushNoLocation) => None,
            () if self.has(Fault::PushHttpLocation) => {
                Some(format!("http://{}{path}", self.profile().registry))
            }
            () => Some(path),
        };
        Answer::new(names)
            .fact("session", session)
            .fact("last", length.saturating_sub(1).to_string())
            .maybe("location", location)
    }

    fn store_blob(&self, name: &str, digest: &str, bytes: &[u8]) -> Answer {
        let actual = match digest.split_once(':') {
            Some(("sha512", _)) => sha512(bytes),
            _ => sha256(bytes),
        };
        if actual != digest {
            let message = "provided digest did not match uploaded content";
            return Answer::refusal("400 Bad Request", "DIGEST_INVALID", message)
                .detail(&json!({ "digest": digest }));
        }
        let kind = BlobKind::Layer { last: false };
        let mut blob = StoredBlob::new(kind, "application/octet-stream", bytes.to_vec());
        Arc::make_mut(&mut blob).digest = actual;
        self.keep(name, None, blob);
        created(name, "blobs", digest)
    }

    fn publish(&self, request: &IncomingRequest, name: &str, reference: &str) -> Answer {
        let refusal = |code, detail: &Value| {
            let (status, message) = match code {
                "MANIFEST_BLOB_UNKNOWN" => ("404 Not Found", "blob unknown to registry"),
                _ => ("400 Bad Request", "manifest invalid"),
            };
            Answer::refusal(status, code, message).detail(detail)
        };
        let Ok(document) = serde_json::from_slice::<Value>(&request.body) else {
            return refusal("MANIFEST_INVALID", &json!("it is not JSON"));
        };
        let named = ["layers", "manifests"]
            .into_iter()
            .filter_map(|key| document[key].as_array());
        let named = named.flatten().chain(document.get("config"));
        let missing = named
            .filter_map(|descriptor| descriptor["digest"].as_str())
            .find(|digest| {
                let repositories = lock(&self.repositories);
                let repository = repositories.get(name);
                repository.is_none_or(|repository| !repository.blobs.contains_key(*digest))
            });
        if let Some(missing) = missing {
            return refusal("MANIFEST_BLOB_UNKNOWN", &json!({ "digest": missing }));
        }
        let stated = request.field("content-type").unwrap_or_default();
        let blob = StoredBlob::new(BlobKind::Manifest, stated, request.body.clone());
        if reference.contains(':') && reference != blob.digest {
            return refusal("DIGEST_INVALID", &json!({ "digest": reference }));
        }
        let digest = blob.digest.clone();
        let tag = Some(reference).filter(|reference| !reference.contains(':'));
        self.keep(name, tag, blob);
        let subject = document["subject"]["digest"].as_str();
        created(name, "manifests", &digest).maybe(
            "subject",
            subject
                .filter(|_| self.profile().referrers)
                .map(str::to_owned),
        )
    }

    fn keep(&self, name: &str, tag: Option<&str>, blob: Arc<StoredBlob>) {
        let mut repositories = lock(&self.repositories);
        let held = repositories
            .values()
            .flat_map(|repository| repository.blobs.values());
        let held: usize = held.map(|blob| blob.bytes.len()).sum();
        if held + blob.bytes.len() > MOST_BYTES {
            repositories.retain(|name, _| self.images.iter().any(|i| i.repository == name));
        }
        let repository = repositories.entry(name.to_owned()).or_default();
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), blob.clone());
        }
        repository.add(blob);
    }
}

impl Repository {
    /// What refers to a manifest, of one type or of all: the entries of an index.
    pub(super) fn referrers(&self, subject: &str, only: Option<&str>) -> Vec<Value> {
        let manifests = self
            .blobs
            .values()
            .filter(|blob| blob.is_manifest())
            .filter_map(|blob| {
                let document: Value = serde_json::from_slice(&blob.bytes).ok()?;
                (document["subject"]["digest"] == subject).then_some(())?;
                let kind = document
                    .get("artifactType")
                    .or(document["config"].get("mediaType"));
                let mut descriptor = blob.descriptor();
                descriptor["artifactType"] = kind.cloned().unwrap_or_default();
                if let Some(annotations) = document.get("annotations") {
                    descriptor["annotations"] = annotations.clone();
                }
                only.is_none_or(|only| descriptor["artifactType"] == only)
                    .then_some(descriptor)
            });
        manifests.collect()
    }
}

fn created(name: &str, what: &str, digest: &str) -> Answer {
    Answer::new(&["created"])
        .fact("location", format!("/v2/{name}/{what}/{digest}"))
        .fact("digest", digest)
}

/// Uploads that are open at a time.
const MOST_UPLOADS: usize = 64;
/// Bytes that a provider holds.
const MOST_BYTES: usize = 64 * 1024 * 1024;
