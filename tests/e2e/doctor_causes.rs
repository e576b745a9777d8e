//! Each cause that a doctor knows has a test that makes it so, and mends it.

use pullscope::clients::doctor::Cause;

const SOURCES: [&str; 3] = [
    include_str!("doctor.rs"),
    include_str!("doctor_docker.rs"),
    include_str!("doctor_services.rs"),
];

#[test]
fn every_cause_is_made_and_mended_by_a_test() {
    let missing: Vec<_> = Cause::ALL
        .iter()
        .filter(|cause| mended_by(**cause).is_none())
        .collect();
    assert!(missing.is_empty(), "no test mends these: {missing:?}");
}

/// The test that names a cause where its fix is asked for.
fn mended_by(cause: Cause) -> Option<&'static str> {
    let variant = format!("Cause::{cause:?}");
    let named = |test: &str| {
        test.match_indices(&variant).any(|(at, found)| {
            let rest = test.get(at + found.len()..).unwrap_or_default();
            rest.starts_with([')', ','])
        })
    };
    let mut tests = SOURCES
        .iter()
        .flat_map(|source| source.split("\n#[test]\nfn ").skip(1));
    let test = tests.find(|test| named(test) && (test.contains(".fix(") || test.contains("mend(")));
    test.and_then(|test| test.split_once("()"))
        .map(|(name, _)| name)
}
