//! Image configs, manifests and indexes, in the spelling of the captured ones.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::digest::sha256;
use super::layer::Layer;

/// Something with a digest.
#[derive(Clone, Debug)]
pub(super) struct StoredBlob {
    pub(super) digest: String,
    pub(super) kind: BlobKind,
    pub(super) bytes: Bytes,
}

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlobKind {
    Index,
    Manifest,
    Schema1,
    Config,
    /// A layer, and whether it is its image's last.
    Layer {
        last: bool,
    },
}

impl BlobKind {
    /// The media type, in the names of Docker's image format 2.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Index => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::Manifest => "application/vnd.docker.distribution.manifest.v2+json",
            Self::Schema1 => "application/vnd.docker.distribution.manifest.v1+prettyjws",
            Self::Config => "application/vnd.docker.container.image.v1+json",
            Self::Layer { .. } => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        }
    }

    /// Whether it lives under `/manifests/` (and not under `/blobs/`).
    pub(super) fn is_manifest(self) -> bool {
        matches!(self, Self::Index | Self::Manifest | Self::Schema1)
    }
}

impl StoredBlob {
    pub(super) fn new(kind: BlobKind, bytes: impl Into<Bytes>) -> Arc<Self> {
        let bytes = bytes.into();
        Arc::new(Self {
            digest: sha256(&bytes),
            kind,
            bytes,
        })
    }
}

/// An operating system and a processor, as an index and a config name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ImagePlatform {
    pub(super) architecture: &'static str,
    pub(super) os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<&'static str>,
}

impl ImagePlatform {
    pub(super) const fn linux(architecture: &'static str) -> Self {
        Self {
            architecture,
            os: "linux",
            variant: None,
        }
    }

    pub(super) const fn variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }
}

/// What an image's config says beside its layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) author: Option<&'static str>,
    pub(super) command: &'static [&'static str],
    pub(super) parent: &'static str,
    pub(super) docker_version: &'static str,
    /// How it was built; the last step's time is the image's.
    pub(super) history: &'static [HistoryStep],
}

/// One step of a build.
#[derive(Clone, Copy, Debug)]
pub(super) struct HistoryStep {
    pub(super) created: &'static str,
    pub(super) author: Option<&'static str>,
    pub(super) command: &'static str,
    /// Whether it made a layer.
    pub(super) layer: bool,
}

impl HistoryStep {
    /// A step that made a layer.
    pub(super) const fn layer(command: &'static str) -> Self {
        Self {
            created: "",
            author: None,
            command,
            layer: true,
        }
    }

    /// A step that made none.
    pub(super) const fn empty(command: &'static str) -> Self {
        Self {
            layer: false,
            ..Self::layer(command)
        }
    }

    pub(super) const fn at(self, created: &'static str) -> Self {
        Self { created, ..self }
    }

    pub(super) const fn by(self, author: Option<&'static str>) -> Self {
        Self { author, ..self }
    }
}

/// An image for one platform.
#[derive(Clone, Debug)]
pub(super) struct PlatformImage {
    pub(super) platform: ImagePlatform,
    pub(super) config: Arc<StoredBlob>,
    pub(super) layers: Vec<Arc<StoredBlob>>,
    pub(super) manifest: Arc<StoredBlob>,
}

impl PlatformImage {
    /// Puts an image together from its layers.
    pub(super) fn new(platform: ImagePlatform, about: About, layers: &[Layer]) -> Self {
        let config = StoredBlob::new(
            BlobKind::Config,
            config(platform, about, layers).to_string(),
        );
        let last = layers.len().saturating_sub(1);
        let layers: Vec<_> = layers
            .iter()
            .enumerate()
            .map(|(at, layer)| {
                StoredBlob::new(BlobKind::Layer { last: at == last }, layer.bytes.clone())
            })
            .collect();
        let manifest = pretty(&json!({
            "schemaVersion": 2,
            "mediaType": BlobKind::Manifest.media_type(),
            "config": descriptor(&config),
            "layers": layers.iter().map(|layer| descriptor(layer)).collect::<Vec<_>>(),
        }));
        Self {
            platform,
            config,
            layers,
            manifest: StoredBlob::new(BlobKind::Manifest, manifest),
        }
    }
}

/// An index in Docker Hub's spelling: one line, keys sorted, slashes escaped.
pub(super) fn compact_index(images: &[PlatformImage]) -> Arc<StoredBlob> {
    let manifests: Vec<_> = images
        .iter()
        .map(|image| {
            json!({
                "digest": image.manifest.digest,
                "mediaType": image.manifest.kind.media_type(),
                "platform": image.platform,
                "size": image.manifest.bytes.len(),
            })
        })
        .collect();
    let index = json!({
        "manifests": manifests,
        "mediaType": BlobKind::Index.media_type(),
        "schemaVersion": 2,
    });
    StoredBlob::new(BlobKind::Index, index.to_string().replace('/', r"\/"))
}

/// An index in the spelling of `docker manifest push`.
pub(super) fn pretty_index(images: &[PlatformImage]) -> Arc<StoredBlob> {
    let manifests: Vec<_> = images
        .iter()
        .map(|image| {
            let mut entry = descriptor(&image.manifest);
            entry["platform"] = json!(image.platform);
            entry
        })
        .collect();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": BlobKind::Index.media_type(),
        "manifests": manifests,
    });
    StoredBlob::new(BlobKind::Index, pretty(&index))
}

/// JSON with an indent of three spaces, as Docker's own tools write manifests.
pub(super) fn pretty(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // A JSON value always serialises, and a Vec always takes it.
    if value.serialize(&mut serializer).is_err() {
        out.clear();
    }
    out
}

fn descriptor(blob: &StoredBlob) -> Value {
    json!({
        "mediaType": blob.kind.media_type(),
        "size": blob.bytes.len(),
        "digest": blob.digest,
    })
}

/// An object without the members that are null.
fn stated(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}

fn config(platform: ImagePlatform, about: About, layers: &[Layer]) -> Value {
    let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.diff_id).collect();
    stated(json!({
        "architecture": platform.architecture,
        "author": about.author,
        "config": run_config(Some(about)),
        "container_config": run_config(None),
        "created": about.history.last().map(|step| step.created),
        "docker_version": about.docker_version,
        "history": about.history.iter().map(step).collect::<Vec<_>>(),
        "os": platform.os,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "variant": platform.variant,
    }))
}

fn step(step: &HistoryStep) -> Value {
    stated(json!({
        "created": step.created,
        "author": step.author,
        "created_by": step.command,
        "empty_layer": (!step.layer).then_some(true),
    }))
}

fn run_config(about: Option<About>) -> Value {
    let mut config = json!({
        "Hostname": "", "Domainname": "", "User": "",
        "AttachStdin": false, "AttachStdout": false, "AttachStderr": false,
        "Tty": false, "OpenStdin": false, "StdinOnce": false,
        "Env": about.map(|_| [PATH]), "Cmd": about.map(|about| about.command),
        "ArgsEscaped": true, "Image": about.map_or("", |about| about.parent),
        "Volumes": null, "WorkingDir": "", "Entrypoint": null, "OnBuild": null, "Labels": null,
    });
    if about.is_none()
        && let Some(members) = config.as_object_mut()
    {
        members.shift_remove("ArgsEscaped");
    }
    config
}

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
