//! Tokens of HTTP: what methods, field names and parameters are made of.

/// Whether this is a `token` (RFC 9110 section 5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is_tchar)
}

/// Whether a byte may stand in a `token`.
pub(crate) fn is_tchar(byte: u8) -> bool {
    match byte {
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~' => true,
        _ => byte.is_ascii_alphanumeric(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_what_the_grammar_says() {
        for byte in 0..=u8::MAX {
            let others = b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_tchar(byte), others || byte.is_ascii_alphanumeric());
        }
        assert!(is_token(b"WWW-Authenticate"));
        assert!(!is_token(b"") && !is_token(b"a b"));
    }
}
