//! pullscope shows what happens between a container client and a registry.
//!
//! The program of this name is a thin shell around this library, of which others can build on
//! three things. Each has an example that runs without network and without privileges.
//!
//! # Record through a proxy, into a sink of your own
//!
//! [`proxy::Proxy::start`] gives a running proxy and [`capture::Changes`], from which every step of
//! the traffic is read as an [`exchange::Event`]. Whoever reads them can be slow or gone without
//! any effect on what passes. Events hold secrets as they passed: a [`redact::Redactor`] takes
//! them out.
//!
//! ```no_run
//! use pullscope::proxy::{Proxy, Settings, ca::CaFiles};
//! use pullscope::redact::Redactor;
//!
//! # async fn record(traffic: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
//! // Clients have to trust this CA; it is made when the directory has none.
//! let identity = CaFiles::new("ca").open()?;
//! let settings = Settings::new(([127, 0, 0, 1], 8080).into());
//! let (proxy, mut changes) = Proxy::start(settings, identity)?;
//! let mut redactor = Redactor::new();
//! let sink = |event| println!("{:?}", redactor.event(event));
//! changes.follow(traffic, sink).await;
//! # Ok(())
//! # }
//! ```
//!
//! `cargo run --example record` pulls an image through such a proxy. [`proxy::Proxy`] and
//! [`lab::Lab`] need a running tokio with its IO and time.
//!
//! # Decode a HAR into pulls and findings
//!
//! [`har::read`] takes any HAR with registry traffic, of pullscope or of another program, and
//! [`store::Store`] makes of it what it means: requests that are read, [pulls](pulls::Pull) with
//! their [steps](pulls::Step), and [findings](findings::Finding) with their evidence. A store takes
//! the events of a proxy just as well.
//!
//! ```no_run
//! use pullscope::{har, registry::InMemoryOnly, store::Store, words::Lang};
//!
//! # fn decode() -> Result<(), har::HarError> {
//! let document = har::read("pull.har".as_ref())?;
//! let store = Store::of_trace(document.trace, &InMemoryOnly);
//! for pull in store.pulls() {
//!     println!("{}", pull.name());
//!     for finding in store.findings_of(pull.id) {
//!         println!("  {}", finding.sentence(Lang::En));
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `cargo run --example decode` also tells each step in a sentence, which [`story`] makes.
//!
//! # Start a lab registry
//!
//! [`lab::Lab`] serves Docker Hub, a mirror, Google's and Red Hat's registry as they were captured
//! once, by their names, on loopback, and misbehaves on demand; [`lab::client`] pulls from them.
//!
//! ```no_run
//! use pullscope::lab::{Lab, LabOptions};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let mut options = LabOptions::default();
//! options.faults = vec!["hub:rate-limit".parse()?];
//! let lab = Lab::start(options).await?;
//! println!("{} {}", lab.address(), lab.ca_pem());
//! # Ok(())
//! # }
//! ```
//!
//! `cargo run --example lab` tells how clients reach it.
//!
//! # How the rooms build on one another
//!
//! [`exchange`] is the vocabulary: what one request and its response were on the wire.
//! [`capture`] and [`proxy`] make exchanges out of traffic, [`har`] out of files. [`registry`]
//! says what each means, [`pulls`] which belong together, [`findings`] what is wrong; a [`store`]
//! holds all of that and [`story`] tells it, in the languages of [`words`].
//!
//! Every other module is there for the program and its tests and changes without notice.
//! Enums that will grow are marked `#[non_exhaustive]`.
//!
//! # Types of other crates
//!
//! Public signatures name types of these crates and of no other; they are re-exported here, so
//! that versions match:
//!
//! - `bytes`: a `bytes::Bytes` is a piece of a body, shared and not copied.
//! - `jiff`: a `jiff::Timestamp` is a moment; what lasts is a [`std::time::Duration`].
//! - `url`: a `url::Url` is the URL of a request, where it is one.
//!
//! Exchanges, events and findings implement serde's traits besides.

pub use {bytes, jiff, url};

pub mod capture;
pub mod exchange;
pub mod findings;
pub mod har;
pub mod lab;
pub mod proxy;
pub mod pulls;
pub mod redact;
pub mod registry;
pub mod store;
pub mod story;
pub mod words;

#[doc(hidden)]
pub mod app;
#[doc(hidden)]
pub mod base;
#[doc(hidden)]
pub mod clients;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod export;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod tui;
