//! `pullscope show`.

use crate::config::ShowArgs;
use crate::exchange::Bodies;
use crate::export::{json, transcript};
use crate::pulls::{Pull, PullId};
use crate::store::Store;
use crate::story;
use crate::story::text;
use crate::story::text::{Line, Look};
use crate::story::{Block, Span, Telling};
use crate::words::say;

use crate::app::process::failure::{Outcome, usage};
use crate::app::recording::fail_on::FailOn;
use crate::app::terminal::talk::Talk;
use crate::app::terminal::{output, paint};
use crate::app::trace::produce::Destination;
use crate::app::trace::select::{Selection, lang};
use crate::app::trace::source::{Loader, Source};

pub(in crate::app) fn run(args: &ShowArgs, talk: &Talk) -> Outcome {
    let selection = Selection::read(&args.selection)?;
    let fail_on = FailOn::read(args.fail_on.as_deref())?;
    let lang = lang(args.selection.lang);
    let source = Source::told(&args.source, args.keep_secrets, lang, talk)?;
    let bodies = source.bodies.as_ref();
    let store = Store::of_trace(source.trace, &Loader(bodies));
    selection.check(&store)?;
    let view = ShowOutput {
        telling: Telling::of(&store, lang),
        selection: &selection,
        look: paint::look(&args.look),
    };
    let verdict = || fail_on.map_or(Ok(()), |fail_on| fail_on.judge(&store));
    if args.json {
        let takes = |entry: &_| selection.takes(entry, &store);
        Destination::Stdout.write(|out| {
            json::write(
                &view.telling,
                &takes,
                selection.is_all(),
                args.keep_secrets,
                out,
            )
        })?;
        return verdict();
    }
    let lines = match &args.step {
        Some(step) => view.step(step, bodies)?,
        None => view.all(),
    };
    if lines.is_empty() {
        talk.say(if selection.is_all() {
            "there is nothing in it"
        } else {
            "nothing in it is what was asked for"
        });
    }
    let colours = paint::is_wanted(args.look.color);
    output::data(&paint::paint(&lines, colours))?;
    verdict()
}

/// What is shown, and how.
struct ShowOutput<'a> {
    telling: Telling<'a>,
    selection: &'a Selection,
    look: Look,
}

impl ShowOutput<'_> {
    /// Every pull that is asked for, then what belongs to none.
    fn all(&self) -> Vec<Line> {
        let pulls: Vec<_> = self.pulls().collect();
        let tally = story::tally(&pulls, self.selection.is_all(), &self.telling);
        let mut lines = text::blocks(tally.as_slice(), self.look, 0);
        for pull in pulls {
            Self::gap(&mut lines);
            lines.extend(self.title(pull));
            let takes = |id| {
                let entry = self.telling.store.entry(id);
                entry.is_some_and(|entry| self.selection.takes(entry, self.telling.store))
            };
            let story = story::pull(pull, &self.telling, &takes);
            lines.extend(text::pull(&story, &self.telling, self.look));
        }
        self.rest(&mut lines);
        lines
    }

    /// The pulls of which something is asked for.
    fn pulls(&self) -> impl Iterator<Item = &Pull> {
        let store = self.telling.store;
        store.pulls().iter().filter(|pull| {
            pull.steps.iter().any(|step| {
                let entry = store.entry(step.exchange);
                entry.is_some_and(|entry| self.selection.takes(entry, store))
            })
        })
    }

    /// What belongs to no pull.
    fn rest(&self, lines: &mut Vec<Line>) {
        let store = self.telling.store;
        let loose = store
            .loose()
            .filter(|entry| self.selection.takes(entry, store));
        let steps: Vec<_> = loose
            .zip(1..)
            .map(|(entry, number)| story::loose(entry, number, &self.telling))
            .collect();
        if !steps.is_empty() {
            Self::gap(lines);
            let heading = story::loose_heading(self.telling.lang);
            lines.extend(text::blocks(&[heading], self.look, 0));
            lines.extend(text::steps(&steps, self.look));
        }
        if self.selection.is_all() {
            let unread = story::unread(&self.telling);
            let findings = story::beyond_pulls(&self.telling);
            for blocks in [unread, findings] {
                if !blocks.is_empty() {
                    Self::gap(lines);
                    lines.extend(text::blocks(&blocks, self.look, 0));
                }
            }
        }
    }

    /// Everything about one step.
    fn step(&self, wanted: &str, bodies: &dyn Bodies) -> Outcome<Vec<Line>> {
        let (pull, number) = self.find(wanted)?;
        let store = self.telling.store;
        let step = number.checked_sub(1).and_then(|at| pull.steps.get(at));
        let Some(entry) = step.and_then(|step| store.entry(step.exchange)) else {
            return Err(usage(format!(
                "--step {wanted}: pull {} has {} steps, from 1 on",
                pull.id.0,
                pull.steps.len()
            )));
        };
        let only = |id| id == entry.exchange.id;
        let told = story::pull(pull, &self.telling, &only);
        let mut lines = self.title(pull);
        lines.push(Line::new());
        lines.extend(text::steps(&told.steps, self.look));
        let mut more = story::around(entry, Some(pull), &self.telling);
        more.push(Block::Heading(vec![Span::strong(say(
            "label.transcript",
            self.telling.lang,
        ))]));
        let messages = transcript::exchange(&entry.exchange, bodies);
        more.push(Block::Inset(vec![Block::Verbatim(messages)]));
        lines.extend(text::blocks(&more, self.look, 4));
        for finding in store.findings_shown_by(entry) {
            lines.push(Line::new());
            let blocks = story::finding(finding, Some(pull), self.telling.lang);
            lines.extend(text::blocks(&blocks, self.look, 4));
        }
        Ok(lines)
    }

    /// The pull and the number of `[PULL.]N`.
    fn find(&self, wanted: &str) -> Outcome<(&Pull, usize)> {
        let (pull, number) = match wanted.split_once('.') {
            Some((pull, number)) => (Some(pull), number),
            None => (None, wanted),
        };
        let parse = |text: &str| text.parse::<u64>().ok();
        let number = parse(number).and_then(|number| usize::try_from(number).ok());
        let pulls: Vec<_> = match pull {
            Some(text) => {
                let id = parse(text).map(PullId);
                id.and_then(|id| self.telling.store.pull(id))
                    .into_iter()
                    .collect()
            }
            None => self.pulls().collect(),
        };
        match (pulls.as_slice(), number) {
            ([pull], Some(number)) => Ok((pull, number)),
            ([_], None) => Err(usage(format!(
                "--step {wanted}: give the number of a step, such as 3, or 2.3 for step 3 of pull 2"
            ))),
            ([], _) => Err(usage(format!("--step {wanted}: there is no such pull"))),
            ([_, ..], _) => Err(usage(format!(
                "--step {wanted}: there are {} pulls; say of which, as in --step 1.{wanted}",
                pulls.len()
            ))),
        }
    }

    fn title(&self, pull: &Pull) -> Vec<Line> {
        let heading = Block::Heading(story::title(pull, self.telling.lang));
        text::blocks(&[heading], self.look, 0)
    }

    /// A blank line between parts.
    fn gap(lines: &mut Vec<Line>) {
        if !lines.is_empty() {
            lines.extend([Line::new(), Line::new()]);
        }
    }
}
