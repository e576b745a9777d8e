//! The page of a trace.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::frame::{bottom, choices, notice, top, words};
use super::markup::{Bilingual, anchor, blocks, escape, spans};
use super::{ladder, waterfall};
use crate::exchange::{Bodies, ExchangeId};
use crate::export::transcript;
use crate::pulls::Pull;
use crate::registry::Kind;
use crate::store::{Entry, Store};
use crate::story;
use crate::story::{Block, PullStory, StepStory, Telling, Tone};
use crate::words::Lang;

/// Writes the page. It opens in `telling`'s language; the reader may switch.
///
/// `takes` says of an exchange whether it is asked for; what is no exchange is told where
/// `whole`.
///
/// # Errors
/// When the stream fails.
pub fn write(
    telling: &Telling<'_>,
    takes: &dyn Fn(&Entry) -> bool,
    whole: bool,
    secrets_kept: bool,
    bodies: &dyn Bodies,
    mut out: impl Write,
) -> io::Result<()> {
    let store = telling.store;
    let page = TracePage { store, bodies };
    let wanted = |id: ExchangeId| store.entry(id).is_some_and(takes);
    let has_wanted = |pull: &&Pull| pull.steps.iter().any(|step| wanted(step.exchange));
    let pulls: Vec<_> = store.pulls().iter().filter(has_wanted).collect();
    out.write_all(head(telling.lang).as_bytes())?;
    if secrets_kept {
        out.write_all(notice().as_bytes())?;
    }
    let tally = page.both("div", |telling| {
        blocks(story::tally(&pulls, whole, telling).as_slice(), 2)
    });
    write!(out, "{tally}<ul class=\"toc\">")?;
    for pull in &pulls {
        let title = page.both("span", |telling| spans(&story::title(pull, telling.lang)));
        write!(out, "<li><a href=\"#pull-{}\">{title}</a></li>", pull.id.0)?;
    }
    out.write_all(b"</ul>")?;
    for pull in pulls {
        page.pull(pull, &wanted, &mut out)?;
    }
    let loose = store.loose().filter(|entry| takes(entry)).zip(1..);
    for (entry, number) in loose {
        if number == 1 {
            let heading = words("span", "label.loose");
            write!(out, "<section class=\"pull\"><h2>{heading}</h2>")?;
        }
        let told = Bilingual::of(|lang| story::loose(entry, number, &page.telling(lang)));
        let (en, zh) = (&told.en, &told.zh);
        out.write_all(page.step(&Bilingual { en, zh }, None).as_bytes())?;
    }
    if store.loose().any(takes) {
        out.write_all(b"</section>")?;
    }
    if whole {
        let rest = page.both("div", |telling| {
            let mut rest = story::unread(telling);
            rest.extend(story::beyond_pulls(telling));
            blocks(&rest, 3)
        });
        if !rest.is_empty() {
            write!(out, "<section class=\"pull\">{rest}</section>")?;
        }
    }
    out.write_all(foot().as_bytes())?;
    out.flush()
}

struct TracePage<'a> {
    store: &'a Store,
    bodies: &'a dyn Bodies,
}

impl<'a> TracePage<'a> {
    fn telling(&self, lang: Lang) -> Telling<'a> {
        Telling {
            store: self.store,
            lang,
            now: None,
        }
    }

    fn both(&self, element: &str, make: impl Fn(&Telling<'a>) -> String) -> String {
        let told = Bilingual::of(|lang| make(&self.telling(lang)));
        told.html(element, String::clone)
    }

    fn pull(
        &self,
        pull: &Pull,
        wanted: &dyn Fn(ExchangeId) -> bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let told = Bilingual::of(|lang| story::pull(pull, &self.telling(lang), wanted));
        let part = |of: fn(&PullStory) -> &[Block]| told.html("div", |told| blocks(of(told), 4));
        let heading = |key| words("span", key);
        let title = self.both("span", |telling| spans(&story::title(pull, telling.lang)));
        let id = pull.id.0;
        write!(
            out,
            "<section class=\"pull\" id=\"pull-{id}\"><h2>{title}</h2>{}<h3>{}</h3>",
            part(|told| &told.overview),
            heading("label.findings")
        )?;
        if told.en.findings.is_empty() {
            let none = |told: &PullStory| spans(std::slice::from_ref(&told.without_findings));
            out.write_all(told.html("p", none).as_bytes())?;
        }
        out.write_all(part(|told| &told.findings).as_bytes())?;
        let waterfall = waterfall::waterfall(pull, &told.en.steps, self.store);
        if !waterfall.is_empty() {
            write!(out, "<h3>{}</h3>{waterfall}", heading("html.waterfall"))?;
        }
        let ladder = self.both("div", |telling| {
            ladder::ladder(pull, &told.en.steps, self.store, telling.lang)
        });
        write!(
            out,
            "<details class=\"more\" open><summary>{}</summary>{ladder}</details><h3>{}</h3>",
            heading("html.sequence"),
            heading("label.steps")
        )?;
        for (en, zh) in told.en.steps.iter().zip(&told.zh.steps) {
            out.write_all(self.step(&Bilingual { en, zh }, Some(pull)).as_bytes())?;
        }
        out.write_all(part(|told| &told.blobs).as_bytes())?;
        out.write_all(b"</section>\n")
    }

    /// One exchange: a line that opens.
    fn step(&self, told: &Bilingual<&StepStory>, pull: Option<&Pull>) -> String {
        let step = told.en;
        let failed = step.head.first().and_then(|cell| cell.first());
        let failed = failed.is_some_and(|status| status.tone == Tone::Bad);
        let mut html = format!(
            "<details class=\"step{}\" id=\"{}\" data-g=\"{}\"><summary><span class=\"n\">{}</span>",
            if failed { " failed" } else { "" },
            anchor(step.exchange),
            group(step.kind),
            step.number,
        );
        // Writing to a string never fails.
        let classes = ["status", "method", "kind", "where", "fig size", "fig took"];
        for (at, class) in classes.iter().enumerate().take(step.head.len()) {
            let cell = told.html("span", |step| {
                step.head.get(at).map_or_else(String::new, |c| spans(c))
            });
            let _ = write!(html, "<span class=\"{class}\">{cell}</span>");
        }
        html.push_str("</summary><div class=\"in\">");
        html.push_str(&told.html("div", |step| {
            let text = story::Span::plain(story::shorten(&step.explanation));
            blocks(&[Block::Paragraph(vec![text])], 4)
        }));
        html.push_str(&told.html("div", |step| blocks(&step.decoded, 4)));
        if let Some(entry) = self.store.entry(step.exchange) {
            html.push_str(&self.both("div", |telling| {
                blocks(&story::around(entry, pull, telling), 4)
            }));
            let text = transcript::exchange(&entry.exchange, self.bodies);
            let _ = write!(
                html,
                "<details class=\"more\"><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>",
                words("span", "label.transcript"),
                escape(&text),
            );
        }
        html.push_str("</div></details>\n");
        html
    }
}

/// Everything before the first pull.
fn head(lang: Lang) -> String {
    let groups = [
        ("all", "html.all-of-them"),
        ("access", "html.access"),
        ("documents", "html.documents"),
        ("blobs", "label.blobs"),
        ("failed", "html.failed"),
    ];
    let show = choices("show", "html.show", 0, &groups);
    let search = format!(
        "<input class=\"js\" type=\"search\" id=\"search\" aria-label=\"Search 搜索\" \
         placeholder=\"Search · 搜索  ( / )\" autocomplete=\"off\" spellcheck=\"false\">\
         <output class=\"count js\" id=\"count\" aria-live=\"polite\"></output>{show}"
    );
    top(lang, "label.article", &search, Some(SCRIPT))
}

/// Everything after the last pull.
fn foot() -> String {
    let keys = [
        ("/", "html.search"),
        ("j", "html.next"),
        ("k", "html.previous"),
        ("e", "html.open-all"),
        ("f", "html.show"),
        ("l", "html.language"),
        ("t", "html.theme"),
    ];
    let mut html = String::from("<p class=\"js\">");
    for (key, label) in keys {
        let _ = write!(html, "<kbd>{key}</kbd> {} &ensp;", words("span", label));
    }
    bottom(&format!("{html}</p>"), Some(SCRIPT))
}

/// What the reader may choose to see alone.
fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Ping | Kind::Challenge | Kind::Token => "access",
        Kind::Resolve
        | Kind::Index
        | Kind::Manifest
        | Kind::Config
        | Kind::Tags
        | Kind::Referrers
        | Kind::Catalog
        | Kind::Publish => "documents",
        Kind::Layer | Kind::Blob | Kind::Exists | Kind::Redirect | Kind::Cdn | Kind::Upload => {
            "blobs"
        }
        Kind::Delete | Kind::Error | Kind::Other => "other",
    }
}

const SCRIPT: &str = include_str!("page.js");
