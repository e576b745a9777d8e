//! What the process does for its own safety before anything else.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, setrlimit};

/// The limits that the process was started with, for the commands it runs.
pub(in crate::app) struct Started {
    core: Rlimit,
    files: Rlimit,
}

/// No core dumps (they would hold keys and credentials), and as many file descriptors as the
/// system allows.
pub(in crate::app) fn harden() -> Started {
    let started = Started {
        core: getrlimit(Resource::Core),
        files: getrlimit(Resource::Nofile),
    };
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    started.raise();
    started
}

impl Started {
    /// Does something, the start of a child, under the limits that this process had.
    pub(in crate::app) fn lend<T>(&self, start: impl FnOnce() -> T) -> T {
        let _ = setrlimit(Resource::Core, self.core);
        let _ = setrlimit(Resource::Nofile, self.files);
        let result = start();
        self.raise();
        result
    }

    fn raise(&self) {
        // The hard limit stays, so that children can have back what they would have had.
        let none = Rlimit {
            current: Some(0),
            maximum: self.core.maximum,
        };
        let _ = setrlimit(Resource::Core, none);
        let most = Rlimit {
            current: self.files.maximum,
            maximum: self.files.maximum,
        };
        let _ = setrlimit(Resource::Nofile, most);
    }
}

/// How many file descriptors may be open at once.
pub(in crate::app) fn descriptors() -> usize {
    let current = getrlimit(Resource::Nofile).current;
    current
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_23_memory_is_not_for_others_and_not_for_a_core_file() {
        harden();
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            DumpableBehavior::NotDumpable
        );
        let core = rustix::process::getrlimit(Resource::Core);
        // The hard limit stays for the commands that `exec` runs.
        assert_eq!(core.current, Some(0));
        let files = rustix::process::getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
    }
}
