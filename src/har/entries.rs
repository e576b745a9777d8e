//! What becomes an entry, in which order, and what is to be said of it.

use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::content::Kept;
use super::model::{HarEntry, NameValue};
use super::{ReaderWarning, WriteOptions, connect, entry, foreign, tls_error};
use crate::base::atomic_file::directory;
use crate::exchange::{
    Bodies, Body, Capture, Exchange, ExchangeId, ForeignFields, HandshakeFailed, Trace, Tunnel,
};

/// What becomes an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum EntrySource<'a> {
    Exchange(&'a Exchange),
    Tunnel(&'a Tunnel),
    Handshake(&'a HandshakeFailed),
}

/// Where an entry of a sorted trace stands: by its start; what began together, connections first,
/// by time and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryPlace {
    start: Timestamp,
    rank: u8,
    at: Timestamp,
    id: u64,
}

impl<'a> EntrySource<'a> {
    /// Everything in a trace that becomes an entry, in its order.
    pub(super) fn all(trace: &'a Trace, options: &WriteOptions) -> Vec<Self> {
        let exchanges = trace.exchanges.iter().map(Self::Exchange);
        let tunnels = trace.tunnels.iter().map(Self::Tunnel);
        let handshakes = trace.handshakes.iter().map(Self::Handshake);
        let connects = tunnels.chain(handshakes);
        let connects = connects.filter(|_| options.connect_entries);
        let mut sources: Vec<_> = connects.chain(exchanges).collect();
        sources.sort_by_key(|source| source.place().start);
        sources
    }

    pub(super) fn place(self) -> EntryPlace {
        let (start, rank, at, id) = match self {
            Self::Tunnel(tunnel) => (tunnel.connection.opened, 0, None, tunnel.id.0),
            Self::Handshake(failed) => {
                let connection = &failed.connection;
                (connection.opened, 1, Some(failed.at), connection.id.0)
            }
            Self::Exchange(exchange) => (exchange.started, 2, None, exchange.id.0),
        };
        EntryPlace {
            start,
            rank,
            at: at.unwrap_or(start),
            id,
        }
    }
}

/// The rejected handshakes as mitmproxy-like tools know them.
pub(super) fn tls_errors(handshakes: &[HandshakeFailed]) -> Vec<Value> {
    handshakes.iter().map(tls_error::tls_error).collect()
}

/// Makes entries.
pub(super) struct EntryMaker<'a> {
    bodies: &'a dyn Bodies,
    /// The directory of the HAR.
    base: Option<PathBuf>,
    pub(super) options: &'a WriteOptions,
    /// What other programs wrote of exchanges.
    foreign: Option<&'a ForeignFields>,
    /// What has to be said of the entries made so far.
    pub(super) warnings: Vec<ReaderWarning>,
}

impl<'a> EntryMaker<'a> {
    /// Of a HAR that has no place that a path to a stored body could start from.
    pub(super) fn new(bodies: &'a dyn Bodies, options: &'a WriteOptions) -> Self {
        Self {
            bodies,
            base: None,
            options,
            foreign: None,
            warnings: Vec::new(),
        }
    }

    /// With these fields of other programs.
    pub(super) fn keeping(self, foreign: &'a ForeignFields) -> Self {
        let foreign = Some(foreign);
        Self { foreign, ..self }
    }

    /// Of a HAR at this path.
    pub(super) fn beside(path: &Path, bodies: &'a dyn Bodies, options: &'a WriteOptions) -> Self {
        Self {
            base: directory(path).canonicalize().ok(),
            ..Self::new(bodies, options)
        }
    }

    pub(super) fn entry(&mut self, source: EntrySource<'_>) -> HarEntry {
        match source {
            EntrySource::Exchange(exchange) => self.exchange(exchange),
            EntrySource::Tunnel(tunnel) => connect::tunnel(tunnel),
            EntrySource::Handshake(failed) => connect::handshake(failed),
        }
    }

    fn exchange(&mut self, exchange: &Exchange) -> HarEntry {
        let request = self.body(exchange.id, exchange.request_body.as_ref());
        let response = self.body(exchange.id, exchange.response_body.as_ref());
        let mut entry = entry::entry(exchange, &request, &response);
        if let Some(fields) = self.foreign.and_then(|all| all.exchanges.get(&exchange.id)) {
            foreign::keep(&mut entry, fields);
        }
        self.check_encoding(exchange.id, &entry.request.headers);
        self.check_encoding(exchange.id, &entry.response.headers);
        entry
    }

    fn body(&mut self, id: ExchangeId, body: Option<&Body>) -> Kept {
        match body.map(|body| &body.capture) {
            Some(Capture::Memory { bytes }) => Kept {
                bytes: Some(bytes.clone()),
                file: None,
            },
            Some(capture @ Capture::Stored { size, .. }) => {
                // What stands in the HAR needs no file, which may be gone when it is read.
                if *size > self.options.inline_limit {
                    return Kept {
                        bytes: None,
                        file: self.reference(capture),
                    };
                }
                match self.bodies.read(capture) {
                    Ok(bytes) => Kept {
                        bytes: bytes.map(Into::into),
                        file: None,
                    },
                    Err(error) => {
                        self.warnings.push(ReaderWarning::Body {
                            exchange: id,
                            reason: error.to_string(),
                        });
                        Kept::default()
                    }
                }
            }
            _ => Kept::default(),
        }
    }

    /// The path from the HAR to a stored body.
    fn reference(&self, capture: &Capture) -> Option<String> {
        let file = self.bodies.file(capture)?.canonicalize().ok()?;
        let path = relative(self.base.as_deref()?, &file);
        path.to_str().map(str::to_owned)
    }

    fn check_encoding(&mut self, id: ExchangeId, headers: &[NameValue]) {
        const KNOWN: [&str; 5] = ["gzip", "deflate", "br", "zstd", "identity"];
        let named = |field: &&NameValue| field.name.eq_ignore_ascii_case("content-encoding");
        let values: Vec<_> = headers
            .iter()
            .filter(named)
            .map(|field| &*field.value)
            .collect();
        let value = values.join(", ");
        let is_known = value.is_empty() || KNOWN.iter().any(|k| k.eq_ignore_ascii_case(&value));
        if !is_known {
            self.warnings.push(ReaderWarning::Encoding {
                exchange: id,
                value,
            });
        }
    }
}

/// The way from a directory to a file; both are absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    from.map(|_| Component::ParentDir).chain(to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_the_har_on() {
        let relative = |from: &str, to: &str| relative(from.as_ref(), to.as_ref());
        assert_eq!(relative("/a/b", "/a/b/c/d"), Path::new("c/d"));
        assert_eq!(relative("/a/b", "/a/x/d"), Path::new("../x/d"));
        assert_eq!(relative("/", "/d"), Path::new("d"));
    }
}
