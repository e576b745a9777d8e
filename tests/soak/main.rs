//! The real program under load for a long time, one exchange in ten with a fault: it must not
//! grow, leak descriptors, or lose an exchange. `tests/soak.sh` runs it; the table it prints is its
//! result.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod client;
mod server;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::task::JoinSet;

use client::Tally;

/// Clients at once.
const CLIENTS: u64 = 16;
/// What the resident set may grow by for each 100,000 exchanges, once it is warm.
const GROWTH: f64 = 1.0;

/// A recording, killed when dropped.
struct Program {
    child: Child,
    address: String,
    ended: Arc<AtomicU64>,
}

/// One look at the process.
#[derive(Clone, Copy)]
struct Look {
    exchanges: u64,
    /// MiB.
    resident: f64,
    descriptors: usize,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/soak.sh runs it"]
async fn soak() {
    let number = |name: &str, otherwise: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let exchanges = number("SOAK_EXCHANGES", 20_000);
    let deadline = Instant::now() + Duration::from_secs(number("SOAK_SECONDS", 3_600));
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server::start().await;
    let mut program = start(dir.path(), port);
    let tally = Arc::new(Tally::default());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (address, tally) = (program.address.clone(), Arc::clone(&tally));
        let (share, recorded) = (exchanges / CLIENTS, Arc::clone(&program.ended));
        clients.spawn(client::run(
            address, client, share, deadline, tally, recorded,
        ));
    }

    println!("seconds  exchanges  failed as meant  broken  recorded  RSS MiB  descriptors");
    let began = Instant::now();
    let (mut looks, step) = (Vec::new(), (exchanges / 20).max(1));
    let mut next = step;
    loop {
        let over = clients.is_empty();
        if tally.asked() >= next || over {
            next = tally.asked() + step;
            looks.push(program.look(&tally));
            program.tell(began, &tally, looks.last());
        }
        if over {
            break;
        }
        tokio::select! {
            joined = clients.join_next() => joined.unwrap().unwrap(),
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
    // Everything is closed by now; the process is to be at rest again.
    let at_rest = program.rest().await;
    println!(
        "at rest: {} descriptors, {:.1} MiB",
        at_rest.descriptors, at_rest.resident
    );
    let (asked, recorded) = (tally.asked(), program.ended.load(Ordering::Relaxed));
    let said = program.stop(dir.path());

    assert!(
        Instant::now() < deadline,
        "not done in time: {asked} of {exchanges}"
    );
    assert_eq!(tally.broken(), 0, "exchanges did not go as meant");
    // Exchanges that a client cuts off before their request is whole may not become any.
    println!(
        "asked {asked}, recorded {recorded}, lost {}",
        asked.saturating_sub(recorded)
    );
    assert!(recorded >= asked, "{} exchanges are lost", asked - recorded);
    assert!(!said.contains("not recorded"), "{said}");
    assert!(!said.contains("fault"), "{said}");
    assert!(
        at_rest.descriptors <= 40,
        "descriptors leak: {}",
        at_rest.descriptors
    );
    if exchanges >= 100_000 {
        let slope = slope(&looks[looks.len() / 5..]);
        println!("RSS grows by {slope:.2} MiB for each 100,000 exchanges");
        assert!(slope <= GROWTH, "the resident set grows");
    }
}

fn start(dir: &std::path::Path, port: u16) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .args([
            "record",
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--upstream-proxy",
            "none",
        ])
        .args(["--session", "session", "--upstream-timeout", "1"])
        .args(["--connect-to", &format!("*::127.0.0.1:{port}")])
        .current_dir(dir)
        .env("HOME", dir)
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("XDG_STATE_HOME", dir.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(dir.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let ended = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&ended);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.contains("\"event\":\"ended\"") {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    Program {
        child,
        address: first["address"].as_str().unwrap().to_owned(),
        ended,
    }
}

impl Program {
    fn look(&self, tally: &Tally) -> Look {
        let proc = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{proc}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = resident
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        Look {
            exchanges: tally.asked(),
            resident: kib / 1024.0,
            descriptors: fs::read_dir(format!("{proc}/fd")).unwrap().count(),
        }
    }

    fn tell(&self, began: Instant, tally: &Tally, look: Option<&Look>) {
        if let Some(look) = look {
            println!(
                "{:7} {:10} {:16} {:7} {:9} {:8.1} {:12}",
                began.elapsed().as_secs(),
                tally.asked(),
                tally.meant(),
                tally.broken(),
                self.ended.load(Ordering::Relaxed),
                look.resident,
                look.descriptors
            );
        }
    }

    /// Waits until what was closed is gone, and what has passed is recorded.
    async fn rest(&self) -> Look {
        let none = Tally::default();
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut last = u64::MAX;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (look, ended) = (self.look(&none), self.ended.load(Ordering::Relaxed));
            if (ended == last && look.descriptors <= 40) || Instant::now() > deadline {
                return look;
            }
            last = ended;
        }
    }

    fn stop(&mut self, dir: &std::path::Path) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        let said = fs::read_to_string(dir.join("stderr")).unwrap();
        assert!(status.success(), "{status}: {said}");
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Least squares: MiB for each 100,000 exchanges.
fn slope(looks: &[Look]) -> f64 {
    let points: Vec<(f64, f64)> = looks
        .iter()
        .map(|look| {
            (
                f64::from(u32::try_from(look.exchanges).unwrap()) / 100_000.0,
                look.resident,
            )
        })
        .collect();
    let count = f64::from(u32::try_from(points.len()).unwrap());
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let square: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    both / square
}
