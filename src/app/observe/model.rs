//! The one model of what was seen: a store that is fed on a thread of its own.
//!
//! Whoever hands events over never waits: they lie in a bounded backlog, and what does not fit is
//! dropped and counted. A watcher or a view that is slow costs the others time, and never traffic
//! or the recording.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::base::clock;
use crate::base::lock::lock;
use crate::exchange::{Backlog, Event};
use crate::redact::Redactor;
use crate::store::{Dropped, Retention, Store};
use crate::tui::terminal::SharedStore;

use super::{Sight, Watcher};

/// The model of a recording under way.
pub(in crate::app) struct Model {
    intake: Arc<Intake>,
    store: SharedStore,
    thread: Option<JoinHandle<()>>,
}

/// What a recording saw, once it is over.
#[derive(Clone)]
pub(in crate::app) struct SeenAll {
    store: SharedStore,
    missed: u64,
}

impl Model {
    /// Begins with an empty store. `redactor` takes out secrets that events come with.
    pub(in crate::app) fn start(
        retention: Retention,
        redactor: Option<Redactor>,
        watchers: Vec<Box<dyn Watcher>>,
    ) -> io::Result<Self> {
        let intake = Arc::new(Intake::default());
        let store = Arc::new(Mutex::new(Store::new(retention)));
        let reader = ModelThread {
            intake: Arc::clone(&intake),
            store: Arc::clone(&store),
            redactor,
            watchers,
        };
        let thread = std::thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || reader.run())?;
        Ok(Self {
            intake,
            store,
            thread: Some(thread),
        })
    }

    /// Where events go in.
    pub(in crate::app) fn intake(&self) -> Arc<Intake> {
        Arc::clone(&self.intake)
    }

    /// The store.
    pub(in crate::app) fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    /// Takes what still waits. Everything counts as over after that.
    pub(in crate::app) async fn finish(mut self) -> SeenAll {
        self.intake.close();
        let thread = self.thread.take();
        let join = move || thread.is_none_or(|thread| thread.join().is_ok());
        let whole = tokio::task::spawn_blocking(join).await.unwrap_or(false);
        let missed = self.intake.pile().backlog.missed();
        SeenAll {
            store: self.store(),
            // Nobody knows what a thread that panicked has not taken.
            missed: if whole { missed } else { missed.max(1) },
        }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.intake.close();
    }
}

impl SeenAll {
    /// The store.
    pub(in crate::app) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// Whether the store holds everything that passed.
    pub(in crate::app) fn is_whole(&self) -> bool {
        self.missed == 0 && self.store().dropped() == Dropped::default()
    }
}

/// Where events lie until they are read.
#[derive(Default)]
pub(in crate::app) struct Intake {
    pile: Mutex<IntakePile>,
    arrived: Condvar,
}

#[derive(Default)]
struct IntakePile {
    backlog: Backlog,
    closed: bool,
}

impl Intake {
    /// Hands events over.
    pub(in crate::app) fn take(&self, events: &[Event]) {
        let mut pile = self.pile();
        for event in events {
            pile.backlog.push(event);
        }
        drop(pile);
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.pile().closed = true;
        self.arrived.notify_one();
    }

    /// What has come in, how much was missed in all, and whether that is the end. Waits for
    /// something, but not for ever.
    fn wait(&self) -> (VecDeque<Event>, u64, bool) {
        let idle = |pile: &mut IntakePile| pile.backlog.is_empty() && !pile.closed;
        let wait = self.arrived.wait_timeout_while(self.pile(), TICK, idle);
        let (mut pile, _) = wait.unwrap_or_else(PoisonError::into_inner);
        (pile.backlog.take(), pile.backlog.missed(), pile.closed)
    }

    /// Lets time pass, unless it is the end.
    fn rest(&self, time: Duration) {
        let open = |pile: &mut IntakePile| !pile.closed;
        let wait = self.arrived.wait_timeout_while(self.pile(), time, open);
        drop(wait);
    }

    fn pile(&self) -> MutexGuard<'_, IntakePile> {
        lock(&self.pile)
    }
}

/// The thread that feeds the store.
struct ModelThread {
    intake: Arc<Intake>,
    store: SharedStore,
    redactor: Option<Redactor>,
    watchers: Vec<Box<dyn Watcher>>,
}

impl ModelThread {
    fn run(mut self) {
        loop {
            let (events, missed, last) = self.intake.wait();
            let began = Instant::now();
            self.read(events, missed, last);
            if last {
                return;
            }
            // Many events at once cost less than one after the other.
            let pause = began.elapsed().saturating_mul(PAUSE);
            self.intake.rest(pause.clamp(SHORTEST, LONGEST));
        }
    }

    fn read(&mut self, events: VecDeque<Event>, missed: u64, last: bool) {
        let events: Vec<Event> = match &mut self.redactor {
            Some(redactor) => events.into_iter().map(|one| redactor.event(one)).collect(),
            None => events.into(),
        };
        for event in &events {
            for watcher in &mut self.watchers {
                watcher.event(event);
            }
        }
        let mut store = lock(&self.store);
        if !events.is_empty() {
            store.extend(events);
        }
        store.tick(if last { Timestamp::MAX } else { clock::now() });
        let sight = Sight {
            store: &store,
            missed,
            last,
        };
        for watcher in &mut self.watchers {
            watcher.look(&sight);
        }
    }
}

/// How often watchers look at least.
const TICK: Duration = Duration::from_millis(250);
/// The rest after reading, in times of what it took.
const PAUSE: u32 = 3;
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Exchange, ExchangeId};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Says what it sees, and takes its time.
    struct Slow {
        seen: Sender<(usize, bool)>,
        go_on: Receiver<()>,
    }

    impl Watcher for Slow {
        fn look(&mut self, sight: &Sight<'_>) {
            let _ = self.seen.send((sight.store.entries().len(), sight.last));
            let _ = self.go_on.recv();
        }
    }

    fn opened(id: u64) -> Event {
        let connection = r#"{"id":1,"client":"127.0.0.1:1","opened":"1970-01-01T00:00:00Z"}"#;
        let connection = serde_json::from_str(connection).unwrap();
        let exchange = Exchange::new(ExchangeId(id), Timestamp::UNIX_EPOCH, connection);
        Event::Opened {
            id: exchange.id,
            at: exchange.started,
            connection: Box::new(exchange.connection),
        }
    }

    #[tokio::test]
    async fn a_slow_watcher_holds_nobody_up_and_misses_nothing() {
        let (seen, looks) = channel();
        let (go, go_on) = channel();
        let slow = Box::new(Slow { seen, go_on });
        let model = Model::start(Retention::default(), None, vec![slow]).unwrap();
        model.intake().take(&[opened(1)]);
        assert_eq!(looks.recv().unwrap(), (1, false));
        // It looks at the first one all this time.
        for id in 2..=1_000 {
            model.intake().take(&[opened(id)]);
        }
        drop(go);
        let all = model.finish().await;
        assert_eq!(looks.iter().last(), Some((1_000, true)));
        assert!(all.is_whole());
    }

    #[tokio::test]
    async fn what_a_thread_that_panicked_has_not_taken_counts_as_missed() {
        struct Broken;
        impl Watcher for Broken {
            fn look(&mut self, _: &Sight<'_>) {
                panic!("as the test wants it");
            }
        }
        let model = Model::start(Retention::default(), None, vec![Box::new(Broken)]).unwrap();
        model.intake().take(&[opened(1)]);
        assert!(!model.finish().await.is_whole());
    }
}
