//! What the process does for its own safety before anything else.

use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// No core dumps (they would hold keys and credentials), and as many file descriptors as the
/// system allows.
pub(super) fn harden() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = rustix::process::setrlimit(Resource::Core, none);
    let files = rustix::process::getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: files.maximum,
        maximum: files.maximum,
    };
    let _ = rustix::process::setrlimit(Resource::Nofile, most);
}

/// How many file descriptors may be open at once.
pub(super) fn descriptors() -> usize {
    let current = rustix::process::getrlimit(Resource::Nofile).current;
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
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        let files = rustix::process::getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
    }
}
