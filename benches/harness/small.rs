//! Small requests, new connections, idle ones, what is kept, and the start.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use crate::bulk::mebi;
use crate::client::{LoadGenerator, Route};
use crate::contender::{Contender, Kind};
use crate::measure::{Usage, median, percentile};
use crate::table::Table;

/// Requests on open connections: one connection, then 32.
pub(crate) async fn requests(
    contenders: &[Contender],
    generator: &LoadGenerator,
    rounds: usize,
) -> Result<String> {
    let mut table = Table::new(
        "Small requests on open connections",
        &[
            "",
            "p50 ms (1)",
            "p99 ms (1)",
            "added p50 ms",
            "CPU µs/request (1)",
            "requests/s (32)",
            "CPU µs/request (32)",
        ],
    );
    let mut all: Vec<[Vec<f64>; 5]> = contenders.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for (contender, figures) in contenders.iter().zip(&mut all) {
            let mut one = repeat(contender, generator, 1, ALONE).await?;
            let many = repeat(contender, generator, 32, TOGETHER).await?;
            let [p50, p99, alone, rate, together] = figures;
            p50.push(milliseconds(percentile(&mut one.latencies, 50)));
            p99.push(milliseconds(percentile(&mut one.latencies, 99)));
            alone.push(one.cpu_each);
            rate.push(many.rate);
            together.push(many.cpu_each);
        }
    }
    let mut direct = f64::NAN;
    for (contender, figures) in contenders.iter().zip(all) {
        let [p50, p99, alone, rate, together] = figures.map(median);
        if contender.kind == Kind::Direct {
            direct = p50;
        }
        table.row(vec![
            contender.kind.name().to_owned(),
            format!("{p50:.3}"),
            format!("{p99:.3}"),
            format!("{:.3}", p50 - direct),
            cpu(contender, alone),
            format!("{rate:.0}"),
            cpu(contender, together),
        ]);
    }
    Ok(table.render())
}

/// A new connection for each request, to one host and to hosts never seen before.
pub(crate) async fn connections(
    contenders: &[Contender],
    generator: &LoadGenerator,
    rounds: usize,
) -> Result<String> {
    let mut table = Table::new(
        "New connections, one request on each, 4 at a time",
        &[
            "",
            "1/s, one host",
            "% of direct",
            "× floor",
            "CPU ms each",
            "p99 ms",
            "1/s, new hosts",
            "CPU ms each",
            "p99 ms",
        ],
    );
    let mut all: Vec<[Vec<f64>; 6]> = contenders.iter().map(|_| Default::default()).collect();
    for round in 0..rounds {
        for (contender, figures) in contenders.iter().zip(&mut all) {
            // The first connection to a host makes its certificate.
            generator
                .through(contender)
                .open("one")
                .await?
                .get("small")
                .await?;
            let known = connect(contender, generator, |_| "one".to_owned()).await?;
            let unknown = connect(contender, generator, |n| format!("new-{round}-{n}")).await?;
            for (figure, made) in figures.iter_mut().zip(known.into_iter().chain(unknown)) {
                figure.push(made);
            }
        }
    }
    let all: Vec<[f64; 6]> = all.into_iter().map(|figures| figures.map(median)).collect();
    let rate_of = |kind: Kind| {
        let at = contenders
            .iter()
            .position(|contender| contender.kind == kind);
        at.and_then(|at| all.get(at))
            .map_or(f64::NAN, |figures| figures[0])
    };
    let (direct, floor) = (rate_of(Kind::Direct), rate_of(Kind::Copier));
    for (contender, figures) in contenders.iter().zip(&all) {
        let [rate, each, slowest, new_rate, new_each, new_slowest] = figures;
        table.row(vec![
            contender.kind.name().to_owned(),
            format!("{rate:.0}"),
            format!("{:.0} %", 100.0 * rate / direct),
            format!("{:.2}", rate / floor),
            cpu(contender, *each),
            format!("{slowest:.1}"),
            format!("{new_rate:.0}"),
            cpu(contender, *new_each),
            format!("{new_slowest:.1}"),
        ]);
    }
    Ok(table.render())
}

/// Connections that do nothing: yet, and after one request.
pub(crate) async fn idle(
    contenders: &mut [Contender],
    generator: &LoadGenerator,
) -> Result<String> {
    let mut table = Table::new(
        &format!("{IDLE} idle connections"),
        &[
            "",
            "KiB each, before a request",
            "KiB each, after one",
            "a request meanwhile, ms",
        ],
    );
    for contender in contenders {
        contender.again()?;
        let route = generator.through(contender);
        // The first connection makes what all of them share.
        route.open("idle").await?.get("small").await?;
        let Some(before) = contender.usage()? else {
            continue;
        };
        let mut open = Vec::new();
        for _ in 0..IDLE {
            open.push(route.open("idle").await?);
        }
        let opened = contender.usage()?.unwrap_or(before);
        for connection in &mut open {
            connection.get("small").await?;
        }
        let after = contender.usage()?.unwrap_or(before);
        let began = Instant::now();
        route.open("idle").await?.get("small").await?;
        let meanwhile = began.elapsed();
        let each = |usage: &Usage| {
            let added = mebi(usage.resident.saturating_sub(before.resident)) * 1_024.0;
            format!("{:.1}", added / f64::from(IDLE))
        };
        table.row(vec![
            contender.kind.name().to_owned(),
            each(&opened),
            each(&after),
            format!("{:.1}", milliseconds(meanwhile)),
        ]);
    }
    Ok(table.render())
}

/// Memory after many exchanges, in processes that saw nothing else.
pub(crate) async fn kept(
    contenders: &mut [Contender],
    generator: &LoadGenerator,
) -> Result<String> {
    let mut table = Table::new(
        &format!("Memory after {KEPT} exchanges"),
        &["", "RSS MiB before", "RSS MiB after", "bytes an exchange"],
    );
    for contender in contenders {
        contender.again()?;
        repeat(contender, generator, 32, 32).await?;
        let Some(before) = contender.usage()? else {
            continue;
        };
        repeat(contender, generator, 32, KEPT).await?;
        let after = contender.usage()?.unwrap_or(before);
        let added = mebi(after.resident.saturating_sub(before.resident)) * f64::from(1 << 20);
        table.row(vec![
            contender.kind.name().to_owned(),
            format!("{:.1}", mebi(before.resident)),
            format!("{:.1}", mebi(after.resident)),
            format!("{:.0}", added / f64::from(u32::try_from(KEPT)?)),
        ]);
    }
    Ok(table.render())
}

/// From the start of the process to the first connection it takes.
pub(crate) fn start(contenders: &mut [Contender], rounds: usize) -> Result<String> {
    let mut table = Table::new("Start", &["", "ms to the first connection", "RSS MiB"]);
    for contender in contenders {
        if contender.kind == Kind::Direct {
            continue;
        }
        let (mut times, mut resident) = (Vec::new(), 0.0);
        for _ in 0..rounds.max(1) * 3 {
            contender.again()?;
            if let Some(process) = &contender.process {
                times.push(milliseconds(process.start));
                resident = mebi(process.usage()?.resident);
            }
        }
        table.row(vec![
            contender.kind.name().to_owned(),
            format!("{:.1}", median(times)),
            format!("{resident:.1}"),
        ]);
    }
    Ok(table.render())
}

struct Repeated {
    latencies: Vec<Duration>,
    /// Requests per second.
    rate: f64,
    /// CPU microseconds of the contender per request.
    cpu_each: f64,
}

/// So many small requests over so many connections, which are open before the clock starts.
async fn repeat(
    contender: &Contender,
    generator: &LoadGenerator,
    streams: usize,
    requests: usize,
) -> Result<Repeated> {
    let route = generator.through(contender);
    let mut open = Vec::new();
    for _ in 0..streams {
        let mut connection = route.open("one").await?;
        connection.get("small").await?;
        open.push(connection);
    }
    let before = contender.usage()?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in open {
        let count = requests / streams;
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(count);
            for _ in 0..count {
                let began = Instant::now();
                connection.get("small").await?;
                latencies.push(began.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::with_capacity(requests);
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done?.with_context(|| format!("through {}", contender.kind.name()))?);
    }
    let elapsed = began.elapsed();
    let count = f64::from(u32::try_from(latencies.len())?);
    Ok(Repeated {
        rate: count / elapsed.as_secs_f64(),
        cpu_each: spent(before, contender.usage()?) * 1e6 / count,
        latencies,
    })
}

/// Connections per second, CPU milliseconds of the contender for each, and the milliseconds that 99
/// of 100 take at most, their request included.
async fn connect(
    contender: &Contender,
    generator: &LoadGenerator,
    name: impl Fn(usize) -> String,
) -> Result<[f64; 3]> {
    let route = generator.through(contender);
    let before = contender.usage()?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for lane in 0..LANES {
        let route: Route = route.clone();
        let names: Vec<String> = (lane..CONNECTIONS).step_by(LANES).map(&name).collect();
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(names.len());
            for name in names {
                let began = Instant::now();
                route.open(&name).await?.get("small").await?;
                latencies.push(began.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::with_capacity(CONNECTIONS);
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done?.with_context(|| format!("through {}", contender.kind.name()))?);
    }
    let count = f64::from(u32::try_from(CONNECTIONS)?);
    let rate = count / began.elapsed().as_secs_f64();
    let each = spent(before, contender.usage()?) * 1e3 / count;
    Ok([rate, each, milliseconds(percentile(&mut latencies, 99))])
}

/// CPU seconds between two looks.
fn spent(before: Option<Usage>, after: Option<Usage>) -> f64 {
    before.zip(after).map_or(f64::NAN, |(before, after)| {
        after.cpu.saturating_sub(before.cpu).as_secs_f64()
    })
}

fn cpu(contender: &Contender, value: f64) -> String {
    match (&contender.process, value < 10.0) {
        (None, _) => "-".to_owned(),
        (Some(_), true) => format!("{value:.2}"),
        (Some(_), false) => format!("{value:.0}"),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Requests one after the other.
const ALONE: usize = 5_000;
/// Requests by 32 connections.
const TOGETHER: usize = 20_000;
/// New connections.
const CONNECTIONS: usize = 600;
/// Of which so many are made at once.
const LANES: usize = 4;
/// Idle connections.
const IDLE: u32 = 1_000;
/// Exchanges after which memory is looked at.
const KEPT: usize = 20_000;
