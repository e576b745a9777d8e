//! Dependencies between the modules point one way, and this test says so.
//!
//! It reads every source file as tokens, which leaves out comments and strings but sees inside
//! macros, and compares the rooms each file names with the tables below. No files name each
//! other in a circle, in whatever room.
//!
//! `docs/architecture.md` shows the same tables to people:
//! `PULLSCOPE_UPDATE_DOCS=1 cargo test --test layering` writes them there.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use source::crate_source::{CrateSource, SourceFile};
use source::cycles::cycles;
use source::path::{Named, paths};

#[path = "source/mod.rs"]
mod source;

/// Which top-level modules each top-level module may name, besides itself.
const MAY_NAME: &[(&str, Names)] = &[
    ("base", Names::Only(&[])),
    ("exchange", Names::Only(&["base", "words"])),
    ("words", Names::Only(&["base"])),
    ("config", Names::Only(&[])),
    ("lab", Names::Only(&["base", "registry"])),
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
];

/// Which rooms inside `app` each of them may name, besides itself and all outside.
const APP_MAY_NAME: &[(&str, &[&str])] = &[
    ("process", &[]),
    ("terminal", &["process"]),
    ("trace", &["process", "terminal"]),
    ("observe", &["process", "terminal", "trace"]),
    ("recording", &["process", "terminal", "trace", "observe"]),
    (
        "view",
        &["process", "terminal", "trace", "observe", "recording"],
    ),
    (
        "commands",
        &[
            "process",
            "terminal",
            "trace",
            "observe",
            "recording",
            "view",
        ],
    ),
    (
        "run",
        &[
            "process",
            "terminal",
            "trace",
            "observe",
            "recording",
            "view",
            "commands",
        ],
    ),
];

/// The files of circles that are still to be cut. One that is cut is struck out here too.
const KNOWN_CYCLES: &[&[&str]] = &[];

/// Other crates that only some modules may name, and why.
const CONFINED: &[(&str, &[&str], &str)] = &[
    ("hudsucker", &["proxy"], "it is the front door only"),
    ("ratatui", &["tui"], "views draw, nothing else does"),
    ("crossterm", &["tui"], "one owner of the terminal"),
    ("anyhow", &["app"], "modules say what failed by type"),
];

/// Lines a file may have before its tests.
const LONGEST_FILE: usize = 800;

#[derive(Clone, Copy)]
enum Names {
    Only(&'static [&'static str]),
    Any,
}

static SOURCE: LazyLock<CrateSource> = LazyLock::new(|| CrateSource::read(&folder().join("src")));

#[test]
fn modules_name_only_what_lies_below_them() {
    let breaches: Vec<_> = SOURCE.files.iter().flat_map(breaches).collect();
    assert!(breaches.is_empty(), "{}", lines(&breaches));
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut found = Vec::new();
    let mut needed = BTreeSet::new();
    for cycle in cycles(&SOURCE) {
        let known = |files: &&&[&str]| {
            let mut inside = cycle.files.iter();
            inside.all(|file| files.iter().any(|known| Path::new(known) == file))
        };
        match KNOWN_CYCLES.iter().find(known) {
            Some(files) => drop(needed.insert(*files)),
            None => found.push(cycle.to_string()),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let mut known = KNOWN_CYCLES.iter();
    let gone = known.find(|files| !needed.contains(*files));
    assert!(
        gone.is_none(),
        "no circle any more, so not to be known: {gone:?}"
    );
}

#[test]
fn every_room_has_its_place() {
    let unknown: BTreeSet<_> = SOURCE
        .files
        .iter()
        .filter(|file| !is_root(file))
        .filter(|file| match Room::of(&file.module) {
            Room {
                name: "app",
                inner: Some(inner),
            } => app_may_name(inner).is_none(),
            room => may_name(room.name).is_none(),
        })
        .map(|file| &file.path)
        .collect();
    assert!(unknown.is_empty(), "not in the tables: {unknown:?}");
}

#[test]
fn hudsucker_is_named_in_one_file() {
    let names_it = |path: &Named| {
        !path.root
            && path
                .segments
                .first()
                .is_some_and(|first| first == "hudsucker")
    };
    let files: Vec<_> = SOURCE
        .files
        .iter()
        .filter(|file| paths_of(file).iter().any(names_it))
        .map(|file| &file.path)
        .collect();
    assert!(files.len() <= 1, "more than one file: {files:?}");
}

#[test]
fn the_binary_only_calls_the_library() {
    let main = SOURCE
        .files
        .iter()
        .find(|file| file.path == Path::new("main.rs"))
        .expect("src/main.rs exists");
    assert!(
        code_lines(&main.text) <= 20,
        "src/main.rs has grown beyond a call into the library"
    );
}

#[test]
fn files_stay_of_a_size_to_feel_at_home_in() {
    let long: Vec<_> = SOURCE
        .files
        .iter()
        .map(|file| (lines_before_tests(&file.text), &file.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn the_page_of_the_architecture_shows_these_tables() {
    let path = folder().join("docs/architecture.md");
    let page = fs::read_to_string(&path).expect("the page exists");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the first mark");
    let (_, after) = rest.split_once(END).expect("the page has the second mark");
    let made = format!("{before}{BEGIN}\n{}{END}{after}", tables());
    if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
        fs::write(&path, &made).expect("the page can be written");
    } else {
        assert!(
            page == made,
            "docs/architecture.md shows other tables: \
             PULLSCOPE_UPDATE_DOCS=1 cargo test --test layering"
        );
    }
}

/// What stands around the tables in the page.
const BEGIN: &str = "<!-- Made by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test layering`. -->";
const END: &str = "<!-- Until here. -->";

fn tables() -> String {
    let mut text =
        String::from("\n| room | what it is | which others it may name |\n|---|---|---|\n");
    for (name, names) in MAY_NAME {
        let names = match names {
            Names::Only(names) => list(names),
            Names::Any => "all".to_owned(),
        };
        let _ = writeln!(text, "| `{name}` | {} | {names} |", what_it_is(&[name]));
    }
    text += "\nInside `app`:\n\n| room | what it is | which others it may name |\n|---|---|---|\n";
    for (name, names) in APP_MAY_NAME {
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} |",
            what_it_is(&["app", name]),
            list(names)
        );
    }
    text + "\n"
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() {
        "none".to_owned()
    } else {
        quoted.join(", ")
    }
}

/// The first sentence of the room's own documentation.
fn what_it_is(module: &[&str]) -> String {
    let file = SOURCE
        .files
        .iter()
        .find(|file| file.module == module)
        .unwrap_or_else(|| panic!("no room {module:?}"));
    let words: Vec<_> = file
        .text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let words = words.join(" ");
    let end = words.find(". ").unwrap_or(words.len());
    let sentence: String = words.chars().take(end).collect();
    sentence.trim_end_matches('.').to_owned()
}

struct Breach {
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// A top-level module, and the one inside `app` where it is that.
struct Room<'a> {
    name: &'a str,
    inner: Option<&'a str>,
}

impl<'a> Room<'a> {
    /// The room that a path from the crate root leads into.
    fn of(path: &'a [String]) -> Self {
        Self {
            name: path.first().map_or("", String::as_str),
            inner: path.get(1).map(String::as_str),
        }
    }
}

/// Whether it is a root of a crate: it may name all.
fn is_root(file: &SourceFile) -> bool {
    file.module.is_empty() || file.path == Path::new("main.rs")
}

fn paths_of(file: &SourceFile) -> Vec<Named> {
    paths(file.tokens(), &file.module)
}

fn breaches(file: &SourceFile) -> Vec<Breach> {
    if is_root(file) {
        return Vec::new();
    }
    let home = Room::of(&file.module);
    let found = paths_of(file).into_iter().filter_map(|path| {
        Some(Breach {
            file: file.path.clone(),
            line: path.line,
            what: breach(&home, &path)?,
        })
    });
    found.collect()
}

/// Why this room may not name this path, if it may not.
fn breach(home: &Room<'_>, path: &Named) -> Option<String> {
    let module = home.name;
    if path.root {
        let named = Room::of(&path.segments);
        if named.name == module {
            return breach_inside(home, &named);
        }
        let Names::Only(allowed) = may_name(module).unwrap_or(Names::Only(&[])) else {
            return None;
        };
        return (!allowed.contains(&named.name))
            .then(|| format!("`{module}` names `{}`", named.name));
    }
    let first = path.segments.first()?;
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

/// The same between the rooms of `app`.
fn breach_inside(home: &Room<'_>, named: &Room<'_>) -> Option<String> {
    let ("app", Some(from), Some(to)) = (home.name, home.inner, named.inner) else {
        return None;
    };
    // What is not a room is an item of `app` itself.
    let allowed = from == to || app_may_name(to).is_none() || app_may_name(from)?.contains(&to);
    (!allowed).then(|| format!("`app/{from}` names `app/{to}`"))
}

fn may_name(module: &str) -> Option<Names> {
    MAY_NAME
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, names)| *names)
}

fn app_may_name(room: &str) -> Option<&'static [&'static str]> {
    let mut rooms = APP_MAY_NAME.iter();
    rooms
        .find(|(name, _)| *name == room)
        .map(|(_, names)| *names)
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
    use super::{Path, SourceFile, breaches};

    fn check(path: &str, text: &str) -> Vec<String> {
        breaches(&SourceFile::new(Path::new(path), text.into()))
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

    #[test]
    fn rooms_of_app_are_seen() {
        assert_eq!(
            check("app/trace/source.rs", "use super::super::view::Live;"),
            ["1: `app/trace` names `app/view`"]
        );
        assert_eq!(
            check(
                "app/process/signals.rs",
                "fn f() { crate::app::run::run() }"
            ),
            ["1: `app/process` names `app/run`"]
        );
        let text = "use super::super::terminal::Talk;\nuse super::source::Source;";
        assert!(check("app/trace/select.rs", text).is_empty());
    }
}
