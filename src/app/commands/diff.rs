//! `pullscope diff`.

use std::path::Path;

use crate::base::printable::printable;
use crate::config::{DiffArgs, When};
use crate::export::diff::{self, ComparedPull, Verdict};
use crate::export::html;
use crate::pulls::{Pull, PullId};
use crate::store::Store;
use crate::story::text;
use crate::story::text::Line;
use crate::words::Lang;

use crate::app::process::failure::{Outcome, found, usage};
use crate::app::terminal::paint;
use crate::app::terminal::talk::Talk;
use crate::app::trace::produce::{Destination, Produced};
use crate::app::trace::select::lang;
use crate::app::trace::source::{Loader, Source};

pub(in crate::app) fn run(args: &DiffArgs, talk: &Talk) -> Outcome {
    let lang = lang(args.lang);
    let (store_a, kept_a) = read(&args.a, args.keep_secrets, lang, talk)?;
    let (store_b, kept_b) = read(&args.b, args.keep_secrets, lang, talk)?;
    let a = Operand::new("--pull-a", &args.a, &store_a, args.pull_a)?;
    let b = Operand::new("--pull-b", &args.b, &store_b, args.pull_b)?;
    let (pull_a, pull_b) = choose(&a, &b)?;
    if store_a.pulls().len() > 1 || store_b.pulls().len() > 1 {
        let names = [(&a, pull_a), (&b, pull_b)].map(|(of, pull)| of.name(pull));
        talk.say(&format!("comparing {} with {}", names[0], names[1]));
    }
    let compared = diff::compare(a.side(pull_a), b.side(pull_b));
    let secrets_kept = kept_a || kept_b;
    Destination::of(&args.output).write(|out| {
        if args.json {
            return diff::json::write(&compared, lang, secrets_kept, out);
        }
        if args.html {
            return html::write_comparison(&compared, lang, secrets_kept, out);
        }
        let look = paint::look(&args.look);
        let sections = diff::told::sections(&compared, lang);
        let sections = sections
            .iter()
            .map(|section| text::blocks(section, look, 0));
        let lines = sections.collect::<Vec<_>>().join(&Line::new());
        let on_stdout = args.output == Path::new("-");
        let colours = match args.look.color {
            When::Auto => on_stdout && paint::is_wanted(When::Auto),
            when => paint::is_wanted(when),
        };
        out.write_all(paint::paint(&lines, colours).as_bytes())
    })?;
    Produced::default().tell(&args.output, talk);
    if args.exit_code && !matches!(compared.verdict, Verdict::Same { .. }) {
        return Err(found(
            "--exit-code: it does not show that both got the same image",
        ));
    }
    Ok(())
}

/// A trace, redacted unless told otherwise, and whether secrets are in it.
fn read(path: &Path, keep_secrets: bool, lang: Lang, talk: &Talk) -> Outcome<(Store, bool)> {
    let source = Source::told(path, keep_secrets, lang, talk)?;
    let secrets_kept = source.trace.secrets_kept || keep_secrets;
    let store = Store::of_trace(source.trace, &Loader(source.bodies.as_ref()));
    Ok((store, secrets_kept))
}

/// One of the two traces, and which of its pulls come into question.
struct Operand<'a> {
    /// The flag that names a pull of it.
    flag: &'static str,
    source: std::borrow::Cow<'a, str>,
    store: &'a Store,
    pulls: Vec<&'a Pull>,
}

impl<'a> Operand<'a> {
    fn new(
        flag: &'static str,
        path: &'a Path,
        store: &'a Store,
        wanted: Option<u64>,
    ) -> Outcome<Self> {
        let source = path.to_string_lossy();
        let pulls: Vec<&Pull> = match wanted {
            Some(number) => store.pull(PullId(number)).into_iter().collect(),
            None => store.pulls().iter().collect(),
        };
        if !pulls.is_empty() {
            return Ok(Self {
                flag,
                source,
                store,
                pulls,
            });
        }
        Err(usage(match (wanted, store.pulls().len()) {
            (_, 0) => {
                format!("{source}: there is no pull in it; `pullscope show {source}` tells what is")
            }
            (number, count) => format!(
                "{flag} {}: there is none of that number in {source}; it has {count}, from 1 on",
                number.unwrap_or_default()
            ),
        }))
    }

    fn side(&self, pull: &'a Pull) -> ComparedPull<'_> {
        ComparedPull {
            source: &self.source,
            store: self.store,
            pull,
        }
    }

    fn name(&self, pull: &Pull) -> String {
        format!("pull {} of {}", pull.id.0, self.source)
    }

    /// The flag with each pull it may name, for people.
    fn choices(&self) -> String {
        let pulls = self.pulls.iter().take(LISTED);
        let mut lines: Vec<_> = pulls
            .map(|pull| {
                // Names come from the network: nothing in them may steer the terminal.
                let name = pull.name();
                format!("  {} {}  {}", self.flag, pull.id.0, printable(&name))
            })
            .collect();
        if self.pulls.len() > LISTED {
            lines.push(format!("  … {} more", self.pulls.len() - LISTED));
        }
        lines.join("\n")
    }
}

/// How many pulls are listed for the user to choose from.
const LISTED: usize = 12;

/// The pulls to compare: the only ones, the two of one trace, or the only two of one name.
fn choose<'a>(a: &Operand<'a>, b: &Operand<'a>) -> Outcome<(&'a Pull, &'a Pull)> {
    if let ([one], [other]) = (&*a.pulls, &*b.pulls) {
        return Ok((one, other));
    }
    if let ([first, second], [_, _]) = (&*a.pulls, &*b.pulls)
        && a.source == b.source
    {
        return Ok((first, second));
    }
    let alike = |one: &Pull, other: &Pull| {
        diff::same_repository(one, other) && one.reference == other.reference
    };
    let mut pairs = a.pulls.iter().flat_map(|one| {
        let others = b.pulls.iter().filter(|other| alike(one, other));
        others.map(|other| (*one, *other))
    });
    match (pairs.next(), pairs.next()) {
        (Some(pair), None) if a.source != b.source => Ok(pair),
        _ => {
            let open = [a, b].into_iter().filter(|operand| operand.pulls.len() > 1);
            let choices: Vec<_> = open.map(Operand::choices).collect();
            Err(usage(format!(
                "it is open which pulls to compare; say which:\n{}",
                choices.join("\n")
            )))
        }
    }
}
