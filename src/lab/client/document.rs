//! Manifests and indexes, as far as a pull needs them.

use std::sync::Arc;

use super::message::words;
use crate::registry::{Class, Descriptor, Document, Index, Platform};

/// Reads an index or a manifest; `None` for anything else, such as schema version 1, and for one
/// that names content by an unusual digest.
pub(super) fn read(body: &[u8]) -> Option<Document> {
    let document = Document::read(body);
    let is_known = match &document {
        Document::Index(_) => true,
        Document::Manifest(manifest) => manifest.config.is_some(),
        _ => false,
    };
    let mut named = document.descriptors().map(|one| one.digest.is_some());
    let is_good = is_known && named.all(|is_usual| is_usual);
    drop(named);
    is_good.then_some(document)
}

/// The digest that content is named by.
pub(super) fn digest(content: &Descriptor) -> String {
    let digest = content.digest.as_ref();
    digest.map(ToString::to_string).unwrap_or_default()
}

/// The manifest for a platform; otherwise the platforms there are.
pub(super) fn choose<'a>(index: &'a Index, wanted: &Platform) -> Result<&'a Descriptor, String> {
    // A list in a list says nothing of platforms.
    let is_wanted = |entry: &&Arc<Descriptor>| match &entry.platform {
        Some(offered) => {
            let any = wanted.variant.is_none();
            offered.suits(wanted) && (any || offered.variant == wanted.variant)
        }
        None => entry.media_type.class() == Class::Index,
    };
    let found = index.manifests.iter().find(is_wanted);
    found.map(AsRef::as_ref).ok_or_else(|| {
        let names = index.manifests.iter().map(|entry| match &entry.platform {
            Some(platform) => words(&platform.to_string()),
            None => "one without a platform".to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses JSON in which a letter stands for a digest of it.
    fn parse(json: &str) -> Option<Document> {
        let json = ["a", "b", "c"]
            .iter()
            .fold(json.to_owned(), |json, letter| {
                json.replace(&format!("\"{letter}\""), &format!("\"{}\"", sha256(letter)))
            });
        read(json.as_bytes())
    }

    fn sha256(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    #[test]
    fn a_platform_is_chosen() {
        let json = r#"{"manifests":[
            {"digest":"a","platform":{"os":"linux","architecture":"arm","variant":"v6"}},
            {"digest":"b","platform":{"os":"linux","architecture":"arm","variant":"v7"}},
            {"digest":"c"}]}"#;
        let Some(Document::Index(entries)) = parse(json) else {
            panic!("an index")
        };
        let arm = |variant: Option<&str>| Platform {
            variant: variant.map(str::to_owned),
            ..Platform::new("linux", "arm")
        };
        let chosen = |variant| digest(choose(&entries, &arm(variant)).unwrap());
        assert_eq!(chosen(Some("v7")), sha256("b"));
        assert_eq!(chosen(None), sha256("a"));
        assert_eq!(
            choose(&entries, &arm(Some("v8"))).unwrap_err(),
            "linux/arm/v6, linux/arm/v7, one without a platform"
        );
    }

    #[test]
    fn what_is_neither_index_nor_manifest_is_nothing() {
        let manifest = r#"{"config":{"digest":"a","size":1},"layers":[]}"#;
        assert!(matches!(parse(manifest), Some(Document::Manifest(_))));
        assert!(parse(r#"{"schemaVersion":1,"fsLayers":[]}"#).is_none());
        for digest in ["x", "sha256:", "sha256:../../../x", "sha512:a"] {
            let manifest = manifest.replace(r#""a""#, &format!("\"{digest}\""));
            assert!(parse(&manifest).is_none(), "{digest}");
        }
    }
}
