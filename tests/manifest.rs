//! The promise of `rust-version` in `Cargo.toml`: no dependency asks for a newer Rust.

use std::env;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_dependency_builds_with_our_rust_version() {
    let output = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("packages are a list");
    let ours = version(env!("CARGO_PKG_RUST_VERSION"));
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| {
            package["rust_version"]
                .as_str()
                .is_some_and(|theirs| version(theirs) > ours)
        })
        .map(|package| format!("{} {}", package["name"], package["rust_version"]))
        .collect();
    assert!(packages.len() > 1, "the tree has dependencies");
    assert!(newer.is_empty(), "need a newer Rust: {newer:?}");
}

/// `1.88` or `1.88.0`, as numbers that compare.
fn version(text: &str) -> [u64; 3] {
    let mut parts = text
        .split('.')
        .map(|part| part.parse().expect("a Rust version is made of numbers"));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[test]
fn versions_compare_as_numbers() {
    assert!(version("1.9") < version("1.88"));
    assert_eq!(version("1.88"), version("1.88.0"));
    assert!(version("1.88.1") > version("1.88"));
}
