//! A provider's registry.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde_json::json;

use super::answer::{ErrorAnswer, RegistryAnswer};
use super::clock::after;
use super::keys::KeyError;
use super::path::{RegistryPath, What};
use super::service::ProviderService;
use super::token;
use super::{Fault, IncomingRequest, LabImage, OutgoingResponse, dialect, signed_url};

impl ProviderService {
    /// Answers a request to the registry's API.
    pub(super) fn registry(
        &self,
        request: &IncomingRequest,
        client: SocketAddr,
    ) -> Result<OutgoingResponse, KeyError> {
        let now = self.registry_time();
        let endpoint = RegistryPath::of(&request.path);
        let is_manifest = matches!(endpoint, Some(RegistryPath::In(_, What::Manifest(_))));
        if is_manifest && self.has(Fault::BlockPage) {
            return Ok(dialect::block_page(now));
        }
        let answer = match self.challenge(request, endpoint, now) {
            Some(challenge) => challenge,
            None if is_manifest && self.has(Fault::RateLimit) => rate_limited(client).into(),
            None => self.serve(request, endpoint, now)?,
        };
        Ok(dialect::registry(self.provider, answer, now))
    }

    /// Asks for a token (RFC 6750 section 3), unless the request brings one that is good for it or needs none.
    fn challenge(
        &self,
        request: &IncomingRequest,
        endpoint: Option<RegistryPath<'_>>,
        now: Timestamp,
    ) -> Option<RegistryAnswer> {
        let (host, path) = self.provider.token_server()?;
        let repository = match endpoint {
            Some(RegistryPath::In(name, _)) => Some(name),
            Some(RegistryPath::Base) | None => None,
        };
        let error = match bearer(request) {
            None => None,
            Some(token) => {
                let result = token::check(&self.keys, self.provider, token, repository, now);
                Some(result.err()?.code())
            }
        };
        let service = self.provider.service();
        let mut value = format!(r#"Bearer realm="https://{host}{path}",service="{service}""#);
        if let Some(name) = repository {
            // A name with a quote in it does not exist, but must not end the value early.
            let name = name.replace(['"', '\\'], "");
            value.extend([",scope=\"repository:", &name, ":pull\""]);
        }
        if let Some(error) = error {
            value.extend([",error=\"", error, "\""]);
        }
        Some(RegistryAnswer::Challenge { value })
    }

    fn serve(
        &self,
        request: &IncomingRequest,
        endpoint: Option<RegistryPath<'_>>,
        now: Timestamp,
    ) -> Result<RegistryAnswer, KeyError> {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let message = "the lab's registries are read-only";
            let refusal = ErrorAnswer::new(405, "Method Not Allowed", "UNSUPPORTED", message);
            return Ok(refusal.field("Allow", "GET, HEAD").into());
        }
        let image = self.image();
        match endpoint {
            None => {
                let message = "no such endpoint; the lab has /v2/, manifests, blobs and tags/list";
                Ok(ErrorAnswer::not_found("UNSUPPORTED", message).into())
            }
            Some(RegistryPath::Base) => Ok(RegistryAnswer::Pong),
            Some(RegistryPath::In(name, _)) if name != image.repository => {
                let message = format!("repository name not known to registry; {}", has(image));
                let refusal = ErrorAnswer::not_found("NAME_UNKNOWN", message);
                Ok(refusal.detail(json!({ "name": name })).into())
            }
            Some(RegistryPath::In(_, What::Manifest(reference))) => {
                Ok(self.manifest(request, reference))
            }
            Some(RegistryPath::In(_, What::Blob(digest))) => self.blob(digest, now),
            Some(RegistryPath::In(name, What::Tags)) => Ok(RegistryAnswer::Tags {
                name: name.to_owned(),
                tags: vec![image.tag],
            }),
        }
    }

    fn manifest(&self, request: &IncomingRequest, reference: &str) -> RegistryAnswer {
        if self.has(Fault::Mirror500) {
            let message = "the mirror's store is unavailable";
            return ErrorAnswer::new(500, "Internal Server Error", "UNKNOWN", message).into();
        }
        if self.has(Fault::Head405) && request.is_head() {
            let message = "The operation is unsupported.";
            let refusal = ErrorAnswer::new(405, "Method Not Allowed", "UNSUPPORTED", message);
            return refusal.field("Allow", "GET").into();
        }
        let by_tag = !reference.contains(':');
        let blob = if by_tag {
            self.repository.tagged(reference)
        } else {
            let blob = self.repository.blob(reference);
            blob.filter(|blob| blob.kind.is_manifest())
        };
        let Some(blob) = blob.filter(|_| !self.has(Fault::Mirror404)) else {
            let message = format!("manifest unknown; {}", has(self.image()));
            let refusal = ErrorAnswer::not_found("MANIFEST_UNKNOWN", message);
            return refusal.detail(json!({ "Tag": reference })).into();
        };
        let is_known = request
            .fields("if-none-match")
            .flat_map(|field| field.split(','))
            .any(|tag| tag.trim().trim_matches('"') == blob.digest);
        if is_known {
            let digest = blob.digest.clone();
            return RegistryAnswer::NotModified { digest };
        }
        RegistryAnswer::Manifest {
            blob: blob.clone(),
            by_tag,
            digest: (!self.has(Fault::MissingDigest)).then(|| blob.digest.clone()),
        }
    }

    fn blob(&self, digest: &str, now: Timestamp) -> Result<RegistryAnswer, KeyError> {
        let blob = self.repository.blob(digest);
        let Some(blob) = blob.filter(|blob| !blob.kind.is_manifest()) else {
            let refusal = ErrorAnswer::not_found("BLOB_UNKNOWN", "blob unknown to registry");
            return Ok(refusal.detail(json!({ "digest": digest })).into());
        };
        let seconds = if self.has(Fault::ExpiredUrl) {
            -60
        } else {
            signed_url::lifetime(self.provider)
        };
        let expires = after(now, seconds);
        let url = signed_url::sign(&self.keys, self.provider, &blob.digest, expires)?;
        let location = match url.strip_prefix("https:") {
            Some(rest) if self.has(Fault::RedirectHttp) => format!("http:{rest}"),
            _ => url,
        };
        Ok(RegistryAnswer::Redirect {
            location,
            digest: blob.digest.clone(),
        })
    }
}

/// The token of an `Authorization: Bearer` field (RFC 6750 section 2.1).
fn bearer(request: &IncomingRequest) -> Option<&str> {
    let (scheme, token) = request.field("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn has(image: LabImage) -> String {
    format!(
        "the lab has {}/{}:{}",
        image.registry, image.repository, image.tag
    )
}

/// As Docker Hub words it, with its fields; the window is short so that a client that waits and
/// asks again is soon done.
fn rate_limited(client: SocketAddr) -> ErrorAnswer {
    let message = "You have reached your pull rate limit. You may increase the limit by \
                   authenticating and upgrading: https://www.docker.com/increase-rate-limit";
    ErrorAnswer::new(429, "Too Many Requests", "TOOMANYREQUESTS", message)
        .field("ratelimit-limit", "100;w=21600")
        .field("ratelimit-remaining", "0;w=21600")
        .field("docker-ratelimit-source", client.ip().to_string())
        .field("Retry-After", "1")
}
