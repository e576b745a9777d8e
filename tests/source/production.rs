//! Leaves out what is compiled for tests only, or for them and for fuzzing.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::path::Tokens;

/// The tokens without items, fields, statements and arms under `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: TokenStream) -> TokenStream {
    let tokens = Tokens::new(tokens);
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.0.get(at) {
        if is_test_attribute(&tokens, at) {
            at = after_item(&tokens, at);
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept.into_iter().collect()
}

/// Whether `#[cfg(test)]`, or one that no build for users fulfils, stands here.
pub(crate) fn is_test_attribute(tokens: &Tokens, at: usize) -> bool {
    let Some(attribute) = attribute(tokens, at) else {
        return false;
    };
    let Some(TokenTree::Group(condition)) = attribute.0.get(1) else {
        return false;
    };
    attribute.is(0, "cfg") && demands_test(&Tokens::new(condition.stream()))
}

/// Where the attributes that start here end.
pub(crate) fn after_attributes(tokens: &Tokens, mut at: usize) -> usize {
    while attribute(tokens, at).is_some() {
        at += 2;
    }
    at
}

/// Where `pub` or `pub(…)` ends, if it stands here.
pub(crate) fn after_visibility(tokens: &Tokens, at: usize) -> usize {
    if !tokens.is(at, "pub") {
        return at;
    }
    match tokens.0.get(at + 1) {
        Some(TokenTree::Group(to)) if to.delimiter() == Delimiter::Parenthesis => at + 2,
        _ => at + 1,
    }
}

/// Whether the condition is `test`, `all(…, test, …)`, or `any(test, fuzzing)`.
fn demands_test(condition: &Tokens) -> bool {
    let Some(TokenTree::Group(list)) = condition.0.get(1) else {
        return condition.is(0, "test");
    };
    let list = Tokens::new(list.stream());
    let mut words = (0..list.0.len()).filter_map(|at| list.ident(at));
    if condition.is(0, "all") {
        return words.any(|word| word == "test");
    }
    condition.is(0, "any") && words.all(|word| word == "test" || word == "fuzzing")
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

/// Where what the attributes at this place belong to ends.
fn after_item(tokens: &Tokens, at: usize) -> usize {
    let mut at = after_attributes(tokens, at);
    let item = is_item(tokens, at);
    while let Some(token) = tokens.0.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ';' => break,
            TokenTree::Punct(mark) if mark.as_char() == ',' && !item => break,
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                // The list of a `use`, the value of a `let`, a block that is an arm.
                if tokens.punct(at, ';') || (tokens.punct(at, ',') && !item) {
                    at += 1;
                }
                break;
            }
            _ => {}
        }
    }
    at
}

fn is_item(tokens: &Tokens, at: usize) -> bool {
    let at = after_visibility(tokens, at);
    ITEMS.iter().any(|word| tokens.is(at, word))
}

const ITEMS: &[&str] = &[
    "fn", "mod", "use", "struct", "enum", "trait", "type", "const", "static", "impl", "unsafe",
    "async", "extern", "union",
];
