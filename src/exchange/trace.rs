//! A capture that is read back: everything it holds, and access to the bodies it kept.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::base::hex::sha256;

use super::{Capture, Exchange, ExchangeId, HandshakeFailed, Tunnel};

/// What one capture holds, whichever kind of file it was read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The exchanges, by their start.
    pub exchanges: Vec<Exchange>,
    /// The tunnels that were passed on unread, by the start of their connection.
    pub tunnels: Vec<Tunnel>,
    /// The handshakes in which a client did not accept our certificate, by time.
    pub handshakes: Vec<HandshakeFailed>,
    /// Whether secrets were left in on the user's demand (`--keep-secrets`).
    pub secrets_kept: bool,
    /// What other programs wrote into the file besides.
    pub foreign: ForeignFields,
}

/// Fields of other programs in a file, which mean nothing here and are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignFields {
    /// Of the whole file, by name.
    pub(crate) file: Map<String, Value>,
    /// Of exchanges, by where in an entry they stand.
    pub(crate) exchanges: HashMap<ExchangeId, Map<String, Value>>,
}

impl ForeignFields {
    /// All of them, a map at a time.
    pub(crate) fn maps(&mut self) -> impl Iterator<Item = &mut Map<String, Value>> {
        std::iter::once(&mut self.file).chain(self.exchanges.values_mut())
    }
}

/// Access to the bodies that a trace kept.
pub trait Bodies {
    /// The file of a stored body, open, and where it is; `None` when it is missing. Without files
    /// all bodies are in memory.
    ///
    /// # Errors
    /// When the file is there and cannot be opened.
    fn open(&self, _digest: &str) -> io::Result<Option<(PathBuf, File)>> {
        Ok(None)
    }

    /// The kept content; `None` when there is none, or its file is missing.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or does not hold what its name says.
    fn read(&self, capture: &Capture) -> io::Result<Option<Vec<u8>>> {
        match capture {
            Capture::Empty => Ok(Some(Vec::new())),
            Capture::Memory { bytes } => Ok(Some(bytes.to_vec())),
            Capture::Stored { file: digest, .. } => {
                let Some((_, mut file)) = self.open(digest)? else {
                    return Ok(None);
                };
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                if sha256(&bytes) != *digest {
                    let text = format!("the stored body {digest} is damaged");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                Ok(Some(bytes))
            }
            Capture::Streamed | Capture::Omitted { .. } => Ok(None),
        }
    }

    /// The file that holds a stored body, when it is there.
    fn file(&self, capture: &Capture) -> Option<PathBuf> {
        match capture {
            Capture::Stored { file, .. } => Some(self.open(file).ok()??.0),
            _ => None,
        }
    }
}

impl Trace {
    /// Puts everything in the order of time; what began together is ordered by number.
    pub fn sort(&mut self) {
        self.exchanges.sort_by_key(|e| (e.started, e.id));
        self.tunnels.sort_by_key(|t| (t.connection.opened, t.id));
        self.handshakes.sort_by_key(|h| (h.at, h.connection.id));
    }
}
