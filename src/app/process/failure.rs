//! What ends a command without success.

use crate::clients::child::LaunchError;
use std::fmt::{self, Display};

/// An error with the exit code it leads to.
#[derive(Debug)]
pub(in crate::app) struct Failure {
    /// What is told to the user.
    pub(in crate::app) error: anyhow::Error,
    /// The exit code.
    pub(in crate::app) code: u8,
}

/// What commands return.
pub(in crate::app) type Outcome<T = ()> = Result<T, Failure>;

/// Something was wrong with what the user asked for: exit code 2.
pub(in crate::app) fn usage(message: impl Display) -> Failure {
    usage_of(anyhow::anyhow!("{message}"))
}

/// A command did what it was to, and found what its caller asked it to fail on: exit code 4.
pub(in crate::app) fn found(message: impl Display) -> Failure {
    let error = anyhow::anyhow!("{message}");
    Failure { error, code: 4 }
}

/// As [`usage`], for an error.
pub(in crate::app) fn usage_of(error: impl Into<anyhow::Error>) -> Failure {
    let error = error.into();
    Failure { error, code: 2 }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { error, code: 1 }
    }
}

impl Display for Failure {
    /// The error and its causes, on one line; a cause that its effect already names is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.error.to_string();
        f.write_str(&said)?;
        for cause in self.error.chain().skip(1) {
            let text = cause.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said.push_str(&text);
            }
        }
        Ok(())
    }
}

/// The failure of a command that did not run.
pub(in crate::app) fn not_run(error: LaunchError) -> Failure {
    Failure {
        code: error.code(),
        error: error.into(),
    }
}
