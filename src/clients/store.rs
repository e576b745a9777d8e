//! The system's own list of roots: adding a CA to it, by the means of each system.

use std::path::Path;

use super::plan::{ChangePlan, FileChange, command};
use super::system::System;
use crate::base::table::rows;

/// The name under which the change is recorded.
pub const NAME: &str = "system-store";

/// What is to be changed for the whole system to trust a CA; `None` where it is not known how.
pub fn plan(system: &System, ca: &str) -> Option<ChangePlan> {
    let here = |row: &[&str; 4]| system.has_dir(Path::new(row[0]));
    let [anchors, file, update, forget] = rows(FAMILIES).find(here)?;
    Some(ChangePlan {
        client: NAME,
        files: vec![FileChange::new(Path::new(anchors).join(file), ca)],
        restart: vec![command(update)],
        undone: vec![command(forget)],
        notes: vec![
            "from then on every program of this system trusts certificates that this CA signs. \
             Its key is readable by you alone. `pullscope exec` and `pullscope setup` need no such \
             trust. Programs that are running read the list anew when they are restarted"
                .to_owned(),
        ],
    })
}

/// The command by which macOS trusts a CA, or stops trusting it.
pub fn keychain(ca: &Path, trusts: bool) -> Vec<String> {
    let mut words = command(if trusts {
        "security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain"
    } else {
        "security remove-trusted-cert -d"
    });
    words.push(ca.display().to_string());
    words
}

/// How a family of systems keeps its own roots: the directory for certificates that the
/// administrator adds, by which it is known; the file; the update, also after the file has gone.
const FAMILIES: &str = include_str!("families.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_place_and_its_command() {
        for (dir, file, command) in [
            (
                "usr/local/share/ca-certificates",
                "/usr/local/share/ca-certificates/pullscope.crt",
                "update-ca-certificates",
            ),
            (
                "etc/pki/ca-trust/source/anchors",
                "/etc/pki/ca-trust/source/anchors/pullscope.pem",
                "update-ca-trust",
            ),
        ] {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(root.path().join(dir)).unwrap();
            let plan = plan(&System::at(root.path()), "PEM").unwrap();
            assert_eq!(plan.files[0].path, Path::new(file));
            assert_eq!(plan.restart[0][0], command);
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(plan(&System::at(empty.path()), "PEM").is_none());
    }
}
