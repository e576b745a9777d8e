//! What identifies a peer, in the text that files hold it in.

use data_encoding::BASE64;

/// A certificate as RFC 7468 has it.
pub(crate) fn certificate(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut lines = String::from("-----BEGIN CERTIFICATE-----\n");
    for chunk in text.as_bytes().chunks(64) {
        lines.extend(chunk.iter().map(|byte| char::from(*byte)));
        lines.push('\n');
    }
    lines.push_str("-----END CERTIFICATE-----\n");
    lines
}
