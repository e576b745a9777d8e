//! Whether a token's signature verifies with the certificate that the token itself carries.
//!
//! That the certificate may be trusted is another question, which only the registry can answer.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// What a check of a signature without any network said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signature {
    /// It verifies with the first certificate of `x5c`.
    Valid,
    /// It does not verify with that certificate.
    Invalid,
    /// The token carries no certificate: only its issuer has the key.
    NoKey,
    /// An algorithm other than RS256, ES256 and ES384.
    UnknownAlgorithm,
    /// It was taken out of the record.
    Redacted,
    /// There is none.
    Missing,
}

/// One certificate of `x5c`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// When its validity ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// One certificate of the chain with its public key.
pub(super) struct ChainLink {
    pub(super) certificate: Certificate,
    key: Vec<u8>,
}

/// A chain longer than this is cut: no real one is.
const MAX_CHAIN: usize = 8;

/// Reads `x5c`: DER certificates in base64. One that cannot be read ends the chain.
pub(super) fn chain(x5c: &[String]) -> Vec<ChainLink> {
    x5c.iter()
        .take(MAX_CHAIN)
        .map_while(|text| link(text))
        .collect()
}

fn link(text: &str) -> Option<ChainLink> {
    let der = BASE64.decode(text.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    Some(ChainLink {
        key: certificate
            .public_key()
            .subject_public_key
            .data
            .clone()
            .into_owned(),
        certificate: Certificate {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok(),
        },
    })
}

/// What redaction leaves in the place of a signature.
const REDACTED: &str = "REDACTED-";

impl Signature {
    pub(super) fn check(
        algorithm: &str,
        chain: &[ChainLink],
        signed: &str,
        signature: &str,
    ) -> Self {
        if signature.is_empty() {
            return Self::Missing;
        }
        if signature.starts_with(REDACTED) {
            return Self::Redacted;
        }
        let method: &dyn VerificationAlgorithm = match algorithm {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "ES256" => &ECDSA_P256_SHA256_FIXED,
            "ES384" => &ECDSA_P384_SHA384_FIXED,
            _ => return Self::UnknownAlgorithm,
        };
        let Some(leaf) = chain.first() else {
            return Self::NoKey;
        };
        let Ok(signature) = BASE64URL_NOPAD.decode(signature.as_bytes()) else {
            return Self::Invalid;
        };
        let key = UnparsedPublicKey::new(method, &leaf.key);
        match key.verify(signed.as_bytes(), &signature) {
            Ok(()) => Self::Valid,
            Err(_) => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

    use super::*;
    use crate::registry::Token;

    /// A token signed with ES256, and its certificate made for the occasion.
    fn signed() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["t.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "signer");
        let certificate = params.self_signed(&key).unwrap();
        let header = format!(
            r#"{{"alg":"ES256","x5c":["{}"]}}"#,
            BASE64.encode(certificate.der())
        );
        let message = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(header.as_bytes()),
            BASE64URL_NOPAD.encode(b"{}")
        );
        let signer =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der())
                .unwrap();
        let signature = signer
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn check(text: &str) -> Signature {
        Token::read(text).jwt().unwrap().signature
    }

    #[test]
    fn a_good_signature_verifies_and_a_changed_one_does_not() {
        let good = signed();
        let token = Token::read(&good);
        let jwt = token.jwt().unwrap();
        assert_eq!(jwt.signature, Signature::Valid);
        assert_eq!(jwt.certificates[0].subject, "CN=signer");
        let (message, signature) = good.rsplit_once('.').unwrap();
        let other = signature.chars().rev().collect::<String>();
        assert_eq!(check(&format!("{message}.{other}")), Signature::Invalid);
        assert_eq!(check(&format!("{message}.!")), Signature::Invalid);
        assert_eq!(check(&format!("{message}.")), Signature::Missing);
        assert_eq!(
            check(&format!("{message}.REDACTED-00ff00")),
            Signature::Redacted
        );
    }

    #[test]
    fn without_a_certificate_only_the_issuer_can_tell() {
        let token =
            |header: &str| format!("{}.e30.c2ln", BASE64URL_NOPAD.encode(header.as_bytes()));
        assert_eq!(
            check(&token(r#"{"alg":"RS256","kid":"k"}"#)),
            Signature::NoKey
        );
        assert_eq!(
            check(&token(r#"{"alg":"RS256","x5c":["?"]}"#)),
            Signature::NoKey
        );
        assert_eq!(
            check(&token(r#"{"alg":"none"}"#)),
            Signature::UnknownAlgorithm
        );
    }
}
