//! The first line of a journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who wrote a journal, when, and in which format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format's number; a reader refuses a higher one than it knows.
    pub schema: u32,
    /// The program, `pullscope`.
    pub creator: String,
    /// The program's version.
    #[serde(default)]
    pub version: String,
    /// When the capture began.
    pub started: Timestamp,
    /// Whether secrets were left in on the user's demand (`--keep-secrets`).
    #[serde(default)]
    pub secrets_kept: bool,
}

impl Header {
    /// The format that this version writes.
    pub const SCHEMA: u32 = 1;
}
