//! Dependencies between the modules point one way, and this test says so.
//!
//! It reads every source file as tokens, which leaves out comments and strings but sees inside
//! macros, and compares the top-level modules each file names with the table below.
//! `docs/architecture.md` shows the same table to people.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Which top-level modules each top-level module may name, besides itself.
const MAY_NAME: &[(&str, Names)] = &[
    ("base", Names::Only(&[])),
    ("exchange", Names::Only(&["base"])),
    ("words", Names::Only(&["base"])),
    ("config", Names::Only(&[])),
    ("lab", Names::Only(&["base"])),
    ("clients", Names::Only(&["base", "config"])),
    ("capture", Names::Only(&["base", "exchange"])),
    ("proxy", Names::Only(&["base", "exchange", "capture"])),
    ("redact", Names::Only(&["base", "exchange"])),
    (
        "journal",
        Names::Only(&["base", "exchange", "capture", "redact"]),
    ),
    ("registry", Names::Only(&["base", "exchange", "words"])),
    (
        "pulls",
        Names::Only(&["base", "exchange", "words", "registry"]),
    ),
    (
        "findings",
        Names::Only(&["base", "exchange", "words", "registry", "pulls"]),
    ),
    (
        "store",
        Names::Only(&["base", "exchange", "words", "registry", "pulls", "findings"]),
    ),
    (
        "story",
        Names::Only(&[
            "base", "exchange", "words", "registry", "pulls", "findings", "store",
        ]),
    ),
    (
        "har",
        Names::Only(&[
            "base", "exchange", "words", "registry", "pulls", "findings", "store", "story",
            "redact",
        ]),
    ),
    (
        "export",
        Names::Only(&[
            "base", "exchange", "words", "registry", "pulls", "findings", "store", "story",
            "redact",
        ]),
    ),
    (
        "tui",
        Names::Only(&[
            "base", "exchange", "words", "registry", "pulls", "findings", "store", "story",
            "redact",
        ]),
    ),
    ("app", Names::Any),
    ("fuzzing", Names::Any),
    ("main", Names::Any),
    ("lib", Names::Any),
];

/// Other crates that only some modules may name, and why.
const CONFINED: &[(&str, &[&str], &str)] = &[
    ("hudsucker", &["proxy"], "it is the front door only"),
    ("ratatui", &["tui"], "views draw, nothing else does"),
    ("crossterm", &["tui"], "one owner of the terminal"),
    (
        "anyhow",
        &["app", "main"],
        "modules say what failed by type",
    ),
];

/// Lines a file may have before its tests.
const LONGEST_FILE: usize = 800;

#[derive(Clone, Copy)]
enum Names {
    Only(&'static [&'static str]),
    Any,
}

#[test]
fn modules_name_only_what_lies_below_them() {
    let breaches: Vec<_> = sources()
        .iter()
        .flat_map(|source| breaches(source, source_paths(source)))
        .collect();
    assert!(breaches.is_empty(), "{}", lines(&breaches));
}

#[test]
fn every_top_level_module_has_its_place() {
    let unknown: BTreeSet<_> = sources()
        .into_iter()
        .map(|source| source.module)
        .filter(|module| may_name(module).is_none())
        .collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
}

#[test]
fn hudsucker_is_named_in_one_file() {
    let files: BTreeSet<_> = sources()
        .iter()
        .filter(|source| {
            source_paths(source)
                .iter()
                .any(|path| path.names("hudsucker"))
        })
        .map(|source| source.file.clone())
        .collect();
    assert!(files.len() <= 1, "more than one file: {files:?}");
}

#[test]
fn the_binary_only_calls_the_library() {
    let main = sources()
        .into_iter()
        .find(|source| source.module == "main")
        .expect("src/main.rs exists");
    assert!(
        code_lines(&main.text) <= 20,
        "src/main.rs has grown beyond a call into the library"
    );
}

#[test]
fn files_stay_of_a_size_to_feel_at_home_in() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|source| (lines_before_tests(&source.text), source.file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:?}");
}

/// One source file and the module path it stands for.
struct Source {
    file: PathBuf,
    /// The top-level module it belongs to; `lib` and `main` are the crate roots.
    module: String,
    /// How many modules lie between the crate root and the file's own items.
    depth: usize,
    text: String,
}

/// A path as written, from its first segment: `crate::store::Filter`, `tokio::spawn`.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    line: usize,
    /// Whether it starts at the crate root (`crate::`, `pullscope::`, enough `super::`).
    root: bool,
    segments: Vec<String>,
}

struct Breach {
    file: PathBuf,
    line: usize,
    what: String,
}

impl Named {
    fn names(&self, external: &str) -> bool {
        !self.root && self.segments.first().is_some_and(|first| first == external)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

fn breaches(source: &Source, paths: Vec<Named>) -> Vec<Breach> {
    let mut found = Vec::new();
    for path in paths {
        if let Some(what) = breach(&source.module, &path) {
            found.push(Breach {
                file: source.file.clone(),
                line: path.line,
                what,
            });
        }
    }
    found
}

/// Why this module may not name this path, if it may not.
fn breach(module: &str, path: &Named) -> Option<String> {
    let first = path.segments.first()?;
    if path.root {
        let Names::Only(allowed) = may_name(module).unwrap_or(Names::Only(&[])) else {
            return None;
        };
        let inside = first == module || allowed.contains(&first.as_str());
        return (!inside).then(|| format!("`{module}` names `{first}`"));
    }
    if path.segments.starts_with(&["tokio".into(), "spawn".into()])
        || path
            .segments
            .starts_with(&["tokio".into(), "task".into(), "spawn".into()])
    {
        return Some("a bare tokio::spawn: use a TaskTracker".into());
    }
    CONFINED
        .iter()
        .find(|(name, homes, _)| first == name && !homes.contains(&module))
        .map(|(name, _, why)| format!("`{module}` names the crate `{name}`: {why}"))
}

fn may_name(module: &str) -> Option<Names> {
    MAY_NAME
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, names)| *names)
}

fn source_paths(source: &Source) -> Vec<Named> {
    let tokens: TokenStream = source
        .text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", source.file.display()));
    let mut found = Vec::new();
    walk(&Cursor::new(tokens), source.depth, &mut found);
    found
}

/// The tokens of one group.
struct Cursor(Vec<TokenTree>);

impl Cursor {
    fn new(tokens: TokenStream) -> Self {
        Self(tokens.into_iter().collect())
    }

    fn ident(&self, at: usize) -> Option<String> {
        match self.0.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        }
    }

    fn punct(&self, at: usize, wanted: char) -> bool {
        matches!(self.0.get(at), Some(TokenTree::Punct(p)) if p.as_char() == wanted)
    }

    /// Whether `::` stands at this place.
    fn separator(&self, at: usize) -> bool {
        self.punct(at, ':') && self.punct(at + 1, ':')
    }
}

/// Finds every path in the tokens; `depth` is how many `super` lead to the crate root.
fn walk(tokens: &Cursor, depth: usize, found: &mut Vec<Named>) {
    let mut at = 0;
    while at < tokens.0.len() {
        if tokens.ident(at).is_some() {
            let inline_module = at > 0 && tokens.ident(at - 1).is_some_and(|word| word == "mod");
            path(tokens, &mut at, depth, &[], found);
            if inline_module && let Some(TokenTree::Group(body)) = tokens.0.get(at) {
                walk(&Cursor::new(body.stream()), depth + 1, found);
                at += 1;
            }
            continue;
        }
        if let Some(TokenTree::Group(group)) = tokens.0.get(at) {
            walk(&Cursor::new(group.stream()), depth, found);
        }
        at += 1;
    }
}

/// Reads one path that starts at `at`, behind `prefix`, and the paths of its `{…}` list.
fn path(tokens: &Cursor, at: &mut usize, depth: usize, prefix: &[String], found: &mut Vec<Named>) {
    let line = tokens.0.get(*at).map_or(0, |t| t.span().start().line);
    let mut segments = prefix.to_vec();
    while let Some(segment) = tokens.ident(*at) {
        segments.push(segment);
        *at += 1;
        if !tokens.separator(*at) {
            break;
        }
        *at += 2;
        if let Some(TokenTree::Group(group)) = tokens.0.get(*at)
            && group.delimiter() == Delimiter::Brace
        {
            *at += 1;
            let list = Cursor::new(group.stream());
            let mut inner = 0;
            while inner < list.0.len() {
                if list.ident(inner).is_some() {
                    path(&list, &mut inner, depth, &segments, found);
                    if list.ident(inner).is_some_and(|word| word == "as") {
                        inner += 2;
                    }
                } else {
                    inner += 1;
                }
            }
            return;
        }
    }
    found.push(resolve(line, depth, segments));
}

fn resolve(line: usize, depth: usize, segments: Vec<String>) -> Named {
    let supers = segments.iter().take_while(|s| *s == "super").count();
    let skip = match segments.first().map(String::as_str) {
        Some("crate" | "pullscope") => Some(1),
        Some("super") if supers >= depth => Some(supers),
        _ => None,
    };
    Named {
        line,
        root: skip.is_some(),
        segments: segments.into_iter().skip(skip.unwrap_or(0)).collect(),
    }
}

/// Every Rust file of the crate.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut pending = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inner = path.strip_prefix(&root).expect("it is under src");
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push(Source::new(inner, text));
            }
        }
    }
    assert!(found.len() > 2, "src/ holds the crate");
    found
}

impl Source {
    /// `path` is relative to `src`.
    fn new(path: &Path, text: String) -> Self {
        let mut modules: Vec<String> = path
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if modules.last().is_some_and(|last| last == "mod") {
            modules.pop();
        }
        let module = modules.first().cloned().expect("a path is not empty");
        let root = module == "lib" || module == "main";
        Self {
            file: Path::new("src").join(path),
            module,
            depth: if root { 0 } else { modules.len() },
            text,
        }
    }
}

fn lines_before_tests(text: &str) -> usize {
    text.lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"))
        .count()
}

fn code_lines(text: &str) -> usize {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

fn lines(breaches: &[Breach]) -> String {
    let list: Vec<_> = breaches
        .iter()
        .map(|breach| format!("\n  {breach}"))
        .collect();
    format!("{} breaches of the layering:{}", list.len(), list.concat())
}

/// The scanner itself, on sources that break the rules: it can fail.
mod scanner {
    use super::{Path, Source, breaches, source_paths};

    fn check(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(Path::new(path), text.into());
        breaches(&source, source_paths(&source))
            .into_iter()
            .map(|breach| format!("{}: {}", breach.line, breach.what))
            .collect()
    }

    #[test]
    fn a_use_of_a_higher_layer_is_seen() {
        assert_eq!(
            check("store/list.rs", "use std::fmt;\nuse crate::tui::State;"),
            ["2: `store` names `tui`"]
        );
    }

    #[test]
    fn a_list_is_seen_member_by_member() {
        assert_eq!(
            check(
                "har/write.rs",
                "use crate::{exchange::{Body, Event}, journal::Reader as R, store as s, proxy};"
            ),
            ["1: `har` names `journal`", "1: `har` names `proxy`"]
        );
    }

    #[test]
    fn a_path_in_an_expression_or_a_macro_is_seen() {
        assert_eq!(
            check(
                "proxy/tap.rs",
                "fn f() {\n  let x = crate::store::Store::new();\n  select! { _ = crate::har::go() => {} }\n}"
            ),
            ["2: `proxy` names `store`", "3: `proxy` names `har`"]
        );
    }

    #[test]
    fn super_is_followed_to_the_root() {
        assert_eq!(
            check("exchange/body.rs", "use super::super::redact::Secret;"),
            ["1: `exchange` names `redact`"]
        );
        assert_eq!(
            check(
                "exchange/body.rs",
                "mod tests {\n  use super::super::super::redact::Secret;\n}"
            ),
            ["2: `exchange` names `redact`"]
        );
        assert_eq!(
            check("exchange/mod.rs", "use super::redact::Secret;"),
            ["1: `exchange` names `redact`"]
        );
        assert!(check("exchange/body.rs", "mod tests { use super::super::Event; }").is_empty());
    }

    #[test]
    fn the_crates_own_name_is_no_way_around() {
        assert_eq!(
            check("redact/url.rs", "fn f(x: pullscope::har::Log) {}"),
            ["1: `redact` names `har`"]
        );
    }

    #[test]
    fn what_is_allowed_or_only_mentioned_passes() {
        let text = "//! Like crate::tui, but pure.\n\
                    use crate::exchange::Event;\n\
                    use crate::{registry, store::Filter};\n\
                    const S: &str = \"crate::tui::State\";\n\
                    fn f() { /* crate::proxy */ let tui = 1; }";
        assert!(check("store/filter.rs", text).is_empty());
        assert!(check("app/run.rs", "use crate::{proxy, tui::State, har};").is_empty());
    }

    #[test]
    fn confined_crates_and_bare_spawns_are_seen() {
        assert_eq!(
            check("app/run.rs", "use hudsucker::Proxy;"),
            ["1: `app` names the crate `hudsucker`: it is the front door only"]
        );
        assert_eq!(
            check("proxy/door.rs", "fn f() { tokio::spawn(async {}); }"),
            ["1: a bare tokio::spawn: use a TaskTracker"]
        );
        assert_eq!(
            check("proxy/door.rs", "use tokio::{io, task::spawn};"),
            ["1: a bare tokio::spawn: use a TaskTracker"]
        );
        assert!(check("proxy/door.rs", "use hudsucker::Proxy; tracker.spawn(x);").is_empty());
    }
}
