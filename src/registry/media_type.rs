//! Media types of manifests, configurations and layers.

use std::fmt;
use std::sync::Arc;

use serde_with::SerializeDisplay;

/// A media type: lower-case, without parameters (RFC 9110 section 8.3.1).
#[derive(Clone, Default, PartialEq, Eq, Hash, SerializeDisplay)]
pub struct MediaType(Arc<str>);

/// What a media type stands for in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// One image or artifact: Docker v2 schema 2 or OCI.
    Manifest,
    /// A list of manifests: a Docker manifest list or an OCI index.
    Index,
    /// The manifest format of 2014, one image, with or without signatures.
    Schema1,
    /// The configuration of an image.
    Config,
    /// A layer of an image.
    Layer {
        /// How it is compressed.
        compression: Compression,
        /// Whether it must not be pushed to other registries.
        foreign: bool,
    },
    /// The empty descriptor, whose content is `{}`.
    Empty,
    /// JSON of no special kind.
    Json,
    /// A page for people.
    Html,
    /// Bytes of no stated kind.
    Binary,
    /// Anything else.
    Other,
}

/// How a layer is compressed, as its media type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip (RFC 1952); eStargz is gzip as well.
    Gzip,
    /// Zstandard (RFC 8878); zstd:chunked is Zstandard as well.
    Zstd,
    /// Encrypted or a compression unknown to us.
    Unknown,
}

impl MediaType {
    /// Reads a `Content-Type` value or a `mediaType` property; parameters are dropped.
    pub fn read(text: &str) -> Self {
        let essence = text.split(';').next().unwrap_or_default();
        Self(essence.trim().to_ascii_lowercase().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was stated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it stands for.
    pub fn class(&self) -> Class {
        match &*self.0 {
            "application/vnd.docker.distribution.manifest.v2+json"
            | "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.oci.artifact.manifest.v1+json" => Class::Manifest,
            "application/vnd.docker.distribution.manifest.list.v2+json"
            | "application/vnd.oci.image.index.v1+json" => Class::Index,
            "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws" => Class::Schema1,
            "application/vnd.docker.container.image.v1+json"
            | "application/vnd.oci.image.config.v1+json" => Class::Config,
            "application/vnd.oci.empty.v1+json" => Class::Empty,
            "application/octet-stream" | "binary/octet-stream" => Class::Binary,
            "application/json" | "text/json" => Class::Json,
            "text/html" | "application/xhtml+xml" => Class::Html,
            other => layer(other).unwrap_or(Class::Other),
        }
    }

    /// The part that tells it from its siblings: `tar+gzip`, `image.index.v1+json`.
    pub fn short(&self) -> &str {
        let text = &*self.0;
        [
            "application/vnd.docker.image.rootfs.",
            "application/vnd.docker.distribution.",
            "application/vnd.docker.",
            "application/vnd.oci.image.layer.v1.",
            "application/vnd.oci.image.layer.",
            "application/vnd.oci.",
            "application/",
        ]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
    }
}

fn layer(text: &str) -> Option<Class> {
    let docker = text.strip_prefix("application/vnd.docker.image.rootfs.");
    let oci = text.strip_prefix("application/vnd.oci.image.layer.");
    let rest = docker.or(oci)?;
    let foreign = rest.starts_with("foreign.") || rest.starts_with("nondistributable.");
    let compression = match rest.rsplit_once("tar").map(|(_, after)| after) {
        Some("") => Compression::None,
        Some(".gzip" | "+gzip") => Compression::Gzip,
        Some(".zstd" | "+zstd") => Compression::Zstd,
        _ => Compression::Unknown,
    };
    Some(Class::Layer {
        compression,
        foreign,
    })
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        let stated = MediaType::read("Application/VND.oci.image.index.v1+JSON; charset=utf-8");
        assert_eq!(stated.class(), Class::Index);
        assert_eq!(stated.short(), "image.index.v1+json");
    }

    #[test]
    fn layers_state_their_compression() {
        let class = |text: &str| MediaType::read(text).class();
        let layer = |compression, foreign| Class::Layer {
            compression,
            foreign,
        };
        assert_eq!(
            class("application/vnd.docker.image.rootfs.diff.tar.gzip"),
            layer(Compression::Gzip, false)
        );
        assert_eq!(
            class("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
            layer(Compression::Gzip, true)
        );
        assert_eq!(
            class("application/vnd.oci.image.layer.v1.tar+zstd"),
            layer(Compression::Zstd, false)
        );
        assert_eq!(
            class("application/vnd.oci.image.layer.nondistributable.v1.tar"),
            layer(Compression::None, true)
        );
        assert_eq!(
            class("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"),
            layer(Compression::Unknown, false)
        );
    }
}
