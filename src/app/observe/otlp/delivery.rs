//! How the delivery of spans goes.

use std::sync::Mutex;

/// A delivery that several watch.
pub(super) type Tally = Mutex<Delivery>;

/// What became of spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::app) struct Delivery {
    /// The collector.
    pub(in crate::app) collector: String,
    /// Spans that were made.
    pub(in crate::app) made: u64,
    /// Spans that the collector has taken.
    pub(in crate::app) taken: u64,
    /// What could not become spans, because it came too fast or was let go.
    pub(in crate::app) missed: u64,
    /// Why the latest request was not taken, while that is so.
    pub(in crate::app) trouble: Option<String>,
    /// Why the first that was not taken was not.
    pub(in crate::app) first_error: Option<String>,
}

impl Delivery {
    /// Spans that the collector has not got.
    pub(in crate::app) fn lost(&self) -> u64 {
        self.made.saturating_sub(self.taken) + self.missed
    }

    /// The collector has taken these.
    pub(super) fn take(&mut self, spans: u64) {
        self.taken += spans;
        self.trouble = None;
    }

    /// Something was not taken.
    pub(super) fn trouble(&mut self, why: &str) {
        self.first_error.get_or_insert_with(|| why.to_owned());
        self.trouble = Some(why.to_owned());
    }
}
