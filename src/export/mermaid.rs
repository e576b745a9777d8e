//! Sequence diagrams in Mermaid's language: who asked whom, and what came back.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io;

use super::arrow::{answered, asked};
use crate::base::printable::printable;
use crate::exchange::Ending;
use crate::pulls::{Pull, PullId};
use crate::store::Entry;
use crate::story::{Telling, shorten};

/// Mermaid does not draw what has more characters than this unless told to.
pub const LARGEST: usize = 50_000;

/// One diagram of all these exchanges, in order of their start. A note stands where a pull
/// begins.
pub fn diagram<'a, I>(entries: impl Fn() -> I, telling: &Telling<'_>) -> String
where
    I: Iterator<Item = &'a Entry>,
{
    let mut text = Vec::new();
    // Writing to memory does not fail, and what is written is text.
    let _ = write(entries, telling, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the [`diagram`], and says how many bytes it has. `entries` are gone through twice, for
/// those who take part are named first; in memory there are their names.
///
/// # Errors
/// When the stream fails.
pub fn write<'a, I>(
    entries: impl Fn() -> I,
    telling: &Telling<'_>,
    mut out: impl io::Write,
) -> io::Result<usize>
where
    I: Iterator<Item = &'a Entry>,
{
    let mut actors = Actors::default();
    let mut text = String::from("sequenceDiagram\n");
    for name in entries().flat_map(|entry| pair(entry, telling)) {
        let known = actors.0.len();
        let id = actors.id(&name);
        if actors.0.len() > known {
            let name = if name.is_empty() { "-" } else { &name };
            let _ = writeln!(text, "    participant {id} as {}", escape(name));
        }
    }
    let mut written = 0;
    let mut begun: HashSet<PullId> = HashSet::new();
    for entry in entries() {
        let pull = entry.pull.and_then(|id| telling.store.pull(id));
        let [client, host] = pair(entry, telling).map(|name| actors.id(&name));
        if let Some(pull) = pull.filter(|pull| begun.insert(pull.id)) {
            let words = format!("{} {}", pull.purpose.name(telling.lang), pull.name());
            let note = escape(&shorten(&words));
            let _ = writeln!(text, "    Note over {client},{host}: {note}");
        }
        exchange(entry, pull, &client, &host, telling, &mut text);
        out.write_all(text.as_bytes())?;
        written += text.len();
        text.clear();
    }
    out.write_all(text.as_bytes())?;
    Ok(written + text.len())
}

/// The client and the host of an exchange.
fn pair(entry: &Entry, telling: &Telling<'_>) -> [String; 2] {
    let pull = entry.pull.and_then(|id| telling.store.pull(id));
    let client = pull.map_or(&*entry.reading.client, |pull| &pull.client);
    [client.label(), entry.reading.authority.to_string()]
}

/// Who takes part, by name: the place in the order of appearance.
#[derive(Default)]
struct Actors(HashMap<String, usize>);

impl Actors {
    fn id(&mut self, name: &str) -> String {
        let next = self.0.len();
        let at = match self.0.get(name) {
            Some(at) => *at,
            None => *self.0.entry(name.to_owned()).or_insert(next),
        };
        format!("p{at}")
    }
}

fn exchange(
    entry: &Entry,
    pull: Option<&Pull>,
    client: &str,
    host: &str,
    telling: &Telling<'_>,
    text: &mut String,
) {
    let lang = telling.lang;
    let asked = escape(&asked(entry, pull, lang));
    let _ = writeln!(text, "    {client}->>{host}: {asked}");
    let detail = match &entry.exchange.ended {
        Some((_, Ending::Aborted { detail, .. } | Ending::Failed { detail, .. })) => Some(detail),
        _ => None,
    };
    let mut answer = answered(entry, lang);
    if let Some(detail) = detail {
        let said: String = detail.chars().take(LONGEST_DETAIL).collect();
        let _ = write!(answer, ": {said}");
    }
    let arrow = if detail.is_some() { "--x" } else { "-->>" };
    let _ = writeln!(text, "    {host}{arrow}{client}: {}", escape(&answer));
}

/// Text that cannot mean anything to Mermaid or to HTML: what is no letter, digit or plain mark
/// is a character code.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            c if c.is_alphanumeric() => escaped.push(c),
            ' ' | '.' | '/' | '-' | '_' | ',' | '…' | '✓' | '✗' | '(' | ')' => {
                escaped.push(c);
            }
            c => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    escaped
}

/// Characters of what cut an exchange off.
const LONGEST_DETAIL: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_means_anything() {
        assert_eq!(
            escape("a;b#c<script>%%\nend: \u{202e}"),
            "a#59;b#35;c#60;script#62;#37;#37;#92;nend#58; #92;u#123;202e#125;"
        );
    }
}
