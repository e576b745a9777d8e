//! What a crate's sources make public, signature by signature.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::source::crate_source::SourceFile;
use super::source::definitions::definitions;
use super::source::path::{Named, Tokens, paths};

/// The public items of several files.
#[derive(Default)]
pub(crate) struct Public {
    signatures: Vec<Signature>,
    /// Modules that are hidden from the documentation, and what a hidden `use` names.
    hidden: BTreeSet<Vec<String>>,
    /// What each file defines, public or not.
    defined: BTreeSet<(PathBuf, String)>,
}

/// What one item tells those who use it: types of arguments and results, fields, variants.
pub(crate) struct Signature {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    pub(crate) item: String,
    /// For an implementation: of which type.
    pub(crate) implements: Option<String>,
    module: Vec<String>,
    is_type: bool,
    tokens: TokenStream,
    /// What the file calls things that it takes from elsewhere.
    imports: BTreeMap<String, Vec<Named>>,
}

impl Public {
    /// Adds the public items of a file.
    pub(crate) fn read(&mut self, file: &SourceFile) {
        let tokens = file.production();
        let defined = definitions(tokens.clone(), &file.module).into_iter();
        self.defined
            .extend(defined.map(|one| (file.path.clone(), one.name)));
        let first = self.signatures.len();
        Reader { file, public: self }.items(&Tokens::new(tokens.clone()), false);
        let imports = imports(tokens, &file.module);
        for signature in self.signatures.iter_mut().skip(first) {
            signature.imports.clone_from(&imports);
        }
    }

    /// The signatures that the documentation shows.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter(|signature| {
            let module = &signature.module;
            let in_hidden = (1..=module.len()).any(|end| self.hidden.contains(&module[..end]));
            let item = [&module[..], std::slice::from_ref(&signature.item)].concat();
            !in_hidden && !self.hidden.contains(&item)
        })
    }

    /// Whether what is said of a type by implementing a trait concerns a public one.
    pub(crate) fn concerns(&self, signature: &Signature) -> bool {
        let Some(of) = &signature.implements else {
            return true;
        };
        let mut types = self
            .signatures
            .iter()
            .filter(|other| other.is_type && other.item == *of);
        if self.defined.contains(&(signature.file.clone(), of.clone())) {
            return types.any(|other| other.file == signature.file);
        }
        types.next().is_some()
    }
}

impl Signature {
    /// The names in it that come from one of these crates, each with the crate.
    pub(crate) fn names(&self, crates: &BTreeSet<String>) -> Vec<(String, String)> {
        let named = paths(self.tokens.clone(), &self.module);
        let foreign = named.iter().filter_map(|path| {
            let origin = origin(path, &self.imports, crates, 0)?;
            Some((path.segments.join("::"), origin))
        });
        foreign.collect()
    }
}

/// The crate that a path leads to, through what the file imports and abbreviates.
fn origin(
    path: &Named,
    imports: &BTreeMap<String, Vec<Named>>,
    crates: &BTreeSet<String>,
    depth: usize,
) -> Option<String> {
    let first = path.segments.first().filter(|_| !path.root)?;
    let is_alone = path.segments.len() == 1 && path.import.is_none();
    if let Some(known) = imports.get(first).filter(|_| depth < 8) {
        let mut known = known.iter();
        return known.find_map(|path| origin(path, imports, crates, depth + 1));
    }
    // A word that no import explains is a field or a parameter.
    (!is_alone && crates.contains(first)).then(|| first.clone())
}

/// What `use` and `type` give a name in a file.
fn imports(tokens: TokenStream, module: &[String]) -> BTreeMap<String, Vec<Named>> {
    let mut found: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for named in paths(tokens.clone(), module) {
        // `use bytes;` would lead to itself.
        let name = named
            .import
            .clone()
            .filter(|name| named.segments != [name.clone()]);
        if let Some(name) = name {
            found.entry(name).or_default().push(named);
        }
    }
    let tokens = Tokens::new(tokens);
    for at in 0..tokens.0.len() {
        if let Some(name) = tokens.ident(at + 1).filter(|_| tokens.is(at, "type")) {
            let meant = paths(until(&tokens, at + 2, &[';']).0, module);
            found.entry(name).or_default().extend(meant);
        }
    }
    found
}

struct Reader<'a> {
    file: &'a SourceFile,
    public: &'a mut Public,
}

impl Reader<'_> {
    /// Reads items one after the other; `all` are public, as in a public trait.
    fn items(&mut self, tokens: &Tokens, all: bool) {
        let mut at = 0;
        let mut hidden = false;
        while let Some(token) = tokens.0.get(at) {
            if let Some(attribute) = attribute(tokens, at) {
                hidden |=
                    attribute.is(0, "doc") && group(&attribute, 1, |list| list.is(0, "hidden"));
                at += 2;
                continue;
            }
            let exported = tokens.is(at, "pub") && !restricted(tokens, at);
            let start = match exported {
                true => at + 1,
                false if all => at,
                false if tokens.is(at, "impl") || tokens.is(at, "mod") => at,
                false if tokens.is(at, "macro_rules") => at,
                false => {
                    // Bodies of functions and such hold nothing public.
                    at += 1;
                    hidden &= !ends_item(token);
                    continue;
                }
            };
            at = self.item(tokens, start, hidden, exported || all);
            hidden = false;
        }
    }

    /// Reads one item from its first keyword; returns where it ends.
    fn item(&mut self, tokens: &Tokens, start: usize, hidden: bool, exported: bool) -> usize {
        let mut at = start;
        while is_qualifier(tokens, at) {
            at += 1;
        }
        let keyword = tokens.ident(at).unwrap_or_default();
        let name = tokens.ident(at + 1).unwrap_or_default();
        match keyword.as_str() {
            "fn" => {
                let (signature, end) = until(tokens, at + 2, &[';', '{']);
                self.add(tokens, at, &name, hidden, signature);
                end
            }
            "type" | "use" => {
                let from = if keyword == "use" { at + 1 } else { at + 2 };
                let (signature, end) = until(tokens, from, &[';']);
                let item = if keyword == "use" { &keyword } else { &name };
                if keyword == "use" && hidden {
                    let hidden = paths(signature.clone(), &self.file.module).into_iter();
                    let hidden = hidden.map(|path| {
                        let inside = path.segments.into_iter();
                        self.file.module.iter().cloned().chain(inside).collect()
                    });
                    self.public.hidden.extend(hidden.collect::<Vec<_>>());
                }
                self.add(tokens, at, item, hidden, signature);
                end
            }
            "const" | "static" => {
                let (signature, _) = until(tokens, at + 2, &['=', ';']);
                self.add(tokens, at, &name, hidden, signature);
                until(tokens, at + 2, &[';']).1
            }
            "struct" | "enum" | "trait" => self.with_body(tokens, at, &keyword, hidden),
            "impl" => self.implementation(tokens, at, hidden),
            "mod" => {
                if hidden {
                    let inside = [&self.file.module[..], &[name]].concat();
                    self.public.hidden.insert(inside);
                } else if let Some(TokenTree::Group(body)) = tokens.0.get(at + 2) {
                    self.items(&Tokens::new(body.stream()), false);
                }
                at + 3
            }
            "macro_rules" => {
                if let Some(TokenTree::Group(rules)) = tokens.0.get(at + 3) {
                    self.rules(&Tokens::new(rules.stream()));
                }
                at + 4
            }
            _ => {
                debug_assert!(
                    !exported || !keyword.is_empty(),
                    "{}",
                    self.file.path.display()
                );
                at + 1
            }
        }
    }

    /// A type or a trait: its head, and of its body what is public.
    fn with_body(&mut self, tokens: &Tokens, at: usize, keyword: &str, hidden: bool) -> usize {
        let name = tokens.ident(at + 1).unwrap_or_default();
        let (head, mut end) = until(tokens, at + 2, &[';', '{', '(']);
        let mut signature: Vec<TokenTree> = head.into_iter().collect();
        let body = end.checked_sub(1).and_then(|last| tokens.0.get(last));
        if let Some(TokenTree::Group(body)) = body {
            let body = Tokens::new(body.stream());
            signature.extend(match keyword {
                "struct" => public_fields(&body),
                "trait" => {
                    self.items(&body, true);
                    Vec::new()
                }
                _ => without_attributes(&body),
            });
            if keyword == "struct" && tokens.punct(end, ';') {
                end += 1;
            }
        }
        self.add(tokens, at, &name, hidden, signature.into_iter().collect());
        if let Some(last) = self.public.signatures.last_mut().filter(|_| !hidden) {
            last.is_type = keyword != "trait";
        }
        end
    }

    /// `impl …`: public methods, or what is said of a type by implementing a trait.
    fn implementation(&mut self, tokens: &Tokens, at: usize, hidden: bool) -> usize {
        let (head, end) = until(tokens, at + 1, &['{']);
        let head = Tokens::new(head);
        let body = end.checked_sub(1).and_then(|last| tokens.0.get(last));
        let Some(TokenTree::Group(body)) = body.filter(|_| !hidden) else {
            return end;
        };
        let body = Tokens::new(body.stream());
        let of = (0..head.0.len()).find(|at| head.is(*at, "for") && !head.punct(at + 1, '<'));
        let Some(of) = of else {
            self.items(&body, false);
            return end;
        };
        let mut signature = head.0.clone();
        for at in (0..body.0.len()).filter(|at| body.is(*at, "type")) {
            signature.extend(until(&body, at + 2, &[';']).0);
        }
        let to =
            (of + 1..head.0.len()).take_while(|at| !head.punct(*at, '<') && !head.is(*at, "where"));
        let name = to
            .filter_map(|at| head.ident(at))
            .last()
            .unwrap_or_default();
        self.add(tokens, at, &name, hidden, signature.into_iter().collect());
        if let Some(last) = self.public.signatures.last_mut() {
            last.implements = Some(name);
        }
        end
    }

    /// The items that a macro makes.
    fn rules(&mut self, tokens: &Tokens) {
        self.items(tokens, false);
        for token in &tokens.0 {
            if let TokenTree::Group(group) = token {
                self.rules(&Tokens::new(group.stream()));
            }
        }
    }

    fn add(&mut self, from: &Tokens, at: usize, item: &str, hidden: bool, tokens: TokenStream) {
        if hidden {
            return;
        }
        self.public.signatures.push(Signature {
            file: self.file.path.clone(),
            line: from.0.get(at).map_or(0, |token| token.span().start().line),
            item: item.to_owned(),
            implements: None,
            module: self.file.module.clone(),
            is_type: false,
            tokens,
            imports: BTreeMap::new(),
        });
    }
}

/// The tokens up to one of these marks, without attributes, and the place behind it; `{` and `(`
/// stand for a group.
fn until(tokens: &Tokens, start: usize, marks: &[char]) -> (TokenStream, usize) {
    let mut found = Vec::new();
    let mut at = start;
    while let Some(token) = tokens.0.get(at) {
        let mark = match token {
            TokenTree::Punct(mark) => Some(mark.as_char()),
            TokenTree::Group(group) => match group.delimiter() {
                Delimiter::Brace => Some('{'),
                Delimiter::Parenthesis => Some('('),
                _ => None,
            },
            _ => None,
        };
        at += 1;
        if mark.is_some_and(|mark| marks.contains(&mark)) {
            break;
        }
        found.push(token.clone());
    }
    (found.into_iter().collect(), at)
}

/// The types of the fields that are public.
fn public_fields(body: &Tokens) -> Vec<TokenTree> {
    let mut found = Vec::new();
    let (mut at, mut depth, mut taking) = (0, 0_i32, false);
    while let Some(token) = body.0.get(at) {
        if attribute(body, at).is_some() {
            at += 2;
            continue;
        }
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            // Not of `->`.
            TokenTree::Punct(mark) if mark.as_char() == '>' && !body.punct(at - 1, '-') => {
                depth -= 1;
            }
            TokenTree::Punct(mark) if mark.as_char() == ',' && depth == 0 => taking = false,
            TokenTree::Ident(word) if word == "pub" && !restricted(body, at) => taking = true,
            _ => {}
        }
        if taking {
            found.push(token.clone());
        }
        at += 1;
    }
    found
}

fn without_attributes(body: &Tokens) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = body.0.get(at) {
        if attribute(body, at).is_some() {
            at += 2;
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inner = without_attributes(&Tokens::new(group.stream()));
                TokenTree::Group(Group::new(group.delimiter(), inner.into_iter().collect()))
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept
}

fn attribute(tokens: &Tokens, at: usize) -> Option<Tokens> {
    match tokens.0.get(at + 1) {
        Some(TokenTree::Group(group))
            if tokens.punct(at, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            Some(Tokens::new(group.stream()))
        }
        _ => None,
    }
}

/// Whether `pub` is followed by where to.
fn restricted(tokens: &Tokens, at: usize) -> bool {
    group(tokens, at + 1, |to| {
        ["crate", "super", "self", "in"]
            .iter()
            .any(|word| to.is(0, word))
    })
}

fn group(tokens: &Tokens, at: usize, is: impl Fn(&Tokens) -> bool) -> bool {
    matches!(tokens.0.get(at), Some(TokenTree::Group(inner)) if is(&Tokens::new(inner.stream())))
}

fn is_qualifier(tokens: &Tokens, at: usize) -> bool {
    let before_fn = ["fn", "async", "unsafe"]
        .iter()
        .any(|word| tokens.is(at + 1, word));
    let qualifies = ["async", "unsafe", "const"]
        .iter()
        .any(|word| tokens.is(at, word));
    qualifies && (before_fn || tokens.is(at + 1, "trait"))
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
        _ => false,
    }
}
