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
        let Self {
            passed,
            drained,
            overrun,
            faults,
            journal,
            har,
            verdict,
            session,
            delivery,
            ..
        } = self;
        let mut said = vec![format!(
            "recorded {}",
            plural(passed.exchanges, "exchange", "exchanges")
        )];
        if passed.tunnels > 0 {
            said.push(plural(passed.tunnels, "tunnel", "tunnels"));
        }
        if passed.handshakes > 0 {
            said.push(plural(
                passed.handshakes,
                "refused handshake",
                "refused handshakes",
            ));
        }
        talk.say(&said.join(", "));
        if !drained {
            talk.say("transfers that did not end in time were cut off (--drain gives them longer)");
        }
        let lost = journal.lost_records + overrun;
        if lost > 0 || journal.lost_bodies > 0 {
            let why = journal
                .first_error
                .as_deref()
                .unwrap_or("recording could not keep up");
            talk.insist(&format!(
                "warning: {} and {} were not recorded: {why}",
                plural(lost, "record", "records"),
                plural(journal.lost_bodies, "body", "bodies")
            ));
        }
        if faults > 0 {
            talk.insist(&format!(
                "warning: {} in pullscope ended what they happened in; the log says where",
                plural(faults, "fault", "faults")
            ));
        }
        let outcome = match har {
            Some(Ok(report)) => {
                for warning in &report.warnings {
                    talk.insist(&format!("warning: {warning}"));
                }
                let name = output.unwrap_or(Path::new("the trace")).display();
                talk.say(&format!(
                    "wrote {name}: {}",
                    plural(report.entries, "entry", "entries")
                ));
                Ok(())
            }
            Some(Err(failure)) => Err(failure),
            None => Ok(()),
        };
        if let Some(session) = session {
            let path = session.display();
            talk.say(&format!(
                "the session is in {path}; `pullscope export {path} -o x.har` reads it"
            ));
        }
        if let Some(delivery) = delivery {
            tell_delivery(&delivery, talk);
        }
        outcome.and(verdict)
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
