//! Basic credentials.

use super::base64;

/// User and password of Basic credentials (RFC 7617 section 2).
pub(super) fn user_and_password(encoded: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let decoded = base64::decode(encoded)?;
    let colon = decoded.iter().position(|&b| b == b':')?;
    let password = decoded.get(colon + 1..)?.to_vec();
    Some((decoded.get(..colon)?.to_vec(), password))
}
