//! How the journal is doing.

/// What was written and what was lost, at this moment or in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Records written, the header not counted.
    pub records: u64,
    /// Bytes in the journal.
    pub bytes: u64,
    /// Bodies put into the body store; one with the same content as an earlier one counts too.
    pub bodies: u64,
    /// Records that could not be written.
    pub lost_records: u64,
    /// Bodies that could not be stored, for want of room or of time.
    pub lost_bodies: u64,
    /// The first thing that went wrong, for people.
    pub first_error: Option<String>,
    /// What is possible right now.
    pub state: State,
}

/// What the disk takes right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Everything.
    #[default]
    Writing,
    /// Records, and no bodies.
    WithoutBodies,
    /// Nothing; it is tried again every few seconds.
    Suspended,
    /// The journal is finished.
    Finished,
}

impl Status {
    /// Whether everything that was handed over is on disk.
    pub fn is_whole(&self) -> bool {
        self.lost_records == 0 && self.lost_bodies == 0
    }

    /// Remembers an error, if it is the first.
    pub(super) fn note(&mut self, error: impl FnOnce() -> String) {
        self.first_error.get_or_insert_with(error);
    }
}
