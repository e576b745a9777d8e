//! What a request costs through pullscope, beside what it costs otherwise.
//!
//! `benches/compare` builds and runs this. It starts nginx and every contender on loopback, each
//! as a process of its own, sends the same load through each in turn, and prints tables. What a
//! contender costs is its own CPU time and its own memory, as the kernel counts them.

mod bulk;
mod client;
mod contender;
mod copier;
mod host;
mod measure;
mod noop;
mod origin;
mod plain;
mod small;
mod table;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use client::LoadGenerator;
use contender::{Contender, Kind};
use origin::Origin;

/// Measure pullscope beside a direct download, a byte copier and other proxies.
#[derive(Parser)]
struct Arguments {
    /// Run one of the contenders that are part of this program, for use by the program itself.
    #[command(subcommand)]
    role: Option<Role>,

    /// What to measure; everything when none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    tests: Vec<Test>,

    /// Whom to measure; everyone when none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,

    /// How often each measurement is made; tables show medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Size of the large blob, in GiB.
    #[arg(long, default_value_t = 4)]
    large: u64,

    /// A pullscope to measure; by default the one that was built with this program.
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_pullscope"))]
    pullscope: PathBuf,

    /// Another pullscope to measure beside it, such as one from before a change; it is left out
    /// where none is named.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,

    /// mitmproxy's `mitmdump`; it is left out where there is none.
    #[arg(long, value_name = "FILE")]
    mitmdump: Option<PathBuf>,

    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Role {
    /// A TLS-to-TLS byte copier.
    Copier(host::Options),
    /// hudsucker with a handler that does nothing.
    Noop(host::Options),
    /// pullscope's proxy without a recording.
    Plain {
        #[command(flatten)]
        options: host::Options,
        /// Hash what passes.
        #[arg(long)]
        hash: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Test {
    /// One blob of 1 GiB, and one of the large size.
    Blob,
    /// Eight blobs of 256 MiB at once.
    Parallel,
    /// Small requests on open connections, one at a time and 32 at a time.
    Small,
    /// New connections for each request, to one host and to ever new hosts.
    Connect,
    /// Connections that do nothing.
    Idle,
    /// Memory after 20,000 exchanges.
    Kept,
    /// From the start of the process to its first answer.
    Start,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match arguments.role {
            Some(Role::Copier(options)) => copier::run(options).await,
            Some(Role::Noop(options)) => noop::run(options).await,
            Some(Role::Plain { options, hash }) => plain::run(options, hash).await,
            None => compare(arguments).await,
        }
    })
}

async fn compare(arguments: Arguments) -> Result<()> {
    measure::raise_descriptors()?;
    let origin = Origin::start(arguments.large)?;
    let mut contenders = Vec::new();
    for kind in Kind::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&kind) {
            continue;
        }
        if kind == Kind::Mitmproxy && arguments.mitmdump.is_none() {
            say("SKIPPED: mitmproxy, of which there is no mitmdump here\n")?;
            continue;
        }
        if kind.is_against() && arguments.against.is_none() {
            continue;
        }
        contenders.push(Contender::new(kind, &arguments, &origin)?);
    }
    let generator = LoadGenerator::new(&origin);
    let wanted = |test: Test| arguments.tests.is_empty() || arguments.tests.contains(&test);
    say(&measure::machine())?;
    let rounds = arguments.rounds;
    if wanted(Test::Blob) {
        say(&bulk::blob(&contenders, &generator, rounds, arguments.large).await?)?;
    }
    if wanted(Test::Parallel) {
        say(&bulk::parallel(&contenders, &generator, rounds).await?)?;
    }
    if wanted(Test::Small) {
        say(&small::requests(&contenders, &generator, rounds).await?)?;
    }
    if wanted(Test::Connect) {
        say(&small::connections(&contenders, &generator, rounds).await?)?;
    }
    if wanted(Test::Idle) {
        say(&small::idle(&mut contenders, &generator).await?)?;
    }
    if wanted(Test::Kept) {
        say(&small::kept(&mut contenders, &generator).await?)?;
    }
    if wanted(Test::Start) {
        say(&small::start(&mut contenders, rounds)?)?;
    }
    Ok(())
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
