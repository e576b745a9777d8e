//! The live lines of `record`: one calm line per pull, a bar per blob, on a terminal only.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use crate::base::printable::{is_hidden, printable};
use crate::base::text::plural;
use crate::exchange::{Ending, Event, ExchangeId};
use crate::pulls::{Pull, PullId, State};
use crate::registry::Digest;
use crate::store::{Entry, Store};

use super::{Sight, Watcher};
use crate::app::terminal::talk::Talk;

/// Watches pulls and draws them, and logs exchanges that ended.
pub(in crate::app) struct Progress {
    bars: MultiProgress,
    /// Whether anything is drawn, besides the log.
    draws: bool,
    /// Exchanges that ended since the last look.
    ended: Vec<ExchangeId>,
    /// Bytes of responses that moved since then.
    moved: HashMap<ExchangeId, u64>,
    lines: Vec<PullLine>,
    blobs: HashMap<ExchangeId, ProgressBar>,
}

/// The line of one pull.
struct PullLine {
    /// An exchange of the pull; pulls may get other numbers.
    anchor: ExchangeId,
    line: ProgressBar,
    last: Instant,
}

impl Progress {
    /// Draws among the live lines of `talk`, where anybody would see it or the log.
    pub(in crate::app) fn watcher(talk: &Talk) -> Option<Box<dyn Watcher>> {
        let draws = !talk.quiet && !talk.bars.is_hidden();
        (draws || tracing::enabled!(tracing::Level::INFO)).then(|| {
            let progress = Self {
                bars: talk.bars.clone(),
                draws,
                ended: Vec::new(),
                moved: HashMap::new(),
                lines: Vec::new(),
                blobs: HashMap::new(),
            };
            Box::new(progress) as Box<dyn Watcher>
        })
    }

    fn moved(&mut self, entry: &Entry, received: u64) {
        let id = entry.exchange.id;
        let bar = if let Some(bar) = self.blobs.get(&id) {
            bar
        } else {
            let Some(length) = worth_a_bar(entry) else {
                return;
            };
            let bar = self.bars.add(blob_bar(entry, length));
            self.blobs.entry(id).or_insert(bar)
        };
        bar.set_position(received);
    }

    /// Takes note of exchanges that ended; the pulls they belong to.
    fn ended(&mut self, store: &Store) -> HashMap<PullId, ExchangeId> {
        let mut pulls = HashMap::new();
        for id in std::mem::take(&mut self.ended) {
            if let Some(bar) = self.blobs.remove(&id) {
                bar.finish_and_clear();
                self.bars.remove(&bar);
            }
            let Some(entry) = store.entry(id) else {
                continue;
            };
            log(entry);
            if let Some(pull) = entry.pull {
                pulls.insert(pull, id);
            }
        }
        pulls
    }

    /// Brings the lines up to date. Those of pulls that are long over are printed once more and
    /// leave the live area.
    fn draw(&mut self, store: &Store, mut changed: HashMap<PullId, ExchangeId>) {
        let bars = self.bars.clone();
        let mut shown = HashSet::new();
        self.lines.retain_mut(|line| {
            // A pull may turn out to be a part of another one.
            let pull = pull_of(line.anchor, store).filter(|pull| shown.insert(pull.id));
            if let Some(pull) = pull {
                if changed.remove(&pull.id).is_some() {
                    line.last = Instant::now();
                    line.line.set_message(describe(pull, store));
                }
                if line.last.elapsed() < SETTLED || pull.state == State::UnderWay {
                    line.line.tick();
                    return true;
                }
            }
            line.line.finish_and_clear();
            bars.remove(&line.line);
            if let Some(pull) = pull {
                // Goes to the terminal only, like the live line it replaces.
                let _ = bars.println(describe(pull, store));
            }
            false
        });
        for (id, anchor) in changed {
            let Some(pull) = store.pull(id) else { continue };
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let line = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            let line = self.bars.add(line);
            line.set_message(describe(pull, store));
            self.lines.push(PullLine {
                anchor,
                line,
                last: Instant::now(),
            });
        }
    }
}

impl Watcher for Progress {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Progress { id, received, .. } if self.draws => {
                self.moved.insert(*id, *received);
            }
            Event::Ended { id, .. } => self.ended.push(*id),
            _ => {}
        }
    }

    fn look(&mut self, sight: &Sight<'_>) {
        for (id, received) in std::mem::take(&mut self.moved) {
            if let Some(entry) = sight.store.entry(id) {
                self.moved(entry, received);
            }
        }
        let changed = self.ended(sight.store);
        if self.draws {
            self.draw(sight.store, changed);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        for line in &mut self.lines {
            line.line.finish();
        }
    }
}

fn pull_of(exchange: ExchangeId, store: &Store) -> Option<&Pull> {
    store.pull(store.entry(exchange)?.pull?)
}

fn describe(pull: &Pull, store: &Store) -> String {
    let steps = pull.steps.iter();
    let entries = steps.filter_map(|step| store.entry(step.exchange));
    let cut = |entry: &Entry| {
        let ended = entry.exchange.ended.as_ref();
        ended.is_some_and(|(_, ending)| *ending != Ending::Complete)
    };
    let trouble = match entries.filter(|entry| cut(entry)).count() {
        0 => String::new(),
        failed => format!("  {failed} cut off or failed"),
    };
    let text = format!(
        "{}  {}  {}  {}{trouble}",
        pull.name(),
        pull.client.label(),
        plural(pull.totals.exchanges as u64, "exchange", "exchanges"),
        HumanBytes(pull.totals.received)
    );
    // Names come from the network: nothing in them may steer the terminal.
    printable(&text).into_owned()
}

fn worth_a_bar(entry: &Entry) -> Option<u64> {
    let head = &entry.exchange.response.as_ref()?.head;
    let length = head.text("content-length")?.parse().ok()?;
    let open = entry.exchange.ended.is_none();
    (open && length >= BAR_FROM).then_some(length)
}

fn blob_bar(entry: &Entry, length: u64) -> ProgressBar {
    let reading = &entry.reading;
    let request = entry.exchange.request.as_ref();
    let name = match &reading.digests.requested {
        Some(digest) => digest.short(),
        None => request
            .and_then(|request| sha256_in(&request.url))
            .unwrap_or_else(|| reading.authority.to_string()),
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

fn log(entry: &Entry) {
    let reading = &entry.reading;
    tracing::info!(
        id = entry.exchange.id.0,
        status = reading.status.unwrap_or(0),
        kind = entry.kind.word(),
        bytes = entry.exchange.received,
        "{} {}{}",
        reading.method.escape_debug(),
        reading.authority,
        reading.path(),
    );
}

/// Smaller bodies are through before a bar would be seen.
const BAR_FROM: u64 = 256 * 1024;
/// When a pull that has been silent so long is taken as over.
const SETTLED: Duration = Duration::from_secs(8);
