//! When each exchange of a pull ran, and in which phase it spent its time.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::markup::{Bilingual, anchor, escape};
use crate::base::clock;
use crate::exchange::Exchange;
use crate::exchange::Phase;
use crate::pulls::Pull;
use crate::store::Store;
use crate::story::StepStory;

/// A bar for each of the steps.
pub(super) fn waterfall(pull: &Pull, steps: &[StepStory], store: &Store) -> String {
    let exchanges = || steps.iter().filter_map(|s| store.entry(s.exchange));
    let end = exchanges()
        .map(|entry| clock::passed(pull.started, entry.exchange.started) + entry.exchange.took())
        .fold(Duration::ZERO, Duration::max);
    let whole = end.as_secs_f64();
    if whole <= 0.0 || exchanges().any(|entry| entry.exchange.untimed) {
        return String::new();
    }
    let mut html = legend();
    html.push_str("<ol class=\"fall\">");
    for step in steps {
        let Some(entry) = store.entry(step.exchange) else {
            continue;
        };
        let exchange = &entry.exchange;
        let name = Bilingual::of(|lang| {
            let kind = step.kind.name(lang);
            format!("{} {kind} · {}", step.number, entry.reading.authority)
        });
        let name = name.html("span", |name| escape(name).into_owned());
        let _ = write!(
            html,
            "<li><a href=\"#{}\"><span class=\"name\">{name}</span>\
             <svg aria-hidden=\"true\">{}</svg><span class=\"took\">{:.0} ms</span></a></li>",
            anchor(step.exchange),
            bars(exchange, pull.started, whole),
            exchange.took().as_secs_f64() * 1_000.0,
        );
    }
    html.push_str("</ol>");
    html
}

fn bars(exchange: &Exchange, start: Timestamp, whole: f64) -> String {
    let timings = &exchange.timings;
    let mut stretches: Vec<_> = Phase::STRETCHES
        .iter()
        .map(|(phase, parts)| (*phase, timings.sum(parts)))
        .collect();
    if timings.total().is_zero() {
        stretches = vec![(Phase::Wait, exchange.took())];
    }
    let mut at = clock::passed(start, exchange.started).as_secs_f64();
    let mut html = String::new();
    for (phase, took) in stretches {
        let name = phase.word();
        let took = took.as_secs_f64();
        if took <= 0.0 {
            continue;
        }
        let (x, width) = (at / whole * 100.0, (took / whole * 100.0).max(0.15));
        // Writing to a string never fails.
        let _ = write!(
            html,
            "<rect class=\"p-{name}\" x=\"{x:.3}%\" y=\"1\" width=\"{width:.3}%\" height=\"10\"/>"
        );
        at += took;
    }
    html
}

fn legend() -> String {
    let mut html = String::from("<div class=\"legend\">");
    for (phase, _) in Phase::STRETCHES {
        let name = phase.word();
        let text = Bilingual::of(|lang| phase.name(lang).to_owned());
        let text = text.html("span", String::clone);
        let _ = write!(
            html,
            "<span><svg aria-hidden=\"true\"><rect class=\"p-{name}\" width=\"100%\" \
             height=\"100%\"/></svg>{text}</span>"
        );
    }
    html.push_str("</div>");
    html
}
