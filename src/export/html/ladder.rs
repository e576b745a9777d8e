//! Who asked whom: a lane for the client and for each host, an arrow for each message.

use std::fmt::Write as _;

use super::markup::{anchor, escape};
use crate::base::printable::printable;
use crate::export::arrow::{answered, asked};
use crate::pulls::Pull;
use crate::store::{Entry, Store};
use crate::story::StepStory;
use crate::words::{Lang, phrase};

/// The steps of a pull as a drawing; of a very long pull the first [`MOST`].
pub(super) fn ladder(pull: &Pull, steps: &[StepStory], store: &Store, lang: Lang) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    let mut rows = String::new();
    let mut y = HEAD;
    let drawn = steps.iter().take(MOST);
    for entry in drawn.filter_map(|step| store.entry(step.exchange)) {
        let host = &*entry.reading.authority;
        let column = hosts
            .iter()
            .position(|one| *one == host)
            .unwrap_or_else(|| {
                hosts.push(host);
                hosts.len() - 1
            });
        row(&mut rows, entry, pull, column + 1, y, lang);
        y += ROW;
    }
    let lanes = hosts.len() + 1;
    let width = x(lanes - 1) + LANE;
    // Writing to a string never fails.
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\"><svg class=\"ladder\" role=\"img\" width=\"{width}\" \
         height=\"{y}\" viewBox=\"0 0 {width} {y}\">"
    );
    let client = pull.client.label();
    let names = std::iter::once(client.as_ref()).chain(hosts);
    for (column, name) in names.enumerate() {
        let x = x(column);
        let _ = write!(
            html,
            "<line class=\"lane\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{y}\"/>\
             <text class=\"who\" x=\"{x}\" y=\"14\">{}</text>",
            HEAD - 14,
            text(name, 30),
        );
    }
    html.push_str(&rows);
    html.push_str("</svg></div>");
    if steps.len() > MOST {
        let left = (steps.len() - MOST).to_string();
        let _ = write!(
            html,
            "<p>{}</p>",
            escape(&phrase("comparison.not-drawn").with(lang, &left))
        );
    }
    html
}

fn row(html: &mut String, entry: &Entry, pull: &Pull, column: usize, y: usize, lang: Lang) {
    let bad = entry
        .reading
        .status
        .is_none_or(|status| status >= 400 && status != 401);
    let (reply, words) = if bad {
        ("cut", "wrong")
    } else {
        ("reply", "said")
    };
    let (from, to, back) = (x(0), x(column), y + ROW / 2);
    let said = text(&asked(entry, Some(pull), lang), 26 * column);
    let answer = text(&answered(entry, lang), 26 * column);
    let _ = write!(
        html,
        "<a href=\"#{link}\"><line class=\"ask\" x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>\
         <polygon points=\"{to},{y} {tip},{above} {tip},{below}\"/>\
         <text x=\"{label}\" y=\"{text_y}\">{said}</text>\
         <line class=\"{reply}\" x1=\"{to}\" y1=\"{back}\" x2=\"{from}\" y2=\"{back}\"/>\
         <polygon class=\"tip\" points=\"{from},{back} {start},{back_above} {start},{back_below}\"/>\
         <text class=\"{words}\" x=\"{label}\" y=\"{back_text}\">{answer}</text></a>",
        link = anchor(entry.exchange.id),
        tip = to - 7,
        above = y - 4,
        below = y + 4,
        label = from + 12,
        text_y = y - 5,
        start = from + 7,
        back_above = back - 4,
        back_below = back + 4,
        back_text = back - 5,
    );
}

/// Where a lane stands.
fn x(column: usize) -> usize {
    8 + column * LANE
}

fn text(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escape(&printable(&short)).into_owned()
}

/// Between two lanes.
const LANE: usize = 215;
/// Above the first arrow.
const HEAD: usize = 44;
/// For a question and its answer.
const ROW: usize = 46;
/// More steps make no drawing that one can read.
const MOST: usize = 400;
