//! Every path that tokens name, as it is written.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path as written, from its first segment: `crate::store::Filter`, `tokio::spawn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    /// The modules around it, from the crate root.
    pub(crate) module: Vec<String>,
    /// Whether the segments start at the crate root: they do where the path says `crate`,
    /// `pullscope`, `self` or `super`.
    pub(crate) root: bool,
    pub(crate) segments: Vec<String>,
    /// What a `use` calls it from here on; `*` where it takes everything.
    pub(crate) import: Option<String>,
}

/// The paths in the tokens of `module`, in their order.
pub(crate) fn paths(tokens: TokenStream, module: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    Reader {
        module: module.to_vec(),
        found: &mut found,
    }
    .walk(&Tokens::new(tokens));
    found
}

/// The tokens of one group.
pub(crate) struct Tokens(pub(crate) Vec<TokenTree>);

impl Tokens {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        Self(tokens.into_iter().collect())
    }

    pub(crate) fn ident(&self, at: usize) -> Option<String> {
        match self.0.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        }
    }

    pub(crate) fn is(&self, at: usize, word: &str) -> bool {
        matches!(self.0.get(at), Some(TokenTree::Ident(ident)) if ident == word)
    }

    pub(crate) fn punct(&self, at: usize, wanted: char) -> bool {
        matches!(self.0.get(at), Some(TokenTree::Punct(p)) if p.as_char() == wanted)
    }

    /// Whether `::` stands at this place.
    pub(crate) fn separator(&self, at: usize) -> bool {
        self.punct(at, ':') && self.punct(at + 1, ':')
    }

    /// Whether what stands here is no start of a path: a field, a method, a lifetime.
    fn is_member(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let range = before
            .checked_sub(1)
            .is_some_and(|two| self.punct(two, '.'));
        (self.punct(before, '.') && !range) || self.punct(before, '\'')
    }
}

struct Reader<'a> {
    module: Vec<String>,
    found: &'a mut Vec<Named>,
}

impl Reader<'_> {
    fn walk(&mut self, tokens: &Tokens) {
        let mut at = 0;
        while let Some(token) = tokens.0.get(at) {
            match token {
                TokenTree::Ident(word) if word == "mod" => at = self.declared(tokens, at + 1),
                // `use<'a>` names what a type captures.
                TokenTree::Ident(word) if word == "use" && !tokens.punct(at + 1, '<') => {
                    at += 1;
                    if tokens.separator(at) {
                        at += 2;
                    }
                    self.path(tokens, &mut at, &[], true);
                }
                TokenTree::Ident(_) if tokens.is_member(at) => at += 1,
                TokenTree::Ident(_) => self.path(tokens, &mut at, &[], false),
                TokenTree::Group(group) => {
                    let inner = Tokens::new(group.stream());
                    if at > 0 && tokens.punct(at - 1, '#') {
                        self.quoted(&inner);
                    }
                    self.walk(&inner);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// `mod name;` or `mod name { … }`, from the name on: itself no path.
    fn declared(&mut self, tokens: &Tokens, at: usize) -> usize {
        let (Some(name), Some(TokenTree::Group(body))) = (tokens.ident(at), tokens.0.get(at + 1))
        else {
            return at + 1;
        };
        self.module.push(name);
        self.walk(&Tokens::new(body.stream()));
        self.module.pop();
        at + 2
    }

    /// Reads one path that starts at `at`, behind `prefix`, and the paths of its `{…}` list.
    fn path(&mut self, tokens: &Tokens, at: &mut usize, prefix: &[String], import: bool) {
        let line = tokens.0.get(*at).map_or(0, |t| t.span().start().line);
        let mut segments = prefix.to_vec();
        loop {
            match tokens.0.get(*at) {
                Some(TokenTree::Ident(segment)) => segments.push(segment.to_string()),
                Some(TokenTree::Group(list)) if list.delimiter() == Delimiter::Brace => {
                    *at += 1;
                    return self.list(&Tokens::new(list.stream()), &segments, import);
                }
                Some(TokenTree::Punct(_)) if import && tokens.punct(*at, '*') => {
                    *at += 1;
                    return self.push(line, segments, Some("*".to_owned()));
                }
                _ => break,
            }
            *at += 1;
            if !tokens.separator(*at) {
                break;
            }
            *at += 2;
        }
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let mut name = segments.last().filter(|_| import).cloned();
        if import && tokens.is(*at, "as") {
            name = tokens.ident(*at + 1);
            *at += 2;
        }
        // A path that names nothing, as `{` without a path before it.
        if segments.is_empty() {
            *at += 1;
            return;
        }
        self.push(line, segments, name);
    }

    fn list(&mut self, list: &Tokens, prefix: &[String], import: bool) {
        let mut at = 0;
        while at < list.0.len() {
            if list.ident(at).is_some() || list.punct(at, '*') {
                self.path(list, &mut at, prefix, import);
            } else {
                at += 1;
            }
        }
    }

    /// Paths that an attribute has in quotation marks, as serde's do.
    fn quoted(&mut self, attribute: &Tokens) {
        for token in &attribute.0 {
            match token {
                TokenTree::Group(group) => self.quoted(&Tokens::new(group.stream())),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    let is_path = text.contains("::")
                        && text.split("::").all(|part| {
                            !part.is_empty()
                                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
                        });
                    if is_path {
                        let segments = text.split("::").map(str::to_owned).collect();
                        self.push(literal.span().start().line, segments, None);
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, line: usize, segments: Vec<String>, import: Option<String>) {
        let supers = segments.iter().take_while(|s| *s == "super").count();
        let (start, skip) = match segments.first().map(String::as_str) {
            Some("crate" | "pullscope") => (Some(0), 1),
            Some("self") => (Some(self.module.len()), 1),
            Some("super") => (Some(self.module.len().saturating_sub(supers)), supers),
            _ => (None, 0),
        };
        // `pub(super)` names no item.
        if skip == segments.len() && import.is_none() {
            return;
        }
        let around = self.module.iter().take(start.unwrap_or(0)).cloned();
        self.found.push(Named {
            line,
            root: start.is_some(),
            segments: around.chain(segments.into_iter().skip(skip)).collect(),
            module: self.module.clone(),
            import,
        });
    }
}
