//! A collector of OpenTelemetry traces: an OTLP/HTTP receiver that answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::wait;

/// A running collector; its threads end with the process.
pub(crate) struct Collector {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    /// What is answered first; then everything is taken.
    answers: VecDeque<String>,
    /// Every request: its head and its content.
    requests: Vec<Received>,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) taken: bool,
}

impl Collector {
    /// Answers these first, each a status line with what header lines follow it.
    pub(crate) fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
            requests: Vec::new(),
        }));
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &desk));
            }
        });
        Self { address, desk }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.desk.lock().unwrap().requests.clone()
    }

    /// The spans that were taken.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.requests().into_iter().filter(|request| request.taken);
        let read = taken.map(|request| ExportTraceServiceRequest::decode(&*request.body).unwrap());
        let resources = read.flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Waits until `ask` finds what it looks for among the spans.
    pub(crate) fn until(&self, what: &str, ask: impl Fn(&Span) -> bool) {
        wait::until(what, LIMIT, || self.spans().iter().any(&ask).then_some(()));
    }
}

/// HTTP/1.1 with stated lengths, which is all that comes.
fn serve(stream: &TcpStream, desk: &Mutex<Desk>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let mine = name.eq_ignore_ascii_case("content-length");
            mine.then(|| value.trim().parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        let mut desk = desk.lock().unwrap();
        let answer = desk.answers.pop_front();
        let answer = answer.unwrap_or_else(|| "200 OK".to_owned());
        desk.requests.push(Received {
            head,
            body,
            taken: answer.starts_with("200"),
        });
        drop(desk);
        let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// How long spans may take.
const LIMIT: Duration = Duration::from_secs(60);
