//! Digests and checksums in the spellings the providers use.

use crc::{CRC_32_ISCSI, CRC_64_XZ, Crc, Table};
use md5::{Digest as _, Md5};

use crate::base::hex;
use crate::registry::{Algorithm, Digest};

/// A content digest, such as `sha256:185518…`.
pub(super) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::sha256(bytes))
}

/// The same by the other algorithm that the image-spec registers.
pub(super) fn sha512(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha512, bytes).to_string()
}

/// MD5, as the blob stores' `ETag` and `Content-MD5` have it.
pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// CRC-32C, big-endian, as `x-goog-hash` has it.
pub(super) fn crc32c(bytes: &[u8]) -> [u8; 4] {
    const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
    CRC.checksum(bytes).to_be_bytes()
}

/// CRC-64 with the ECMA-182 polynomial in the reflected form of xz, as
/// `x-oss-hash-crc64ecma` has it.
pub(super) fn crc64(bytes: &[u8]) -> u64 {
    const CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);
    CRC.checksum(bytes)
}

/// Random bytes for request ids and the like: nothing depends on their being unguessable.
pub(super) fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::debug!("lab: no random bytes for an id");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, HEXLOWER};

    use super::*;

    #[test]
    fn checksums_have_their_published_values() {
        assert_eq!(
            sha256(b""),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            HEXLOWER.encode(&md5(b"")),
            "d41d8cd98f00b204e9800998ecf8427e"
        );
        assert_eq!(crc32c(b"123456789"), 0xe306_9283_u32.to_be_bytes());
        assert_eq!(crc64(b"123456789"), 0x995d_c9bb_df19_39fa);
    }

    /// The one captured object that is there in full: quay's image config.
    #[test]
    fn a_captured_object_has_its_captured_etag() {
        let article = include_str!("../../tests/data/article/quay.json");
        let article: serde_json::Value = serde_json::from_str(article).unwrap();
        let body = article["exchanges"][6]["response"]["body"]
            .as_str()
            .unwrap();
        assert_eq!(body.len(), 1926);
        assert_eq!(
            sha256(body.as_bytes()),
            "sha256:7e7499db3a4c397250db4d7e3d3e93312dc8ebaf5a8533d62c6e41b7a44083fa"
        );
        // The ETag of an upload in one part: the MD5 of that part's MD5.
        assert_eq!(
            HEXLOWER.encode(&md5(&md5(body.as_bytes()))),
            "00acd2993c51139b494a948712b812d4"
        );
        assert_eq!(BASE64.encode(&crc32c(b"")), "AAAAAA==");
    }
}
