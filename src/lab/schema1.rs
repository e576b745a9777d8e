//! Signed manifests of schema version 1, as registries of the Docker 1.x days served them.
//!
//! The signature is libtrust's "pretty" form of a JSON Web Signature (RFC 7515): the document
//! with one more member, `signatures`, that says how to get the signed text back.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, PublicKeyData as _};
use serde_json::{Value, json};

use super::digest::sha256;
use super::image::{BlobKind, PlatformImage, StoredBlob, pretty};
use super::keys::libtrust_id;
use crate::base::hex;

/// Why a manifest cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Schema1Error {
    #[error("failed to make a signing key: {0}")]
    Key(#[from] rcgen::Error),
    #[error("failed to sign a schema 1 manifest")]
    Sign,
}

/// The image as `name:tag` in schema version 1, signed with a key made for it. Its digest is
/// that of the text without signatures.
pub(super) fn schema1(
    name: &str,
    tag: &str,
    image: &PlatformImage,
) -> Result<Arc<StoredBlob>, Schema1Error> {
    let payload = pretty(&document(name, tag, image), b"   ");
    let tail = b"\n}";
    let body = payload.strip_suffix(tail).ok_or(Schema1Error::Sign)?;
    let protected = BASE64URL_NOPAD.encode(
        json!({
            "formatLength": body.len(),
            "formatTail": BASE64URL_NOPAD.encode(tail),
            "time": "2020-08-20T06:17:43Z",
        })
        .to_string()
        .as_bytes(),
    );
    let signature = sign(&protected, &payload)?;
    let signatures = pretty(&json!({ "signatures": [signature] }), b"   ");
    let signatures = signatures.strip_prefix(b"{").ok_or(Schema1Error::Sign)?;
    Ok(Arc::new(StoredBlob {
        digest: sha256(&payload),
        kind: BlobKind::Manifest,
        media_type: "application/vnd.docker.distribution.manifest.v1+prettyjws".to_owned(),
        bytes: [body, b",", signatures].concat().into(),
    }))
}

fn document(name: &str, tag: &str, image: &PlatformImage) -> Value {
    let mut parent: Option<String> = None;
    let mut history = Vec::new();
    for (at, layer) in image.layers.iter().enumerate() {
        let seed = format!("{}{}", parent.as_deref().unwrap_or_default(), layer.digest);
        let id = hex::sha256(seed.as_bytes());
        let mut v1 = json!({ "id": id });
        if let Some(parent) = &parent {
            v1["parent"] = json!(parent);
        }
        v1["created"] = json!("2020-05-29T21:19:46.363518345Z");
        v1["container_config"] = json!({ "Cmd": [format!("layer {}", at + 1)] });
        if at + 1 == image.layers.len() {
            v1["architecture"] = json!(image.platform.architecture);
            v1["os"] = json!(image.platform.os);
            v1["config"] = json!({ "Cmd": ["/bin/sh"] });
        }
        history.push(json!({ "v1Compatibility": v1.to_string() }));
        parent = Some(id);
    }
    // The newest layer comes first.
    history.reverse();
    let layers: Vec<_> = image
        .layers
        .iter()
        .rev()
        .map(|layer| json!({ "blobSum": layer.digest }))
        .collect();
    json!({
        "schemaVersion": 1,
        "name": name,
        "tag": tag,
        "architecture": image.platform.architecture,
        "fsLayers": layers,
        "history": history,
    })
}

fn sign(protected: &str, payload: &[u8]) -> Result<Value, Schema1Error> {
    let key = KeyPair::generate()?;
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der())
        .map_err(|_| Schema1Error::Sign)?;
    let text = format!("{protected}.{}", BASE64URL_NOPAD.encode(payload));
    let signature = signer
        .sign(&SystemRandom::new(), text.as_bytes())
        .map_err(|_| Schema1Error::Sign)?;
    // An uncompressed point: 04, x, y (SEC 1 section 2.3.3).
    let point = key.public_key_raw().get(1..).unwrap_or_default();
    let (x, y) = point.split_at_checked(32).ok_or(Schema1Error::Sign)?;
    Ok(json!({
        "header": {
            "jwk": {
                "crv": "P-256",
                "kid": libtrust_id(&key.subject_public_key_info()),
                "kty": "EC",
                "x": BASE64URL_NOPAD.encode(x),
                "y": BASE64URL_NOPAD.encode(y),
            },
            "alg": "ES256",
        },
        "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
        "protected": protected,
    }))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::super::catalog::sample;
    use super::*;

    fn decode(value: &Value) -> Vec<u8> {
        BASE64URL_NOPAD
            .decode(value.as_str().unwrap().as_bytes())
            .unwrap()
    }

    #[test]
    fn the_signature_covers_the_document_without_signatures() {
        let blob = schema1("library/alpine", "latest", &sample()).unwrap();
        let whole: Value = serde_json::from_slice(&blob.bytes).unwrap();
        let signature = &whole["signatures"][0];
        let protected: Value = serde_json::from_slice(&decode(&signature["protected"])).unwrap();
        let length = usize::try_from(protected["formatLength"].as_u64().unwrap()).unwrap();
        let mut payload = blob.bytes[..length].to_vec();
        payload.extend_from_slice(&decode(&protected["formatTail"]));
        assert_eq!(sha256(&payload), blob.digest);

        let jwk = &signature["header"]["jwk"];
        let point = [vec![4], decode(&jwk["x"]), decode(&jwk["y"])].concat();
        let signed = format!(
            "{}.{}",
            signature["protected"].as_str().unwrap(),
            BASE64URL_NOPAD.encode(&payload)
        );
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &decode(&signature["signature"]))
            .unwrap();
    }

    #[test]
    fn history_and_layers_run_from_the_newest() {
        let image = sample();
        let document = document("a/b", "c", &image);
        assert_eq!(
            document["fsLayers"][0]["blobSum"],
            json!(image.layers[1].digest)
        );
        let v1 = |at: usize| -> Value {
            let text = document["history"][at]["v1Compatibility"].as_str().unwrap();
            serde_json::from_str(text).unwrap()
        };
        assert_eq!(v1(0)["parent"], v1(1)["id"]);
        assert_eq!(v1(0)["os"], "linux");
        assert!(v1(1).get("parent").is_none());
    }
}
