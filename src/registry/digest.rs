//! Content digests (OCI image-spec, descriptor.md, "Digests").

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde_with::SerializeDisplay;
use strum::{EnumString, IntoStaticStr};

/// A digest of a registered algorithm, such as `sha256:9c36…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay)]
pub struct Digest {
    algorithm: Algorithm,
    hex: Arc<str>,
}

/// The digest algorithms the image-spec registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Why a text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestProblem {
    /// There is no colon between algorithm and value.
    #[error("a digest is written algorithm:value")]
    NoColon,
    /// The algorithm is not a registered one.
    #[error("the algorithm is neither sha256 nor sha512")]
    UnknownAlgorithm,
    /// The value has the wrong number of characters.
    #[error("the value has the wrong length for its algorithm")]
    Length,
    /// The value holds something else than lower-case hexadecimal digits.
    #[error("the value is not lower-case hexadecimal")]
    NotHex,
}

impl Digest {
    /// The digest of some bytes.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        use aws_lc_rs::digest;
        let value = match algorithm {
            Algorithm::Sha256 => digest::digest(&digest::SHA256, bytes),
            Algorithm::Sha512 => digest::digest(&digest::SHA512, bytes),
        };
        Self {
            algorithm,
            hex: HEXLOWER.encode(value.as_ref()).into(),
        }
    }

    /// A SHA-256 digest from its 64 lower-case hexadecimal digits.
    pub fn from_sha256_hex(hex: &str) -> Option<Self> {
        checked(Algorithm::Sha256, hex).ok()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The value as lower-case hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The value shortened in the middle, for people: `9c36…a1f0`.
    pub fn short(&self) -> String {
        let head: String = self.hex.chars().take(4).collect();
        let tail = self.hex.get(self.hex.len() - 4..).unwrap_or_default();
        format!("{head}…{tail}")
    }
}

impl Algorithm {
    /// Its name in a digest.
    pub fn name(self) -> &'static str {
        self.into()
    }

    fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl FromStr for Digest {
    type Err = DigestProblem;

    fn from_str(text: &str) -> Result<Self, DigestProblem> {
        let (algorithm, hex) = text.split_once(':').ok_or(DigestProblem::NoColon)?;
        let algorithm = algorithm
            .parse()
            .map_err(|_| DigestProblem::UnknownAlgorithm)?;
        checked(algorithm, hex)
    }
}

fn checked(algorithm: Algorithm, hex: &str) -> Result<Digest, DigestProblem> {
    if !hex
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return Err(DigestProblem::NotHex);
    }
    if hex.len() != algorithm.hex_length() {
        return Err(DigestProblem::Length);
    }
    Ok(Digest {
        algorithm,
        hex: hex.into(),
    })
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_registered_algorithms_are_computed() {
        assert_eq!(
            Digest::of(Algorithm::Sha256, b"").to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let long = Digest::of(Algorithm::Sha512, b"abc");
        assert!(long.hex().starts_with("ddaf35a193617aba"));
        assert_eq!(long.to_string().parse(), Ok(long));
    }

    #[test]
    fn what_is_no_digest_says_why() {
        let problem = |text: &str| text.parse::<Digest>().unwrap_err();
        assert_eq!(problem("latest"), DigestProblem::NoColon);
        assert_eq!(problem("md5:00"), DigestProblem::UnknownAlgorithm);
        assert_eq!(problem("sha256:00"), DigestProblem::Length);
        assert_eq!(
            problem(&format!("sha256:{:064X}", 10)),
            DigestProblem::NotHex
        );
    }

    #[test]
    fn the_short_form_keeps_both_ends() {
        assert_eq!(Digest::of(Algorithm::Sha256, b"").short(), "e3b0…b855");
    }
}
