//! The running story that `demo` tells on stdout: each exchange on a line, with what it is for.

use std::collections::HashMap;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::exchange::{Body, Ending, Event, Exchange};
use crate::registry::{Digest, Document, InMemoryOnly, Kind, Reading};

use crate::base::printable::printable_lines;

use super::Observer;
use super::under_way::UnderWay;

/// Hands ended exchanges to whoever tells the story.
pub(in crate::app) struct Story {
    under_way: UnderWay,
    ended: Sender<Box<Exchange>>,
}

impl Story {
    /// An observer, and where the exchanges come out.
    pub(in crate::app) fn new() -> (Self, Receiver<Box<Exchange>>) {
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

/// Tells exchanges one after the other, and remembers what later ones are about: which digest a
/// redirect was for, and which part of the image has that digest.
#[derive(Default)]
pub(in crate::app) struct Narrator {
    told: u64,
    /// Digests by the URL they are to be had from.
    elsewhere: HashMap<String, Digest>,
    /// What a digest is: `config`, `layer 1/2`.
    parts: HashMap<Digest, String>,
}

impl Narrator {
    /// How many exchanges have been told.
    pub(in crate::app) fn told(&self) -> u64 {
        self.told
    }

    /// One exchange as two lines: what was seen, and what it means.
    pub(in crate::app) fn tell(&mut self, exchange: &Exchange) -> String {
        self.told += 1;
        let reading = Reading::of(exchange, &InMemoryOnly);
        let kind = reading.kind(exchange);
        self.remember(&reading);
        let url = exchange
            .request
            .as_ref()
            .map_or("", |request| request.url.as_str());
        let asked = self
            .elsewhere
            .get(url)
            .or(reading.digests.requested.as_ref());
        let blob = asked.is_some() && !reading.is_manifest_route();
        let part = asked.and_then(|digest| self.parts.get(digest));
        let word = match kind {
            Kind::Config | Kind::Layer | Kind::Blob | Kind::Cdn | Kind::Other if blob => {
                part.map_or("blob", String::as_str)
            }
            _ => kind.word(),
        };
        let status = reading
            .status
            .map_or_else(|| "---".to_owned(), |status| status.to_string());
        let path = reading.path();
        let size = exchange.response_body.as_ref().map_or(0, |body| body.size);
        let first = format!(
            "{:>3}  {status} {:<4} {word:<10} {}{}  {}",
            self.told,
            reading.method,
            reading.authority,
            shorten(path, ADDRESS.saturating_sub(reading.authority.len())),
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
            _ if blob && kind != Kind::Redirect && reading.succeeded() => {
                let body = exchange.response_body.as_ref();
                format!(
                    "the bytes themselves; {}",
                    verdict(asked, body, reading.status)
                )
            }
            _ => meaning(kind, &reading, part),
        };
        printable_lines(&format!("{first}\n       {second}\n")).into_owned()
    }

    fn remember(&mut self, reading: &Reading) {
        if let (Some(redirect), Some(digest)) = (&reading.redirect, &reading.digests.requested) {
            self.elsewhere
                .insert(redirect.target.to_string(), digest.clone());
        }
        if let Some(Document::Manifest(manifest)) = &reading.document {
            if let Some(digest) = manifest
                .config
                .as_ref()
                .and_then(|config| config.digest.clone())
            {
                self.parts.insert(digest, "config".to_owned());
            }
            let count = manifest.layers.len();
            for (number, layer) in manifest.layers.iter().enumerate() {
                if let Some(digest) = layer.digest.clone() {
                    self.parts
                        .insert(digest, format!("layer {}/{count}", number + 1));
                }
            }
        }
    }
}

/// What the digest of some bytes says, against the one asked for.
fn verdict(asked: Option<&Digest>, body: Option<&Body>, status: Option<u16>) -> String {
    let computed = body.and_then(|body| body.sha256.as_deref());
    match (asked, computed) {
        _ if status == Some(206) => "a part, so they are verified when all parts are there".into(),
        (Some(asked), Some(hex)) if asked.hex() == hex => {
            "their sha256 is the one asked for".into()
        }
        (Some(_), Some(_)) => "THEIR SHA256 IS NOT THE ONE ASKED FOR".into(),
        _ => "not verified".into(),
    }
}

fn meaning(kind: Kind, reading: &Reading, part: Option<&String>) -> String {
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
        Kind::Index | Kind::Manifest => {
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
                _ => "not a manifest of today".into(),
            };
            match reading.digests.agree() {
                Some(true) => format!("{what}; its sha256 is the one it should be"),
                Some(false) => format!("{what}; ITS SHA256 IS NOT THE ONE IT SHOULD BE"),
                None => what,
            }
        }
        Kind::Redirect => {
            let host = reading
                .redirect
                .as_ref()
                .and_then(|redirect| redirect.authority.as_deref());
            let what = part.map_or("the bytes", String::as_str);
            format!(
                "{what} is elsewhere: {}",
                host.unwrap_or("a place it does not name")
            )
        }
        _ => match reading.errors.first() {
            Some(error) => format!("the registry says {}: {}", error.code, error.message),
            None => "answered".into(),
        },
    }
}

/// Long runs of hex are shortened in their middle, and so are paths longer than `room`
/// characters: the ends say most.
fn shorten(path: &str, room: usize) -> String {
    let parts: Vec<String> = path.split('/').map(shorten_hex).collect();
    let whole = parts.join("/");
    let fits = |text: &str| text.chars().count() <= room;
    match parts.as_slice() {
        [_, first, .., before, last] if !fits(&whole) => {
            let ends = format!("/{first}/…/{before}/{last}");
            if fits(&ends) {
                ends
            } else {
                format!("/…/{before}/{last}")
            }
        }
        _ => whole,
    }
}

/// A digest as people read it.
pub(in crate::app) fn shorten_hex(part: &str) -> String {
    let hex = part.rsplit(':').next().unwrap_or(part);
    match (hex.get(..4), hex.get(hex.len().saturating_sub(4)..)) {
        (Some(start), Some(end))
            if hex.len() >= 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            part.replace(hex, &format!("{start}…{end}"))
        }
        _ => part.to_owned(),
    }
}

/// Characters for host and path on a line.
const ADDRESS: usize = 84;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shortened_in_the_middle() {
        let digest = format!("/v2/a/blobs/sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(shorten(&digest, 80), "/v2/a/blobs/sha256:0123…cdef");
        let tag = "/v2/library/alpine/manifests/latest";
        assert_eq!(shorten(tag, 80), tag);
        let long = format!("/registry-v2/{}data/end", "part/".repeat(20));
        assert_eq!(shorten(&long, 40), "/registry-v2/…/data/end");
        assert_eq!(shorten(&long, 12), "/…/data/end");
    }
}
