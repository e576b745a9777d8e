//! Files that name each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::crate_source::CrateSource;
use super::module_map::ModuleMap;

/// Files of which each leads to each other one.
pub(crate) struct Cycle {
    pub(crate) files: BTreeSet<PathBuf>,
    /// Who names whose what, inside the cycle.
    edges: Vec<(PathBuf, PathBuf, BTreeSet<String>)>,
}

/// Every cycle of the crate, the largest that there are.
pub(crate) fn cycles(source: &CrateSource) -> Vec<Cycle> {
    let map = ModuleMap::new(source);
    let edges = map.edges();
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = edges
        .keys()
        .map(|file| (*file, reached(file, &edges)))
        .collect();
    let mut found: Vec<Cycle> = Vec::new();
    for (file, others) in &reached {
        let known = found.iter().any(|cycle| cycle.files.contains(*file));
        if known || !others.contains(file) {
            continue;
        }
        let files: BTreeSet<PathBuf> = others
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .map(|other| other.to_path_buf())
            .collect();
        let inside = edges
            .iter()
            .filter(|(from, _)| files.contains(**from))
            .flat_map(|(from, to)| to.iter().map(|(to, names)| (from.to_path_buf(), to, names)))
            .filter(|(_, to, _)| files.contains(*to))
            .map(|(from, to, names)| (from, to.clone(), names.clone()))
            .collect();
        found.push(Cycle {
            files,
            edges: inside,
        });
    }
    found
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files name each other in a circle:", self.files.len())?;
        for (from, to, names) in &self.edges {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let (from, to) = (from.display(), to.display());
            write!(f, "\n  {from} names of {to}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

fn reached<'a>(
    from: &Path,
    edges: &'a BTreeMap<&'a Path, BTreeMap<PathBuf, BTreeSet<String>>>,
) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut pending = vec![from];
    while let Some(file) = pending.pop() {
        for other in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(other.as_path()) {
                pending.push(other);
            }
        }
    }
    found
}

/// The search itself, on sources that break the rule: it can fail.
mod search {
    use super::{CrateSource, cycles};

    /// The cycles between these files, as they are printed.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let source = CrateSource::of(files);
        cycles(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_circle_of_two_is_seen_with_its_names() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::Two;\npub struct One(Two);"),
            ("b.rs", "pub struct Two;\nfn f() -> super::a::One { g() }"),
        ]);
        assert_eq!(
            found,
            [
                "2 files name each other in a circle:\n  a.rs names of b.rs: Two\n  b.rs names of a.rs: One"
            ]
        );
    }

    #[test]
    fn a_circle_through_re_exports_globs_and_macros_is_seen() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod deep;\npub use deep::*;"),
            (
                "a/deep.rs",
                "pub struct One;\nfn f() { select! { _ = crate::b::go() => {} } }",
            ),
            (
                "b/mod.rs",
                "mod far;\npub use far::go as start;\npub(crate) use far::go;",
            ),
            ("b/far.rs", "use crate::a;\npub fn go(x: a::One) {}"),
        ]);
        assert_eq!(
            found,
            [
                "2 files name each other in a circle:\n  a/deep.rs names of b/far.rs: go\n  b/far.rs names of a/deep.rs: One"
            ]
        );
    }

    #[test]
    fn a_circle_of_three_and_one_inside_a_module_file_are_seen() {
        let three = circles(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub fn a() { crate::b::b(); }"),
            ("b.rs", "pub fn b() { crate::c::C::new(); }"),
            (
                "c.rs",
                "pub struct C;\n#[serde(with = \"crate::a::a\")]\nstruct D;",
            ),
        ]);
        assert!(
            three.len() == 1 && three.concat().starts_with("3 files"),
            "{three:?}"
        );
        let parent = circles(&[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b;\npub const MOST: usize = b::few();"),
            (
                "a/b.rs",
                "use super::MOST;\npub const fn few() -> usize { 1 }",
            ),
        ]);
        assert_eq!(parent.len(), 1);
    }

    #[test]
    fn declarations_re_exports_and_tests_make_no_circle() {
        let found = circles(&[
            ("lib.rs", "pub mod a;"),
            (
                "a/mod.rs",
                "mod b; mod c; #[cfg(test)] mod tests;\npub use b::B;",
            ),
            ("a/b.rs", "use super::c::C;\npub struct B(C);"),
            (
                "a/c.rs",
                "pub struct C;\n#[cfg(test)]\nuse super::B;\n#[cfg(test)]\nmod tests { use super::super::B; }",
            ),
            ("a/tests.rs", "pub fn f(x: super::B) {}"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
