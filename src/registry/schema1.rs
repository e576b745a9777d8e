//! The image manifest of 2014 (Docker image manifest v2, schema 1).

use std::sync::Arc;

use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use serde::Serialize;
use serde_json::Value;

use super::digest::Algorithm;
use super::{Descriptor, Digest, json};

/// A schema 1 manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Schema1 {
    /// `name`, the repository.
    pub name: String,
    /// `tag`.
    pub tag: String,
    /// `architecture`.
    pub architecture: String,
    /// The layers, **topmost first** as the format has it, without sizes.
    pub layers: Vec<Arc<Descriptor>>,
    /// How many signatures it carries.
    pub signatures: usize,
    /// The digest of what was signed: the body without its signatures. This is the digest that
    /// registries state and clients check.
    pub payload_digest: Option<Digest>,
}

impl Schema1 {
    pub(super) fn read(bytes: &[u8], value: &Value) -> Self {
        let layers = json::list(value, "fsLayers")
            .iter()
            .map(|layer| Descriptor {
                digest: json::text(layer, "blobSum").and_then(|sum| sum.parse().ok()),
                ..Descriptor::default()
            })
            .map(Arc::new)
            .collect();
        let signatures = json::list(value, "signatures");
        let payload = match signatures.first() {
            Some(signature) => signed_payload(bytes, signature),
            None => Some(bytes.to_vec()),
        };
        Self {
            name: json::text(value, "name").unwrap_or_default(),
            tag: json::text(value, "tag").unwrap_or_default(),
            architecture: json::text(value, "architecture").unwrap_or_default(),
            layers,
            signatures: signatures.len(),
            payload_digest: payload.map(|payload| Digest::of(Algorithm::Sha256, &payload)),
        }
    }
}

/// What a signature covers: the first `formatLength` bytes of the body and then `formatTail`,
/// both named in the signature's protected header.
fn signed_payload(bytes: &[u8], signature: &Value) -> Option<Vec<u8>> {
    let protected = decode(&json::text(signature, "protected")?)?;
    let protected = json::read(&protected).ok()?;
    let length = usize::try_from(json::number(&protected, "formatLength")?).ok()?;
    let mut payload = bytes.get(..length)?.to_vec();
    payload.extend(decode(&json::text(&protected, "formatTail")?)?);
    Some(payload)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .or_else(|_| BASE64URL.decode(text.as_bytes()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Document;

    #[test]
    fn the_digest_leaves_the_signatures_out() {
        let payload = "{\n   \"name\": \"a\",\n   \"fsLayers\": []\n}";
        let head = payload.strip_suffix("\n}").unwrap();
        let tail = BASE64URL_NOPAD.encode(b"\n}");
        let length = head.len();
        let time = "2015-01-01T00:00:00Z";
        let protected =
            format!(r#"{{"formatLength":{length},"formatTail":"{tail}","time":"{time}"}}"#);
        let protected = BASE64URL_NOPAD.encode(protected.as_bytes());
        let signed = format!("{head},\n   \"signatures\": [{{\"protected\":\"{protected}\"}}]\n}}");
        let Document::Schema1(schema1) = Document::read(signed.as_bytes()) else {
            panic!("no schema 1")
        };
        assert_eq!(schema1.signatures, 1);
        assert_eq!(
            schema1.payload_digest,
            Some(Digest::of(Algorithm::Sha256, payload.as_bytes()))
        );
    }

    #[test]
    fn a_length_beyond_the_body_gives_no_digest() {
        let protected = BASE64URL_NOPAD.encode(br#"{"formatLength":99999,"formatTail":""}"#);
        let text = format!(r#"{{"fsLayers":[],"signatures":[{{"protected":"{protected}"}}]}}"#);
        let Document::Schema1(schema1) = Document::read(text.as_bytes()) else {
            panic!("no schema 1")
        };
        assert_eq!(schema1.payload_digest, None);
    }
}
