//! The arguments of the commands that read and pass on what was recorded.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `pullscope show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// A session directory, or a HAR file of any program.
    #[arg(value_name = "SESSION|FILE.har")]
    pub source: PathBuf,

    /// Show everything about one step: N of a single pull, or PULL.N.
    #[arg(long, value_name = "[PULL.]N")]
    pub step: Option<String>,

    /// Print JSON (docs/reference/json.md).
    #[arg(long, conflicts_with = "step")]
    pub json: bool,

    /// Do not redact what the source left in.
    #[arg(long)]
    pub keep_secrets: bool,

    /// How it is printed.
    #[command(flatten)]
    pub look: LookArgs,

    /// Exit with 4 when an exchange passes this filter, such as `is:error | severity:error`
    /// (docs/reference/filters.md).
    #[arg(long, value_name = "FILTER")]
    pub fail_on: Option<String>,

    /// What of it.
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// `pullscope diff`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Args, Clone, Debug)]
pub struct DiffArgs {
    /// The first: a session directory, or a HAR file of any program.
    #[arg(value_name = "A")]
    pub a: PathBuf,

    /// The second; the same as the first to compare two pulls of one trace.
    #[arg(value_name = "B")]
    pub b: PathBuf,

    /// Which pull of A, by its number; else its only one, or the one that B has too.
    #[arg(long, value_name = "N")]
    pub pull_a: Option<u64>,

    /// Which pull of B, by its number.
    #[arg(long, value_name = "N")]
    pub pull_b: Option<u64>,

    /// Print JSON (docs/reference/json.md).
    #[arg(long)]
    pub json: bool,

    /// Write a page of HTML, complete in one file.
    #[arg(long, conflicts_with = "json")]
    pub html: bool,

    /// The file to write; `-` is stdout.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,

    /// Exit with 4 unless both got the same image.
    #[arg(long)]
    pub exit_code: bool,

    /// Do not redact what the sources left in.
    #[arg(long)]
    pub keep_secrets: bool,

    /// The language of explanations.
    #[arg(long, value_enum, default_value_t = Language::En, env = "PULLSCOPE_LANG")]
    pub lang: Language,

    /// How it is printed.
    #[command(flatten)]
    pub look: LookArgs,
}

// A doc comment here would become the help of every command that takes these.
#[expect(missing_docs, reason = "clap shows it as help")]
#[derive(Args, Clone, Debug)]
pub struct LookArgs {
    /// When to use colours.
    #[arg(long, value_enum, default_value_t = When::Auto)]
    pub color: When,

    /// Use ASCII only, as when the locale is not UTF-8.
    #[arg(long)]
    pub ascii: bool,

    /// The width in columns; else `COLUMNS`, the terminal's, or 100.
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(60..=1_000))]
    pub width: Option<u16>,
}

/// `pullscope import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// A plain-text transcript: requests in absolute form, each with its answer; the output of
    /// `curl -v`; a log of `ctr --http-dump`, `crane -v`, skopeo or podman. `-` is stdin.
    #[arg(value_name = "FILE.txt")]
    pub source: PathBuf,

    /// The HAR to write; `-` is stdout.
    #[arg(short, long, value_name = "FILE.har", default_value = "-")]
    pub output: PathBuf,

    /// Leave passwords, tokens and signatures in.
    #[arg(long)]
    pub keep_secrets: bool,
}

/// `pullscope redact`.
#[derive(Args, Clone, Debug)]
pub struct RedactArgs {
    /// A HAR file of any program, or a session directory.
    #[arg(value_name = "FILE.har|SESSION")]
    pub source: PathBuf,

    /// The HAR to write; `-` is stdout.
    #[arg(short, long, value_name = "FILE.har", default_value = "-")]
    pub output: PathBuf,

    /// Indent the JSON.
    #[arg(long)]
    pub pretty: bool,
}

// A doc comment here would become the help of every command that takes these.
#[expect(missing_docs, reason = "clap shows it as help")]
#[derive(Args, Clone, Debug, Default)]
pub struct SelectionArgs {
    /// Only the exchanges that pass this filter, such as `kind:layer status:4xx`
    /// (docs/reference/filters.md).
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,

    /// Only this pull, by its number; may be given several times.
    #[arg(long, value_name = "N")]
    pub pull: Vec<u64>,

    /// The language of explanations.
    #[arg(long, value_enum, default_value_t = Language::En, env = "PULLSCOPE_LANG")]
    pub lang: Language,
}

/// A language of explanations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

/// When to do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
