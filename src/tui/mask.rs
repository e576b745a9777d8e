//! Secrets that a session keeps and a screen does not show.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::base::lock::lock;
use crate::exchange::{Bodies, Body, Capture, Exchange, ExchangeId};
use crate::redact::Redactor;

/// Takes secrets out of what is shown and copied. Clones share one redactor: a secret has the same
/// placeholder on every screen and in everything that is copied.
#[derive(Clone, Default)]
pub struct Mask(Arc<Mutex<Masked>>);

#[derive(Default)]
struct Masked {
    redactor: Redactor,
    /// The exchanges that were asked for last, so that no body is looked through for every frame.
    latest: VecDeque<(Progress, Exchange)>,
}

/// What an exchange has come to, as far as something with secrets in it may have been added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    id: ExchangeId,
    parts: [bool; 6],
    loaded: bool,
}

impl Mask {
    /// The exchange without its secrets. Where `bodies` are given, kept ones of up to
    /// [`LARGEST`] are read, so that they are shown without theirs.
    pub(crate) fn exchange(&self, exchange: &Exchange, bodies: Option<&dyn Bodies>) -> Exchange {
        let mut masked = lock(&self.0);
        let state = Progress {
            id: exchange.id,
            parts: [
                exchange.request.is_some(),
                exchange.request_body.is_some(),
                exchange.upstream.is_some(),
                exchange.response.is_some(),
                exchange.response_body.is_some(),
                exchange.ended.is_some(),
            ],
            loaded: bodies.is_some(),
        };
        let known = masked.latest.iter().find(|(known, _)| *known == state);
        if let Some((_, clean)) = known {
            return Exchange {
                sent: exchange.sent,
                received: exchange.received,
                timings: exchange.timings,
                ..clean.clone()
            };
        }
        let mut whole = exchange.clone();
        for body in [&mut whole.request_body, &mut whole.response_body] {
            if let (Some(body), Some(bodies)) = (body, bodies) {
                load(body, bodies);
            }
        }
        let clean = masked.redactor.exchange(whole);
        masked.latest.truncate(MOST_KEPT - 1);
        masked.latest.push_front((state, clean.clone()));
        clean
    }

    /// The redactor, for what leaves the program from within the view.
    pub fn with<T>(&self, work: impl FnOnce(&mut Redactor) -> T) -> T {
        let mut masked = lock(&self.0);
        work(&mut masked.redactor)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

fn load(body: &mut Body, bodies: &dyn Bodies) {
    if !matches!(body.capture, Capture::Stored { size, .. } if size <= LARGEST) {
        return;
    }
    if let Ok(Some(bytes)) = bodies.read(&body.capture) {
        body.capture = Capture::Memory {
            bytes: bytes.into(),
        };
    }
}

/// Larger bodies are not shown as text.
const LARGEST: u64 = 512 * 1024;
/// Exchanges that are remembered.
const MOST_KEPT: usize = 8;
