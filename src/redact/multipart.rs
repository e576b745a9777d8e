//! Secrets in forms of several parts (RFC 7578).

use memchr::memmem;

use super::kind::Candidate;
use super::name::{self, NamePlace};

/// What a part's head says before its name.
pub(super) const MARK: &[u8] = b"form-data;";

/// Finds the content of the part whose head has [`MARK`] here, where its name says that it is
/// secret.
pub(super) fn find(text: &[u8], mark: usize, out: &mut Vec<Candidate>) {
    let start = mark + MARK.len();
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let head = rest.get(..line).unwrap_or_default();
    let Some(name) = memmem::find(head, b"name=").and_then(|at| head.get(at + 5..)) else {
        return;
    };
    let name = name.strip_prefix(b"\"").unwrap_or(name);
    let length = name.iter().take_while(|b| !b"\";\r ".contains(b)).count();
    let name = name.get(..length).unwrap_or_default();
    let Some(meaning) = name::meaning(name, NamePlace::Member) else {
        return;
    };
    let ends = [(&b"\r\n\r\n"[..], &b"\r\n--"[..]), (b"\n\n", b"\n--")];
    let found = ends.iter().filter_map(|(blank, boundary)| {
        let content = memmem::find(rest, blank)? + blank.len();
        let body = rest.get(content..)?;
        let length = memmem::find(body, boundary).unwrap_or(body.len());
        Some(start + content..start + content + length)
    });
    if let Some(range) = found.min_by_key(|range| range.start) {
        out.extend(meaning.candidate(text, range, NamePlace::Member));
    }
}

/// No secret is longer, with the head of its part.
const LONGEST: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_known_by_its_name() {
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let text = part("user", "me") + &part("registryPassword", "it is\r\nmine") + "--b--\r\n";
        let found: Vec<_> = memmem::find_iter(text.as_bytes(), MARK)
            .flat_map(|at| {
                let mut out = Vec::new();
                find(text.as_bytes(), at, &mut out);
                out
            })
            .map(|c| text.get(c.range).unwrap())
            .collect();
        assert_eq!(found, ["it is\r\nmine"]);
    }
}
