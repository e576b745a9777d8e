//! The capture core: how bytes that pass become exchanges, whoever reads the bytes.
//!
//! A [`Framer`] follows the messages of one direction through a stream of bytes and checks their
//! heads, a [`Meter`] measures a body, an [`OpenExchange`] holds an exchange while it passes, an
//! [`OpenTunnel`] a tunnel that is not read, and a [`Recorder`] hands on what changed. Its reader
//! can be slow, stuck or gone without any effect on traffic.
//!
//! The core asks for no time: its caller says when bytes arrived, and hands the recorder the clock
//! by which exchanges end. So any source of bytes can feed it:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use pullscope::base::clock;
//! use pullscope::capture::{BodyEnd, CaptureLimits, Direction, Framer, OpenExchange};
//! use pullscope::capture::{Policy, Recorder, StreamPart};
//! use pullscope::exchange::{Connection, ConnectionId, Event, Fidelity, RequestHead};
//! use pullscope::exchange::{ResponseHead, ResponseOrigin};
//!
//! let asked = Instant::now();
//! let (answered, over) = (asked + Duration::from_secs(3), asked + Duration::from_secs(4));
//! let (recorder, mut changes) = Recorder::new(&CaptureLimits::default(), move || over);
//!
//! let mut requests = Framer::requests(8_192, 100);
//! let mut sent = &b"GET /v2/ HTTP/1.1\r\nHost: r.example\r\n\r\n"[..];
//! assert_eq!(requests.part(&mut sent, asked), Ok(Some(StreamPart::Head)));
//! let request = requests.take_head().expect("a head");
//! let head = RequestHead {
//!     url: "http://r.example/v2/".to_owned(),
//!     head: request.raw,
//!     fidelity: Fidelity::Exact,
//! };
//! let client = ([192, 0, 2, 1], 40_000).into();
//! let connection = Connection::new(ConnectionId(1), client, clock::at(asked));
//! let exchange = OpenExchange::open(&recorder, connection, head, request.began, None);
//!
//! let mut responses = Framer::responses(8_192, 100);
//! responses.expect("GET");
//! let mut received = &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"[..];
//! let policy = Policy { hash: true, max_body: 1_000, store: None };
//! let mut meter = None;
//! while let Ok(Some(part)) = responses.part(&mut received, answered) {
//!     match part {
//!         StreamPart::Head => {
//!             let response = responses.take_head().expect("a head");
//!             meter = Some(exchange.meter(&policy, Direction::Response, response.content));
//!             exchange.set_response(ResponseHead {
//!                 at: clock::at(response.ended),
//!                 head: response.raw,
//!                 interim: Vec::new(),
//!                 origin: ResponseOrigin::Upstream,
//!             });
//!         }
//!         StreamPart::Content(content) => {
//!             meter.as_mut().expect("a head came first").update(&content.to_vec().into());
//!         }
//!         StreamPart::Framing(_) => {}
//!     }
//! }
//! let body = meter.expect("a response").finish(!responses.in_body());
//! exchange.end_body(Direction::Response, body, BodyEnd::Whole);
//! drop(exchange);
//!
//! let mut events = Vec::new();
//! changes.drain_all(&mut events);
//! let [Event::Opened { at, .. }, .., Event::Ended { end, .. }] = events.as_slice() else {
//!     panic!("an exchange opens and ends");
//! };
//! assert_eq!((*at, end.at), (clock::at(asked), clock::at(over)));
//! assert_eq!(end.response_body.as_ref().map(|body| body.size), Some(2));
//! ```

pub(crate) mod catch_panic;
mod content;
mod exchange_cell;
mod framer;
mod handshake_cell;
pub(crate) mod hash_worker;
mod limits;
mod meter;
mod recorder;
mod rules;
mod sink;
mod strip;
mod tunnel_cell;

pub use content::DeclaredContent;
pub use exchange_cell::{AtWork, BodyEnd, OpenExchange, PhaseMarks};
pub use framer::{FramedHead, Framer, StreamPart};
pub use handshake_cell::record_failed_handshake;
pub use limits::CaptureLimits;
pub use meter::{Meter, Policy};
pub use recorder::{Changes, Recorder};
pub use rules::Violation;
pub use sink::{BodyStore, BodyWriter, Direction};
pub use tunnel_cell::OpenTunnel;
