//! The certificate authority that a user is asked to trust.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use crate::recorder::pullscope;

#[test]
fn it_is_made_on_first_use_and_its_key_is_the_owners_alone() {
    let home = tempfile::tempdir().unwrap();
    let printed = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    let data = home.path().join("data/pullscope");
    assert_eq!(printed, fs::read_to_string(data.join("ca.pem")).unwrap());
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data.clone()), 0o700);
    assert_eq!(mode(data.join("ca.key")), 0o600);

    let again = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    assert_eq!(again, printed);
    let path = pullscope(home.path(), &["ca", "path"]).succeeded().out;
    assert_eq!(path.trim_end(), data.join("ca.pem").to_str().unwrap());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = tempfile::tempdir().unwrap();
    pullscope(home.path(), &["ca", "print"]).succeeded();
    let key = home.path().join("data/pullscope/ca.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = pullscope(home.path(), &["ca", "print"]).failed();
    assert!(refused.err.contains("ca.key"), "{}", refused.err);
    assert!(!refused.out.contains("CERTIFICATE"), "{}", refused.out);
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o644);
}

#[test]
fn regenerating_replaces_it() {
    let home = tempfile::tempdir().unwrap();
    let first = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    pullscope(home.path(), &["ca", "regenerate"]).succeeded();
    let second = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    assert_ne!(first, second);
}
