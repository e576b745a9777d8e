//! Writing one response: names in the case and order given, framing as the head says.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::clock::http_date;

/// One response.
#[derive(Clone, Debug)]
pub(super) struct OutgoingResponse {
    head: Head,
    body: Bytes,
    delivery: BodyDelivery,
}

/// How the content goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyDelivery {
    /// As fast as the client takes it.
    Whole,
    /// So many bytes of it, and then the connection is closed.
    Cut { after: usize },
    /// At this many bytes a second.
    Paced { rate: u32 },
}

#[derive(Clone, Debug)]
enum Head {
    Written {
        /// Its code and its reason phrase.
        status: Cow<'static, str>,
        lines: Vec<FieldLine>,
    },
    Recorded {
        bytes: Bytes,
        close: bool,
    },
}

#[derive(Clone, Debug)]
enum FieldLine {
    Field(&'static str, Cow<'static, str>),
    /// `Content-Length`, of whatever the content is.
    Length,
    /// `Connection: close`, where the connection is closed.
    Connection,
}

impl OutgoingResponse {
    /// A response without fields or content.
    pub(super) fn new(status: impl Into<Cow<'static, str>>) -> Self {
        Self {
            head: Head::Written {
                status: status.into(),
                lines: Vec::new(),
            },
            body: Bytes::new(),
            delivery: BodyDelivery::Whole,
        }
    }

    /// A sentence of the lab's own, for what no provider would say.
    pub(super) fn text(status: &'static str, sentence: &str) -> Self {
        Self::new(status)
            .field("Content-Type", "text/plain; charset=utf-8")
            .length()
            .field("Server", "pullscope lab")
            .connection()
            .body(format!("pullscope lab: {sentence}\n"))
    }

    /// A head that goes out byte for byte, from the status line to the empty line. `body` is
    /// framed already; `close` tells whether the connection ends with it.
    pub(super) fn recorded(head: Bytes, body: Bytes, close: bool) -> Self {
        Self {
            head: Head::Recorded { bytes: head, close },
            body,
            delivery: BodyDelivery::Whole,
        }
    }

    /// Adds a field line.
    pub(super) fn field(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.line(FieldLine::Field(name, value.into()))
    }

    /// Adds a field line where there is a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds `Date`.
    pub(super) fn date(self, now: Timestamp) -> Self {
        self.field("Date", http_date(now))
    }

    /// Marks where `Content-Length` stands.
    pub(super) fn length(self) -> Self {
        self.line(FieldLine::Length)
    }

    /// Marks where `Connection: close` stands when the connection is closed.
    pub(super) fn connection(self) -> Self {
        self.line(FieldLine::Connection)
    }

    /// Sets the content.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets how the content goes out.
    pub(super) fn delivered(mut self, delivery: BodyDelivery) -> Self {
        self.delivery = delivery;
        self
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> u16 {
        match &self.head {
            Head::Written { status, .. } => status.split(' ').next().unwrap().parse().unwrap(),
            Head::Recorded { .. } => 0,
        }
    }

    /// Writes the response, without content if `head_only`, and tells whether the connection can
    /// take another request. `close` is what the client asked for.
    pub(super) async fn write<W: AsyncWrite + Unpin>(
        self,
        io: &mut W,
        head_only: bool,
        close: bool,
    ) -> io::Result<bool> {
        let close = close || matches!(self.head, Head::Recorded { close: true, .. });
        let mut first = self.head_bytes(close);
        let body = match (head_only, self.delivery) {
            (true, _) => Bytes::new(),
            (false, BodyDelivery::Cut { after }) => self.body.slice(..after.min(self.body.len())),
            (false, _) => self.body.clone(),
        };
        let (step, pause) = self.pace();
        let mut pieces = body.chunks(step);
        if pause.is_zero() {
            // A small answer leaves in one segment, as a server's would.
            first.extend_from_slice(pieces.next().unwrap_or_default());
        }
        put(io, &first).await?;
        for piece in pieces {
            put(io, piece).await?;
            sleep(pause).await;
        }
        Ok(!close && (head_only || body.len() == self.body.len()))
    }

    fn line(mut self, line: FieldLine) -> Self {
        if let Head::Written { lines, .. } = &mut self.head {
            lines.push(line);
        }
        self
    }

    fn head_bytes(&self, close: bool) -> Vec<u8> {
        let (status, lines) = match &self.head {
            Head::Recorded { bytes, .. } => return bytes.to_vec(),
            Head::Written { status, lines } => (status, lines),
        };
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for line in lines {
            // Writing to a String cannot fail.
            let _ = match line {
                FieldLine::Field(name, value) => write!(head, "{name}: {value}\r\n"),
                FieldLine::Length => write!(head, "Content-Length: {}\r\n", self.body.len()),
                FieldLine::Connection if close => write!(head, "Connection: close\r\n"),
                FieldLine::Connection => Ok(()),
            };
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    fn pace(&self) -> (usize, Duration) {
        match self.delivery {
            BodyDelivery::Paced { rate } => {
                let step = (rate / STEPS_PER_SECOND).max(1);
                let pause = Duration::from_secs(1) / STEPS_PER_SECOND;
                (usize::try_from(step).unwrap_or(PIECE), pause)
            }
            BodyDelivery::Whole | BodyDelivery::Cut { .. } => (PIECE, Duration::ZERO),
        }
    }
}

async fn put<W: AsyncWrite + Unpin>(io: &mut W, bytes: &[u8]) -> io::Result<()> {
    let written = async {
        io.write_all(bytes).await?;
        io.flush().await
    };
    timeout(WRITE_TIMEOUT, written)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

const PIECE: usize = 16 * 1024;
const STEPS_PER_SECOND: u32 = 20;

/// How long a client may take for one piece.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    async fn written(response: OutgoingResponse, head_only: bool, close: bool) -> (String, bool) {
        let mut out = Vec::new();
        let more = response.write(&mut out, head_only, close).await.unwrap();
        (String::from_utf8(out).unwrap(), more)
    }

    fn response() -> OutgoingResponse {
        OutgoingResponse::new("302 FOUND")
            .field("x-odd-Case", "1")
            .length()
            .connection()
            .field("x-odd-Case", "2")
            .body("hello")
    }

    #[tokio::test]
    async fn the_head_is_written_as_given() {
        let (text, more) = written(response(), false, true).await;
        assert_eq!(
            text,
            "HTTP/1.1 302 FOUND\r\nx-odd-Case: 1\r\nContent-Length: 5\r\n\
             Connection: close\r\nx-odd-Case: 2\r\n\r\nhello"
        );
        assert!(!more);
    }

    #[tokio::test]
    async fn a_kept_connection_is_not_announced() {
        let (text, more) = written(response(), true, false).await;
        assert_eq!(
            text,
            "HTTP/1.1 302 FOUND\r\nx-odd-Case: 1\r\nContent-Length: 5\r\nx-odd-Case: 2\r\n\r\n"
        );
        assert!(more);
    }

    #[tokio::test]
    async fn a_cut_response_promises_more_than_it_sends() {
        let cut = response().delivered(BodyDelivery::Cut { after: 2 });
        let (text, more) = written(cut, false, false).await;
        assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\nhe"));
        assert!(!more);
    }

    #[tokio::test(start_paused = true)]
    async fn a_paced_response_takes_its_time() {
        let started = tokio::time::Instant::now();
        let paced = response().delivered(BodyDelivery::Paced { rate: 20 });
        let (text, _) = written(paced, false, false).await;
        assert!(text.ends_with("hello"));
        assert_eq!(started.elapsed().as_millis(), 250);
    }
}
