//! No type of a crate that only the inside needs stands in a public signature.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::public::Public;
use super::source::crate_source::CrateSource;

/// The rooms that `src/lib.rs` documents.
const FACE: &[&str] = &[
    "capture", "exchange", "findings", "har", "lab", "proxy", "pulls", "redact", "registry",
    "store", "story", "words",
];

/// The crates whose types public signatures may name, as `src/lib.rs` lists them.
const VOCABULARY: &[&str] = &["bytes", "jiff", "url"];

/// The crates whose traits public types may implement besides.
const TRAITS: &[&str] = &["serde"];

#[test]
fn public_signatures_name_no_type_of_the_inside() {
    let source = CrateSource::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let leaks = leaks(&source);
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn the_crate_page_lists_what_it_shows_and_hides_the_rest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(root.join("lib.rs")).unwrap();
    let list = format!("pub use {{{}}};", VOCABULARY.join(", "));
    assert!(lib.contains(&list), "{list}");
    for name in VOCABULARY {
        assert!(
            lib.contains(&format!("//! - `{name}`: ")),
            "{name} has no reason"
        );
    }
    let mut hidden = false;
    let mut shown = Vec::new();
    for line in lib.lines() {
        if let Some(room) = line.strip_prefix("pub mod ")
            && !hidden
        {
            shown.push(room.trim_end_matches(';'));
        }
        hidden = line == "#[doc(hidden)]";
    }
    assert_eq!(shown, FACE);
}

/// Each public signature that names a type it may not.
fn leaks(source: &CrateSource) -> Vec<String> {
    let crates = dependencies();
    let mut public = Public::default();
    for file in source.production() {
        if file
            .module
            .first()
            .is_some_and(|room| FACE.contains(&room.as_str()))
        {
            public.read(file);
        }
    }
    let mut found = Vec::new();
    for signature in public.shown().filter(|one| public.concerns(one)) {
        let names: BTreeMap<_, _> = signature.names(&crates).into_iter().collect();
        for (name, origin) in names {
            let implemented = signature.implements.is_some() && TRAITS.contains(&origin.as_str());
            if !VOCABULARY.contains(&origin.as_str()) && !implemented {
                let (file, line) = (signature.file.display(), signature.line);
                found.push(format!(
                    "{file}:{line}: {} has {name} of {origin}",
                    signature.item
                ));
            }
        }
    }
    found
}

/// The crates that this one depends on, as code names them.
fn dependencies() -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let names = manifest["dependencies"].as_table().unwrap().keys();
    let names = names.map(|name| match name.as_str() {
        "md-5" => "md5".to_owned(),
        name => name.replace('-', "_"),
    });
    names.collect()
}

/// The scanner itself, on sources that leak: it can fail.
mod scanner {
    use super::{CrateSource, leaks};

    fn check(text: &str) -> Vec<String> {
        let found = leaks(&CrateSource::of(&[("proxy/door.rs", text)]));
        let texts = found
            .iter()
            .filter_map(|leak| leak.strip_prefix("proxy/door.rs:"));
        texts.map(str::to_owned).collect()
    }

    #[test]
    fn functions_fields_and_variants_are_seen() {
        let text = "use hyper::{Method, body::Incoming as Stream};
            pub fn f(x: Option<Method>) -> u8 { Method::GET; 1 }
            pub struct A<T: tokio::io::AsyncRead> { pub x: Vec<Stream>, y: Stream, pub z: u8 }
            pub struct B(pub Stream, Method);
            pub enum C { X { x: rcgen::Error }, Y(#[from] Stream) }";
        assert_eq!(
            check(text),
            [
                "2: f has Method of hyper",
                "3: A has Stream of hyper",
                "3: A has tokio::io::AsyncRead of tokio",
                "4: B has Stream of hyper",
                "5: C has Stream of hyper",
                "5: C has rcgen::Error of rcgen",
            ]
        );
    }

    #[test]
    fn traits_aliases_constants_methods_and_macros_are_seen() {
        let text = "use rustls::KeyLog;
            type Log = Box<dyn KeyLog>;
            pub type Logs = Vec<Log>;
            pub trait T { fn log(&self) -> Log; }
            pub const LOG: Option<Log> = None;
            pub struct A;
            impl A { pub async fn log(&self, log: impl KeyLog) {} fn inner(&self, log: Log) {} }
            macro_rules! m { () => { pub enum M { X(KeyLog) } } }
            mod inner { pub use rustls::RootCertStore; }";
        assert_eq!(
            check(text),
            [
                "3: Logs has Log of rustls",
                "4: log has Log of rustls",
                "5: LOG has Log of rustls",
                "7: log has KeyLog of rustls",
                "8: M has KeyLog of rustls",
                "9: use has rustls::RootCertStore of rustls",
            ]
        );
    }

    #[test]
    fn what_a_public_type_implements_is_seen() {
        let text = "use serde::Serialize;
            pub struct A; struct B;
            impl From<hyper::Error> for A { fn from(x: hyper::Error) -> Self { A } }
            impl Iterator for A { type Item = http::Uri; }
            impl rustls::KeyLog for B { type X = http::Uri; }
            impl Serialize for A {}
            pub fn f(x: impl Serialize) {}";
        assert_eq!(
            check(text),
            [
                "3: A has hyper::Error of hyper",
                "4: A has http::Uri of http",
                "7: f has Serialize of serde",
            ]
        );
    }

    #[test]
    fn vocabulary_the_inside_and_what_is_hidden_pass() {
        let text = "use bytes::Bytes; use hyper::Method; use super::rustls as own;
            pub fn f(x: Bytes, y: &jiff::Timestamp, z: own::X) { let x: Method = y; }
            pub(crate) fn g(x: Method) {} fn h(x: Method) {}
            struct A { x: Method } impl A { fn x(&self) -> Method { self.x } }
            #[doc(hidden)] pub fn i(x: Method) {}
            #[cfg(test)] mod tests { pub fn j(x: super::Method) {} }";
        assert_eq!(check(text), Vec::<String>::new());
        let hidden = "#[doc(hidden)] pub mod model; #[doc(hidden)] pub use read::parse;
            mod read;";
        let model = "pub fn f(x: serde_json::Value) {}";
        let read = "pub fn parse() -> serde_json::Value {} pub fn read() -> serde_json::Value {}";
        let files = [
            ("har/mod.rs", hidden),
            ("har/model.rs", model),
            ("har/read.rs", read),
        ];
        assert_eq!(
            leaks(&CrateSource::of(&files)),
            ["har/read.rs:1: read has serde_json::Value of serde_json"]
        );
    }
}
