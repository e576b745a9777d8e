//! Secrets in the XML error bodies of object stores.

use memchr::{memchr, memchr_iter};

use super::kind::{Candidate, SecretKind};

/// Finds the content of elements whose names say that they are secret.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    for open in memchr_iter(b'<', text) {
        let rest = text.get(open + 1..).unwrap_or_default();
        let length = rest
            .iter()
            .take(MAX_NAME)
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        let (name, rest) = rest.split_at(length);
        let Some(content) = rest.strip_prefix(b">") else {
            continue;
        };
        let Some(kind) = kind(name) else { continue };
        let start = text.len() - content.len();
        let end = memchr(b'<', content).map_or(text.len(), |close| start + close);
        out.push(Candidate::new(start..end, kind));
    }
}

/// No name of interest is longer.
const MAX_NAME: usize = 24;

fn kind(name: &[u8]) -> Option<SecretKind> {
    match name {
        b"AWSAccessKeyId" | b"OSSAccessKeyId" | b"AccessKeyId" | b"SecretAccessKey"
        | b"SessionToken" | b"SecurityToken" | b"SignatureProvided" => Some(SecretKind::Credential),
        // Hex dumps of what was signed, with the session token in it.
        b"CanonicalRequestBytes" | b"StringToSignBytes" => Some(SecretKind::Identity),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stores_error_is_known() {
        let text = "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA1</AWSAccessKeyId>\
                    <RequestId>R</RequestId><StringToSignBytes>41 57</StringToSignBytes><AccessKeyId>cut";
        let mut out = Vec::new();
        find(text.as_bytes(), &mut out);
        let found: Vec<_> = out
            .iter()
            .map(|c| text.get(c.range.clone()).unwrap())
            .collect();
        assert_eq!(found, ["AKIA1", "41 57", "cut"]);
    }
}
