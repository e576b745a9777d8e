//! Image configs, manifests and indexes, in the spelling of those who write them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::{sha256, sha512};
use super::layer::Layer;

/// Something with a digest.
#[derive(Clone, Debug)]
pub(super) struct StoredBlob {
    pub(super) digest: String,
    pub(super) kind: BlobKind,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlobKind {
    /// It lives under `/manifests/` (and not under `/blobs/`).
    Manifest,
    Config,
    /// A layer, and whether it is its image's last.
    Layer {
        last: bool,
    },
}

impl StoredBlob {
    pub(super) fn new(
        kind: BlobKind,
        media_type: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Arc<Self> {
        let bytes = bytes.into();
        Arc::new(Self {
            digest: sha256(&bytes),
            media_type: media_type.into(),
            kind,
            bytes,
        })
    }

    pub(super) fn is_manifest(&self) -> bool {
        self.kind == BlobKind::Manifest
    }

    /// What a manifest says of it.
    pub(super) fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "size": self.bytes.len(),
            "digest": self.digest,
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
    /// Linux on a processor such as `arm/v7`.
    pub(super) fn linux(processor: &'static str) -> Self {
        let (architecture, variant) = match processor.split_once('/') {
            Some((architecture, variant)) => (architecture, Some(variant)),
            None => (processor, None),
        };
        Self {
            architecture,
            os: "linux",
            variant,
        }
    }

    /// What there is to know of it in an image's texts.
    pub(super) fn fact(&self, name: &str) -> Option<String> {
        let variant = self.variant.unwrap_or_default();
        Some(match name {
            "architecture" => self.architecture.to_owned(),
            "variant" => json!(self.variant).to_string(),
            "platform" => format!("{}{variant}", self.architecture),
            _ => return None,
        })
    }
}

/// Whose names and spelling an image's documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImageFormat {
    /// Docker's image format 2, as Docker's own tools of 2020 write it.
    Docker,
    /// The OCI image format, as `BuildKit` writes it.
    Oci,
}

impl ImageFormat {
    pub(super) fn index(self) -> &'static str {
        match self {
            Self::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::Oci => "application/vnd.oci.image.index.v1+json",
        }
    }

    pub(super) fn manifest(self) -> &'static str {
        match self {
            Self::Docker => "application/vnd.docker.distribution.manifest.v2+json",
            Self::Oci => "application/vnd.oci.image.manifest.v1+json",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::Docker => "application/vnd.docker.container.image.v1+json",
            Self::Oci => "application/vnd.oci.image.config.v1+json",
        }
    }

    fn layer(self, layer: &Layer) -> String {
        match self {
            Self::Docker => "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned(),
            Self::Oci => format!(
                "application/vnd.oci.image.layer.v1.tar+{}",
                layer.compression.name()
            ),
        }
    }

    /// JSON with an indent, as the tools write it.
    pub(super) fn pretty(self, value: &Value) -> Vec<u8> {
        pretty(value, if self == Self::Docker { b"   " } else { b"  " })
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
    /// Puts an image together from its layers, and the text of its config.
    pub(super) fn new(
        platform: ImagePlatform,
        format: ImageFormat,
        config: String,
        layers: &[Layer],
    ) -> Self {
        let config = StoredBlob::new(BlobKind::Config, format.config(), config);
        let last = layers.len().saturating_sub(1);
        let store = |(at, layer): (usize, &Layer)| {
            let kind = BlobKind::Layer { last: at == last };
            let mut blob = StoredBlob::new(kind, format.layer(layer), layer.bytes.clone());
            if layer.sha512 {
                Arc::make_mut(&mut blob).digest = sha512(&layer.bytes);
            }
            blob
        };
        let blobs: Vec<_> = layers.iter().enumerate().map(store).collect();
        let described = blobs
            .iter()
            .zip(layers)
            .map(|(blob, layer)| noted(blob.descriptor(), &layer.annotations));
        let manifest = format.pretty(&json!({
            "schemaVersion": 2,
            "mediaType": format.manifest(),
            "config": config.descriptor(),
            "layers": described.collect::<Vec<_>>(),
        }));
        Self {
            platform,
            config,
            layers: blobs,
            manifest: StoredBlob::new(BlobKind::Manifest, format.manifest(), manifest),
        }
    }

    /// What an index says of it.
    pub(super) fn entry(&self) -> Value {
        let mut entry = self.manifest.descriptor();
        entry["platform"] = json!(self.platform);
        entry
    }
}

/// A descriptor or a document with annotations, where there are any.
pub(super) fn noted(mut value: Value, annotations: &BTreeMap<String, String>) -> Value {
    if !annotations.is_empty() {
        value["annotations"] = json!(annotations);
    }
    value
}

/// An index of these entries.
pub(super) fn index(format: ImageFormat, entries: &[Value]) -> Arc<StoredBlob> {
    let bytes = format.pretty(&json!({
        "schemaVersion": 2,
        "mediaType": format.index(),
        "manifests": entries,
    }));
    StoredBlob::new(BlobKind::Manifest, format.index(), bytes)
}

/// The same in the spelling of Docker Hub's images of 2020: one line, keys sorted, slashes escaped.
pub(super) fn compact_index(format: ImageFormat, entries: &[Value]) -> Arc<StoredBlob> {
    let mut index = json!({
        "manifests": entries,
        "mediaType": format.index(),
        "schemaVersion": 2,
    });
    index.sort_all_objects();
    let bytes = index.to_string().replace('/', r"\/");
    StoredBlob::new(BlobKind::Manifest, format.index(), bytes)
}

/// JSON with this indent.
pub(super) fn pretty(value: &Value, indent: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // A JSON value always serialises, and a Vec always takes it.
    if value.serialize(&mut serializer).is_err() {
        out.clear();
    }
    out
}
