//! What identifies content, in the digits everybody writes it in.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// The SHA-256 digest of some bytes, in 64 lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// The fingerprint of a certificate (DER), as programs show it.
pub fn fingerprint(der: &[u8]) -> String {
    let pairs = digest(&SHA256, der)
        .as_ref()
        .iter()
        .map(|b| format!("{b:02X}"))
        .collect::<Vec<_>>();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
