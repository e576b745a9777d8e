//! The HAR of a recording, written from time to time and in the end.

use std::path::PathBuf;

use crate::har::{self, GrowingHar};
use crate::journal::Follower;

use super::plan::SessionDir;
use crate::app::process::failure::Outcome;

/// The HAR that is derived from a session. What the session holds is read once.
pub(in crate::app) struct HarFile {
    session: PathBuf,
    output: PathBuf,
    options: har::WriteOptions,
    growing: Option<(Follower, GrowingHar)>,
}

impl HarFile {
    /// A HAR of this session at `output`, of which nothing has been written. It refers to no file
    /// of a session that will be gone.
    pub(in crate::app) fn new(session: SessionDir, output: PathBuf) -> Self {
        let mut options = har::WriteOptions::default();
        if session.temporary {
            options.inline_limit = u64::MAX;
        }
        Self {
            session: session.path,
            output,
            options,
            growing: None,
        }
    }

    /// Whether there is a file at its place.
    pub(in crate::app) fn is_there(&self) -> bool {
        self.output.exists()
    }

    /// Writes what is in the session's journal, up to this many bytes of it.
    pub(in crate::app) fn write(&mut self, until: u64) -> Outcome<har::Written> {
        // What somebody else has written to the file must not end up in ours.
        self.growing.take_if(|(_, har)| !har.is_intact());
        let (follower, har) = if let Some(growing) = &mut self.growing {
            growing
        } else {
            let har = GrowingHar::new(self.output.clone(), self.options.clone());
            self.growing.insert((Follower::open(&self.session)?, har))
        };
        har.take(follower.read(until)?);
        Ok(har.write(&follower.under_way(), follower.session())?)
    }
}
