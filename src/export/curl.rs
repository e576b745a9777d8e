//! Requests as curl commands that anyone can run: a shell script.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use crate::base::printable::{printable, printable_bytes};
use crate::base::token::is_token;
use crate::exchange::head::latin1;
use crate::exchange::{Bodies, Capture, Exchange, ExchangeId, RawHead};
use crate::pulls::Why;
use crate::registry::{Fingerprint, Kind};
use crate::store::Entry;
use crate::story::{Telling, short_url};

/// Writes the script. What a trace does not hold, because it was redacted or expires, is fetched
/// anew where a command can: tokens become `$TOKEN`, signed URLs `$LOCATION`. What is kept in
/// memory is the names of these variables.
///
/// # Errors
/// When the stream fails.
pub fn write<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    telling: &Telling<'_>,
    bodies: &dyn Bodies,
    mut out: impl io::Write,
) -> io::Result<()> {
    let mut script = Script {
        telling,
        bodies,
        text: String::from(HEAD),
        tokens: HashMap::new(),
        fetched: 0,
        locations: HashMap::new(),
    };
    for entry in entries {
        script.entry(entry);
        out.write_all(script.text.as_bytes())?;
        script.text.clear();
    }
    // Without a request there is the head alone.
    out.write_all(script.text.as_bytes())
}

struct Script<'a> {
    telling: &'a Telling<'a>,
    bodies: &'a dyn Bodies,
    /// What is about to be written.
    text: String,
    /// The variables of tokens that were fetched, by what tells the tokens.
    tokens: HashMap<Fingerprint, String>,
    /// How many there are.
    fetched: usize,
    /// The variables with redirect targets, by the exchange that redirected.
    locations: HashMap<ExchangeId, String>,
}

impl Script<'_> {
    fn entry(&mut self, entry: &Entry) {
        let exchange = &entry.exchange;
        let Some(request) = &exchange.request else {
            return;
        };
        let status = entry.reading.status;
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let place = short_url(&request.url);
        let _ = writeln!(
            self.text,
            "\n# {}. {}: {status} from {}",
            exchange.id,
            entry.kind,
            printable(&place)
        );
        let scheme = entry.reading.url.as_deref().map(url::Url::scheme);
        if !matches!(scheme, Some("http" | "https")) {
            self.text
                .push_str("# (not a URL that curl should be given)\n");
            return;
        }
        let mut command = CurlCommand::default();
        self.address(&mut command, entry, &request.url);
        method(&mut command, &entry.reading.method, exchange);
        self.fields(&mut command, entry, &request.head);
        self.body(&mut command, entry);
        self.emit(&command, entry);
    }

    /// The URL, or the variable that a redirect set.
    fn address(&self, command: &mut CurlCommand, entry: &Entry, url: &str) {
        let pull = entry.pull.and_then(|id| self.telling.store.pull(id));
        let cause = pull.and_then(|pull| pull.step(entry.exchange.id)?.cause);
        let redirect = cause.filter(|cause| cause.why == Why::Redirect);
        match redirect.and_then(|cause| self.locations.get(&cause.exchange)) {
            Some(variable) => command.raw(format!("--url \"${variable}\"")),
            None => command.option("--url", url),
        }
    }

    fn fields(&self, command: &mut CurlCommand, entry: &Entry, head: &RawHead) {
        for field in head.fields() {
            let name = latin1(field.name);
            if !is_token(name.as_bytes()) {
                continue;
            }
            let value = printable_bytes(field.value);
            match name.to_ascii_lowercase().as_str() {
                "host" | "connection" | "content-length" | "transfer-encoding" | "te"
                | "trailer" | "upgrade" | "expect" | "keep-alive" => {}
                proxy if proxy.starts_with("proxy-") => {}
                "accept-encoding" if value.eq_ignore_ascii_case("identity") => {}
                "accept-encoding" => command.raw("--compressed".to_owned()),
                "authorization" => self.authorization(command, entry),
                _ if value.is_empty() => command.option("--header", &format!("{name};")),
                _ => command.option("--header", &format!("{name}: {value}")),
            }
        }
    }

    fn authorization(&self, command: &mut CurlCommand, entry: &Entry) {
        let Some(authorization) = &entry.reading.authorization else {
            return;
        };
        if !authorization.is_bearer() {
            let login = "--user \"$REGISTRY_USER:$REGISTRY_PASSWORD\"";
            command.raw(login.to_owned());
            return;
        }
        let known = self.tokens.get(&authorization.fingerprint);
        let variable = known.map_or_else(
            || {
                command
                    .notes
                    .push("its token was not fetched in this trace: set TOKEN".to_owned());
                "TOKEN"
            },
            String::as_str,
        );
        command.raw(format!("--header \"Authorization: Bearer ${variable}\""));
    }

    fn body(&self, command: &mut CurlCommand, entry: &Entry) {
        let Some(body) = entry
            .exchange
            .request_body
            .as_ref()
            .filter(|body| body.size > 0)
        else {
            return;
        };
        let bytes = match &body.capture {
            Capture::Memory { bytes } => Some(bytes.to_vec()),
            stored @ Capture::Stored { .. } => self.bodies.read(stored).ok().flatten(),
            _ => None,
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.filter(|text| !text.contains('\0') && text.len() <= LARGEST_BODY);
        if let Some(text) = text {
            if text.contains("REDACTED-") {
                let note = "its content was redacted: put yours in";
                command.notes.push(note.to_owned());
            }
            command.option("--data-raw", &text);
        } else {
            let size = body.size;
            let note = format!("its content ({size} bytes) is not here: put it into request.bin");
            command.notes.push(note);
            command.raw("--data-binary @request.bin".to_owned());
        }
    }

    /// Writes the command, and into which variable its answer goes.
    fn emit(&mut self, command: &CurlCommand, entry: &Entry) {
        for note in &command.notes {
            let _ = writeln!(self.text, "# {note}");
        }
        let words = command.words.join(" \\\n    ");
        let token = entry
            .reading
            .token_answer
            .as_ref()
            .filter(|_| entry.kind == Kind::Token);
        let (variable, end) = if token.is_some() {
            self.fetched += 1;
            (
                numbered("TOKEN", self.fetched - 1),
                format!("| {TOKEN_OF_ANSWER}"),
            )
        } else if entry.reading.redirect.is_some() {
            let end = "--output /dev/null --write-out '%{redirect_url}'";
            (numbered("LOCATION", self.locations.len()), end.to_owned())
        } else {
            let end = if is_bulk(entry.kind) {
                "--output /dev/null --dump-header -"
            } else {
                "--include\necho"
            };
            let _ = writeln!(self.text, "{words} \\\n    {end}");
            return;
        };
        // What shows that a variable was set, without showing a secret.
        let _ = writeln!(
            self.text,
            "{variable}=$({words} \\\n    {end})\necho \"{variable}: ${{#{variable}}} characters\""
        );
        if let Some(answer) = token {
            for token in answer.other.into_iter().chain([answer.token.fingerprint]) {
                self.tokens.insert(token, variable.clone());
            }
        } else {
            self.locations.insert(entry.exchange.id, variable);
        }
    }
}

/// One command on its way.
struct CurlCommand {
    words: Vec<String>,
    notes: Vec<String>,
}

impl Default for CurlCommand {
    fn default() -> Self {
        Self {
            words: vec![CURL.to_owned()],
            notes: Vec::new(),
        }
    }
}

impl CurlCommand {
    fn option(&mut self, name: &str, value: &str) {
        self.words.push(format!("{name} {}", quoted(value)));
    }

    fn raw(&mut self, word: String) {
        if !self.words.contains(&word) {
            self.words.push(word);
        }
    }
}

fn method(command: &mut CurlCommand, method: &str, exchange: &Exchange) {
    let has_body = exchange
        .request_body
        .as_ref()
        .is_some_and(|body| body.size > 0);
    match method {
        "HEAD" => command.raw("--head".to_owned()),
        "GET" if !has_body => {}
        "POST" if has_body => {}
        other => command.option("--request", other),
    }
}

/// Content that is not for a terminal.
fn is_bulk(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Layer | Kind::Blob | Kind::Cdn | Kind::Config | Kind::Upload
    )
}

fn numbered(name: &str, before: usize) -> String {
    match before {
        0 => name.to_owned(),
        before => format!("{name}_{}", before + 1),
    }
}

/// A word for the shell, whatever is in it. Hidden characters are escaped.
fn quoted(text: &str) -> String {
    format!("'{}'", printable(text).replace('\'', "'\\''"))
}

const CURL: &str = "curl --silent --show-error --globoff --proto =http,https";
/// Takes the token out of an answer without any other program than sed.
const TOKEN_OF_ANSWER: &str = r#"sed -n 's/.*"\(access_\)\{0,1\}token" *: *"\([^"]*\)".*/\2/p'"#;
/// A larger body is not put into a command line.
const LARGEST_BODY: usize = 64 * 1024;
const HEAD: &str = "\
#!/bin/sh
# Each request of the trace as a command. Tokens and signed URLs are fetched anew, in order.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a'b $(x) `y`"), r"'a'\''b $(x) `y`'");
        assert_eq!(quoted("a\nb\u{1b}"), "'a\\nb\\x1b'");
        assert_eq!(numbered("TOKEN", 0), "TOKEN");
        assert_eq!(numbered("TOKEN", 1), "TOKEN_2");
    }
}
