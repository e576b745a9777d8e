//! The pull as a whole.

use std::fmt;
use std::net::SocketAddr;

use futures_util::{StreamExt as _, TryStreamExt as _};
use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::blob::Download;
use super::challenge::BearerChallenge;
use super::document::{BlobRef, ParsedManifest, RawManifest, choose};
use super::http::{Fetch, Http};
use super::platform::TargetPlatform;
use super::tunnel::connector;
use super::{PullError, PullEvent, PullStep};
use crate::lab::LabImage;
use crate::lab::digest::sha256;

/// Pulls images through a proxy.
pub struct Puller {
    proxy: SocketAddr,
    tls: TlsConnector,
    platform: TargetPlatform,
}

/// What a pull got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The digest of the platform's manifest.
    pub manifest: String,
    /// The number of layers.
    pub layers: usize,
    /// Bytes of config and layers.
    pub size: u64,
}

impl Puller {
    /// A client that reaches every registry through `proxy` and trusts `ca_pem` alone.
    ///
    /// # Errors
    /// When there is no certificate in `ca_pem`.
    pub fn new(
        proxy: SocketAddr,
        ca_pem: &str,
        platform: TargetPlatform,
    ) -> Result<Self, PullError> {
        Ok(Self {
            proxy,
            tls: connector(ca_pem)?,
            platform,
        })
    }

    /// Pulls an image and tells each step as it happens.
    ///
    /// # Errors
    /// When a server cannot be reached or refuses, or sends something else than it should.
    pub async fn pull(
        &self,
        image: &LabImage,
        tell: &(dyn Fn(PullEvent) + Send + Sync),
    ) -> Result<Pulled, PullError> {
        let stop = CancellationToken::new();
        // However this ends, no connection outlives it.
        let _guard = stop.clone().drop_guard();
        let pull = RunningPull {
            image,
            platform: &self.platform,
            http: Http {
                proxy: self.proxy,
                tls: &self.tls,
                tell,
                tasks: TaskTracker::new(),
                stop,
            },
        };
        let pulled = pull.run().await;
        pull.http.stop.cancel();
        pull.http.tasks.close();
        pull.http.tasks.wait().await;
        pulled
    }
}

impl fmt::Debug for Puller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Puller")
            .field("proxy", &self.proxy)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

/// One pull.
struct RunningPull<'a> {
    image: &'a LabImage,
    platform: &'a TargetPlatform,
    http: Http<'a>,
}

impl RunningPull<'_> {
    async fn run(&self) -> Result<Pulled, PullError> {
        let authorization = self.authorize().await?;
        let authorization = authorization.as_deref();
        let (digest, content) = self
            .document(PullStep::Tag, self.image.tag, authorization)
            .await?;
        let (digest, content) = match content {
            ParsedManifest::Manifest { .. } => (digest, content),
            ParsedManifest::Index(entries) => {
                let entry =
                    choose(&entries, self.platform).map_err(|offered| PullError::NoPlatform {
                        wanted: self.platform.to_string(),
                        offered,
                    })?;
                (self.http.tell)(PullEvent::Chosen {
                    platform: self.platform.to_string(),
                    digest: entry.digest.clone(),
                });
                self.document(PullStep::Manifest, &entry.digest, authorization)
                    .await?
            }
        };
        let ParsedManifest::Manifest { config, layers } = content else {
            let reason = "an index in an index";
            return Err(PullError::unusable(
                PullStep::Manifest,
                self.image.registry,
                reason,
            ));
        };
        let blobs: Vec<(PullStep, &BlobRef)> = layers
            .iter()
            .map(|layer| (PullStep::Layer, layer))
            .chain([(PullStep::Config, &config)])
            .collect();
        let downloads: Vec<_> = blobs
            .iter()
            .map(|(step, descriptor)| Ok(self.download(*step, descriptor, authorization)?.run()))
            .collect::<Result<_, PullError>>()?;
        futures_util::stream::iter(downloads)
            .buffer_unordered(PARALLEL)
            .try_collect::<()>()
            .await?;
        Ok(Pulled {
            manifest: digest,
            layers: layers.len(),
            size: blobs.iter().map(|(_, blob)| blob.size).sum(),
        })
    }

    /// Asks the registry whether it wants a token, and gets one: the `Authorization` to send.
    async fn authorize(&self) -> Result<Option<String>, PullError> {
        let ask = |step| Fetch {
            step,
            accept: &[],
            authorization: None,
            from: None,
        };
        let ping = self.http.get(&self.url("")?, ask(PullStep::Ping)).await?;
        match ping.status() {
            StatusCode::OK => return Ok(None),
            StatusCode::UNAUTHORIZED => {}
            _ => return Err(ping.into_error().await),
        }
        let Some(challenge) = ping.challenges().find_map(BearerChallenge::parse) else {
            return Err(ping.unusable("it asks for something else than a Bearer token"));
        };
        let scope = format!("repository:{}:pull", self.image.repository);
        let parameters = [("scope", scope.as_str()), ("service", &challenge.service)];
        let url = Url::parse_with_params(&challenge.realm, parameters)
            .map_err(|error| ping.unusable(format!("realm '{}': {error}", challenge.realm)))?;
        let answer = self.http.get(&url, ask(PullStep::Token)).await?;
        if answer.status() != StatusCode::OK {
            return Err(answer.into_error().await);
        }
        let host = answer.host.clone();
        let token: IssuedToken = read(PullStep::Token, &host, &answer.content().await?)?;
        let token = token.access_token.or(token.token);
        let token = token
            .ok_or_else(|| PullError::unusable(PullStep::Token, host, "there is no token in it"))?;
        Ok(Some(format!("Bearer {token}")))
    }

    /// A manifest or index by tag or digest, checked, and its digest.
    async fn document(
        &self,
        step: PullStep,
        reference: &str,
        authorization: Option<&str>,
    ) -> Result<(String, ParsedManifest), PullError> {
        let url = self.url(&format!("{}/manifests/{reference}", self.image.repository))?;
        let ask = Fetch {
            step,
            accept: ACCEPT,
            authorization,
            from: None,
        };
        let answer = self.http.get(&url, ask).await?;
        if answer.status() != StatusCode::OK {
            return Err(answer.into_error().await);
        }
        let media_type = answer.media_type();
        if !media_type.ends_with("json") && !media_type.ends_with("prettyjws") {
            return Err(answer.unusable(format!("it is {media_type}")));
        }
        let expected = match step {
            PullStep::Manifest => Some(reference.to_owned()),
            _ => answer.header("docker-content-digest").map(str::to_owned),
        };
        let host = answer.host.clone();
        let body = answer.content().await?;
        let document: RawManifest = read(step, &host, &body)?;
        let Some(content) = document.content() else {
            let reason =
                "it is neither an index nor a manifest of schema version 2 with SHA-256 digests";
            return Err(PullError::unusable(step, host, reason));
        };
        let actual = sha256(&body);
        match expected {
            Some(expected) if expected != actual => Err(PullError::Digest {
                step,
                expected,
                actual,
            }),
            _ => {
                (self.http.tell)(PullEvent::Verified {
                    step,
                    digest: actual.clone(),
                    size: body.len() as u64,
                });
                Ok((actual, content))
            }
        }
    }

    fn download<'a>(
        &'a self,
        step: PullStep,
        descriptor: &'a BlobRef,
        authorization: Option<&'a str>,
    ) -> Result<Download<'a>, PullError> {
        let url = self.url(&format!(
            "{}/blobs/{}",
            self.image.repository, descriptor.digest
        ))?;
        Ok(Download {
            http: &self.http,
            url,
            step,
            descriptor,
            authorization,
        })
    }

    fn url(&self, rest: &str) -> Result<Url, PullError> {
        let url = format!("https://{}/v2/{rest}", self.image.registry);
        Url::parse(&url).map_err(|error| {
            PullError::unusable(PullStep::Ping, self.image.registry, error.to_string())
        })
    }
}

#[derive(Deserialize)]
struct IssuedToken {
    token: Option<String>,
    access_token: Option<String>,
}

fn read<T: DeserializeOwned>(step: PullStep, host: &str, body: &[u8]) -> Result<T, PullError> {
    serde_json::from_slice(body).map_err(|error| PullError::unusable(step, host, error.to_string()))
}

/// Downloads at a time, as dockerd.
const PARALLEL: usize = 3;

/// What dockerd accepts, in one of its orders.
const ACCEPT: &[&str] = &[
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/json",
];
