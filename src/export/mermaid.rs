//! Sequence diagrams in Mermaid's language: who asked whom, and what came back.

use std::fmt::Write as _;

use super::arrow::{answered, asked};
use super::story::{Telling, shorten};
use crate::exchange::Ending;
use crate::exchange::printable::printable;
use crate::registry::{Pull, PullId};
use crate::store::Entry;

/// Mermaid does not draw what has more characters than this unless told to.
pub const LARGEST: usize = 50_000;

/// One diagram of all these exchanges, in order of their start. A note stands where a pull
/// begins.
pub fn diagram<'a>(entries: impl IntoIterator<Item = &'a Entry>, telling: &Telling<'_>) -> String {
    let mut diagram = Diagram::default();
    let mut begun: Vec<PullId> = Vec::new();
    for entry in entries {
        let pull = entry.pull.and_then(|id| telling.store.pull(id));
        let client = pull.map_or_else(|| entry.reading.client.label(), |p| p.client.label());
        let client = diagram.actor(&client);
        let host = diagram.actor(&entry.reading.authority);
        if let Some(pull) = pull.filter(|pull| !begun.contains(&pull.id)) {
            begun.push(pull.id);
            let words = format!("{} {}", pull.purpose.name(telling.lang), pull.name());
            let note = escape(&shorten(&words));
            let _ = writeln!(diagram.lines, "    Note over {client},{host}: {note}");
        }
        diagram.exchange(entry, pull, &client, &host, telling);
    }
    diagram.finish()
}

#[derive(Default)]
struct Diagram {
    /// Names in the order they appear; the place is the identifier.
    actors: Vec<String>,
    lines: String,
}

impl Diagram {
    /// The identifier of a client or host.
    fn actor(&mut self, name: &str) -> String {
        let at = self.actors.iter().position(|actor| actor == name);
        let at = at.unwrap_or_else(|| {
            self.actors.push(name.to_owned());
            self.actors.len() - 1
        });
        format!("p{at}")
    }

    fn exchange(
        &mut self,
        entry: &Entry,
        pull: Option<&Pull>,
        client: &str,
        host: &str,
        telling: &Telling<'_>,
    ) {
        let lang = telling.lang;
        let asked = escape(&asked(entry, pull, lang));
        let _ = writeln!(self.lines, "    {client}->>{host}: {asked}");
        let detail = match &entry.exchange.ended {
            Some((_, Ending::Aborted { detail, .. } | Ending::Failed { detail, .. })) => {
                Some(detail)
            }
            _ => None,
        };
        let mut answer = answered(entry, lang);
        if let Some(detail) = detail {
            let said: String = detail.chars().take(LONGEST_DETAIL).collect();
            let _ = write!(answer, ": {said}");
        }
        let arrow = if detail.is_some() { "--x" } else { "-->>" };
        let _ = writeln!(self.lines, "    {host}{arrow}{client}: {}", escape(&answer));
    }

    fn finish(self) -> String {
        let mut text = String::from("sequenceDiagram\n");
        for (at, name) in self.actors.iter().enumerate() {
            let name = if name.is_empty() { "-" } else { name };
            let _ = writeln!(text, "    participant p{at} as {}", escape(name));
        }
        text + &self.lines
    }
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
