//! The secrets of TLS, for whoever is to read a capture of the packets.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;

/// Takes the TLS secrets of both sides, line by line, as a key log file (`SSLKEYLOGFILE`) holds
/// them; each line ends with a line feed.
pub type KeyLog = Arc<dyn Fn(&str) + Send + Sync>;

/// Writes the lines.
pub(super) struct KeyLines(KeyLog);

impl KeyLines {
    pub(super) fn of(log: Option<&KeyLog>) -> Arc<dyn rustls::KeyLog> {
        match log {
            Some(log) => Arc::new(Self(Arc::clone(log))),
            None => Arc::new(rustls::NoKeyLog),
        }
    }
}

impl rustls::KeyLog for KeyLines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let [client_random, secret] = [client_random, secret].map(|bytes| HEXLOWER.encode(bytes));
        (self.0)(&format!("{label} {client_random} {secret}\n"));
    }
}

impl fmt::Debug for KeyLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLines")
    }
}
