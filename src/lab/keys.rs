//! The keys tokens and URLs are signed with: made when first needed, kept in memory.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use data_encoding::{BASE32, BASE64};
use rcgen::{
    CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize, SerialNumber,
    SigningKey as _,
};

use crate::base::hex;

/// The keys of one provider.
pub(super) struct Keys {
    rsa: OnceLock<Result<RsaKey, KeyError>>,
    sealing: RandomizedNonceKey,
    urls: hmac::Key,
}

/// Why a key cannot be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lab cannot make or use a signing key")]
pub(super) struct KeyError;

impl Keys {
    pub(super) fn new() -> Result<Self, KeyError> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| KeyError)?;
        Ok(Self {
            rsa: OnceLock::new(),
            sealing: RandomizedNonceKey::new(&AES_256_GCM, &secret).map_err(|_| KeyError)?,
            urls: hmac::Key::generate(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &SystemRandom::new())
                .map_err(|_| KeyError)?,
        })
    }

    /// The key of tokens that are JSON Web Tokens, and of `CloudFront`'s URLs.
    pub(super) fn rsa(&self) -> Result<&RsaKey, KeyError> {
        let key = self.rsa.get_or_init(RsaKey::generate);
        key.as_ref().map_err(|error| *error)
    }

    /// The key of the URL signatures that are an HMAC-SHA1, as Aliyun's are.
    pub(super) fn urls(&self) -> &hmac::Key {
        &self.urls
    }

    /// Encrypts an opaque token.
    pub(super) fn seal(&self, text: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut sealed = text.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::empty(), &mut sealed)
            .map_err(|_| KeyError)?;
        Ok([&nonce.as_ref()[..], &sealed].concat())
    }

    /// Decrypts an opaque token; `None` when it is not one of ours.
    pub(super) fn open(&self, token: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = token.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let text = self
            .sealing
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .ok()?;
        Some(text.to_vec())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// An RSA key of 2048 bits.
pub(super) struct RsaKey {
    pair: KeyPair,
    certificate: String,
}

impl RsaKey {
    fn generate() -> Result<Self, KeyError> {
        let make = || {
            let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
            let certificate = BASE64.encode(&certify(&pair)?);
            Ok::<_, rcgen::Error>(Self { pair, certificate })
        };
        make().map_err(|error| {
            tracing::warn!(%error, "the lab cannot make an RSA key");
            KeyError
        })
    }

    /// A signature in the manner of RS256 (RFC 7518 section 3.3), 256 bytes.
    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.pair.sign(text).map_err(|_| KeyError)
    }

    /// Whether a signature is this key's.
    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key_raw())
            .verify(text, signature)
            .is_ok()
    }

    /// The key's certificate, for a token's `x5c`.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The key's name, for a token's `kid`.
    pub(super) fn id(&self) -> String {
        hex::sha256(&self.pair.subject_public_key_info())
    }
}

/// A certificate as Docker's token server has it: each side is named by its libtrust key id.
fn certify(pair: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let named = |id: String| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, id);
        params
    };
    let issuer = KeyPair::generate()?;
    let issuer_params = named(libtrust_id(&issuer.subject_public_key_info()));
    let issuer = CertifiedIssuer::self_signed(issuer_params, issuer)?;
    let mut params = named(libtrust_id(&pair.subject_public_key_info()));
    params.serial_number = Some(SerialNumber::from(0));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    Ok(params.signed_by(pair, &issuer)?.der().to_vec())
}

/// A public key's name in libtrust's spelling: 240 bits of its SHA-256 in base32, in groups of
/// four.
pub(super) fn libtrust_id(public_key: &[u8]) -> String {
    let hash = digest(&SHA256, public_key);
    let id = BASE32.encode(hash.as_ref().get(..30).unwrap_or_default());
    let groups = id.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;

    /// The certificate in the captured token carries its key's id as its name.
    #[test]
    fn a_captured_certificate_has_the_id_we_compute() {
        let article = include_str!("../../tests/data/article/dockerhub.json");
        let article: serde_json::Value = serde_json::from_str(article).unwrap();
        let body = article["exchanges"][1]["response"]["body"]
            .as_str()
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let header = body["token"].as_str().unwrap().split('.').next().unwrap();
        let header = data_encoding::BASE64URL_NOPAD
            .decode(header.as_bytes())
            .unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        let der = BASE64
            .decode(header["x5c"][0].as_str().unwrap().as_bytes())
            .unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        let name = certificate.subject().iter_common_name().next().unwrap();
        let id = libtrust_id(certificate.public_key().raw);
        assert_eq!(name.as_str().unwrap(), id);
        assert_eq!(
            id,
            "UAQ7:XSNS:TGT3:A4ZU:I5GK:R64Y:WCHC:WVRK:MI3R:KXM7:HWS3:BVZZ"
        );
    }

    #[test]
    fn an_rsa_signature_is_checked() {
        let keys = Keys::new().unwrap();
        let signature = keys.rsa().unwrap().sign(b"text").unwrap();
        assert_eq!(signature.len(), 256);
        assert!(keys.rsa().unwrap().verify(b"text", &signature));
        assert!(!keys.rsa().unwrap().verify(b"test", &signature));
        assert!(
            !Keys::new()
                .unwrap()
                .rsa()
                .unwrap()
                .verify(b"text", &signature)
        );
    }

    #[test]
    fn an_opaque_token_opens_only_whole() {
        let keys = Keys::new().unwrap();
        let mut sealed = keys.seal(b"text").unwrap();
        assert_eq!(keys.open(&sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(keys.open(&sealed[..9]), None);
        sealed[14] ^= 1;
        assert_eq!(keys.open(&sealed), None);
        assert_eq!(
            Keys::new().unwrap().open(&keys.seal(b"text").unwrap()),
            None
        );
    }
}
