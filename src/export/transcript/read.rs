//! A transcript read back, as it was written here or as people paste it.

use std::borrow::Cow;

use jiff::Timestamp;
use url::Url;

use super::curl_connection::{CurlConnection, failure};
use super::line::{Annotation, FENCE, Start, field, is_bodiless};
use super::message::{PrintedMessage, date, moment, promised};
use super::paste::{Form, Printed, Unwrapper};
use crate::exchange::{
    Body, Connection, ConnectionId, Ending, Exchange, ExchangeId, Failure, Fidelity, RawHead,
    RequestHead, ResponseHead, ResponseOrigin, Side, Timings, Trace,
};

/// What a transcript holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The exchanges, in the order they stand.
    pub trace: Trace,
    /// What was passed over, or taken to mean something else.
    pub remarks: Vec<Remark>,
    /// In which form its messages were printed.
    pub form: Form,
    /// Why the program that printed it sent nothing, by its own words.
    pub unsent: Option<String>,
}

/// Something about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Counted from 1.
    pub line: usize,
    /// What about it.
    pub text: String,
}

/// Reads a transcript. Every text is one; what is no message is passed over with a remark.
///
/// Moments are those of the answers' `Date` fields, never earlier than the one before unless a
/// client begins anew; `undated` is the moment of a transcript without any. None of them was
/// measured, so they only give an order.
pub fn read(text: &[u8], undated: Timestamp) -> Imported {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = &*unstamped(text);
    let form = Form::of(text);
    // A file of Windows': what is printed there did not end its lines so.
    let is_windows =
        form != Form::Plain && text.matches('\n').count() == text.matches("\r\n").count();
    let text = &*if is_windows {
        text.replace("\r\n", "\n").into()
    } else {
        Cow::Borrowed(text)
    };
    let mut reader = TranscriptReader {
        form,
        ..TranscriptReader::default()
    };
    let mut unwrapper = Unwrapper::new(form);
    for line in text.split_inclusive('\n') {
        reader.number += 1;
        for printed in unwrapper.take(line) {
            match printed {
                Printed::Message(whole) => reader.line(&whole),
                Printed::Aside(said) => reader.aside(&said),
                Printed::Outside(said) => {
                    reader.aside(&said);
                    reader.end_content();
                    reader.place = Within::Outside;
                }
            }
        }
    }
    reader.finish(undated)
}

/// A text without the time that a service of builds put before every line of it.
fn unstamped(text: &str) -> Cow<'_, str> {
    let rest = |line: &'_ str| {
        let (stamp, rest) = line.split_once(' ')?;
        stamp.parse::<Timestamp>().ok().map(|_| rest.to_owned())
    };
    let lines: Option<String> = text.split_inclusive('\n').map(rest).collect();
    lines.map_or(text.into(), Cow::Owned)
}

#[derive(Default)]
struct PrintedExchange {
    request: PrintedMessage,
    response: Option<PrintedMessage>,
    interim: Vec<RawHead>,
    /// The scheme of a target that has none.
    scheme: Option<&'static str>,
    /// Why there is no answer, or not all of it.
    failure: Option<(Failure, String)>,
    /// Where it begins.
    line: usize,
}

/// Where the reader is.
#[derive(Clone, Copy, Default, PartialEq)]
enum Within {
    /// Before a message or behind a fence.
    #[default]
    Outside,
    Head,
    Content,
}

#[derive(Default)]
struct TranscriptReader {
    number: usize,
    place: Within,
    after_blank: bool,
    talks: Vec<PrintedExchange>,
    remarks: Vec<Remark>,
    form: Form,
    connecting: CurlConnection,
    /// The last thing that curl said of its TLS; what it counts then is no content.
    of_tls: bool,
    unsent: Option<String>,
}

impl TranscriptReader {
    fn line(&mut self, whole: &str) {
        let line = whole.trim_end_matches(['\n', '\r']);
        let may_start = self.after_blank || self.place != Within::Content;
        self.after_blank = line.trim().is_empty();
        let start = Start::read(line)
            .filter(|start| may_start || start.is_certain() || self.answers(start));
        if let Some(start) = start {
            self.end_content();
            self.start(line, &start);
        } else if line.starts_with(FENCE) {
            self.place = Within::Outside;
        } else {
            match self.place {
                Within::Outside => self.outside(line),
                Within::Head => self.head(line, whole),
                Within::Content => self.content(line, whole),
            }
        }
    }

    /// Whether a line begins the answer to a request that has no content, as most have none: no
    /// blank line is needed before it.
    fn answers(&self, start: &Start<'_>) -> bool {
        let asked = self.talks.last().filter(|talk| talk.response.is_none());
        let method = asked.and_then(|talk| talk.request.method());
        matches!(start, Start::Response { .. }) && matches!(method, Some("GET" | "HEAD"))
    }

    /// What a program says beside the messages.
    fn aside(&mut self, said: &str) {
        if self.form != Form::Curl {
            return;
        }
        self.connecting.hear(said);
        let count = said
            .split_once(" [")
            .and_then(|(_, rest)| rest.split_once(' '));
        match count.map(|(count, _)| count.parse::<u64>()) {
            Some(Ok(count)) if said.starts_with(['{', '}']) => {
                let message = self.talks.last_mut().map(PrintedExchange::message);
                let received = said.starts_with('{');
                if let Some(message) =
                    message.filter(|message| message.status().is_some() == received && !self.of_tls)
                {
                    // Over TLS, what is counted is not content alone.
                    match self.connecting.scheme() {
                        "http" => message.counted = message.counted.saturating_add(count),
                        _ => message.unprinted = true,
                    }
                }
            }
            _ => self.of_tls = said.contains("TLS h") || said.contains("TLSv1"),
        }
        let Some((reason, words)) = failure(said) else {
            return;
        };
        match self.talks.last_mut() {
            Some(talk) if !self.connecting.is_new && talk.failure.is_none() => {
                talk.failure = Some((reason, words));
            }
            _ => self.unsent(reason, words),
        }
    }

    /// Nothing was sent: what would have been is known by the command.
    fn unsent(&mut self, reason: Failure, words: String) {
        let Some(url) = self.connecting.url.take() else {
            self.unsent = Some(words);
            return;
        };
        let start = format!("GET {url} HTTP/1.1");
        self.talks.push(PrintedExchange {
            request: PrintedMessage {
                start,
                ..PrintedMessage::default()
            },
            failure: Some((reason, words)),
            line: self.number,
            ..PrintedExchange::default()
        });
        self.place = Within::Outside;
    }

    fn start(&mut self, line: &str, start: &Start<'_>) {
        match start {
            Start::Request { method, .. } => {
                let is_curl = self.form == Form::Curl;
                let mut talk = PrintedExchange {
                    scheme: is_curl.then(|| self.connecting.scheme()),
                    line: self.number,
                    ..PrintedExchange::default()
                };
                self.connecting.is_new = false;
                if *method == "CONNECT" {
                    self.connecting.tunnelled();
                }
                line.clone_into(&mut talk.request.start);
                talk.request.framed = self.form == Form::Log;
                self.talks.push(talk);
            }
            Start::Response { .. } => {
                let open = self.talks.last_mut().filter(|talk| talk.is_open());
                let Some(talk) = open else {
                    self.remark("this answer has no request; left out");
                    self.place = Within::Outside;
                    return;
                };
                if let Some(interim) = talk.response.take() {
                    talk.interim.push(interim.head());
                }
                talk.response = Some(PrintedMessage {
                    start: line.to_owned(),
                    framed: self.form == Form::Log,
                    ..PrintedMessage::default()
                });
            }
        }
        self.place = Within::Head;
    }

    fn outside(&mut self, line: &str) {
        match (Annotation::read(line), self.talks.last_mut()) {
            (Some(note), Some(talk)) => talk.message().notes.push(note),
            _ if !line.trim().is_empty() && self.form == Form::Plain => {
                self.remark("not part of a message; passed over");
            }
            _ => {}
        }
    }

    fn head(&mut self, line: &str, whole: &str) {
        if line.trim().is_empty() {
            self.place = Within::Content;
            if let Some(message) = self.talks.last_mut().map(PrintedExchange::message) {
                message.stated = message.stated_length();
            }
            // What a program says next is no content of an answer that has none.
            if self.form != Form::Plain
                && self.talks.last().is_some_and(PrintedExchange::is_bodiless)
            {
                self.place = Within::Outside;
            }
            return;
        }
        let Some(message) = self.talks.last_mut().map(PrintedExchange::message) else {
            return;
        };
        if line.starts_with([' ', '\t'])
            && let Some(last) = message.fields.last_mut()
        {
            // Obsolete line folding (RFC 9112 section 5.2).
            last.push(' ');
            last.push_str(line.trim());
        } else if let Some((name, value)) = field(line) {
            message.fields.push(format!("{name}: {value}"));
        } else {
            self.place = Within::Content;
            self.remark("no field of a head; content is taken to begin here");
            self.content(line, whole);
        }
    }

    fn content(&mut self, line: &str, whole: &str) {
        let Some(message) = self.talks.last_mut().map(PrintedExchange::message) else {
            return;
        };
        match Annotation::read(line) {
            // A remark ends the message: the blank line behind it is no content.
            Some(note) => {
                message.notes.push(note);
                self.end_content();
                self.place = Within::Outside;
            }
            None if self.form == Form::Plain => message.content.push_str(whole),
            None => {
                // With its length known, what stands behind it is no content.
                let (content, said) = message.room(whole);
                message.content.push_str(content);
                let said = said.trim().to_owned();
                if message.is_whole() {
                    self.place = Within::Outside;
                }
                if !said.is_empty() {
                    self.aside(&said);
                }
            }
        }
    }

    /// The blank line before what comes next parts the two; it is no content.
    fn end_content(&mut self) {
        if self.place != Within::Content {
            return;
        }
        let Some(message) = self.talks.last_mut().map(PrintedExchange::message) else {
            return;
        };
        let last = message.content.split_inclusive('\n').next_back();
        if let Some(blank) = last.filter(|line| line.trim().is_empty()) {
            message
                .content
                .truncate(message.content.len() - blank.len());
        }
    }

    fn remark(&mut self, text: &str) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(Remark {
                line: self.number,
                text: text.to_owned(),
            });
        }
    }

    fn finish(mut self, undated: Timestamp) -> Imported {
        let mut talks = std::mem::take(&mut self.talks);
        for talk in &talks {
            if talk.is_tunnel() && self.form == Form::Plain {
                self.number = talk.line;
                self.remark("a CONNECT request opens a tunnel and is no exchange; left out");
            }
        }
        self.remarks.sort_by_key(|remark| remark.line);
        talks.retain(|talk| !talk.is_tunnel());
        let first = talks.iter().find_map(|talk| date(talk.response.as_ref()?));
        let mut clock = first.unwrap_or(undated);
        let mut trace = Trace::default();
        for (talk, number) in talks.into_iter().zip(1..) {
            if let Some(response) = &talk.response {
                // With `/v2/` a client begins, perhaps at another time than the pull before.
                let begins = talk.is_ping().then(|| date(response)).flatten();
                clock = begins.unwrap_or_else(|| moment(response, clock));
            }
            trace.exchanges.push(talk.exchange(number, clock));
        }
        Imported {
            trace,
            remarks: self.remarks,
            form: self.form,
            unsent: self.unsent,
        }
    }
}

impl PrintedExchange {
    /// The message that lines belong to.
    fn message(&mut self) -> &mut PrintedMessage {
        self.response.as_mut().unwrap_or(&mut self.request)
    }

    /// Whether an answer may still come.
    fn is_open(&self) -> bool {
        self.response.is_none() || matches!(self.status(), Some(100..=199))
    }

    fn status(&self) -> Option<u16> {
        self.response.as_ref()?.status()
    }

    fn is_ping(&self) -> bool {
        let (_, url, _) = self.request.asked("https");
        let path = Url::parse(&url).map(|url| url.path() == "/v2/");
        path.unwrap_or_default()
    }

    fn method(&self) -> &str {
        self.request.method().unwrap_or_default()
    }

    /// Whether it only opens a tunnel for the exchanges that follow.
    fn is_tunnel(&self) -> bool {
        let refused = self.status().is_some_and(|status| status >= 300);
        let mut notes = self.request.notes.iter();
        let said = notes.any(|note| matches!(note, Annotation::NoResponse(_)));
        self.method() == "CONNECT" && !refused && !said && self.failure.is_none()
    }

    /// Whether its answer, which has begun, has no content by definition.
    fn is_bodiless(&self) -> bool {
        let response = self.response.as_ref();
        response.is_some_and(|response| is_bodiless(self.method(), &response.head()))
    }

    /// Why there is no answer, or not all of it, by a remark.
    fn noted(&self) -> Option<(Failure, String)> {
        let messages = [Some(&self.request), self.response.as_ref()];
        let mut notes = messages.into_iter().flatten().flat_map(|m| &m.notes);
        notes.find_map(|note| match note {
            Annotation::CutOff(why) | Annotation::NoResponse(why) => {
                Some((Failure::Unspecified, why.clone()))
            }
            Annotation::Content { .. } | Annotation::Unseen => None,
        })
    }

    fn exchange(mut self, number: u64, at: Timestamp) -> Exchange {
        if self.method() == "CONNECT"
            && let Some(refusal) = self.response.take()
        {
            let (_, answer) = refusal.start.split_once(' ').unwrap_or_default();
            let answer = answer.trim();
            let detail = format!("asking the proxy for a tunnel: it answered {answer}");
            self.failure = Some((Failure::UpstreamProxy, detail));
        }
        let (method, url, line) = self.request.asked(self.scheme.unwrap_or("https"));
        let parsed = Url::parse(&url).ok();
        let connection = Connection::of_request(ConnectionId(number), parsed.as_ref(), at);
        let mut exchange = Exchange::new(ExchangeId(number), at, connection);
        let noted = self.noted();
        let head = self.request.head_with(&line);
        exchange.request_body = Some(self.request.body(&head, false, &[]));
        exchange.request = Some(RequestHead {
            url: url.clone(),
            head,
            // White space around values is not kept.
            fidelity: Fidelity::Regrouped,
        });
        if let Some(response) = self.response {
            let head = response.head();
            let promised = promised(&url, &head);
            let bodiless = is_bodiless(&method, &head);
            exchange.response_body = Some(response.body(&head, bodiless, &promised));
            exchange.response = Some(ResponseHead {
                at,
                head,
                interim: self.interim,
                origin: ResponseOrigin::Upstream,
            });
        }
        let size = |body: &Option<Body>| body.as_ref().map_or(0, |body| body.size);
        exchange.sent = size(&exchange.request_body);
        exchange.received = size(&exchange.response_body);
        exchange.timings = Timings::default();
        let ended = ending(self.failure.or(noted), exchange.response.is_some());
        if ended != Ending::Complete
            && let Some(body) = &mut exchange.response_body
        {
            body.complete = false;
        }
        exchange.ended = Some((at, ended));
        exchange.untimed = true;
        exchange
    }
}

/// How an exchange ended, of which this is said.
fn ending(said: Option<(Failure, String)>, answered: bool) -> Ending {
    match (said, answered) {
        (None, true) => Ending::Complete,
        (Some((_, detail)), true) => Ending::Aborted {
            by: Side::Upstream,
            detail,
        },
        (Some((reason, detail)), false) => Ending::Failed { reason, detail },
        (None, false) => Ending::Aborted {
            by: Side::File,
            detail: "no response".to_owned(),
        },
    }
}

/// More are not worth reading.
const MOST_REMARKS: usize = 20;
