//! What programs put around the messages that they print, taken off again.
//!
//! `curl -v` marks what it sent and received, and says more beside it. Logs put a level and a time
//! before each line (`ctr --http-dump`), or before the first of a message only (`crane -v`, the
//! dumps of skopeo and its kin between `===REQ===` and `===RES===`).

use std::borrow::Cow;

use super::line::Start;
/// In which form a transcript prints its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    #[default]
    Plain,
    /// The output of `curl -v`.
    Curl,
    /// A log, such as that of `ctr --http-dump`.
    Log,
}

/// A line, without what was put before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Printed<'a> {
    /// It belongs to a message, or begins one.
    Message(Cow<'a, str>),
    /// The program says it, and goes on with the message afterwards.
    Aside(Cow<'a, str>),
    /// The program says it; the message is over.
    Outside(Cow<'a, str>),
}

/// Takes lines out of their wrapping.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    form: Form,
    /// Within a head that curl prints.
    in_head: bool,
    /// Whether curl's messages have begun to be answered, so that content may come.
    answered: bool,
    /// Whether each line of this message of a log has the log's prefix, once that is known.
    prefixed: Option<bool>,
    level: String,
}

impl Form {
    /// The form of a whole text.
    pub(super) fn of(text: &str) -> Self {
        let mut forms = text.lines().filter_map(|line| {
            if curl_marked(line).is_some_and(|(_, text)| Start::read(text).is_some())
                || line.trim_start().starts_with("curl: (")
            {
                return Some(Self::Curl);
            }
            let plain = uncoloured(line);
            let logged = logged(&plain)?;
            let text = logged.text.trim_end();
            (Start::read(text).is_some() || is_fence(text)).then_some(Self::Log)
        });
        forms.next().unwrap_or_default()
    }
}

impl Unwrapper {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            ..Self::default()
        }
    }

    /// The parts of a line, which ends as it stands.
    pub(super) fn take<'a>(&mut self, whole: &'a str) -> Vec<Printed<'a>> {
        match self.form {
            Form::Plain => vec![Printed::Message(whole.into())],
            Form::Curl => self.curl(whole),
            Form::Log => vec![self.log(whole)],
        }
    }

    fn curl<'a>(&mut self, whole: &'a str) -> Vec<Printed<'a>> {
        let whole = without_meter(whole);
        let line = whole.trim_end_matches(['\n', '\r']);
        if let Some((mark, text)) = curl_marked(line) {
            let start = Start::read(text);
            match start {
                Some(Start::Request { .. }) if mark == '>' => self.answered = false,
                Some(Start::Response { .. }) if mark == '<' => self.answered = true,
                _ if self.in_head => {}
                _ => return self.content(whole),
            }
            self.in_head = !text.trim().is_empty();
            return vec![Printed::Message(format!("{text}\n").into())];
        }
        if is_aside(line) {
            self.in_head &= line.trim_start().starts_with('*');
            return vec![Printed::Aside(line.trim_start().into())];
        }
        self.in_head = false;
        self.content(whole)
    }

    /// Content, behind which there may be no line end before what curl says next.
    fn content<'a>(&self, whole: &'a str) -> Vec<Printed<'a>> {
        if !self.answered {
            return vec![Printed::Aside(whole.trim_end().into())];
        }
        let glued = ["* Connection #", "* Closing connection", "* Connection id"];
        let place = glued.iter().filter_map(|said| whole.find(said)).min();
        match place.and_then(|at| whole.split_at_checked(at)) {
            Some((content, said)) => vec![
                Printed::Message(content.into()),
                Printed::Aside(said.trim_end().into()),
            ],
            None => vec![Printed::Message(whole.into())],
        }
    }

    fn log<'a>(&mut self, whole: &'a str) -> Printed<'a> {
        let plain = uncoloured(whole);
        let line = plain.trim_end_matches(['\n', '\r']);
        let Some(logged) = logged(line) else {
            let starts = Start::read(line).is_some();
            if starts {
                self.prefixed = Some(false);
            }
            return match self.prefixed {
                _ if is_fence(line) => Printed::Outside(line.to_owned().into()),
                Some(true) => Printed::Aside(line.to_owned().into()),
                Some(false) => Printed::Message(plain.into_owned().into()),
                None => {
                    self.prefixed = Some(false);
                    Printed::Message(plain.into_owned().into())
                }
            };
        };
        // A terminal's log fills its messages up with blanks.
        let text = logged.text.trim_end();
        if Start::read(text).is_some() {
            self.prefixed = None;
            logged.level.clone_into(&mut self.level);
            return Printed::Message(format!("{text}\n").into());
        }
        let goes_on = self.prefixed != Some(false)
            && logged.level == self.level
            && !logged.has_fields
            && !is_fence(text);
        if goes_on && !self.level.is_empty() {
            self.prefixed = Some(true);
            return Printed::Message(format!("{text}\n").into());
        }
        Printed::Outside(text.to_owned().into())
    }
}

/// The mark and the text of a line that curl sent (`>`) or received (`<`).
fn curl_marked(line: &str) -> Option<(char, &str)> {
    let line = without_time(line.trim_start());
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '<' | '>'))?;
    let rest = line.get(1..)?;
    let text = match rest.strip_prefix(' ') {
        Some(text) => text,
        None if rest.trim_end().is_empty() => "",
        None => return None,
    };
    Some((mark, text.trim_end_matches(['\n', '\r'])))
}

/// What curl says that is no part of a message.
fn is_aside(line: &str) -> bool {
    let line = without_time(line.trim_start());
    let counts = |open: &str| {
        let inside = line.strip_prefix(open);
        inside.is_some_and(|rest| rest.ends_with("bytes data]"))
    };
    line == "*"
        || line.starts_with("* ")
        || line.starts_with("curl: (")
        || counts("{ [")
        || counts("} [")
        || line.starts_with("% Total ")
        || line.starts_with("Dload ")
        || is_command(line)
}

/// A line of a shell that calls curl.
pub(super) fn is_command(line: &str) -> bool {
    let line = line.trim_start();
    let called = line.starts_with("curl ");
    let prompted = ["$ ", "# ", "% ", "> "]
        .iter()
        .filter_map(|prompt| line.split_once(prompt))
        .any(|(_, command)| command.contains("curl "));
    called || prompted
}

/// `--trace-time` puts a time before each line, and curl 8 the numbers of transfer and connection.
fn without_time(line: &str) -> &str {
    let Some((time, rest)) = line.split_once(' ') else {
        return line;
    };
    let is_time = time.split([':', '.']).count() == 4
        && time
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
        && time.split([':', '.']).all(|part| !part.is_empty());
    if !is_time {
        return line;
    }
    let numbers = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    numbers.map_or(rest, |(_, rest)| rest)
}

/// A line without curl's progress meter, which has no line end of its own.
fn without_meter(whole: &str) -> &str {
    const SPAN: &str = "--:--:--";
    let Some(at) = whole.rfind(SPAN) else {
        return whole;
    };
    let rest = whole.get(at + SPAN.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(' ');
    rest.trim_start_matches(|c: char| c.is_ascii_digit() || ".kMGTP".contains(c))
}

/// Whether a line only parts messages from what is around them.
fn is_fence(text: &str) -> bool {
    let inside = text.trim().strip_prefix("===");
    let inside = inside.and_then(|rest| rest.strip_suffix("==="));
    inside.is_some_and(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'='))
}

/// A line without the colours of a terminal.
fn uncoloured(line: &str) -> Cow<'_, str> {
    if !line.contains('\x1b') {
        return line.into();
    }
    let mut parts = line.split("\x1b[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        let rest = end.and_then(|end| part.get(end + 1..));
        text.push_str(rest.unwrap_or(part));
    }
    text.into()
}

/// A line of a log.
#[derive(Debug, PartialEq, Eq)]
struct Logged<'a> {
    level: &'a str,
    text: Cow<'a, str>,
    /// Whether something stands behind the message.
    has_fields: bool,
}

fn logged(line: &str) -> Option<Logged<'_>> {
    logfmt(line)
        .or_else(|| on_terminal(line))
        .or_else(|| go_log(line))
}

/// `time="…" level=info msg="…" key=value`
fn logfmt(line: &str) -> Option<Logged<'_>> {
    let rest = line.strip_prefix("time=")?;
    let (_, rest) = rest.split_once("level=")?;
    let (level, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let level = level.trim_end();
    let told = |text: Cow<'static, str>, rest: &str| Logged {
        level,
        text,
        has_fields: !rest.trim().is_empty(),
    };
    let Some(rest) = rest.strip_prefix("msg=") else {
        return Some(told("".into(), rest));
    };
    let Some(quoted) = rest.strip_prefix('"') else {
        let (text, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        return Some(told(text.to_owned().into(), rest));
    };
    let mut text = String::new();
    let mut rest = quoted.chars();
    while let Some(one) = rest.next() {
        text.push(match one {
            '"' => break,
            '\\' => match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            },
            other => other,
        });
    }
    Some(told(text.into(), rest.as_str()))
}

/// `INFO[0000] …`, with the message filled up to a column where fields follow.
fn on_terminal(line: &str) -> Option<Logged<'_>> {
    let (level, rest) = line.split_once('[')?;
    let is_level = level.len() == 4 && level.bytes().all(|b| b.is_ascii_uppercase());
    let (_, text) = rest.split_once(']').filter(|_| is_level)?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    let last = text.split(' ').next_back().unwrap_or_default();
    let key = last.split_once('=').map(|(key, _)| key);
    let is_key = |key: &str| {
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        !key.is_empty() && key.bytes().all(named)
    };
    Some(Logged {
        level,
        text: text.into(),
        has_fields: key.is_some_and(is_key) && !text.contains(": ") && text.contains(' '),
    })
}

/// `2026/05/04 12:00:00 …`
fn go_log(line: &str) -> Option<Logged<'_>> {
    const FORM: &[u8] = b"0000/00/00 00:00:00 ";
    let (stamp, text) = line.split_at_checked(FORM.len())?;
    let fits = stamp.bytes().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == *form,
    });
    fits.then(|| Logged {
        level: "",
        text: text.into(),
        has_fields: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_logs_are_taken_apart() {
        let line = |line| logged(line).map(|it| (it.text.into_owned(), it.has_fields));
        let found = |text: &str, fields| Some((text.to_owned(), fields));
        assert_eq!(
            line(r#"time="2026-05-04T12:00:00Z" level=info msg="A: \"b\"""#),
            found(r#"A: "b""#, false)
        );
        assert_eq!(
            line(r#"time="2026-05-04T12:00:00Z" level=info msg=resolving host=r.example"#),
            found("resolving", true)
        );
        assert_eq!(
            line("time=\"2026-05-04T12:00:00Z\" level=info"),
            found("", false)
        );
        assert_eq!(
            line("INFO[0003] Host: r.example     "),
            found("Host: r.example     ", false)
        );
        assert!(
            line("DEBU[0003] fetching    image=\"r.example/a:1\"")
                .unwrap()
                .1
        );
        assert_eq!(
            line("2026/05/04 12:00:00 GET /v2/ HTTP/1.1"),
            found("GET /v2/ HTTP/1.1", false)
        );
        for other in [
            "Host: r.example",
            "INFORM[1] x",
            "2026/05/04",
            "",
            "timeout",
        ] {
            assert_eq!(line(other), None, "{other}");
        }
    }

    #[test]
    fn what_curl_puts_before_a_line_is_taken_off() {
        assert_eq!(
            curl_marked("> GET / HTTP/1.1\r\n"),
            Some(('>', "GET / HTTP/1.1"))
        );
        assert_eq!(curl_marked("12:00:00.123456 < \n"), Some(('<', "")));
        assert_eq!(
            curl_marked("12:00:00.123456 [0-0] < a: b"),
            Some(('<', "a: b"))
        );
        assert_eq!(curl_marked("<html>"), None);
        let meter = "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     \
            0*   Trying 192.0.2.1:443...\n";
        assert_eq!(without_meter(meter), "*   Trying 192.0.2.1:443...\n");
        assert!(is_aside("{ [70 bytes data]") && !is_aside("{\"a\": [70 bytes data]}"));
        assert!(is_command("me@here:~$ curl -v https://r.example/"));
        assert!(!is_command("curly"));
    }
}
