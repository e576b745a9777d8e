//! A provider's registry.

use std::net::SocketAddr;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::json;

use super::answer::Answer;
use super::catalog::Repository;
use super::clock::after;
use super::image::{ImageFormat, StoredBlob, index};
use super::keys::KeyError;
use super::path::{RegistryPath, What};
use super::service::ProviderService;
use super::token::Denied;
use super::{Fault, IncomingRequest, LabImage, OutgoingResponse};
use crate::base::lock::lock;

impl ProviderService {
    /// Answers a request to the registry's API.
    pub(super) fn registry(
        &self,
        request: &IncomingRequest,
        client: SocketAddr,
    ) -> Result<OutgoingResponse, KeyError> {
        let now = self.registry_time();
        let endpoint = RegistryPath::of(&request.path);
        let place = endpoint.map_or("", RegistryPath::place);
        if let Some(struck) = self.struck(request, place, true, client) {
            return Ok(struck);
        }
        if let Some(challenge) = self.challenge(request, endpoint, now) {
            return Ok(self.profile().say(challenge, now));
        }
        if let Some(struck) = self.struck(request, place, false, client) {
            return Ok(struck);
        }
        Ok(self.profile().say(self.serve(request, endpoint, now)?, now))
    }

    /// What a fault answers in the place of the registry.
    pub(super) fn struck(
        &self,
        request: &IncomingRequest,
        place: &str,
        early: bool,
        client: SocketAddr,
    ) -> Option<OutgoingResponse> {
        let now = self.registry_time();
        let (answer, page) = self
            .faults()
            .find_map(|fault| fault.row()?.answer(&request.method, place, early))?;
        let answer = answer.fact("client", client.ip().to_string());
        Some(match page {
            Some(page) => answer.by(|_| None, |_| Some(page), now),
            None => self.profile().say(answer, now),
        })
    }

    /// Asks for a token (RFC 6750 section 3), unless the request brings one that is good for it or
    /// needs none.
    fn challenge(
        &self,
        request: &IncomingRequest,
        endpoint: Option<RegistryPath<'_>>,
        now: Timestamp,
    ) -> Option<Answer> {
        if let Some(login) = &self.profile().login {
            let expected = format!("Basic {}", BASE64.encode(login.as_bytes()));
            let is_right = request.field("authorization") == Some(&expected);
            return (!is_right).then(|| Answer::new(&["challenge"]));
        }
        let server = self.profile().tokens.as_ref()?;
        let repository = match endpoint {
            Some(RegistryPath::In(name, _)) => Some(name),
            Some(RegistryPath::Base) | None => None,
        };
        let is_change = !matches!(request.method.as_str(), "GET" | "HEAD");
        let is_upload = matches!(endpoint, Some(RegistryPath::In(_, What::Uploads(_))));
        let pushes = self.profile().push && (is_change || is_upload);
        let wanted = repository
            .filter(|_| server.scope.is_none())
            .map(|name| (name, if pushes { "push" } else { "pull" }));
        let error = match bearer(request) {
            None => None,
            Some(token) => {
                let result = server.check(&self.keys, &self.profile().service, token, wanted, now);
                Some(result.err()?)
            }
        };
        let (host, path, service) = (&server.host, &server.path, &self.profile().service);
        let mut value = format!(r#"Bearer realm="https://{host}{path}",service="{service}""#);
        if let Some(scope) = &server.scope {
            value.extend([",scope=\"", scope, "\""]);
        } else if let Some(name) = repository {
            // A name with a quote in it does not exist, but must not end the value early.
            let name = name.replace(['"', '\\'], "");
            let actions = if pushes { "pull,push" } else { "pull" };
            value.extend([",scope=\"repository:", &name, ":", actions, "\""]);
        }
        if let Some(error) = error {
            value.extend([",error=\"", error.code(), "\""]);
        }
        let names: &[_] = match error {
            Some(Denied::Expired) => &["token-expired", "challenge"],
            Some(Denied::Forged) => &["token-invalid", "challenge"],
            _ => &["challenge"],
        };
        Some(Answer::new(names).fact("challenge", value))
    }

    fn serve(
        &self,
        request: &IncomingRequest,
        endpoint: Option<RegistryPath<'_>>,
        now: Timestamp,
    ) -> Result<Answer, KeyError> {
        if let Some(RegistryPath::In(name, what)) = endpoint
            && let Some(answer) = self.change(request, name, what)
        {
            return Ok(answer);
        }
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let message = "the lab's registries are read-only";
            let refusal = Answer::refusal("405 Method Not Allowed", "UNSUPPORTED", message);
            return Ok(refusal.field("Allow", "GET, HEAD"));
        }
        let Some(endpoint) = endpoint else {
            let message = "no such endpoint; the lab has /v2/, manifests, blobs and tags/list";
            return Ok(Answer::refusal("404 Not Found", "UNSUPPORTED", message));
        };
        let RegistryPath::In(name, what) = endpoint else {
            return Ok(Answer::new(&["pong"]));
        };
        let repositories = lock(&self.repositories);
        let Some(repository) = repositories.get(name) else {
            let message = format!(
                "repository name not known to registry; {}",
                self.has_images()
            );
            let refusal = Answer::refusal("404 Not Found", "NAME_UNKNOWN", &message);
            return Ok(refusal.detail(&json!({ "name": name })));
        };
        match what {
            What::Manifest(reference) => Ok(self.manifest(request, repository, reference)),
            What::Blob(digest) => {
                let blob = repository
                    .blobs
                    .get(digest)
                    .filter(|blob| !blob.is_manifest())
                    .cloned();
                drop(repositories);
                self.blob(request, blob.as_deref(), digest, now)
            }
            What::Referrers(digest) if self.profile().referrers => {
                let only = request.parameter("artifactType");
                let entries = repository.referrers(digest, only.as_deref());
                let blob = index(ImageFormat::Oci, &entries);
                Ok(Answer::stored(&blob, blob.bytes.clone())
                    .named(&["referrers"])
                    .maybe("filters", only.map(|_| "artifactType".to_owned())))
            }
            What::Referrers(_) | What::Uploads(_) => Ok(Answer::refusal(
                "404 Not Found",
                "UNSUPPORTED",
                "no such endpoint",
            )),
            What::Tags => {
                let tags: Vec<_> = repository.tags.keys().collect();
                Ok(Answer::new(&["tags"])
                    .fact("name", json!(name).to_string())
                    .fact("tags", json!(tags).to_string()))
            }
        }
    }

    fn manifest(
        &self,
        request: &IncomingRequest,
        repository: &Repository,
        reference: &str,
    ) -> Answer {
        let by_tag = !reference.contains(':');
        let names = if by_tag {
            &repository.tags
        } else {
            &repository.blobs
        };
        let blob = names.get(reference).filter(|blob| blob.is_manifest());
        let Some(blob) = blob.filter(|_| !self.has(Fault::Mirror404)) else {
            let message = format!("manifest unknown; {}", self.has_images());
            let refusal = Answer::refusal("404 Not Found", "MANIFEST_UNKNOWN", &message);
            return refusal.detail(&json!({ "Tag": reference }));
        };
        let is_known = request
            .fields("if-none-match")
            .flat_map(|field| field.split(','))
            .any(|tag| tag.trim().trim_matches('"') == blob.digest);
        let answer = Answer::stored(blob, blob.bytes.clone());
        if is_known {
            return answer
                .named(&["not-modified"])
                .fact("digest", &*blob.digest);
        }
        let stated = (!self.has(Fault::MissingDigest)).then(|| blob.digest.clone());
        let names: &[_] = if by_tag {
            &["tag", "manifest"]
        } else {
            &["manifest"]
        };
        answer.named(names).maybe("digest", stated)
    }

    fn blob(
        &self,
        request: &IncomingRequest,
        blob: Option<&StoredBlob>,
        digest: &str,
        now: Timestamp,
    ) -> Result<Answer, KeyError> {
        let Some(blob) = blob else {
            let message = "blob unknown to registry";
            let refusal = Answer::refusal("404 Not Found", "BLOB_UNKNOWN", message);
            return Ok(refusal.detail(&json!({ "digest": digest })));
        };
        let stores = &self.profile().stores;
        if stores.is_empty() {
            return Ok(self.part(request, digest, None));
        }
        let mut redirected = lock(&self.redirected);
        let times = redirected.entry(digest.to_owned()).or_default();
        let first = digest.bytes().last().map_or(0, usize::from);
        let moved = if self.has(Fault::MovingHost) {
            *times
        } else {
            0
        };
        *times += 1;
        let store = stores.get((first + moved) % stores.len()).ok_or(KeyError)?;
        let seconds = if self.has(Fault::ExpiredUrl) {
            -60
        } else {
            store.lifetime
        };
        let url = store.sign(&self.keys, &blob.digest, after(now, seconds))?;
        let location = match url.strip_prefix("https:") {
            Some(rest) if self.has(Fault::RedirectHttp) => format!("http:{rest}"),
            _ => url,
        };
        Ok(Answer::new(&["redirect"])
            .fact("location-html", location.replace('&', "&amp;"))
            .maybe("location-path", path_of(&location))
            .fact("location", location)
            .fact("digest", &*blob.digest))
    }

    fn has_images(&self) -> String {
        let name =
            |image: &LabImage| format!("{}/{}:{}", image.registry, image.repository, image.tag);
        let names: Vec<_> = self.images.iter().map(name).collect();
        format!("the lab has {}", names.join(", "))
    }
}

/// A URL without scheme and host.
fn path_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    Some(format!("/{}", rest.split_once('/')?.1))
}

/// The token of an `Authorization: Bearer` field (RFC 6750 section 2.1).
fn bearer(request: &IncomingRequest) -> Option<&str> {
    let (scheme, token) = request.field("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
