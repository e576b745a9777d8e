//! How the delivery of spans goes.

use std::sync::{Mutex, MutexGuard};

use crate::base::lock::lock;

/// Counts what became of spans.
pub(super) struct Tally {
    delivery: Mutex<Delivery>,
}

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
}

impl Tally {
    pub(super) fn new(collector: String) -> Self {
        Self {
            delivery: Mutex::new(Delivery {
                collector,
                ..Delivery::default()
            }),
        }
    }

    pub(super) fn made(&self, spans: u64) {
        self.delivery_mut().made += spans;
    }

    /// The collector has taken these.
    pub(super) fn taken(&self, spans: u64) {
        let mut delivery = self.delivery_mut();
        delivery.taken += spans;
        delivery.trouble = None;
    }

    /// So many were missed, in all.
    pub(super) fn missed(&self, count: u64) {
        self.delivery_mut().missed = count;
    }

    /// Something was not taken.
    pub(super) fn trouble(&self, why: &str) {
        let mut delivery = self.delivery_mut();
        delivery.first_error.get_or_insert_with(|| why.to_owned());
        delivery.trouble = Some(why.to_owned());
    }

    pub(super) fn delivery(&self) -> Delivery {
        self.delivery_mut().clone()
    }

    fn delivery_mut(&self) -> MutexGuard<'_, Delivery> {
        lock(&self.delivery)
    }
}
