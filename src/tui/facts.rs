//! What the program around the view knows and the view shows.

use super::mask::Mask;
use super::said::Said;

/// Facts about this run, given by whoever started the view.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Where it comes from: `127.0.0.1:8642`, or a file's name.
    pub source: Said,
    /// Whether a capture is under way; otherwise a file is looked at.
    pub live: bool,
    /// The certificate authority in a few words: `CA ok, 364 d`.
    pub ca: Said,
    /// What to do first, while nothing has been seen.
    pub first_steps: Vec<FirstStep>,
    /// What must hold before anything can be seen.
    pub checks: Vec<Check>,
    /// The formats of an export.
    pub formats: Vec<Format>,
    /// Whether the session keeps secrets (`--keep-secrets`).
    pub secrets_kept: bool,
    /// What takes them out of what is shown and copied.
    pub mask: Mask,
    /// Where a trace is saved unless another place is typed.
    pub save_as: String,
}

/// One way to get the first exchange.
#[derive(Clone, Debug)]
pub struct FirstStep {
    /// The key that copies it.
    pub key: char,
    /// What it is, in a line.
    pub what: Said,
    /// What to paste.
    pub command: String,
    /// More lines, such as how to undo it.
    pub notes: Vec<Said>,
}

/// One line of the checklist.
#[derive(Clone, Debug)]
pub struct Check {
    /// `Some(true)` holds, `Some(false)` does not, `None` is not known yet.
    pub holds: Option<bool>,
    /// What is checked.
    pub what: Said,
    /// What to do or know when it does not hold.
    pub hint: Said,
}

/// One format of an export.
#[derive(Clone, Debug)]
pub struct Format {
    /// Its word on the command line: `har`.
    pub word: String,
    /// What it is, in a line.
    pub what: Said,
    /// How a file of it ends: `har`, `md`.
    pub extension: String,
    /// Whether it makes sense to paste: text of moderate length.
    pub pasteable: bool,
}
