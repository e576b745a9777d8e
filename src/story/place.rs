//! URLs and paths short enough for a line: shortened by meaning, never cut at the edge.

use url::Url;

use crate::registry::redirect::authority;

/// A URL's host and path, digests in it shortened, the query only hinted at.
pub fn short_url(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    let host = authority(&parsed).unwrap_or_default();
    let query = if parsed.query().is_some() { "?…" } else { "" };
    format!("{host}{}{query}", shorten(parsed.path()))
}

/// A path or a text in which digests stand, each shortened to `9c36…a1f0`.
pub fn shorten(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let end = from
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(from.len());
        let (hex, behind) = from.split_at_checked(end).unwrap_or((from, ""));
        short.push_str(before);
        match (hex.get(..4), hex.get(hex.len().saturating_sub(4)..)) {
            (Some(start), Some(end)) if hex.len() >= LONG => {
                short.extend([start, "…", end]);
            }
            _ => short.push_str(hex),
        }
        rest = behind;
    }
    short.push_str(rest);
    short
}

/// Runs of hexadecimal digits from this length on are digests or worse.
const LONG: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shortened_wherever_they_stand() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(
            short_url(&format!(
                "https://r.example:5000/v2/a/blobs/sha256:{hex}?x=1"
            )),
            "r.example:5000/v2/a/blobs/sha256:0123…cdef?…"
        );
        assert_eq!(shorten("alpine:3.20 face"), "alpine:3.20 face");
        assert_eq!(shorten(&format!("{hex}/{hex}é")), "0123…cdef/0123…cdefé");
        assert_eq!(short_url("no url"), "no url");
    }
}
