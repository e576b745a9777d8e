//! A transcript read back, as it was written here or as people paste it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use url::Url;

use super::line::{Annotation, FENCE, Start, field, is_bodiless};
use super::message::{PrintedMessage, date, moment, promised};
use crate::exchange::{
    Authority, Body, Connection, ConnectionId, Ending, Exchange, ExchangeId, Failure, Fidelity,
    RawHead, RequestHead, ResponseHead, ResponseOrigin, Side, Timings, Trace,
};

/// What a transcript holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The exchanges, in the order they stand.
    pub trace: Trace,
    /// What was passed over, or taken to mean something else.
    pub remarks: Vec<Remark>,
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
/// Moments are those of the answers' `Date` fields, never earlier than the one before;
/// `undated` is the moment of a transcript without any.
pub fn read(text: &[u8], undated: Timestamp) -> Imported {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = TranscriptReader::default();
    for line in text.split_inclusive('\n') {
        reader.line(line);
    }
    reader.finish(undated)
}

#[derive(Default)]
struct PrintedExchange {
    request: PrintedMessage,
    response: Option<PrintedMessage>,
    interim: Vec<RawHead>,
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
}

impl TranscriptReader {
    fn line(&mut self, whole: &str) {
        self.number += 1;
        let line = whole.trim_end_matches(['\n', '\r']);
        let may_start = self.after_blank || self.place != Within::Content;
        self.after_blank = line.trim().is_empty();
        if may_start && let Some(start) = Start::read(line) {
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

    fn start(&mut self, line: &str, start: &Start<'_>) {
        match start {
            Start::Request { method, .. } if *method == "CONNECT" => {
                self.remark("a CONNECT request opens a tunnel and is no exchange; left out");
                self.place = Within::Outside;
                return;
            }
            Start::Request { .. } => {
                let mut talk = PrintedExchange::default();
                line.clone_into(&mut talk.request.start);
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
                    ..PrintedMessage::default()
                });
            }
        }
        self.place = Within::Head;
    }

    fn outside(&mut self, line: &str) {
        match (Annotation::read(line), self.talks.last_mut()) {
            (Some(note), Some(talk)) => talk.message().notes.push(note),
            _ if !line.trim().is_empty() => self.remark("not part of a message; passed over"),
            _ => {}
        }
    }

    fn head(&mut self, line: &str, whole: &str) {
        if line.trim().is_empty() {
            self.place = Within::Content;
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
            None => message.content.push_str(whole),
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
        let first = self
            .talks
            .iter()
            .find_map(|talk| date(talk.response.as_ref()?));
        let mut clock = first.unwrap_or(undated);
        let mut trace = Trace::default();
        for (talk, number) in std::mem::take(&mut self.talks).into_iter().zip(1..) {
            if let Some(response) = &talk.response {
                clock = moment(response, clock);
            }
            trace.exchanges.push(talk.exchange(number, clock));
        }
        Imported {
            trace,
            remarks: self.remarks,
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
        let Some(response) = &self.response else {
            return true;
        };
        matches!(
            Start::read(&response.start),
            Some(Start::Response { status: 100..=199 })
        )
    }

    fn exchange(self, number: u64, at: Timestamp) -> Exchange {
        let (method, url, line) = self.request.asked();
        let connection = connection(number, &url, at);
        let mut exchange = Exchange::new(ExchangeId(number), at, connection);
        let messages = [Some(&self.request), self.response.as_ref()];
        let notes = messages.into_iter().flatten().flat_map(|m| &m.notes);
        let notes: Vec<_> = notes.cloned().collect();
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
        exchange.ended = Some((at, ending(&notes, exchange.response.is_some())));
        exchange
    }
}

fn connection(number: u64, url: &str, at: Timestamp) -> Connection {
    let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "https");
    let target = parsed.and_then(|url| {
        Some(Authority {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
        })
    });
    // A transcript does not say who the client is.
    let client = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    Connection {
        target,
        ..Connection::new(ConnectionId(number), client, at)
    }
}

fn ending(notes: &[Annotation], answered: bool) -> Ending {
    let said = notes.iter().find_map(|note| match note {
        Annotation::CutOff(why) | Annotation::NoResponse(why) => Some(why.clone()),
        Annotation::Content { .. } => None,
    });
    match (said, answered) {
        (None, true) => Ending::Complete,
        (Some(detail), true) => Ending::Aborted {
            by: Side::Upstream,
            detail,
        },
        (said, false) => Ending::Failed {
            reason: Failure::NoResponse,
            detail: said.unwrap_or_else(|| "the transcript has no answer".to_owned()),
        },
    }
}

/// More are not worth reading.
const MOST_REMARKS: usize = 20;
