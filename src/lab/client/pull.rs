//! The pull as a whole.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;

use data_encoding::BASE64;
use futures_util::StreamExt as _;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::blob::Download;
use super::document::{self, choose, digest};
use super::http::{Fetch, Http, ServerAnswer};
use super::profile::ClientHabit;
use super::tunnel::connector;
use super::{ClientProfile, PullError, PullEvent, PullStep};
use crate::base::lock::lock;
use crate::lab::LabImage;
use crate::lab::digest::sha256;
use crate::registry::{Challenge, Descriptor, Document, Manifest, Platform};

/// Pulls images through a proxy.
pub struct Puller {
    proxy: SocketAddr,
    tls: TlsConnector,
    platform: Platform,
    profile: ClientProfile,
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
    pub fn new(proxy: SocketAddr, ca_pem: &str, platform: Platform) -> Result<Self, PullError> {
        Ok(Self {
            proxy,
            tls: connector(ca_pem)?,
            platform,
            profile: ClientProfile::default(),
        })
    }

    /// The same client as another one speaks.
    #[must_use]
    pub fn speaking(self, profile: ClientProfile) -> Self {
        Self { profile, ..self }
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
        self.with(image, tell, async |pull| pull.run().await).await
    }

    /// Pushes a small artifact to where an image is, under its tag.
    ///
    /// # Errors
    /// When a server cannot be reached or refuses.
    pub async fn push(
        &self,
        image: &LabImage,
        tell: &(dyn Fn(PullEvent) + Send + Sync),
    ) -> Result<(), PullError> {
        self.with(image, tell, async |pull| pull.push().await).await
    }

    async fn with<T>(
        &self,
        image: &LabImage,
        tell: &(dyn Fn(PullEvent) + Send + Sync),
        run: impl AsyncFnOnce(&RunningPull<'_>) -> Result<T, PullError>,
    ) -> Result<T, PullError> {
        let stop = CancellationToken::new();
        // However this ends, no connection outlives it.
        let _guard = stop.clone().drop_guard();
        let pull = RunningPull {
            image,
            platform: &self.platform,
            authorization: Mutex::default(),
            http: Http {
                proxy: self.proxy,
                tls: &self.tls,
                profile: self.profile,
                tell,
                tasks: TaskTracker::new(),
                stop,
                idle: Mutex::default(),
            },
        };
        let done = run(&pull).await;
        pull.http.stop.cancel();
        pull.http.tasks.close();
        pull.http.tasks.wait().await;
        done
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
pub(super) struct RunningPull<'a> {
    pub(super) image: &'a LabImage,
    platform: &'a Platform,
    pub(super) http: Http<'a>,
    authorization: Mutex<Option<String>>,
}

impl RunningPull<'_> {
    async fn run(&self) -> Result<Pulled, PullError> {
        let profile = self.http.profile.row;
        if profile.does(ClientHabit::Ping) {
            self.ping("pull").await?;
        }
        let mut tag = self.image.tag.to_owned();
        let mut announced = None;
        if profile.does(ClientHabit::Head) {
            let url = self.url(&format!("{}/manifests/{tag}", self.image.repository))?;
            let ask = Fetch::new(PullStep::Tag).by(Method::HEAD);
            match self.ask(&url, ask, "pull").await? {
                answer if answer.status() == StatusCode::OK => {
                    if let Some(digest) = answer.header("docker-content-digest") {
                        digest.clone_into(&mut tag);
                    }
                    announced = Some(answer.media_type().to_owned());
                }
                // The tag itself is fetched then.
                answer if answer.status() == StatusCode::METHOD_NOT_ALLOWED => {}
                answer => return Err(answer.into_error().await),
            }
        }
        if profile.does(ClientHabit::AsksTwice) {
            *lock(&self.authorization) = None;
        }
        let (mut got, mut content) = self
            .document(PullStep::Tag, &tag, announced.as_deref())
            .await?;
        let mut attestation = None;
        for _ in 0..MAX_NESTING {
            let Document::Index(index) = content else {
                break;
            };
            let entry = choose(&index, self.platform).map_err(|offered| PullError::NoPlatform {
                wanted: self.platform.to_string(),
                offered,
            })?;
            (self.http.tell)(PullEvent::Chosen {
                platform: self.platform.to_string(),
                digest: digest(entry),
            });
            let mut entries = index.manifests.iter();
            attestation = entries.find(|one| one.attests() == entry.digest).cloned();
            (got, content) = self.listed(entry).await?;
        }
        let Document::Manifest(manifest) = content else {
            let reason = "an index in an index";
            return Err(PullError::unusable(
                PullStep::Manifest,
                self.image.registry,
                reason,
            ));
        };
        self.blobs(&manifest).await?;
        if let Some(about) = attestation.filter(|_| profile.does(ClientHabit::Attests)) {
            self.attestation(&about).await?;
        }
        let config = manifest.config.iter().filter_map(|config| config.size);
        Ok(Pulled {
            manifest: got,
            layers: manifest.layers.len(),
            size: manifest.layers_size() + config.sum::<u64>(),
        })
    }

    async fn blobs(&self, manifest: &Manifest) -> Result<(), PullError> {
        let layers = manifest.layers.iter().map(|layer| (PullStep::Layer, layer));
        let config = manifest.config.iter();
        let downloads: Vec<_> = layers
            .chain(config.map(|config| (PullStep::Config, config)))
            .map(|(step, descriptor)| Ok(self.download(step, descriptor)?.run()))
            .collect::<Result<_, PullError>>()?;
        futures_util::stream::iter(downloads)
            .buffer_unordered(PARALLEL)
            // What fails does not cut off the others.
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect()
    }

    /// What a build says of an image, and what refers to that: what fails here fails the pull.
    async fn attestation(&self, about: &Descriptor) -> Result<(), PullError> {
        self.described(about).await?;
        let digest = digest(about);
        let repository = self.image.repository;
        let hex = digest.replace(':', "-");
        for rest in [format!("referrers/{digest}"), format!("manifests/{hex}")] {
            let url = self.url(&format!("{repository}/{rest}"))?;
            let list = Some("application/vnd.oci.image.index.v1+json");
            let ask = Fetch::new(PullStep::Referrers).announced(list);
            let answer = self.ask(&url, ask, "pull").await?;
            // Whatever the list's failure, the tag that stands in for it is looked for; that is it.
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => continue,
                _ if rest.starts_with("referrers") => continue,
                _ => return Err(answer.into_error().await),
            }
            let Some(Document::Index(list)) = document::read(&answer.content().await?) else {
                break;
            };
            for entry in &list.manifests {
                let kind = entry.artifact_type.as_deref().unwrap_or_default();
                if ["sigstore", "cosign"]
                    .iter()
                    .any(|word| kind.contains(word))
                {
                    self.described(entry).await?;
                }
            }
            break;
        }
        Ok(())
    }

    /// What a list names that describes the image, with all its blobs.
    async fn described(&self, entry: &Descriptor) -> Result<(), PullError> {
        match self.listed(entry).await? {
            (_, Document::Manifest(manifest)) => self.blobs(&manifest).await,
            _ => Ok(()),
        }
    }

    async fn listed(&self, entry: &Descriptor) -> Result<(String, Document), PullError> {
        let announced = Some(entry.media_type.as_str());
        self.document(PullStep::Manifest, &digest(entry), announced)
            .await
    }

    /// Asks the registry whether it wants a token, and gets one.
    pub(super) async fn ping(&self, actions: &str) -> Result<(), PullError> {
        let ping = self
            .http
            .send(&self.url("")?, Fetch::new(PullStep::Ping))
            .await?;
        match ping.status() {
            StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED => self.authorize(&ping, actions, false).await,
            _ => Err(ping.into_error().await),
        }
    }

    /// Sends a request with what permits it; a refusal that says where a token is to be had is
    /// answered with one, once.
    pub(super) async fn ask(
        &self,
        url: &Url,
        ask: Fetch<'_>,
        actions: &str,
    ) -> Result<ServerAnswer, PullError> {
        let with = |authorization| Fetch {
            authorization,
            ..ask.clone()
        };
        let held = lock(&self.authorization).clone();
        let answer = self.http.send(url, with(held.clone())).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || held.is_some() {
            return Ok(answer);
        }
        self.authorize(&answer, actions, true).await?;
        let held = lock(&self.authorization).clone();
        self.http.send(url, with(held)).await
    }

    /// Does what a challenge asks for, by the scope that it names where it is to be `heard`.
    async fn authorize(
        &self,
        refused: &ServerAnswer,
        actions: &str,
        heard: bool,
    ) -> Result<(), PullError> {
        let login = self.image.login.unwrap_or("demo:of-this-lab-alone");
        let login = format!("Basic {}", BASE64.encode(login.as_bytes()));
        let challenges = Challenge::read_all(refused.challenges());
        let mut bearer = challenges.iter().filter(|one| one.is_bearer());
        let Some((challenge, realm)) = bearer.find_map(|one| Some((one, one.realm()?))) else {
            if self.image.login.is_none() {
                return Err(refused.unusable("it asks for something else than a Bearer token"));
            }
            *lock(&self.authorization) = Some(login);
            return Ok(());
        };
        let service = challenge.param("service").unwrap_or_default();
        let scope = match challenge.param("scope") {
            Some(stated) if heard && !stated.is_empty() => stated.to_owned(),
            _ => format!("repository:{}:{actions}", self.image.repository),
        };
        let parameters = [("scope", scope.as_str()), ("service", service)];
        let url = Url::parse_with_params(realm, parameters)
            .map_err(|error| refused.unusable(format!("realm '{realm}': {error}")))?;
        let ask = Fetch {
            authorization: actions.contains("push").then_some(login),
            ..Fetch::new(PullStep::Token)
        };
        let answer = self.http.send(&url, ask).await?;
        if answer.status() != StatusCode::OK {
            return Err(answer.into_error().await);
        }
        let host = answer.host.clone();
        let token: IssuedToken = read(PullStep::Token, &host, &answer.content().await?)?;
        let token = token.access_token.or(token.token);
        let token = token
            .ok_or_else(|| PullError::unusable(PullStep::Token, host, "there is no token in it"))?;
        *lock(&self.authorization) = Some(format!("Bearer {token}"));
        Ok(())
    }

    /// A manifest or index by tag or digest, checked, and its digest.
    async fn document(
        &self,
        step: PullStep,
        reference: &str,
        announced: Option<&str>,
    ) -> Result<(String, Document), PullError> {
        let url = self.url(&format!("{}/manifests/{reference}", self.image.repository))?;
        let is_digest = reference.contains(':');
        let ask = Fetch::new(step).announced(announced.filter(|_| is_digest));
        let answer = self.ask(&url, ask, "pull").await?;
        if answer.status() != StatusCode::OK {
            return Err(answer.into_error().await);
        }
        let media_type = answer.media_type();
        if !media_type.ends_with("json") && !media_type.ends_with("prettyjws") {
            return Err(answer.unusable(format!("it is {media_type}")));
        }
        let stated = answer.header("docker-content-digest").map(str::to_owned);
        let expected = is_digest.then(|| reference.to_owned()).or(stated);
        let host = answer.host.clone();
        let body = answer.content().await?;
        let Some(content) = document::read(&body) else {
            let reason =
                "it is neither an index nor a manifest of schema version 2 with usual digests";
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
        descriptor: &'a Descriptor,
    ) -> Result<Download<'a>, PullError> {
        let digest = digest(descriptor);
        let url = self.url(&format!("{}/blobs/{digest}", self.image.repository))?;
        Ok(Download {
            http: &self.http,
            url,
            step,
            descriptor,
            digest,
            size: descriptor.size.unwrap_or_default(),
            authorization: lock(&self.authorization).clone(),
        })
    }

    pub(super) fn url(&self, rest: &str) -> Result<Url, PullError> {
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
/// Lists in lists.
const MAX_NESTING: usize = 3;
