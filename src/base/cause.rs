//! An error in one line.

use std::error::Error;
use std::iter;

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
    match causes(error).last() {
        Some(root) => root.to_string(),
        None => error.to_string(),
    }
}

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
}
