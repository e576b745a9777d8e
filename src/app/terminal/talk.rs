//! How the user is talked to.

use indicatif::MultiProgress;

use super::output;

/// How the user is talked to.
#[derive(Clone)]
pub(in crate::app) struct Talk {
    /// Only errors are told.
    pub(in crate::app) quiet: bool,
    /// What every line begins with.
    prefix: &'static str,
    /// Live lines.
    pub(in crate::app) bars: MultiProgress,
}

impl Talk {
    pub(in crate::app) fn new(quiet: bool, bars: MultiProgress) -> Self {
        Self {
            quiet,
            prefix: "",
            bars,
        }
    }

    /// Talk that shares a terminal with a command: it says who is speaking.
    pub(in crate::app) fn beside_a_command(mut self) -> Self {
        self.prefix = "pullscope: ";
        self
    }

    /// Tells something on stderr, unless the user wants it quiet.
    pub(in crate::app) fn say(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Tells something that must be known even when the user wants it quiet.
    pub(in crate::app) fn insist(&self, text: &str) {
        let prefix = self.prefix;
        self.bars
            .suspend(|| output::say(&format!("{prefix}{text}")));
    }
}
