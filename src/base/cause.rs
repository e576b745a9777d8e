//! An error in one line.

use std::borrow::Cow;
use std::error::Error;
use std::iter;

use super::table::rows;

/// An error and what led to it, in one line; what an effect says already is left out.
pub fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    for cause in causes(error) {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
    }
    said
}

/// The message of the error that caused all others.
pub fn innermost(error: &dyn Error) -> String {
    let said = match causes(error).last() {
        Some(root) => root.to_string(),
        None => error.to_string(),
    };
    plain(&said).into_owned()
}

/// What a library says of a failure, in words that those know who have never heard of it. What
/// is plain already stays as it is.
pub fn plain(said: &str) -> Cow<'_, str> {
    let known = rows(TRANSLATED).find_map(|[phrase, plain]| {
        let (before, after) = said.split_once(phrase)?;
        let name = after.trim_start().split([' ', ':', '.']).next();
        let between = if plain.contains("alert") { '_' } else { ' ' };
        let name = spaced(name.unwrap_or_default(), between);
        Some(format!("{before}{}", plain.replace("{}", &name)))
    });
    if let Some(known) = known {
        return Cow::Owned(known);
    }
    let rest = said.replace("failed to lookup address information: ", "");
    match rest.split_once(" (os error ") {
        Some((before, _)) => Cow::Owned(before.to_owned()),
        None if rest == said => Cow::Borrowed(said),
        None => Cow::Owned(rest),
    }
}

/// A name of the library's as the words it is made of, for a text that ends in a blank and so
/// leaves it open: alerts have theirs in the specification of TLS (`handshake_failure`).
fn spaced(name: &str, between: char) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(between);
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// What the libraries say, and what is meant: everything from the phrase on is replaced.
/// What is said of a peer that answers in something else.
pub const NO_TLS: &str = "what it sent is no TLS";
const TRANSLATED: &str = include_str!("translated.txt");

/// What led to an error, from its own cause to the root of it.
fn causes<'a>(error: &'a (dyn Error + 'a)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(error.source(), |cause| (*cause).source())
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|cause| cause as _)
        }
    }

    #[test]
    fn an_error_names_its_causes_once() {
        let root = Layer("no route", None);
        assert_eq!(
            (chain(&root), innermost(&root)),
            ("no route".into(), "no route".into())
        );
        let repeated = Layer("connect: no route", Some(Box::new(root)));
        let error = Layer("send", Some(Box::new(repeated)));
        assert_eq!(chain(&error), "send: connect: no route");
        assert_eq!(innermost(&error), "no route");
    }

    #[test]
    fn no_library_speaks_in_its_own_words() {
        for (said, meant) in [
            (
                "received corrupt message of type InvalidContentType",
                NO_TLS,
            ),
            (
                "TLS handshake with r.example: received fatal alert: HandshakeFailure",
                "TLS handshake with r.example: it sent the TLS alert handshake_failure",
            ),
            (
                "peer is incompatible: ServerDoesNotSupportTls12Or13",
                "no common TLS parameters: server does not support tls12 or13",
            ),
            (
                "peer closed connection without sending TLS close_notify: https://docs.rs/x",
                "it closed the connection without ending TLS",
            ),
            (
                "looking up a: failed to lookup address information: Name or service not known",
                "looking up a: Name or service not known",
            ),
            ("Connection refused (os error 111)", "Connection refused"),
            ("no route", "no route"),
        ] {
            assert_eq!(plain(said), meant);
            assert_eq!(plain(meant), meant, "what is plain stays");
        }
    }
}
