//! What a module defines.

use proc_macro2::{TokenStream, TokenTree};

use super::crate_source::SourceFile;
use super::path::Tokens;
use super::production::{after_attributes, after_visibility, is_test_attribute};

/// One item with a name.
pub(crate) struct Definition {
    /// The modules around it, from the crate root.
    pub(crate) module: Vec<String>,
    /// `struct`, `fn`, `mod` and so on.
    pub(crate) keyword: String,
    pub(crate) name: String,
}

/// The items of `module` and of the modules inside it.
pub(crate) fn definitions(tokens: TokenStream, module: &[String]) -> Vec<Definition> {
    let mut found = Vec::new();
    collect(&Tokens::new(tokens), module, &mut found);
    found
}

/// The modules that this file declares for tests only.
pub(crate) fn test_modules(file: &SourceFile) -> Vec<Vec<String>> {
    let tokens = Tokens::new(file.tokens());
    let declared = (0..tokens.0.len()).filter(|at| is_test_attribute(&tokens, *at));
    declared
        .filter_map(|at| {
            let at = after_visibility(&tokens, after_attributes(&tokens, at));
            let name = tokens.ident(at + 1)?;
            (tokens.is(at, "mod") && tokens.punct(at + 2, ';'))
                .then(|| [&file.module[..], &[name]].concat())
        })
        .collect()
}

fn collect(tokens: &Tokens, module: &[String], found: &mut Vec<Definition>) {
    for at in 0..tokens.0.len() {
        let Some(keyword) = tokens.ident(at) else {
            continue;
        };
        let name_at = if keyword == "macro_rules" {
            at + 2
        } else {
            at + 1
        };
        let Some(name) = tokens.ident(name_at) else {
            continue;
        };
        let is_name = !matches!(name.as_str(), "fn" | "mut" | "unsafe" | "async" | "extern");
        if !KEYWORDS.contains(&keyword.as_str()) || !is_name {
            continue;
        }
        if keyword == "mod"
            && let Some(TokenTree::Group(body)) = tokens.0.get(name_at + 1)
        {
            let inner = [module, std::slice::from_ref(&name)].concat();
            collect(&Tokens::new(body.stream()), &inner, found);
        }
        found.push(Definition {
            module: module.to_vec(),
            keyword,
            name,
        });
    }
}

const KEYWORDS: &[&str] = &[
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "fn",
    "const",
    "static",
    "mod",
    "macro_rules",
];
