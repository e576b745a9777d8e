//! The running story that `demo` tells on stdout: each exchange on a line, with what it means.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::exchange::{Event, ExchangeId};
use crate::store::Store;
use crate::story::text::{self, Look};
use crate::story::{self, StepStory, Telling};
use crate::words::Lang;

use super::{Sight, Watcher};
use crate::app::terminal::{locale, paint};

/// Tells exchanges as they end.
pub(in crate::app) struct Narration {
    ended: Vec<ExchangeId>,
    told: usize,
    look: Look,
    out: Sender<String>,
}

impl Narration {
    /// A watcher, and where its texts come out, one for each exchange.
    pub(in crate::app) fn new() -> (Self, Receiver<String>) {
        let (out, texts) = channel(1_024);
        let narration = Self {
            ended: Vec::new(),
            told: 0,
            look: Look {
                width: 100,
                ascii: !locale::is_utf8(),
            },
            out,
        };
        (narration, texts)
    }
}

impl Watcher for Narration {
    fn event(&mut self, event: &Event) {
        if let Event::Ended { id, .. } = event {
            self.ended.push(*id);
        }
    }

    fn look(&mut self, sight: &Sight<'_>) {
        for id in std::mem::take(&mut self.ended) {
            let Some(step) = step(id, sight.store) else {
                continue;
            };
            self.told += 1;
            let step = StepStory {
                number: self.told,
                // What it holds is for `show`.
                decoded: Vec::new(),
                ..step
            };
            let text = paint::paint(&text::steps(&[step], self.look), false);
            // A story that nobody listens to is not told.
            let _ = self.out.try_send(text);
        }
    }
}

/// An exchange as the step of its pull that it is, or by itself.
fn step(id: ExchangeId, store: &Store) -> Option<StepStory> {
    let telling = Telling::of(store, Lang::En);
    let entry = store.entry(id)?;
    match entry.pull.and_then(|pull| store.pull(pull)) {
        Some(pull) => story::pull(pull, &telling, &|one| one == id).steps.pop(),
        None => Some(story::loose(entry, 0, &telling)),
    }
}
