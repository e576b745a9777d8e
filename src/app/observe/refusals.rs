//! Says at once who does not trust the CA.

use indicatif::MultiProgress;

use crate::exchange::Event;
use crate::findings::refused_handshake;
use crate::words::Lang;

use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;

/// Tells of clients that refuse our certificate, and what mends that, each once.
pub(in crate::app) struct Refusals {
    bars: MultiProgress,
    told: Vec<String>,
}

impl Refusals {
    /// Tells between the live lines of `talk`; nothing where it is to be quiet.
    pub(in crate::app) fn new(talk: &Talk) -> Option<Self> {
        (!talk.quiet).then(|| Self {
            bars: talk.bars.clone(),
            told: Vec::new(),
        })
    }

    /// Something happened.
    pub(in crate::app) fn event(&mut self, event: &Event) {
        let Event::HandshakeFailed(handshake) = event else {
            return;
        };
        let Some(finding) = refused_handshake(handshake) else {
            return;
        };
        let (what, fix) = (finding.sentence(Lang::En), finding.fix(Lang::En));
        // A client that retries says the same again and again.
        if self.told.contains(&what) || self.told.len() >= MOST_TOLD {
            return;
        }
        self.bars
            .suspend(|| output::say(&format!("{what}\n  {fix}")));
        self.told.push(what);
    }
}

/// Names come from the network: as many are remembered.
const MOST_TOLD: usize = 100;
