//! How a recording went, and how that is told.

use std::path::{Path, PathBuf};

use crate::base::text::plural;
use crate::config::ProxyArgs;
use crate::har;
use crate::journal;

use super::pump::PassedCounts;
use crate::app::observe::model::SeenAll;
use crate::app::observe::otlp::Delivery;
use crate::app::process::failure::Outcome;
use crate::app::terminal::talk::Talk;

/// How a recording went.
pub(in crate::app) struct RecordingSummary {
    /// What passed.
    pub(in crate::app) passed: PassedCounts,
    /// Whether every transfer ended by itself.
    pub(in crate::app) drained: bool,
    /// Exchanges dropped because recording could not keep up.
    pub(in crate::app) overrun: u64,
    /// Panics that were caught, each of which ended one exchange or tunnel.
    pub(in crate::app) faults: u64,
    /// How the journal did.
    pub(in crate::app) journal: journal::Status,
    /// The HAR, when one was to be written.
    pub(in crate::app) har: Option<Outcome<har::Written>>,
    /// A failure where something passed that was to be one.
    pub(in crate::app) verdict: Outcome,
    /// The session directory, unless it was removed.
    pub(in crate::app) session: Option<PathBuf>,
    /// What was seen, where somebody wanted to know.
    pub(in crate::app) seen: Option<SeenAll>,
    /// What became of the spans, where they were to go to a collector.
    pub(in crate::app) delivery: Option<Delivery>,
}

impl RecordingSummary {
    /// Tells how it went; a trace that could not be written is a failure.
    pub(in crate::app) fn conclude(self, output: Option<&Path>, talk: &Talk) -> Outcome {
        let mut said = vec![format!(
            "recorded {}",
            plural(self.passed.exchanges, "exchange", "exchanges")
        )];
        for (count, one, more) in [
            (self.passed.tunnels, "tunnel", "tunnels"),
            (
                self.passed.handshakes,
                "refused handshake",
                "refused handshakes",
            ),
        ] {
            said.extend((count > 0).then(|| plural(count, one, more)));
        }
        talk.say(&said.join(", "));
        if !self.drained {
            talk.say("transfers that did not end in time were cut off (--drain gives them longer)");
        }
        let journal = &self.journal;
        let lost = journal.lost_records + self.overrun;
        if lost > 0 || journal.lost_bodies > 0 {
            let why = journal.first_error.as_deref();
            let why = why.unwrap_or("recording could not keep up");
            talk.insist(&format!(
                "warning: {} and {} were not recorded: {why}",
                plural(lost, "record", "records"),
                plural(journal.lost_bodies, "body", "bodies")
            ));
        }
        if self.faults > 0 {
            talk.insist(&format!(
                "warning: {} in pullscope ended what they happened in; the log says where",
                plural(self.faults, "fault", "faults")
            ));
        }
        if let Some(Ok(report)) = &self.har {
            for warning in &report.warnings {
                talk.insist(&format!("warning: {warning}"));
            }
            let name = output.unwrap_or(Path::new("the trace")).display();
            let entries = plural(report.entries, "entry", "entries");
            talk.say(&format!("wrote {name}: {entries}"));
        }
        if let Some(session) = self.session {
            let path = session.display();
            talk.say(&format!(
                "the session is in {path}; `pullscope export {path} -o x.har` reads it"
            ));
        }
        if let Some(delivery) = self.delivery {
            tell_delivery(&delivery, talk);
        }
        self.har.transpose()?;
        self.verdict
    }
}

fn tell_delivery(delivery: &Delivery, talk: &Talk) {
    let collector = &delivery.collector;
    let taken = plural(delivery.taken, "span", "spans");
    talk.say(&format!("sent {taken} to {collector}"));
    if delivery.lost() > 0 {
        let why = delivery.first_error.as_deref();
        talk.insist(&format!(
            "warning: {} did not reach {collector}: {}. `pullscope export --format otlp` writes \
             them from the trace",
            plural(delivery.lost(), "span", "spans"),
            why.unwrap_or("they came faster than it took them")
        ));
    }
}

/// Says what the user has asked for that makes the trace, or what is recorded, less safe.
pub(in crate::app) fn warn_of_risks(args: &ProxyArgs, talk: &Talk) {
    if !args.insecure_upstream.is_empty() {
        let hosts = args.insecure_upstream.join(", ");
        talk.insist(&format!(
            "warning: certificates of {hosts} may be invalid and are accepted"
        ));
    }
    if args.keep_secrets {
        talk.insist("warning: passwords, tokens and signatures stay in the trace");
    }
}
