//! Figures of the house: how much code there is, and how much of it says the same twice.
//!
//! `cargo test --test figures -- --nocapture` prints them. `PULLSCOPE_SOURCE` names the `src`
//! of another checkout to count; nothing is then held against the bounds.
#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use source::crate_source::{CrateSource, SourceFile};
use source::cycles::cycles;
use source::definitions::definitions;
use source::path::Tokens;

#[path = "source/mod.rs"]
mod source;

/// What may not be exceeded. Each only goes down.
const MOST: Bounds = Bounds {
    production_lines: 55_000,
    shared_names_percent: 7.0,
    files_that_word_a_rejection: 1,
    files_that_list_the_phases: 1,
};

struct Bounds {
    production_lines: usize,
    /// Of the definitions of types and traits, those whose name another one has too.
    shared_names_percent: f64,
    files_that_word_a_rejection: usize,
    files_that_list_the_phases: usize,
}

#[test]
fn the_house_gets_no_messier() {
    let other = std::env::var_os("PULLSCOPE_SOURCE").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let source = CrateSource::read(other.as_ref().unwrap_or(&own));
    let files: Vec<_> = source
        .production()
        .map(|file| (file, file.production()))
        .collect();
    let lines = print_lines(&files);
    let cycles = print_cycles(&source);
    let shared = print_shared_names(&files);
    let rejections = print_worded_enums(&files);
    let phases = print_lists_of_phases(&files);
    if other.is_none() {
        assert!(lines <= MOST.production_lines, "{lines} lines");
        assert_eq!(cycles, 0, "import cycles");
        assert!(shared <= MOST.shared_names_percent, "{shared:.1} %");
        assert!(
            rejections <= MOST.files_that_word_a_rejection,
            "{rejections} files word Rejection"
        );
        assert!(
            phases <= MOST.files_that_list_the_phases,
            "{phases} files list the phases"
        );
    }
}

/// The files that are not for tests, with their tokens.
type Files<'a> = [(&'a SourceFile, TokenStream)];

fn print_lines(files: &Files<'_>) -> usize {
    let mut lines: Vec<_> = files
        .iter()
        .map(|(file, tokens)| (production_lines(tokens), &file.path))
        .collect();
    lines.sort();
    let total = lines.iter().map(|(lines, _)| lines).sum();
    let at = |percent: usize| lines.get((lines.len() - 1) * percent / 100);
    let of = |percent| at(percent).map_or(0, |(lines, _)| *lines);
    println!("production lines: {total} (no tests, comments, blank lines)");
    println!("files: {}", lines.len());
    println!("lines of the median file: {}", of(50));
    println!("lines of the file at the 90th percentile: {}", of(90));
    if let Some((lines, path)) = at(100) {
        println!("lines of the longest file: {lines} ({})", path.display());
    }
    total
}

fn print_cycles(source: &CrateSource) -> usize {
    let found = cycles(source);
    println!("import cycles: {}", found.len());
    for cycle in &found {
        let files: Vec<_> = cycle
            .files
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        println!("  {} files: {}", files.len(), files.join(" "));
    }
    found.len()
}

fn print_shared_names(files: &Files<'_>) -> f64 {
    let mut names: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    for (file, tokens) in files {
        for definition in definitions(tokens.clone(), &file.module) {
            if TYPES.contains(&definition.keyword.as_str()) {
                names.entry(definition.name).or_default().push(&file.path);
            }
        }
    }
    let all: usize = names.values().map(Vec::len).sum();
    let unique = names.len();
    names.retain(|_, files| files.len() > 1);
    let shared: usize = names.values().map(Vec::len).sum();
    let percent = percent(shared, all);
    println!(
        "shared names: {percent:.1} % ({shared} of {all} definitions; {} of {unique} names)",
        names.len()
    );
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|(_, files)| std::cmp::Reverse(files.len()));
    for (name, files) in names {
        let list: Vec<_> = files.iter().map(|f| f.display().to_string()).collect();
        println!("  {} {name}: {}", files.len(), list.join(" "));
    }
    percent
}

/// Prints which enums are put into words in several files, and how many do so for `Rejection`.
fn print_worded_enums(files: &Files<'_>) -> usize {
    let mut worded: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    for (file, tokens) in files {
        for name in worded_enums(tokens) {
            worded.entry(name).or_default().push(&file.path);
        }
    }
    let rejections = worded.get("Rejection").map_or(0, Vec::len);
    println!("files that put Rejection into words: {rejections}");
    println!("enums that several files put into words:");
    for (name, files) in worded.iter().filter(|(_, files)| files.len() > 1) {
        let list: Vec<_> = files.iter().map(|f| f.display().to_string()).collect();
        println!("  {} {name}: {}", files.len(), list.join(" "));
    }
    rejections
}

fn print_lists_of_phases(files: &Files<'_>) -> usize {
    let mut count = 0;
    println!("files that list the phases of a request:");
    for (file, tokens) in files {
        if lists_phases(&Tokens::new(tokens.clone())) {
            println!("  {}", file.path.display());
            count += 1;
        }
    }
    count
}

/// Lines that hold code.
fn production_lines(tokens: &TokenStream) -> usize {
    let mut lines = BTreeSet::new();
    mark(&Tokens::new(tokens.clone()), &mut lines);
    lines.len()
}

fn mark(tokens: &Tokens, lines: &mut BTreeSet<usize>) {
    let mut at = 0;
    while let Some(token) = tokens.0.get(at) {
        if let Some(length) = doc_comment(tokens, at) {
            at += length;
            continue;
        }
        if let TokenTree::Group(group) = token {
            lines.insert(group.span_open().start().line);
            lines.insert(group.span_close().end().line);
            mark(&Tokens::new(group.stream()), lines);
        } else {
            lines.extend(token.span().start().line..=token.span().end().line);
        }
        at += 1;
    }
}

/// How many tokens a documentation comment takes here.
fn doc_comment(tokens: &Tokens, at: usize) -> Option<usize> {
    let inner = usize::from(tokens.punct(at + 1, '!'));
    let Some(TokenTree::Group(attribute)) = tokens.0.get(at + 1 + inner) else {
        return None;
    };
    let words = Tokens::new(attribute.stream());
    (tokens.punct(at, '#') && words.is(0, "doc") && words.punct(1, '=')).then_some(2 + inner)
}

/// The enums of which at least three variants are each given a text by the arm of a `match` or
/// a row of a table.
fn worded_enums(tokens: &TokenStream) -> BTreeSet<String> {
    let mut variants = BTreeSet::new();
    arms(&Tokens::new(tokens.clone()), None, &mut variants);
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in variants {
        *count.entry(name).or_default() += 1;
    }
    count.retain(|_, variants| *variants >= 3);
    count.into_keys().collect()
}

/// Collects `Enum::Variant` of the arms whose value holds a text; `own` is what `Self` stands for.
fn arms(tokens: &Tokens, own: Option<&str>, found: &mut BTreeSet<(String, String)>) {
    let mut at = 0;
    let mut pattern = Vec::new();
    let mut implemented: Option<String> = None;
    while let Some(token) = tokens.0.get(at) {
        if tokens.is(at, "impl") {
            implemented = implementor(tokens, at);
        }
        if let TokenTree::Group(group) = token {
            let own = implemented.as_deref().or(own);
            arms(&Tokens::new(group.stream()), own, found);
            if group.delimiter() == Delimiter::Brace {
                implemented = None;
            }
        }
        if let (Some(name), true, Some(variant)) = (
            tokens.ident(at),
            tokens.separator(at + 1),
            tokens.ident(at + 3),
        ) && starts_upper(&name)
            && starts_upper(&variant)
        {
            let name = match own {
                Some(own) if name == "Self" => own.to_owned(),
                _ => name,
            };
            pattern.push((name, variant));
        }
        if tokens.punct(at, '=') && tokens.punct(at + 1, '>') {
            let end = (at + 2..tokens.0.len())
                .find(|end| tokens.punct(*end, ','))
                .unwrap_or(tokens.0.len());
            if tokens.0.iter().take(end).skip(at + 2).any(holds_text) {
                found.extend(pattern.drain(..));
            }
            pattern.clear();
        } else if tokens.punct(at, ',') || tokens.punct(at, ';') {
            pattern.clear();
        }
        at += 1;
    }
}

/// Whose methods the `impl` at this place has.
fn implementor(tokens: &Tokens, at: usize) -> Option<String> {
    let rest = at + 1..tokens.0.len();
    let body = |end: &usize| matches!(tokens.0.get(*end), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace);
    let end = rest.clone().find(body)?;
    let start = rest
        .clone()
        .take_while(|at| *at < end)
        .find(|at| tokens.is(*at, "for"));
    (start.unwrap_or(at)..end)
        .filter_map(|at| tokens.ident(at))
        .find(|name| starts_upper(name))
}

/// Whether a text or a constant, which mostly is one, stands here.
fn holds_text(token: &TokenTree) -> bool {
    match token {
        TokenTree::Literal(literal) => literal.to_string().starts_with('"'),
        TokenTree::Ident(name) => {
            let name = name.to_string();
            name.len() > 1 && name.chars().all(|c| c.is_uppercase() || c == '_')
        }
        TokenTree::Group(group) => group.stream().into_iter().any(|token| holds_text(&token)),
        TokenTree::Punct(_) => false,
    }
}

fn starts_upper(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// Whether a list, or the arms of one `match`, names at least five of the phases.
fn lists_phases(tokens: &Tokens) -> bool {
    let mut groups = tokens
        .0
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match token {
            TokenTree::Group(group) => Some((at, group)),
            _ => None,
        });
    groups.any(|(at, group)| {
        let inner = Tokens::new(group.stream());
        let is_list = match group.delimiter() {
            Delimiter::Bracket => at == 0 || !tokens.punct(at - 1, '#'),
            Delimiter::Brace => {
                (0..inner.0.len()).any(|at| inner.punct(at, '=') && inner.punct(at + 1, '>'))
            }
            _ => false,
        };
        let mut found = BTreeSet::new();
        if is_list {
            phases(&inner, &mut found);
        }
        found.len() >= 5 || lists_phases(&inner)
    })
}

/// Collects the phases that stand here as fields, variants or texts.
fn phases(tokens: &Tokens, found: &mut BTreeSet<String>) {
    for (at, token) in tokens.0.iter().enumerate() {
        let name = match token {
            TokenTree::Group(group) => {
                phases(&Tokens::new(group.stream()), found);
                continue;
            }
            TokenTree::Ident(name) if at > 0 && tokens.punct(at - 1, '.') => name.to_string(),
            TokenTree::Ident(name) if at > 0 && tokens.punct(at - 1, ':') => {
                name.to_string().to_lowercase()
            }
            TokenTree::Literal(text) => text.to_string().trim_matches('"').to_owned(),
            _ => continue,
        };
        let name = if name == "tls" {
            "ssl".to_owned()
        } else {
            name
        };
        if PHASES.contains(&name.as_str()) {
            found.insert(name);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of definitions are small"
)]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

const TYPES: &[&str] = &["struct", "enum", "union", "trait", "type"];

/// The fields of `exchange::Timings`.
const PHASES: &[&str] = &[
    "blocked", "dns", "connect", "ssl", "send", "wait", "receive",
];
