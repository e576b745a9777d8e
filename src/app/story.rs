//! The running story that `demo` tells on stdout: each exchange on a line, with what it is for.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::exchange::{Body, Ending, Event, Exchange};
use crate::registry::{Document, InMemoryOnly, Kind, Reading};

use super::capture::Observer;
use super::under_way::UnderWay;

/// Hands ended exchanges to whoever tells the story.
pub(super) struct Story {
    under_way: UnderWay,
    ended: Sender<Box<Exchange>>,
}

impl Story {
    /// An observer, and where the exchanges come out.
    pub(super) fn new() -> (Self, Receiver<Box<Exchange>>) {
        let (ended, receiver) = channel(1_024);
        (
            Self {
                under_way: UnderWay::default(),
                ended,
            },
            receiver,
        )
    }
}

impl Observer for Story {
    fn event(&mut self, event: &Event) {
        if let Some(exchange) = self.under_way.apply(event) {
            // A story that nobody listens to is not told.
            let _ = self.ended.try_send(Box::new(exchange));
        }
    }
}

/// One exchange as two lines: what was seen, and what it means.
pub(super) fn tell(number: u64, exchange: &Exchange) -> String {
    let reading = Reading::of(exchange, &InMemoryOnly);
    let kind = reading.kind(exchange);
    let status = reading
        .status
        .map_or_else(|| "---".to_owned(), |status| status.to_string());
    let path = reading.url.as_ref().map_or("", url::Url::path);
    let size = exchange.response_body.as_ref().map_or(0, |body| body.size);
    let first = format!(
        "{number:>3}  {status} {:<4} {:<9} {}{}  {}",
        reading.method,
        kind.word(),
        reading.authority,
        shorten(path),
        if size > 0 {
            format!("{size} B")
        } else {
            "-".to_owned()
        },
    );
    let second = match &exchange.ended {
        Some((_, Ending::Aborted { detail, .. } | Ending::Failed { detail, .. })) => {
            format!("cut off: {detail}")
        }
        _ => meaning(kind, &reading, exchange.response_body.as_ref()),
    };
    printable(&format!("{first}\n       {second}\n"))
}

fn meaning(kind: Kind, reading: &Reading, body: Option<&Body>) -> String {
    match kind {
        Kind::Ping => {
            "the registry speaks the distribution protocol and asks nobody to log in".into()
        }
        Kind::Challenge => {
            let bearer = reading
                .challenges
                .iter()
                .find(|challenge| challenge.is_bearer());
            match bearer.and_then(|challenge| challenge.realm()) {
                Some(realm) => format!("not without a token: the client is to ask {realm}"),
                None => "not without credentials".into(),
            }
        }
        Kind::Token => "the token server gives an anonymous client a token to pull with".into(),
        Kind::Index | Kind::Manifest | Kind::Config | Kind::Layer | Kind::Blob | Kind::Cdn => {
            let what = match &reading.document {
                Some(Document::Index(index)) => {
                    let count = index.images().count();
                    format!("the tag stands for {count} platforms; the client picks its own")
                }
                Some(Document::Manifest(manifest)) => {
                    let layers = manifest.layers.len();
                    format!(
                        "one config and {layers} layer{}",
                        if layers == 1 { "" } else { "s" }
                    )
                }
                _ => "the bytes themselves".into(),
            };
            match verified(reading, body) {
                Some(verdict) => format!("{what}; {verdict}"),
                None => what,
            }
        }
        Kind::Redirect => {
            let host = reading
                .redirect
                .as_ref()
                .and_then(|redirect| redirect.authority.as_deref());
            format!(
                "the bytes are elsewhere: {}",
                host.unwrap_or("a place it does not name")
            )
        }
        _ => match reading.errors.first() {
            Some(error) => format!("the registry says {}: {}", error.code, error.message),
            None => "answered".into(),
        },
    }
}

/// What the digests say of the content.
fn verified(reading: &Reading, body: Option<&Body>) -> Option<String> {
    match reading.digests.agree() {
        Some(true) => Some("its sha256 is the one asked for".into()),
        Some(false) => Some("ITS SHA256 IS NOT THE ONE ASKED FOR".into()),
        None => {
            let sha256 = body?.sha256.as_deref()?;
            Some(format!("sha256 {}…", sha256.get(..12).unwrap_or(sha256)))
        }
    }
}

/// Long runs of hex are shortened in the middle, whole paths are kept.
fn shorten(path: &str) -> String {
    path.split('/')
        .map(|part| {
            let hex = part.rsplit(':').next().unwrap_or(part);
            match (hex.get(..4), hex.get(hex.len().saturating_sub(4)..)) {
                (Some(start), Some(end))
                    if hex.len() >= 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()) =>
                {
                    part.replace(hex, &format!("{start}…{end}"))
                }
                _ => part.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shortened_in_the_middle() {
        let digest = format!("/v2/a/blobs/sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(shorten(&digest), "/v2/a/blobs/sha256:0123…cdef");
        assert_eq!(
            shorten("/v2/library/alpine/manifests/latest"),
            "/v2/library/alpine/manifests/latest"
        );
    }
}
