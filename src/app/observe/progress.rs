//! The live lines of `record`: one calm line per pull, a bar per blob, on a terminal only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use crate::base::printable::{is_hidden, printable};
use crate::exchange::{Ending, Event, Exchange, ExchangeId, HandshakeFailed, Omission};
use crate::findings::refused_handshake;
use crate::registry::{Bodies, Client, Digest, InMemoryOnly, Reading};
use crate::words::Lang;

use super::Observer;
use super::under_way::UnderWay;
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;

/// Watches pulls and draws them.
pub(in crate::app) struct Progress {
    bars: MultiProgress,
    quiet: bool,
    under_way: UnderWay,
    pulls: Vec<Pull>,
    blobs: HashMap<ExchangeId, ProgressBar>,
    told: Vec<String>,
}

/// What one client does with one repository.
struct Pull {
    client: String,
    repository: String,
    line: ProgressBar,
    exchanges: u64,
    bytes: u64,
    failed: u64,
    last: Instant,
}

impl Progress {
    /// Draws among the live lines of `talk`.
    pub(in crate::app) fn new(talk: &Talk) -> Self {
        Self {
            bars: talk.bars.clone(),
            quiet: talk.quiet,
            under_way: UnderWay::default(),
            pulls: Vec::new(),
            blobs: HashMap::new(),
            told: Vec::new(),
        }
    }

    /// Whether anybody would see it.
    pub(in crate::app) fn is_seen(talk: &Talk) -> bool {
        !talk.quiet || tracing::enabled!(tracing::Level::INFO)
    }

    /// Sums an exchange up under its pull: the repository it names, or else the last one that
    /// its client was busy with (tokens and CDNs name none).
    fn ended(&mut self, exchange: &Exchange) {
        if let Some(bar) = self.blobs.remove(&exchange.id) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        let bodies: &dyn Bodies = &InMemoryOnly;
        let reading = Reading::of(exchange, bodies);
        log(exchange, &reading);
        let client = reading.client.label();
        let named = reading.repository().map(str::to_owned);
        let known = self.pulls.iter().rposition(|pull| {
            pull.client == client && named.as_ref().is_none_or(|name| *name == pull.repository)
        });
        let pull = match (known, named) {
            (Some(at), _) => self.pulls.get_mut(at),
            (None, Some(repository)) => {
                let style = ProgressStyle::with_template("{spinner} {msg}");
                let line = ProgressBar::new_spinner()
                    .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                let line = self.bars.add(line);
                self.pulls.push(Pull {
                    client,
                    repository,
                    line,
                    exchanges: 0,
                    bytes: 0,
                    failed: 0,
                    last: Instant::now(),
                });
                self.pulls.last_mut()
            }
            (None, None) => None,
        };
        if let Some(pull) = pull {
            pull.exchanges += 1;
            pull.bytes += exchange.received;
            let whole = matches!(exchange.ended, Some((_, Ending::Complete)));
            pull.failed += u64::from(!whole);
            pull.last = Instant::now();
            pull.line.set_message(pull.describe());
        }
    }

    fn moved(&mut self, id: ExchangeId, received: u64) {
        let Some(exchange) = self.under_way.get(id) else {
            return;
        };
        let bar = if let Some(bar) = self.blobs.get(&id) {
            bar
        } else {
            let Some(length) = worth_a_bar(exchange) else {
                return;
            };
            let bar = self.bars.add(blob_bar(exchange, length));
            self.blobs.entry(id).or_insert(bar)
        };
        bar.set_position(received);
    }

    /// Says at once who does not trust the CA, and what mends that for this client.
    fn refused(&mut self, handshake: &HandshakeFailed) {
        let Some(finding) = refused_handshake(handshake) else {
            return;
        };
        let (what, fix) = (finding.sentence(Lang::En), finding.fix(Lang::En));
        // A client that retries says the same again and again.
        if self.told.contains(&what) || self.told.len() >= 100 {
            return;
        }
        let text = format!("{what}\n  {fix}");
        self.told.push(what);
        if !self.quiet {
            self.bars.suspend(|| output::say(&text));
        }
    }

    /// Lines of pulls that are long over are printed once more and leave the live area.
    fn settle(&mut self) {
        let quiet = self.quiet;
        let bars = self.bars.clone();
        let busy: Vec<String> = self.under_way.iter().map(client_of).collect();
        self.pulls.retain(|pull| {
            if pull.last.elapsed() < SETTLED || busy.contains(&pull.client) {
                pull.line.tick();
                return true;
            }
            pull.line.finish_and_clear();
            bars.remove(&pull.line);
            if !quiet {
                // Goes to the terminal only, like the live line it replaces.
                let _ = bars.println(pull.describe());
            }
            false
        });
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Progress { id, received, .. } if !self.quiet => self.moved(*id, *received),
            Event::HandshakeFailed(handshake) => self.refused(handshake),
            _ => {}
        }
        // Who pulled what is in the heads; bodies would be parsed for nothing.
        let event = event.without_bodies(0, Omission::Memory);
        if let Some(exchange) = self.under_way.apply(&event) {
            self.ended(&exchange);
        }
    }

    fn tick(&mut self) {
        self.settle();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        for pull in &mut self.pulls {
            pull.line.finish();
        }
    }
}

impl Pull {
    fn describe(&self) -> String {
        let Self {
            repository,
            client,
            exchanges,
            bytes,
            failed,
            ..
        } = self;
        let trouble = if *failed > 0 {
            format!("  {failed} cut off or failed")
        } else {
            String::new()
        };
        let text = format!(
            "{repository}  {client}  {exchanges} exchanges  {}{trouble}",
            HumanBytes(*bytes)
        );
        // Names come from the network: nothing in them may steer the terminal.
        printable(&text).into_owned()
    }
}

fn client_of(exchange: &Exchange) -> String {
    let head = exchange.request.as_ref().map(|request| &request.head);
    Client::read(
        head.and_then(|head| head.text("user-agent"))
            .unwrap_or_default(),
    )
    .label()
}

fn worth_a_bar(exchange: &Exchange) -> Option<u64> {
    let head = &exchange.response.as_ref()?.head;
    let length = head.text("content-length")?.parse().ok()?;
    (length >= BAR_FROM).then_some(length)
}

fn blob_bar(exchange: &Exchange, length: u64) -> ProgressBar {
    let reading = Reading::of(exchange, &InMemoryOnly);
    let name = match &reading.digests.requested {
        Some(digest) => digest.short(),
        None => exchange
            .request
            .as_ref()
            .and_then(|request| sha256_in(&request.url))
            .unwrap_or_else(|| reading.authority.clone()),
    };
    let style = ProgressStyle::with_template("  {msg:22} {bar:30} {bytes:>10} / {total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let name: String = name.chars().filter(|c| !is_hidden(*c)).take(22).collect();
    ProgressBar::new(length)
        .with_style(style)
        .with_message(name)
}

/// CDN URLs often carry the digest somewhere in their path.
fn sha256_in(url: &str) -> Option<String> {
    let hex = url
        .split(|c: char| !c.is_ascii_hexdigit())
        .find(|run| run.len() == 64)?;
    Digest::from_sha256_hex(hex).map(|digest| digest.short())
}

fn log(exchange: &Exchange, reading: &Reading) {
    let path = reading.path();
    tracing::info!(
        id = exchange.id.0,
        status = reading.status.unwrap_or(0),
        kind = reading.kind(exchange).word(),
        bytes = exchange.received,
        "{} {}{path}",
        reading.method.escape_debug(),
        reading.authority,
    );
}

/// Smaller bodies are through before a bar would be seen.
const BAR_FROM: u64 = 256 * 1024;
/// When a pull that has been silent so long is taken as over.
const SETTLED: Duration = Duration::from_secs(8);
