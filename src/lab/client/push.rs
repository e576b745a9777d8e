//! A push, of something small.

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::json;
use url::Url;

use super::http::{Fetch, ServerAnswer};
use super::pull::RunningPull;
use super::{PullError, PullStep};
use crate::lab::digest::sha256;

impl RunningPull<'_> {
    /// Pushes two blobs and a manifest that names them.
    pub(super) async fn push(&self) -> Result<(), PullError> {
        self.ping(ACTIONS).await?;
        for content in [CONFIG, BLOB] {
            self.upload(content).await?;
        }
        let descriptor = |media_type: &str, content: &str| {
            json!({
                "mediaType": media_type,
                "size": content.len(),
                "digest": sha256(content.as_bytes()),
            })
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": "application/vnd.pullscope.demo",
            "config": descriptor("application/vnd.oci.empty.v1+json", CONFIG),
            "layers": [descriptor("text/plain", BLOB)],
        });
        let url = format!("{}/manifests/{}", self.image.repository, self.image.tag);
        let content = Some((MANIFEST, manifest.to_string().into()));
        let ask = Fetch {
            content,
            ..Fetch::new(PullStep::Manifest).by(Method::PUT)
        };
        self.expect(&self.url(&url)?, ask, StatusCode::CREATED)
            .await?;
        Ok(())
    }

    async fn upload(&self, content: &'static str) -> Result<(), PullError> {
        let (repository, digest) = (self.image.repository, sha256(content.as_bytes()));
        let url = self.url(&format!("{repository}/blobs/{digest}"))?;
        let there = self.ask(&url, step().by(Method::HEAD), ACTIONS).await?;
        if there.status() == StatusCode::OK {
            return Ok(());
        }
        let url = self.url(&format!("{repository}/blobs/uploads/"))?;
        let begun = self
            .expect(&url, step().by(Method::POST), StatusCode::ACCEPTED)
            .await?;
        let bytes = Bytes::from_static(content.as_bytes());
        let patch = Fetch {
            content: Some(("application/octet-stream", bytes)),
            ..step().by(Method::PATCH)
        };
        let there = next(&url, &begun)?;
        let sent = self.expect(&there, patch, StatusCode::ACCEPTED).await?;
        let mut there = next(&there, &sent)?;
        there.query_pairs_mut().append_pair("digest", &digest);
        self.expect(&there, step().by(Method::PUT), StatusCode::CREATED)
            .await?;
        Ok(())
    }

    async fn expect(
        &self,
        url: &Url,
        ask: Fetch<'_>,
        status: StatusCode,
    ) -> Result<ServerAnswer, PullError> {
        let answer = self.ask(url, ask, ACTIONS).await?;
        if answer.status() != status {
            return Err(answer.into_error().await);
        }
        Ok(answer)
    }
}

fn step() -> Fetch<'static> {
    Fetch::new(PullStep::Upload)
}

/// Where an upload goes on.
fn next(url: &Url, answer: &ServerAnswer) -> Result<Url, PullError> {
    let location = answer.header("location");
    let location = location.ok_or_else(|| answer.unusable("it has no Location"))?;
    let next = url.join(location);
    next.map_err(|error| answer.unusable(format!("Location '{location}': {error}")))
}

const ACTIONS: &str = "pull,push";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "{}";
const BLOB: &str = "pushed by pullscope's demo\n";
