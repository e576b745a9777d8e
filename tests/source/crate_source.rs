//! Every Rust file of a crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

use super::definitions::test_modules;
use super::production::without_tests;

/// The sources of a crate.
pub(crate) struct CrateSource {
    pub(crate) files: Vec<SourceFile>,
}

/// One file.
pub(crate) struct SourceFile {
    /// Relative to the folder of sources.
    pub(crate) path: PathBuf,
    /// The modules from the crate root to the file's own items; none for `lib.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    /// Whether the whole of it is compiled for tests only.
    for_tests: bool,
}

impl CrateSource {
    /// Reads every file below `folder`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut pending = vec![folder.to_owned()];
        let mut files = Vec::new();
        while let Some(next) = pending.pop() {
            for entry in fs::read_dir(&next).expect("the folder of sources is readable") {
                let path = entry.expect("the folder of sources is readable").path();
                if path.is_dir() {
                    pending.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let inner = path.strip_prefix(folder).expect("it is below the folder");
                    let text = fs::read_to_string(&path).expect("sources are UTF-8");
                    files.push(SourceFile::new(inner, text));
                }
            }
        }
        assert!(files.len() > 2, "{} holds a crate", folder.display());
        Self::new(files)
    }

    /// Of these files, for tests of the scanner.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| SourceFile::new(Path::new(path), (*text).into());
        Self::new(files.iter().map(file).collect())
    }

    /// The files that are not for tests alone.
    pub(crate) fn production(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| !file.for_tests)
    }

    fn new(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let tests: BTreeSet<_> = files.iter().flat_map(test_modules).collect();
        for file in &mut files {
            file.for_tests = tests.iter().any(|module| file.module.starts_with(module));
        }
        Self { files }
    }
}

impl SourceFile {
    /// `path` is relative to the folder of sources.
    pub(crate) fn new(path: &Path, text: String) -> Self {
        let mut module: Vec<String> = path
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
            module.pop();
        }
        Self {
            path: path.to_owned(),
            module,
            text,
            for_tests: false,
        }
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        self.text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// Without what is compiled for tests only.
    pub(crate) fn production(&self) -> TokenStream {
        without_tests(self.tokens())
    }
}
