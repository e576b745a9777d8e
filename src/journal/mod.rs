//! The capture on disk, whole at every moment.
//!
//! A *session* is a directory with one file of events, `journal.ndjson`, and the bodies that
//! were kept, `blobs/sha256/<hex>`. Events are appended as newline-terminated JSON lines, so a
//! process that is killed can tear the last line only; bodies are written beside their place
//! and renamed when whole. A full disk costs records, which are counted, and never stops the
//! proxy. [`Journal`] writes a session, [`Session`] reads it, also while it is being written.

mod assembly;
mod blob;
mod bodies;
mod directory;
mod error;
mod follower;
mod handle;
mod header;
mod lines;
mod link;
mod log;
mod options;
mod outage;
mod queue;
mod session;
mod status;
mod syncer;
mod writer;

pub use error::JournalError;
pub use follower::Follower;
pub use handle::{Journal, JournalHandle};
pub use header::Header;
pub use options::Options;
pub use session::{ReadReport, Session};
pub use status::{State, Status};
