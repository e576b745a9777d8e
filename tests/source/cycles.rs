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
