//! What a manifest endpoint serves: an image or artifact, a list of them, or schema 1.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::media_type::Class;
use super::{Descriptor, MediaType, Schema1, json};

/// A decoded manifest body.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "format")]
#[non_exhaustive]
pub enum Document {
    /// One image or artifact: Docker v2 schema 2 or OCI.
    Manifest(Arc<Manifest>),
    /// A list of manifests.
    Index(Arc<Index>),
    /// The format of 2014.
    Schema1(Arc<Schema1>),
    /// Not a manifest.
    Unreadable {
        /// Why not.
        reason: String,
    },
}

/// One image or artifact (OCI image-spec, manifest.md).
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Manifest {
    /// `mediaType`, empty where the body leaves it out.
    pub media_type: MediaType,
    /// The configuration.
    #[serialize_always]
    pub config: Option<Arc<Descriptor>>,
    /// The layers, lowest first; the blobs of an artifact.
    pub layers: Vec<Arc<Descriptor>>,
    /// The type of an artifact.
    pub artifact_type: Option<String>,
    /// What it is about: a signature's image, for one.
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A list of manifests (OCI image-spec, image-index.md).
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Index {
    /// `mediaType`, empty where the body leaves it out.
    pub media_type: MediaType,
    /// The entries, one per platform and attestation.
    pub manifests: Vec<Arc<Descriptor>>,
    /// The type of an artifact.
    pub artifact_type: Option<String>,
    /// What it is about.
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Document {
    /// Reads a manifest body. Its own `mediaType` decides, then its shape: what the registry
    /// says in `Content-Type` is compared elsewhere.
    pub fn read(bytes: &[u8]) -> Self {
        let value = match json::read(bytes) {
            Ok(value) => value,
            Err(reason) => return Self::Unreadable { reason },
        };
        let stated = MediaType::read(&json::text(&value, "mediaType").unwrap_or_default());
        let has = |key: &str| value.get(key).is_some();
        match stated.class() {
            Class::Index => Self::index(stated, &value),
            Class::Manifest => Self::manifest(stated, &value),
            _ if has("fsLayers") => Self::Schema1(Arc::new(Schema1::read(bytes, &value))),
            _ if has("manifests") => Self::index(stated, &value),
            _ if has("layers") || has("config") => Self::manifest(stated, &value),
            _ => Self::Unreadable {
                reason: "neither layers nor manifests in it".to_owned(),
            },
        }
    }

    fn manifest(stated: MediaType, value: &Value) -> Self {
        Self::Manifest(Arc::new(Manifest::read(stated, value)))
    }

    fn index(stated: MediaType, value: &Value) -> Self {
        Self::Index(Arc::new(Index::read(stated, value)))
    }

    /// The `mediaType` the body states, if it does.
    pub fn stated_type(&self) -> Option<&MediaType> {
        let stated = match self {
            Self::Manifest(manifest) => &manifest.media_type,
            Self::Index(index) => &index.media_type,
            Self::Schema1(_) | Self::Unreadable { .. } => return None,
        };
        (!stated.is_empty()).then_some(stated)
    }

    /// Every descriptor a client may follow from here.
    pub fn descriptors(&self) -> Box<dyn Iterator<Item = &Descriptor> + '_> {
        match self {
            Self::Manifest(manifest) => {
                let blobs = manifest.config.iter().chain(&manifest.layers);
                Box::new(blobs.map(AsRef::as_ref))
            }
            Self::Index(index) => Box::new(index.manifests.iter().map(AsRef::as_ref)),
            Self::Schema1(schema1) => Box::new(schema1.layers.iter().map(AsRef::as_ref)),
            Self::Unreadable { .. } => Box::new(std::iter::empty()),
        }
    }
}

impl Manifest {
    fn read(media_type: MediaType, value: &Value) -> Self {
        let layers_key = if value.get("blobs").is_some() {
            "blobs"
        } else {
            "layers"
        };
        let config = value
            .get("config")
            .map(|value| Arc::new(Descriptor::read(value)));
        let mut problems = Vec::new();
        if config.is_none() && layers_key == "layers" {
            problems.push("config is missing".to_owned());
        }
        Self {
            media_type,
            config,
            layers: json::list(value, layers_key)
                .iter()
                .map(|value| Arc::new(Descriptor::read(value)))
                .collect(),
            artifact_type: json::text(value, "artifactType"),
            subject: value.get("subject").map(Descriptor::read),
            annotations: json::map(value, "annotations"),
            problems,
        }
    }

    /// The sum of the layers' sizes in bytes, as compressed.
    pub fn layers_size(&self) -> u64 {
        self.layers
            .iter()
            .filter_map(|layer| layer.size)
            .fold(0, u64::saturating_add)
    }

    /// The artifact's type, when this is no image: `artifactType`, or else the configuration's
    /// media type (OCI image-spec, manifest.md, "Guidelines for Artifact Usage").
    pub fn artifact(&self) -> Option<&str> {
        if let Some(stated) = &self.artifact_type {
            return Some(stated);
        }
        let config = self.config.as_ref()?;
        (config.media_type.class() != Class::Config).then(|| config.media_type.as_str())
    }
}

impl Index {
    fn read(media_type: MediaType, value: &Value) -> Self {
        Self {
            media_type,
            manifests: json::list(value, "manifests")
                .iter()
                .map(|value| Arc::new(Descriptor::read(value)))
                .collect(),
            artifact_type: json::text(value, "artifactType"),
            subject: value.get("subject").map(Descriptor::read),
            annotations: json::map(value, "annotations"),
        }
    }

    /// The entries that are images: attestations and `unknown/unknown` left out.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().map(AsRef::as_ref).filter(|entry| {
            let unknown = entry
                .platform
                .as_ref()
                .is_some_and(super::Platform::is_unknown);
            !entry.is_attestation() && !unknown
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Document {
        Document::read(text.as_bytes())
    }

    #[test]
    fn the_shape_decides_where_no_media_type_is_stated() {
        assert!(matches!(read(r#"{"manifests":[]}"#), Document::Index(_)));
        assert!(matches!(read(r#"{"layers":[]}"#), Document::Manifest(_)));
        assert!(matches!(read(r#"{"fsLayers":[]}"#), Document::Schema1(_)));
        assert!(matches!(read("{}"), Document::Unreadable { .. }));
        assert!(matches!(read("<html>"), Document::Unreadable { .. }));
    }

    #[test]
    fn deep_nesting_is_a_reason_and_no_crash() {
        let deep = "[".repeat(100_000);
        assert!(matches!(read(&deep), Document::Unreadable { .. }));
    }

    #[test]
    fn an_artifact_is_told_from_an_image() {
        let manifest = |config: &str, more: &str| {
            let text = format!(r#"{{"config":{{"mediaType":"{config}"}},"layers":[]{more}}}"#);
            match read(&text) {
                Document::Manifest(manifest) => Arc::unwrap_or_clone(manifest),
                other => panic!("{other:?}"),
            }
        };
        let image = manifest("application/vnd.oci.image.config.v1+json", "");
        assert_eq!(image.artifact(), None);
        let helm = manifest("application/vnd.cncf.helm.config.v1+json", "");
        assert_eq!(
            helm.artifact(),
            Some("application/vnd.cncf.helm.config.v1+json")
        );
        let signed = manifest(
            "application/vnd.oci.empty.v1+json",
            r#","artifactType":"a/b""#,
        );
        assert_eq!(signed.artifact(), Some("a/b"));
    }

    #[test]
    fn attestations_are_no_images() {
        let Document::Index(index) = read(
            r#"{"manifests":[
                {"platform":{"os":"linux","architecture":"amd64"}},
                {"platform":{"os":"unknown","architecture":"unknown"}},
                {"annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]}"#,
        ) else {
            panic!("no index")
        };
        assert_eq!(index.images().count(), 1);
        assert_eq!(index.manifests.len(), 3);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            Document::read(&bytes);
        }

        #[test]
        fn any_values_are_read(
            key in "mediaType|config|layers|manifests|fsLayers|signatures|platform",
            value in "(\\{\\}|\\[[0-9]?\\]|null|-1|\"x\"|\\[\\{\"digest\":[0-9]\\}\\])",
        ) {
            read(&format!(r#"{{"{key}":{value},"layers":[{value}]}}"#));
        }
    }
}
