//! Which file defines what a path names; re-exports are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::crate_source::CrateSource;
use super::definitions::definitions;
use super::path::{Named, paths};

/// The modules of a crate, without what is for tests.
#[derive(Default)]
pub(crate) struct ModuleMap {
    modules: BTreeMap<Vec<String>, Module>,
    /// The paths that each file names.
    named: BTreeMap<PathBuf, Vec<Named>>,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    items: BTreeSet<String>,
    imports: Vec<Named>,
}

/// What a name stands for: an item, a module, or one of each.
#[derive(Default)]
struct Meaning {
    items: BTreeSet<(PathBuf, String)>,
    module: Option<Vec<String>>,
}

type Seen = BTreeSet<(Vec<String>, String)>;

impl ModuleMap {
    pub(crate) fn new(source: &CrateSource) -> Self {
        let mut map = Self::default();
        for file in source.production() {
            let tokens = file.production();
            map.module(&file.module, &file.path);
            for definition in definitions(tokens.clone(), &file.module) {
                if definition.keyword == "mod" {
                    let inner = [&definition.module[..], &[definition.name]].concat();
                    // A module with a file of its own is entered with that.
                    if !source.files.iter().any(|other| other.module == inner) {
                        map.module(&inner, &file.path);
                    }
                } else {
                    let module = map.module(&definition.module, &file.path);
                    module.items.insert(definition.name);
                }
            }
            let named = paths(tokens, &file.module);
            for import in named.iter().filter(|named| named.import.is_some()) {
                let module = map.module(&import.module, &file.path);
                module.imports.push(import.clone());
            }
            map.named.insert(file.path.clone(), named);
        }
        map
    }

    /// For each file the files whose items it names, and which those are.
    pub(crate) fn edges(&self) -> BTreeMap<&Path, BTreeMap<PathBuf, BTreeSet<String>>> {
        let mut edges = BTreeMap::new();
        for (file, named) in &self.named {
            let others: &mut BTreeMap<PathBuf, BTreeSet<String>> =
                edges.entry(file.as_path()).or_default();
            let items = named
                .iter()
                .flat_map(|named| self.meaning(named, &mut Seen::new()).items);
            for (other, name) in items.filter(|(other, _)| other != file) {
                others.entry(other).or_default().insert(name);
            }
        }
        edges
    }

    fn module(&mut self, path: &[String], file: &Path) -> &mut Module {
        self.modules.entry(path.to_vec()).or_insert_with(|| Module {
            file: file.to_owned(),
            ..Module::default()
        })
    }

    fn meaning(&self, named: &Named, seen: &mut Seen) -> Meaning {
        let mut here = if named.root {
            Vec::new()
        } else {
            named.module.clone()
        };
        let last = named.segments.len().saturating_sub(1);
        for (index, segment) in named.segments.iter().enumerate() {
            let mut meaning = self.looked_up(&here, segment, seen);
            let known = meaning.module.is_some() || !meaning.items.is_empty();
            if !known
                && index > 0
                && let Some(module) = self.modules.get(&here)
            {
                // It exists, as the crate compiles: a macro defines it there.
                let item = (module.file.clone(), segment.clone());
                meaning.items.insert(item);
            }
            match meaning.module {
                Some(module) if index < last => here = module,
                // Another crate's, an item, or what is inside an item.
                _ => return meaning,
            }
        }
        Meaning {
            module: Some(here),
            ..Meaning::default()
        }
    }

    fn looked_up(&self, path: &[String], name: &str, seen: &mut Seen) -> Meaning {
        let mut meaning = Meaning::default();
        let Some(module) = self.modules.get(path) else {
            return meaning;
        };
        let inner = [path, &[name.to_owned()]].concat();
        if self.modules.contains_key(&inner) {
            meaning.module = Some(inner);
        }
        if module.items.contains(name) {
            let item = (module.file.clone(), name.to_owned());
            meaning.items.insert(item);
        }
        if !seen.insert((path.to_vec(), name.to_owned())) {
            return meaning;
        }
        for import in &module.imports {
            let found = match import.import.as_deref() {
                Some("*") => self
                    .meaning(import, seen)
                    .module
                    .map(|everything| self.looked_up(&everything, name, seen)),
                Some(called) if called == name => Some(self.meaning(import, seen)),
                _ => None,
            };
            if let Some(found) = found {
                meaning.items.extend(found.items);
                meaning.module = meaning.module.or(found.module);
            }
        }
        seen.remove(&(path.to_vec(), name.to_owned()));
        meaning
    }
}
