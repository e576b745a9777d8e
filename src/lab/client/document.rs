//! Manifests and indexes, as far as a pull needs them.

use std::collections::HashMap;

use serde::Deserialize;

use super::message::words;
use super::platform::TargetPlatform;

/// An index or a manifest, whichever it is.
#[derive(Debug, Deserialize)]
pub(super) struct RawManifest {
    /// Of an index.
    manifests: Option<Vec<IndexEntry>>,
    /// Of a manifest.
    config: Option<BlobRef>,
    #[serde(default)]
    layers: Vec<BlobRef>,
}

/// What a document is.
#[derive(Debug)]
pub(super) enum ParsedManifest {
    Index(Vec<IndexEntry>),
    Manifest {
        config: BlobRef,
        layers: Vec<BlobRef>,
    },
}

/// One platform's manifest in an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IndexEntry {
    pub(super) digest: String,
    #[serde(default)]
    pub(super) media_type: String,
    #[serde(default)]
    pub(super) artifact_type: String,
    #[serde(default)]
    pub(super) annotations: HashMap<String, String>,
    platform: Option<TargetPlatform>,
}

/// Where content is to be found, and what it must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlobRef {
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    pub(super) media_type: String,
    #[serde(default)]
    pub(super) annotations: HashMap<String, String>,
}

impl RawManifest {
    /// Sorts an index from a manifest; `None` for anything else, such as schema version 1, and
    /// for one that names content by an unusual digest.
    pub(super) fn content(self) -> Option<ParsedManifest> {
        let entries = self.manifests.iter().flatten().map(|entry| &entry.digest);
        let blobs = self
            .config
            .iter()
            .chain(&self.layers)
            .map(|blob| &blob.digest);
        if !entries.chain(blobs).all(|digest| is_digest(digest)) {
            return None;
        }
        match (self.manifests, self.config) {
            (Some(manifests), _) => Some(ParsedManifest::Index(manifests)),
            (None, Some(config)) => Some(ParsedManifest::Manifest {
                config,
                layers: self.layers,
            }),
            (None, None) => None,
        }
    }
}

impl IndexEntry {
    /// Whether it is what a build says of a manifest.
    pub(super) fn attests(&self, digest: &str) -> bool {
        let about = self.annotations.get("vnd.docker.reference.digest");
        about.is_some_and(|about| about == digest)
    }
}

/// The manifest for a platform; otherwise the platforms there are.
pub(super) fn choose<'a>(
    entries: &'a [IndexEntry],
    wanted: &TargetPlatform,
) -> Result<&'a IndexEntry, String> {
    // A list in a list says nothing of platforms.
    let found = entries.iter().find(|entry| match &entry.platform {
        Some(platform) => wanted.is_served_by(platform),
        None => entry.media_type.ends_with("index.v1+json"),
    });
    found.ok_or_else(|| {
        let names = entries.iter().map(|entry| match &entry.platform {
            Some(platform) => words(&platform.to_string()),
            None => "one without a platform".to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    })
}

/// Digests become part of URLs and messages.
fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", hex)) if hex.len() == 64 => 64,
        Some(("sha512", hex)) if hex.len() == 128 => 128,
        _ => return false,
    };
    let hex = digest.bytes().rev().take(length);
    hex.into_iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses JSON in which a letter stands for a digest of it.
    fn parse(json: &str) -> Option<ParsedManifest> {
        let json = ["a", "b", "c"]
            .iter()
            .fold(json.to_owned(), |json, letter| {
                json.replace(&format!("\"{letter}\""), &format!("\"{}\"", digest(letter)))
            });
        serde_json::from_str::<RawManifest>(&json)
            .unwrap()
            .content()
    }

    fn digest(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    #[test]
    fn a_platform_is_chosen() {
        let json = r#"{"manifests":[
            {"digest":"a","platform":{"os":"linux","architecture":"arm","variant":"v6"}},
            {"digest":"b","platform":{"os":"linux","architecture":"arm","variant":"v7"}},
            {"digest":"c"}]}"#;
        let Some(ParsedManifest::Index(entries)) = parse(json) else {
            panic!("an index")
        };
        let arm = |variant: Option<&str>| TargetPlatform {
            os: "linux".to_owned(),
            architecture: "arm".to_owned(),
            variant: variant.map(str::to_owned),
        };
        assert_eq!(
            choose(&entries, &arm(Some("v7"))).unwrap().digest,
            digest("b")
        );
        assert_eq!(choose(&entries, &arm(None)).unwrap().digest, digest("a"));
        assert_eq!(
            choose(&entries, &arm(Some("v8"))).unwrap_err(),
            "linux/arm/v6, linux/arm/v7, one without a platform"
        );
    }

    #[test]
    fn what_is_neither_index_nor_manifest_is_nothing() {
        let manifest = r#"{"config":{"digest":"a","size":1},"layers":[]}"#;
        assert!(matches!(
            parse(manifest),
            Some(ParsedManifest::Manifest { .. })
        ));
        assert!(parse(r#"{"schemaVersion":1,"fsLayers":[]}"#).is_none());
        for digest in ["x", "sha256:", "sha256:../../../x", "sha512:a"] {
            let manifest = manifest.replace(r#""a""#, &format!("\"{digest}\""));
            assert!(parse(&manifest).is_none(), "{digest}");
        }
    }
}
