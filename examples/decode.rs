//! Decodes a HAR into pulls, their steps, and what is wrong with them.
//!
//! `cargo run --example decode [HAR]` reads any HAR with registry traffic in it; without one, a
//! pull that failed because its token was for another repository.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;

use pullscope::har;
use pullscope::registry::InMemoryOnly;
use pullscope::store::Store;
use pullscope::story::{self, Span, Telling};
use pullscope::words::Lang;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(sample, PathBuf::from);
    let document = har::read(&path)?;
    let store = Store::of_trace(document.trace, &InMemoryOnly);
    tell(&store, Lang::En, &mut io::stdout().lock())?;
    Ok(())
}

fn tell(store: &Store, lang: Lang, out: &mut impl Write) -> io::Result<()> {
    let telling = Telling::of(store, lang);
    for pull in store.pulls() {
        let (purpose, state) = (pull.purpose.name(lang), pull.state.name(lang));
        writeln!(out, "{purpose} {}: {state}", safe(&pull.name()))?;
        for step in story::pull(pull, &telling, &|_| true).steps {
            writeln!(out, "  {} {}", step.number, safe(&step.explanation))?;
        }
        for finding in store.findings_of(pull.id) {
            writeln!(out, "  ! {}", finding.title(lang))?;
            writeln!(out, "    {}", safe(&finding.sentence(lang)))?;
            for evidence in &finding.evidence {
                writeln!(
                    out,
                    "    {}: {}",
                    safe(&evidence.field),
                    safe(&evidence.value)
                )?;
            }
        }
    }
    Ok(())
}

/// What the network said may hold anything; a span holds what a terminal may be sent.
fn safe(text: &str) -> String {
    Span::plain(text).text().to_owned()
}

fn sample() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", "wrong-scope.har"]
        .iter()
        .collect()
}
