//! What a line of a transcript is.

use crate::base::printable::printable_lines;
use crate::base::token::is_token;
use crate::exchange::RawHead;
use crate::registry::Digest;

/// A line that begins a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start<'a> {
    Request {
        method: &'a str,
        target: &'a str,
        version: &'a str,
    },
    Response {
        status: u16,
    },
}

/// A remark in brackets, which stands in the place of content or of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Annotation {
    /// Content that is not shown.
    Content {
        size: u64,
        sha256: Option<String>,
        complete: bool,
    },
    /// The transfer was cut off.
    CutOff(String),
    /// There was no answer.
    NoResponse(String),
    /// Whether there was an answer is not told.
    Unseen,
}

impl<'a> Start<'a> {
    /// Reads a line; `None` when it begins no message.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let (first, second) = (words.next()?, words.next()?);
        if is_version(first) {
            let digits = second.len() == 3 && second.bytes().all(|b| b.is_ascii_digit());
            let status = second.parse().ok().filter(|_| digits)?;
            return Some(Self::Response { status });
        }
        let version = words.next()?.trim_end();
        let is_method = !first.is_empty()
            && first
                .bytes()
                .all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
        let is_target = second.contains("://") || second.starts_with('/') || first == "CONNECT";
        (is_method && is_target && is_version(version)).then_some(Self::Request {
            method: first,
            target: second,
            version,
        })
    }
}

impl Start<'_> {
    /// Whether it begins a message wherever it stands: transcripts that were put one behind the
    /// other may have no blank line between them.
    pub(super) fn is_certain(&self) -> bool {
        matches!(self, Self::Request { target, .. } if target.contains("://"))
    }
}

fn is_version(word: &str) -> bool {
    word.strip_prefix("HTTP/").is_some_and(|rest| {
        matches!(rest.len(), 1 | 3) && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

impl Annotation {
    /// Reads a line; `None` when it is no remark of ours.
    pub(super) fn read(line: &str) -> Option<Self> {
        let inside = line.trim().strip_prefix('[')?.strip_suffix(']')?;
        if inside == UNSEEN {
            return Some(Self::Unseen);
        }
        if let Some(why) = inside.strip_prefix("cut off: ") {
            return Some(Self::CutOff(why.to_owned()));
        }
        if let Some(why) = inside.strip_prefix("no response: ") {
            return Some(Self::NoResponse(why.to_owned()));
        }
        let (size, rest) = inside.split_once(" bytes")?;
        let size = size.replace(',', "").parse().ok()?;
        let (complete, rest) = match rest.strip_suffix(", not all of it") {
            Some(rest) => (false, rest),
            None => (true, rest),
        };
        let sha256 = match rest {
            "" => None,
            rest => Some(
                rest.strip_prefix(", sha256:")
                    .filter(|hex| Digest::from_sha256_hex(hex).is_some())?,
            ),
        };
        Some(Self::Content {
            size,
            sha256: sha256.map(str::to_owned),
            complete,
        })
    }

    /// The line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Content {
                size,
                sha256,
                complete,
            } => {
                let digest = sha256.as_ref().map(|hex| format!(", sha256:{hex}"));
                let part = if *complete { "" } else { ", not all of it" };
                format!("[{size} bytes{}{part}]", digest.unwrap_or_default())
            }
            Self::CutOff(why) => format!("[cut off: {why}]"),
            Self::NoResponse(why) => format!("[no response: {why}]"),
            Self::Unseen => format!("[{UNSEEN}]"),
        }
    }
}

const UNSEEN: &str = "no response in the file";

/// Name and value of a field line; `None` when the line is none.
pub(super) fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    is_token(name.as_bytes()).then_some((name, value.trim()))
}

/// Whether some content, printed as it is, would be taken for a message of its own.
pub(super) fn is_ambiguous(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_end_matches('\r');
        Start::read(line).is_some() || Annotation::read(line).is_some() || line.starts_with(FENCE)
    })
}

/// Content as it is shown: what is hidden is escaped, and line ends of both kinds stay.
pub(super) fn printable_content(text: &str) -> String {
    let lines: Vec<_> = text.split("\r\n").map(printable_lines).collect();
    lines.join("\r\n")
}

/// What fences a block off in Markdown, from where transcripts are copied.
pub(super) const FENCE: &str = "```";

/// Whether an answer to this request with this head has no content by definition (RFC 9112
/// section 6.3).
pub(super) fn is_bodiless(method: &str, head: &RawHead) -> bool {
    method == "HEAD" || matches!(head.status(), Some(100..=199 | 204 | 304))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_a_message() {
        assert_eq!(
            Start::read("GET https://r.example/v2/ HTTP/1.1"),
            Some(Start::Request {
                method: "GET",
                target: "https://r.example/v2/",
                version: "HTTP/1.1",
            })
        );
        let response = |line: &str| Start::read(line) == Some(Start::Response { status: 401 });
        assert!(response("HTTP/1.1 401 Unauthorized"));
        assert!(response("HTTP/2 401"));
        for other in [
            "Host: r.example",
            "GET it all HTTP/1.1",
            "get /v2/ HTTP/1.1",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1",
            "",
        ] {
            assert_eq!(Start::read(other), None, "{other}");
        }
    }

    #[test]
    fn remarks_read_back() {
        for note in [
            Annotation::Content {
                size: 5,
                sha256: Some("ab".repeat(32)),
                complete: true,
            },
            Annotation::Content {
                size: 0,
                sha256: None,
                complete: false,
            },
            Annotation::CutOff("by the client].[".to_owned()),
            Annotation::NoResponse("connection refused".to_owned()),
            Annotation::Unseen,
        ] {
            assert_eq!(Annotation::read(&note.line()), Some(note));
        }
        for other in ["[]", "[1]", "[x bytes]", "[1 bytes, sha256:0]", "5 bytes"] {
            assert_eq!(Annotation::read(other), None, "{other}");
        }
    }
}
