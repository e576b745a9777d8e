//! The page of a trace.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::frame::{bottom, choices, notice, top, words};
use super::markup::{Bilingual, anchor, blocks, both, escape, spans};
use super::{ladder, waterfall};
use crate::exchange::{Bodies, ExchangeId};
use crate::export::transcript;
use crate::pulls::Pull;
use crate::registry::Kind;
use crate::store::{Entry, Store};
use crate::story;
use crate::story::{Block, PullStory, StepStory, Telling, Tone};
use crate::words::{Lang, phrase};

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
            let heading = words("span", phrase("label.loose"));
            write!(out, "<section class=\"pull\"><h2>{heading}</h2>")?;
        }
        let told = Bilingual::of(|lang| story::loose(entry, number, &page.telling(lang)));
        out.write_all(page.step(&told.en, &told.zh, None).as_bytes())?;
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
        both(element, &told.en, &told.zh)
    }

    fn pull(
        &self,
        pull: &Pull,
        wanted: &dyn Fn(ExchangeId) -> bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let told = Bilingual::of(|lang| story::pull(pull, &self.telling(lang), wanted));
        let part = |en: &[Block], zh: &[Block]| both("div", &blocks(en, 4), &blocks(zh, 4));
        let title = self.both("span", |telling| spans(&story::title(pull, telling.lang)));
        let id = pull.id.0;
        write!(
            out,
            "<section class=\"pull\" id=\"pull-{id}\"><h2>{title}</h2>"
        )?;
        out.write_all(part(&told.en.overview, &told.zh.overview).as_bytes())?;
        write!(out, "<h3>{}</h3>", words("span", phrase("label.findings")))?;
        if told.en.findings.is_empty() {
            let none = |told: &PullStory| spans(std::slice::from_ref(&told.without_findings));
            out.write_all(both("p", &none(&told.en), &none(&told.zh)).as_bytes())?;
        }
        out.write_all(part(&told.en.findings, &told.zh.findings).as_bytes())?;
        let steps = Bilingual {
            en: told.en.steps.as_slice(),
            zh: told.zh.steps.as_slice(),
        };
        let waterfall = waterfall::waterfall(pull, &steps, self.store);
        if !waterfall.is_empty() {
            write!(
                out,
                "<h3>{}</h3>{waterfall}",
                words("span", phrase("html.waterfall"))
            )?;
        }
        let ladder = self.both("div", |telling| {
            ladder::ladder(pull, steps.en, self.store, telling.lang)
        });
        write!(
            out,
            "<details class=\"more\" open><summary>{}</summary>{ladder}</details>",
            words("span", phrase("html.sequence"))
        )?;
        write!(out, "<h3>{}</h3>", words("span", phrase("label.steps")))?;
        for (en, zh) in steps.en.iter().zip(steps.zh) {
            out.write_all(self.step(en, zh, Some(pull)).as_bytes())?;
        }
        out.write_all(part(&told.en.blobs, &told.zh.blobs).as_bytes())?;
        out.write_all(b"</section>\n")
    }

    /// One exchange: a line that opens.
    fn step(&self, en: &StepStory, zh: &StepStory, pull: Option<&Pull>) -> String {
        let mut html = String::new();
        let failed = en.head.first().and_then(|cell| cell.first());
        let failed = failed.is_some_and(|status| status.tone == Tone::Bad);
        // Writing to a string never fails.
        let _ = write!(
            html,
            "<details class=\"step{}\" id=\"{}\" data-g=\"{}\"><summary>\
             <span class=\"n\">{}</span>",
            if failed { " failed" } else { "" },
            anchor(en.exchange),
            group(en.kind),
            en.number,
        );
        let classes = ["status", "method", "kind", "where", "fig size", "fig took"];
        for (class, (en, zh)) in classes.iter().zip(en.head.iter().zip(&zh.head)) {
            let cell = both("span", &spans(en), &spans(zh));
            let _ = write!(html, "<span class=\"{class}\">{cell}</span>");
        }
        html.push_str("</summary><div class=\"in\">");
        let explain = |step: &StepStory| {
            let text = story::Span::plain(story::shorten(&step.explanation));
            blocks(&[Block::Paragraph(vec![text])], 4)
        };
        html.push_str(&both("div", &explain(en), &explain(zh)));
        html.push_str(&both(
            "div",
            &blocks(&en.decoded, 4),
            &blocks(&zh.decoded, 4),
        ));
        if let Some(entry) = self.store.entry(en.exchange) {
            html.push_str(&self.both("div", |telling| {
                blocks(&story::around(entry, pull, telling), 4)
            }));
            let text = transcript::exchange(&entry.exchange, self.bodies);
            let _ = write!(
                html,
                "<details class=\"more\"><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>",
                words("span", phrase("label.transcript")),
                escape(&text),
            );
        }
        html.push_str("</div></details>\n");
        html
    }
}

/// Everything before the first pull.
fn head(lang: Lang) -> String {
    let show = choices(
        "show",
        &phrase("html.show"),
        0,
        &[
            ("all", phrase("html.all-of-them")),
            ("access", phrase("html.access")),
            ("documents", phrase("html.documents")),
            ("blobs", phrase("label.blobs")),
            ("failed", phrase("html.failed")),
        ],
    );
    let search = format!(
        "<input class=\"js\" type=\"search\" id=\"search\" aria-label=\"Search 搜索\" \
         placeholder=\"Search · 搜索  ( / )\" autocomplete=\"off\" spellcheck=\"false\">\
         <output class=\"count js\" id=\"count\" aria-live=\"polite\"></output>{show}"
    );
    top(lang, phrase("label.article"), &search, Some(SCRIPT))
}

/// Everything after the last pull.
fn foot() -> String {
    let keys = [
        ("/", phrase("html.search")),
        ("j", phrase("html.next")),
        ("k", phrase("html.previous")),
        ("e", phrase("html.open-all")),
        ("f", phrase("html.show")),
        ("l", phrase("html.language")),
        ("t", phrase("html.theme")),
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
