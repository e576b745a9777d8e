//! Every parser of bytes from the network, as a function that takes any bytes: the targets of
//! `fuzz/`, and of the short run that is part of `cargo test`.
//!
//! A target must not panic, whatever it is given. Beyond that it asserts what must hold for all
//! input: that the pieces in which bytes arrive change nothing, that what was read is written and
//! read again as the same, that no bound is passed. The module exists in tests and under
//! `--cfg fuzzing` only, which `cargo fuzz` sets.

mod reading;
mod registry;

use crate::{har, lab, proxy, redact};

/// A parser under test.
pub type FuzzTarget = fn(&[u8]);

/// All targets by name. Each has a file of its name in `fuzz/fuzz_targets`, and a folder of seeds
/// in `fuzz/seeds`.
pub const TARGETS: &[(&str, FuzzTarget)] = &[
    ("authority", proxy::fuzzing::authority),
    ("certificate", har::fuzzing::certificate),
    ("challenge", registry::challenge),
    ("client_hello", proxy::fuzzing::client_hello),
    ("content", proxy::fuzzing::content),
    ("document", registry::document),
    ("exchange", registry::exchange),
    ("filter", reading::filter),
    ("har", har::fuzzing::document),
    ("lab_request", lab::fuzzing::request),
    ("redact", redact::fuzzing::text),
    ("redact_json", redact::fuzzing::json),
    ("requests", proxy::fuzzing::requests),
    ("responses", proxy::fuzzing::responses),
    ("sniff", proxy::fuzzing::sniff),
    ("token", registry::token),
    ("transcript", reading::transcript),
    ("url", registry::url),
    ("words", registry::words),
];

/// Runs one target.
///
/// # Panics
/// When there is no target of that name, or when the target finds a fault.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of that name");
    target(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;
    use proptest::sample::Index;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    use super::*;

    /// One change to a seed.
    #[derive(Clone, Debug)]
    enum Edit {
        Replace(Index, u8),
        Insert(Index, Vec<u8>),
        Remove(Index, usize),
        Repeat(Index, usize, usize),
        Splice(Index, Index),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let at = any::<Index>;
        let telling = prop::sample::select(TELLING).prop_map(<[u8]>::to_vec);
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
            (at(), telling).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
            (at(), prop::collection::vec(any::<u8>(), 1..8))
                .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
            (at(), 1_usize..32).prop_map(|(at, count)| Edit::Remove(at, count)),
            (at(), 1_usize..64, 1_usize..40)
                .prop_map(|(at, count, times)| Edit::Repeat(at, count, times)),
            (at(), at()).prop_map(|(at, other)| Edit::Splice(at, other)),
        ]
    }

    fn apply(bytes: &mut Vec<u8>, edit: &Edit, seeds: &[Vec<u8>]) {
        let place = |at: &Index, len: usize| at.index(len + 1);
        match edit {
            Edit::Replace(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Edit::Replace(..) => {}
            Edit::Insert(at, more) => {
                let at = place(at, bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Remove(at, count) => {
                let at = place(at, bytes.len());
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Edit::Repeat(at, count, times) => {
                let at = place(at, bytes.len());
                let end = (at + count).min(bytes.len());
                let part = bytes[at..end].repeat(*times);
                bytes.splice(at..at, part);
            }
            Edit::Splice(at, other) => {
                let other = &seeds[other.index(seeds.len())];
                let at = place(at, bytes.len());
                let tail = &other[at.min(other.len())..];
                bytes.truncate(at);
                bytes.extend_from_slice(tail);
            }
        }
    }

    fn folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz")
            .join(name)
    }

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let dir = folder("seeds").join(target);
        let entries =
            fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let seeds: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(!seeds.is_empty(), "{} is empty", dir.display());
        seeds
    }

    /// Takes every seed as it is, then changed at random; the number of changed ones is that of
    /// `PROPTEST_CASES`, or a few. The same inputs each time, unless `PULLSCOPE_FUZZ_SEED` says
    /// another number.
    fn smoke(name: &str) {
        if !folder("Cargo.toml").exists() {
            println!("SKIPPED {name}: the package from a registry has no seeds");
            return;
        }
        let seeds = seeds(name);
        for seed in &seeds {
            run(name, seed);
        }
        let cases = std::env::var("PROPTEST_CASES").ok();
        let cases = cases.and_then(|text| text.parse().ok()).unwrap_or(CASES);
        let salt = std::env::var("PULLSCOPE_FUZZ_SEED").ok();
        let salt: u64 = salt.and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&salt.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &key);
        let config = Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        };
        let input = (any::<Index>(), prop::collection::vec(edit(), 1..8));
        let outcome = TestRunner::new_with_rng(config, rng).run(&input, |(seed, edits)| {
            let mut bytes = seeds[seed.index(seeds.len())].clone();
            for edit in &edits {
                apply(&mut bytes, edit, &seeds);
            }
            bytes.truncate(LONGEST);
            let caught = std::panic::catch_unwind(|| run(name, &bytes));
            let fault = |_| TestCaseError::fail(format!("on {}", bytes.escape_ascii()));
            caught.map_err(fault)
        });
        if let Err(error) = outcome {
            panic!("{name}: {error}");
        }
    }

    /// What parsers look for.
    const TELLING: &[&[u8]] = &[
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b"=",
        b"\"",
        b"\\",
        b"%",
        b"%00",
        b"&",
        b"?",
        b"#",
        b"@",
        b"/",
        b"//",
        b"://",
        b"[",
        b"]",
        b"{",
        b"}",
        b"<",
        b">",
        b"&lt;",
        b"\\u0022",
        b"\xff",
        b"\xc3\xa9",
        b"\xe2\x80\xae",
        b"0",
        b"-1",
        b"18446744073709551615",
        b"99999999999999999999",
        b"sha256:",
        b"Bearer ",
        b"Basic ",
        b"eyJ",
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\x16\x03\x01",
    ];
    const CASES: u32 = 500;
    const LONGEST: usize = 64 * 1024;

    macro_rules! smoke {
        ($($name:ident)*) => {
            $(#[test]
            fn $name() {
                smoke(stringify!($name));
            })*

            const SMOKED: &[&str] = &[$(stringify!($name)),*];
        };
    }

    smoke! {
        authority certificate challenge client_hello content document exchange filter har lab_request
        redact redact_json requests responses sniff token transcript url words
    }

    #[test]
    fn every_target_is_run_here_and_by_cargo_fuzz() {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(SMOKED, names);
        if !folder("Cargo.toml").exists() {
            println!("SKIPPED: the package from a registry has no fuzz targets");
            return;
        }
        let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
        for name in names {
            let file = format!("fuzz_targets/{name}.rs");
            assert!(manifest.contains(&format!("path = \"{file}\"")), "{file}");
            let text = fs::read_to_string(folder(&file)).unwrap();
            assert!(text.contains(&format!("run(\"{name}\"")), "{text}");
        }
    }
}
