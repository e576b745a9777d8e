//! The journal's thread: it alone writes to the session directory.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::bodies::{BodyFiles, Partial};
use super::link::JournalLink;
use super::log::Log;
use super::outage::Outage;
use super::queue::{BodyKey, Job};
use super::syncer::Syncer;
use super::{State, Status};
use crate::base::lock::lock;
use crate::capture::Direction;
use crate::exchange::{Body, Capture, End, Event, ExchangeId, Omission};

/// Takes jobs until the queue closes. A disk that is full or broken costs bodies first, then
/// records; both are counted, and tried again after a while. Whoever owns the journal tells the
/// user, once, from its [`Status`]; the log has each outage.
pub(super) struct JournalWriter {
    shared: Arc<JournalLink>,
    log: Log,
    bodies: BodyFiles,
    syncer: Option<Syncer>,
    streams: HashMap<BodyKey, Stream>,
    /// Since when bodies cannot be stored.
    bodies_out: Option<Outage>,
    /// Since when records cannot be written.
    records_out: Option<Outage>,
    retry: Duration,
    line: Vec<u8>,
}

/// A body that comes in pieces.
enum Stream {
    /// More may come; there is no file before the first byte.
    Open(Option<Partial>),
    /// It is over.
    Over(Capture),
}

/// A line that says how many records are missing before it.
#[derive(Serialize)]
struct Gap {
    event: &'static str,
    lost: u64,
}

impl JournalWriter {
    pub(super) fn new(
        shared: Arc<JournalLink>,
        log: Log,
        bodies: BodyFiles,
        syncer: Syncer,
        retry: Duration,
    ) -> Self {
        Self {
            shared,
            log,
            bodies,
            syncer: Some(syncer),
            streams: HashMap::new(),
            bodies_out: None,
            records_out: None,
            retry,
            line: Vec::new(),
        }
    }

    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(job) = shared.queue.pop() {
            match job {
                Job::Record(event, place) => {
                    // Places are free again when all of it is written.
                    let (more, _places): (Vec<_>, Vec<_>) =
                        shared.queue.take_records().into_iter().unzip();
                    self.records(std::iter::once(event).chain(more));
                    drop(place);
                }
                Job::BodyBegins(key) => {
                    self.streams.insert(key, Stream::Open(None));
                }
                Job::BodyBytes(key, bytes) => self.body_bytes(key, &bytes),
                Job::BodyGivenUp(key) => self.lose_stream(key, "the disk did not keep up"),
                Job::BodyEnds(key) => self.body_ends(key),
                Job::Flush(done) => {
                    // Nobody waits for it any more if this fails.
                    let _ = done.send(());
                }
            }
        }
        self.close();
    }

    /// Writes events together, while all is well: what counts is the number of writes.
    fn records(&mut self, mut events: impl Iterator<Item = Event>) {
        while let Some(first) = events.next() {
            let well =
                self.records_out.is_none() && self.shared.turned_away.load(Ordering::Relaxed) == 0;
            if !well {
                self.record(first);
                continue;
            }
            let mut written: Vec<Event> = Vec::new();
            self.line.clear();
            for mut event in std::iter::once(first).chain(events.by_ref()) {
                if let Event::Ended { id, end } = &mut event {
                    self.settle_bodies(*id, end);
                }
                self.line_of(&event);
                written.push(event);
                if self.line.len() >= FULL {
                    break;
                }
            }
            if self.append_lines().is_ok() {
                self.count(|status| status.records += written.len() as u64);
            } else {
                // One by one, as much fits as does.
                for event in written {
                    self.record(event);
                }
            }
        }
    }

    fn record(&mut self, mut event: Event) {
        let open = self.records_are_possible();
        if let Event::Ended { id, end } = &mut event {
            self.settle_bodies(*id, end);
        }
        if open {
            self.write_event(&event);
        } else if let Some(outage) = &mut self.records_out {
            outage.missed += 1;
            self.count(|status| status.lost_records += 1);
        }
    }

    /// Ends an outage of records if it can: by writing down how long it was.
    fn records_are_possible(&mut self) -> bool {
        if self.records_out.as_ref().is_some_and(Outage::is_fresh) {
            return false;
        }
        let before = self.records_out.as_ref().map_or(0, |outage| outage.missed);
        let turned_away = self.shared.turned_away.swap(0, Ordering::Relaxed);
        let lost = before + turned_away;
        if lost == 0 {
            return true;
        }
        match self.append(&Gap { event: "gap", lost }) {
            Ok(()) => {
                tracing::info!(lost, "the journal is being written again");
                self.records_out = None;
                self.update_state();
                true
            }
            Err(error) => {
                self.records_failed(&error, turned_away);
                false
            }
        }
    }

    fn write_event(&mut self, event: &Event) {
        let mut result = self.append(event);
        if result.is_err() && self.drop_streams() {
            // That made room.
            result = self.append(event);
        }
        match result {
            Ok(()) => self.count(|status| status.records += 1),
            Err(error) => {
                self.records_failed(&error, 1);
                self.count(|status| status.lost_records += 1);
            }
        }
    }

    fn append(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        self.line_of(record);
        self.append_lines()
    }

    /// Adds a record to what is about to be written.
    fn line_of(&mut self, record: &impl Serialize) {
        let start = self.line.len();
        match serde_json::to_writer(&mut self.line, record) {
            Ok(()) => self.line.push(b'\n'),
            Err(error) => {
                self.line.truncate(start);
                tracing::error!("failed to write a record as JSON: {error}");
            }
        }
    }

    fn append_lines(&mut self) -> io::Result<()> {
        self.log.append(&self.line)?;
        // One exceptional record should not cost its memory for ever.
        self.line.shrink_to(2 * FULL);
        if let Some(syncer) = &self.syncer {
            syncer.mark();
        }
        let bytes = self.log.len();
        self.count(|status| status.bytes = bytes);
        Ok(())
    }

    /// Begins an outage of records, or goes on with it, after this many were lost.
    fn records_failed(&mut self, error: &io::Error, lost: u64) {
        if Outage::begin_or_renew(&mut self.records_out, self.retry, lost) {
            tracing::info!(%error, "cannot write the journal; going on without");
        }
        self.count(|status| status.note(|| format!("write the journal: {error}")));
        self.update_state();
    }

    /// Turns what is in memory or on its way into what is on the disk.
    fn settle_bodies(&mut self, id: ExchangeId, end: &mut End) {
        let bodies = [
            (Direction::Request, &mut end.request_body),
            (Direction::Response, &mut end.response_body),
        ];
        for (direction, body) in bodies {
            let stream = self.end_stream((id, direction));
            if let Some(body) = body {
                self.settle_body(body, stream);
            }
        }
    }

    fn settle_body(&mut self, body: &mut Body, stream: Option<Capture>) {
        let capture = std::mem::take(&mut body.capture);
        body.capture = match capture {
            Capture::Memory { bytes } if bytes.is_empty() => Capture::Empty,
            Capture::Memory { bytes } => self.put(&bytes),
            Capture::Streamed => match stream {
                Some(capture) => capture,
                None if body.size == 0 => Capture::Empty,
                None => OMITTED,
            },
            settled => settled,
        };
    }

    fn put(&mut self, bytes: &[u8]) -> Capture {
        if self.bodies_are_out() {
            self.count_lost_body();
            return OMITTED;
        }
        let stored = self.bodies.put(bytes);
        self.settled(stored)
    }

    /// What became of a body that was to be stored.
    fn settled(&mut self, stored: io::Result<Capture>) -> Capture {
        match stored {
            Ok(capture) => {
                self.body_stored();
                capture
            }
            Err(error) => {
                self.bodies_failed(&error);
                OMITTED
            }
        }
    }

    fn body_bytes(&mut self, key: BodyKey, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let out = self.bodies_are_out();
        // Bytes that come after their exchange ended belong to nothing any more.
        let Some(Stream::Open(partial)) = self.streams.get_mut(&key) else {
            return;
        };
        if partial.is_none() && out {
            self.streams.insert(key, Stream::Over(OMITTED));
            self.count_lost_body();
            return;
        }
        let result = match partial {
            Some(partial) => partial.write(bytes),
            None => self
                .bodies
                .begin()
                .and_then(|begun| partial.insert(begun).write(bytes)),
        };
        if let Err(error) = result {
            if let Some(Stream::Open(Some(partial))) = self.streams.get(&key) {
                self.bodies.discard(partial);
            }
            self.streams.insert(key, Stream::Over(OMITTED));
            self.bodies_failed(&error);
        }
    }

    fn body_ends(&mut self, key: BodyKey) {
        if let Some(capture) = self.end_stream(key) {
            self.streams.insert(key, Stream::Over(capture));
        }
    }

    /// Takes a stream out and answers what became of it.
    fn end_stream(&mut self, key: BodyKey) -> Option<Capture> {
        match self.streams.remove(&key)? {
            Stream::Over(capture) => Some(capture),
            Stream::Open(None) => Some(Capture::Empty),
            Stream::Open(Some(partial)) => {
                let stored = self.bodies.finish(&partial);
                Some(self.settled(stored))
            }
        }
    }

    /// Gives up a body that is on its way.
    fn lose_stream(&mut self, key: BodyKey, reason: &str) {
        if let Some(Stream::Open(partial)) = self.streams.insert(key, Stream::Over(OMITTED)) {
            if let Some(partial) = partial {
                self.bodies.discard(&partial);
            }
            self.count_lost_body();
            self.count(|status| status.note(|| format!("store a body: {reason}")));
        }
    }

    /// Gives up every body that is on its way; `false` when none had a file.
    fn drop_streams(&mut self) -> bool {
        let on_disk = self
            .streams
            .iter()
            .filter_map(|(key, stream)| match stream {
                Stream::Open(Some(_)) => Some(*key),
                _ => None,
            });
        let keys: Vec<BodyKey> = on_disk.collect();
        for key in &keys {
            self.lose_stream(*key, "its room was needed for records");
        }
        !keys.is_empty()
    }

    fn bodies_are_out(&self) -> bool {
        let fresh = |outage: &Option<Outage>| outage.as_ref().is_some_and(Outage::is_fresh);
        fresh(&self.bodies_out) || fresh(&self.records_out)
    }

    fn body_stored(&mut self) {
        if let Some(outage) = self.bodies_out.take() {
            tracing::info!(lost = outage.missed, "bodies are being stored again");
            self.update_state();
        }
        self.count(|status| status.bodies += 1);
    }

    fn bodies_failed(&mut self, error: &io::Error) {
        if Outage::begin_or_renew(&mut self.bodies_out, self.retry, 0) {
            tracing::info!(%error, "cannot store bodies; going on without");
        }
        self.count_lost_body();
        self.count(|status| status.note(|| format!("store a body: {error}")));
        self.update_state();
    }

    fn count_lost_body(&mut self) {
        if let Some(outage) = &mut self.bodies_out {
            outage.missed += 1;
        }
        self.count(|status| status.lost_bodies += 1);
    }

    fn update_state(&self) {
        let state = match (&self.records_out, &self.bodies_out) {
            (Some(_), _) => State::Suspended,
            (None, Some(_)) => State::WithoutBodies,
            (None, None) => State::Writing,
        };
        self.count(|status| status.state = state);
    }

    fn count(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.shared.status));
    }

    /// Says what is missing, removes what is not whole, and syncs.
    fn close(&mut self) {
        self.drop_streams();
        if let Some(outage) = &mut self.records_out {
            outage.expire();
        }
        self.records_are_possible();
        if let Some(syncer) = self.syncer.take() {
            syncer.finish();
        }
        self.count(|status| status.state = State::Finished);
    }
}

impl Drop for JournalWriter {
    /// After a panic nobody takes jobs any more, and nobody may wait for that.
    fn drop(&mut self) {
        self.shared.give_up();
        if std::thread::panicking() {
            self.count(|status| {
                status.note(|| "write the journal: its thread stopped with a fault".to_owned());
                status.state = State::Finished;
            });
        }
    }
}

/// Bytes that are written at once, or a little more.
const FULL: usize = 64 << 10;
const OMITTED: Capture = Capture::Omitted {
    reason: Omission::Disk,
};
