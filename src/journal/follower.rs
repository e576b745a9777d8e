//! A session that is read while it is written, each line once.

use std::path::Path;

use super::assembly::Assembly;
use super::session::Bookmark;
use super::{JournalError, ReadReport, Session};
use crate::exchange::Trace;

/// Reads on in a session from where it stopped before. What is over is handed out once.
#[derive(Debug)]
pub struct Follower {
    session: Session,
    bookmark: Bookmark,
    assembly: Assembly,
    report: ReadReport,
}

impl Follower {
    /// Begins at the session's beginning.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self {
            session: Session::open(path)?,
            bookmark: Bookmark::default(),
            assembly: Assembly::default(),
            report: ReadReport::default(),
        })
    }

    /// The session, which has the bodies.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Reads on, no further than `until` bytes of the journal: what is behind the last record
    /// that was written whole may be taken back by its writer. Hands out what is over since the
    /// last time.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, until: u64) -> Result<Trace, JournalError> {
        let assembly = &mut self.assembly;
        let mut each = |event| assembly.apply(event);
        self.session
            .scan(&mut self.bookmark, until, &mut self.report, &mut each)?;
        let mut over = self.assembly.take_over();
        over.secrets_kept = self.session.header().secrets_kept;
        Ok(over)
    }

    /// What is under way, marked as cut off by the end of the capture.
    pub fn under_way(&self) -> Trace {
        self.assembly.cut_off(self.report.lost)
    }
}
