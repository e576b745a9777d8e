//! Colours on a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use crate::config::{LookArgs, When};
use crate::story::Tone;
use crate::story::text::{Line, Look};

use super::locale;

/// How text is laid out where nothing else was asked for.
pub(in crate::app) fn look(args: &LookArgs) -> Look {
    Look {
        width: args.width.or_else(columns).unwrap_or(100).max(60).into(),
        ascii: args.ascii || !locale::is_utf8(),
    }
}

/// Whether colours are wanted on stdout (<https://no-color.org>).
pub(in crate::app) fn is_wanted(when: When) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            !set("NO_COLOR") && !dumb && std::io::stdout().is_terminal()
        }
    }
}

/// The columns of the terminal that stdout is.
pub(in crate::app) fn columns() -> Option<u16> {
    let stated = std::env::var("COLUMNS").ok();
    stated.and_then(|text| text.parse().ok()).or_else(|| {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col)
    })
}

/// Lines as text, with or without colours.
pub(in crate::app) fn paint(lines: &[Line], colours: bool) -> String {
    let mut text = String::new();
    for line in lines {
        for span in line {
            match code(span.tone).filter(|_| colours) {
                // Writing to a string never fails.
                Some(code) => {
                    let _ = write!(text, "\x1b[{code}m{}\x1b[0m", span.text());
                }
                None => text.push_str(span.text()),
            }
        }
        text.push('\n');
    }
    text
}

fn code(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain | Tone::Id => None,
        Tone::Strong => Some("1"),
        Tone::Dim => Some("2"),
        Tone::Good => Some("32"),
        Tone::Warn => Some("33"),
        Tone::Bad => Some("31"),
    }
}
