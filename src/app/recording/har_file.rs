//! The HAR of a recording, written from time to time and in the end.

use std::path::PathBuf;

use crate::har::{self, GrowingHar};
use crate::journal::Follower;

use crate::app::process::failure::Outcome;

/// The HAR that is derived from a session. What the session holds is read once.
pub(in crate::app) struct HarFile {
    session: PathBuf,
    output: PathBuf,
    growing: Option<(Follower, GrowingHar)>,
}

impl HarFile {
    /// A HAR of this session at `output`, of which nothing has been written.
    pub(in crate::app) fn new(session: PathBuf, output: PathBuf) -> Self {
        Self {
            session,
            output,
            growing: None,
        }
    }

    /// Writes what is in the session's journal, up to this many bytes of it.
    pub(in crate::app) fn write(&mut self, until: u64) -> Outcome<har::Written> {
        // What somebody else has written to the file must not end up in ours.
        self.growing.take_if(|(_, har)| !har.is_intact());
        let (follower, har) = if let Some(growing) = &mut self.growing {
            growing
        } else {
            let har = GrowingHar::new(self.output.clone(), har::WriteOptions::default());
            self.growing.insert((Follower::open(&self.session)?, har))
        };
        har.take(follower.read(until)?);
        Ok(har.write(&follower.under_way(), follower.session())?)
    }
}
