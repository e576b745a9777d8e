//! What each form of a trace costs to write, and how much memory that takes beside the trace:
//! `cargo bench --bench exports`. Memory is to stay flat: ten times the trace, no more of it.
//!
//! A number as first argument is how many exchanges, 100,000 otherwise; a tenth of that is measured
//! first.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "../shared/figures.rs"]
mod figures;
#[path = "../../tests/article/load.rs"]
mod load;
#[path = "../../tests/article/made.rs"]
mod made;
#[path = "../shared/rounds.rs"]
mod rounds;

use std::io::{self, Write};

use pullscope::exchange::Trace;
use pullscope::export::{allowlist, curl, html, json, markdown, mermaid, otlp, transcript};
use pullscope::har::{self, WriteOptions};
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Entry, Store};
use pullscope::story::Telling;
use pullscope::words::Lang;

use figures::{busy, resident, since};

/// How many exchanges, unless it is said.
const EXCHANGES: usize = 100_000;

fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok());
    let count: usize = count.unwrap_or(EXCHANGES);
    println!("times are those of the processor; memory is what is taken beside the trace\n");
    println!("| form | exchanges | CPU s | ns each | MiB written | MiB of memory |");
    println!("|---|---:|---:|---:|---:|---:|");
    for count in [count / 10, count] {
        from_the_trace(count);
        from_the_store(count);
    }
}

/// Counts what is written.
struct Sink(u64);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn measure(form: &str, count: usize, write: impl FnOnce(&mut Sink)) {
    let mut out = Sink(0);
    let before = resident();
    peak_anew();
    let begun = busy();
    write(&mut out);
    let took = since(begun).as_secs_f64();
    let more = peak().saturating_sub(before);
    let each = since(begun).as_nanos() / count as u128;
    println!(
        "| {form} | {count} | {took:.2} | {each} | {} | {} |",
        out.0 >> 20,
        more >> 20
    );
}

fn from_the_trace(count: usize) {
    let trace = Trace {
        exchanges: rounds::exchanges(count),
        ..Trace::default()
    };
    let bodies = har::HarDocument::default();
    measure("har", count, |out| {
        har::write(&trace, &bodies, out, &WriteOptions::default()).unwrap();
    });
    measure("http", count, |out| {
        transcript::write(&trace.exchanges, &bodies, out).unwrap();
    });
}

fn from_the_store(count: usize) {
    let trace = Trace {
        exchanges: rounds::exchanges(count),
        ..Trace::default()
    };
    let store = Store::of_trace(trace, &InMemoryOnly);
    let bodies = har::HarDocument::default();
    let telling = Telling::of(&store, Lang::En);
    let all = |_: &Entry| true;
    measure("json", count, |out| {
        json::write(&telling, &all, true, false, out).unwrap();
    });
    measure("md", count, |out| {
        markdown::write(&telling, &all, true, &bodies, out).unwrap();
    });
    measure("html", count, |out| {
        html::write(&telling, &all, true, false, &bodies, out).unwrap();
    });
    measure("curl", count, |out| {
        curl::write(store.entries(), &telling, &bodies, out).unwrap();
    });
    measure("mermaid", count, |out| {
        mermaid::write(|| store.entries(), &telling, out).unwrap();
    });
    measure("otlp", count, |out| {
        let origin = otlp::Origin::new(None);
        otlp::write(&telling, &all, true, &origin, out).unwrap();
    });
    measure("allowlist", count, |out| {
        let needed = allowlist::needed(store.entries(), true, &telling);
        out.write_all(allowlist::text(&needed, &telling).as_bytes())
            .unwrap();
    });
}

/// Lets [`peak`] begin anew.
fn peak_anew() {
    // proc(5): this resets the peak of the resident set.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The most memory that this process has held.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}
