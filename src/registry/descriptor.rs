//! Descriptors: what a manifest says of the content it points to (OCI image-spec,
//! descriptor.md).

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::Value;

use super::{Digest, MediaType, Platform, json};

/// One pointer to content. What is missing or malformed is `None`, and `problems` says so.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Descriptor {
    /// What kind of content it is.
    pub media_type: MediaType,
    /// The content's digest.
    #[serialize_always]
    pub digest: Option<Digest>,
    /// The content's size in bytes.
    #[serialize_always]
    pub size: Option<u64>,
    /// For which platform, in an index.
    pub platform: Option<Platform>,
    /// Where else the content is to be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// The type of the artifact it points to.
    pub artifact_type: Option<String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Size of the content when it is inlined here (`data`), so that no request follows.
    pub inline: Option<usize>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
const ESTARGZ_TOC: &str = "containerd.io/snapshot/stargz/toc.digest";
const ZSTD_CHUNKED: &str = "io.github.containers.zstd-chunked.manifest-checksum";

impl Descriptor {
    /// Reads a descriptor object.
    pub(crate) fn read(value: &Value) -> Self {
        let mut found = Self {
            media_type: MediaType::read(&json::text(value, "mediaType").unwrap_or_default()),
            size: json::number(value, "size"),
            platform: value.get("platform").map(Platform::read),
            urls: json::texts(value, "urls"),
            artifact_type: json::text(value, "artifactType"),
            annotations: json::map(value, "annotations"),
            ..Self::default()
        };
        found.read_digest(value);
        found.read_inline(value);
        if found.size.is_none() {
            found.problems.push("size is missing or no size".to_owned());
        }
        found
    }

    fn read_digest(&mut self, value: &Value) {
        match json::text(value, "digest").map(|text| text.parse()) {
            Some(Ok(digest)) => self.digest = Some(digest),
            Some(Err(problem)) => self.problems.push(format!("digest: {problem}")),
            None => self.problems.push("digest is missing".to_owned()),
        }
    }

    fn read_inline(&mut self, value: &Value) {
        let Some(text) = json::text(value, "data") else {
            return;
        };
        match BASE64.decode(text.as_bytes()) {
            // The decoder takes several in a row, each with its padding; clients do not.
            Ok(bytes) if BASE64.encode(&bytes) == *text => {
                if let Some(digest) = &self.digest
                    && Digest::of(digest.algorithm(), &bytes) != *digest
                {
                    self.problems
                        .push("data does not match the digest".to_owned());
                }
                self.inline = Some(bytes.len());
            }
            _ => self.problems.push("data is not base64".to_owned()),
        }
    }

    /// Whether it is a build attestation, and so never the image a client wants.
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get(REFERENCE_TYPE)
            .is_some_and(|kind| kind == "attestation-manifest")
    }

    /// The manifest an attestation is about.
    pub fn attests(&self) -> Option<Digest> {
        self.annotations.get(REFERENCE_DIGEST)?.parse().ok()
    }

    /// The lazily readable format a layer is in, if it says so.
    pub fn lazy_format(&self) -> Option<&'static str> {
        if self.annotations.contains_key(ESTARGZ_TOC) {
            Some("eStargz")
        } else if self.annotations.contains_key(ZSTD_CHUNKED) {
            Some("zstd:chunked")
        } else {
            None
        }
    }

    /// Whether clients fetch the content from `urls` instead of the registry.
    pub fn is_foreign(&self) -> bool {
        !self.urls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::digest::Algorithm;
    use serde_json::json;

    #[test]
    fn inline_content_is_checked() {
        let digest = Digest::of(Algorithm::Sha256, b"{}").to_string();
        let read = |data: &str| {
            Descriptor::read(&json!({"mediaType": "application/vnd.oci.empty.v1+json",
                "digest": digest, "size": 2, "data": data}))
        };
        let good = read("e30=");
        assert_eq!((good.inline, good.problems.len()), (Some(2), 0));
        assert_eq!(read("e2E=").problems, ["data does not match the digest"]);
        for none in ["?", "ew==fQ=="] {
            assert_eq!(read(none).problems, ["data is not base64"], "{none}");
        }
    }

    #[test]
    fn attestations_and_lazy_layers_are_known_by_their_annotations() {
        let about = format!("sha256:{:064x}", 3);
        let entry = Descriptor::read(&json!({"digest": about, "size": 1, "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": about}}));
        assert!(entry.is_attestation());
        assert_eq!(entry.attests().unwrap().to_string(), about);
        let lazy = Descriptor::read(&json!({"annotations": {ESTARGZ_TOC: "sha256:…"}}));
        assert_eq!(lazy.lazy_format(), Some("eStargz"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let odd = Descriptor::read(&json!({"digest": "md5:0", "size": -1, "urls": [1, "u"]}));
        assert_eq!(odd.problems.len(), 2);
        assert_eq!(odd.urls, ["u"]);
        assert_eq!(Descriptor::read(&json!(null)).problems.len(), 2);
    }
}
