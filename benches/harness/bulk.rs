//! Blobs: one, a large one, and eight at once.

use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use crate::client::LoadGenerator;
use crate::contender::{Contender, Kind};
use crate::measure::median;
use crate::table::Table;

/// What moving some bytes took.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// MiB per second.
    rate: f64,
    /// CPU seconds of the contender per GiB.
    cpu: f64,
    /// Its peak memory, MiB.
    peak: f64,
}

/// One blob of 1 GiB, `rounds` times, and one of the large size.
pub(crate) async fn blob(
    contenders: &[Contender],
    generator: &LoadGenerator,
    rounds: usize,
    large: u64,
) -> Result<String> {
    let costs = medians(contenders, generator, rounds, ("one", 1)).await?;
    let mut table = Table::new(
        &format!("One blob of 1 GiB, and one of {large} GiB"),
        &[
            "",
            "MiB/s",
            "% of direct",
            "CPU-s/GiB",
            "× floor",
            "peak RSS MiB (1 GiB)",
            &format!("peak RSS MiB ({large} GiB)"),
        ],
    );
    let (direct, floor) = (
        of(contenders, &costs, Kind::Direct),
        of(contenders, &costs, Kind::Copier),
    );
    for (contender, cost) in contenders.iter().zip(&costs) {
        let big = move_blobs(contender, generator, ("large", 1)).await?;
        let mut row = row(contender, *cost, direct, floor);
        row.push(figure(contender, big.peak));
        table.row(row);
    }
    Ok(table.render())
}

/// Eight blobs of 256 MiB at once.
pub(crate) async fn parallel(
    contenders: &[Contender],
    generator: &LoadGenerator,
    rounds: usize,
) -> Result<String> {
    let costs = medians(contenders, generator, rounds, ("quarter", 8)).await?;
    let mut table = Table::new(
        "Eight blobs of 256 MiB at once",
        &[
            "",
            "MiB/s",
            "% of direct",
            "CPU-s/GiB",
            "× floor",
            "peak RSS MiB",
        ],
    );
    let (direct, floor) = (
        of(contenders, &costs, Kind::Direct),
        of(contenders, &costs, Kind::Copier),
    );
    for (contender, cost) in contenders.iter().zip(&costs) {
        table.row(row(contender, *cost, direct, floor));
    }
    Ok(table.render())
}

fn row(contender: &Contender, cost: Cost, direct: Cost, floor: Cost) -> Vec<String> {
    vec![
        contender.kind.name().to_owned(),
        format!("{:.0}", cost.rate),
        format!("{:.0} %", 100.0 * cost.rate / direct.rate),
        if contender.process.is_some() {
            format!("{:.3}", cost.cpu)
        } else {
            "-".to_owned()
        },
        if contender.process.is_some() {
            format!("{:.2}", cost.cpu / floor.cpu)
        } else {
            "-".to_owned()
        },
        figure(contender, cost.peak),
    ]
}

fn figure(contender: &Contender, value: f64) -> String {
    match &contender.process {
        Some(_) => format!("{value:.1}"),
        None => "-".to_owned(),
    }
}

fn of(contenders: &[Contender], costs: &[Cost], kind: Kind) -> Cost {
    let at = contenders
        .iter()
        .position(|contender| contender.kind == kind);
    let nobody = Cost {
        rate: f64::NAN,
        cpu: f64::NAN,
        peak: f64::NAN,
    };
    at.and_then(|at| costs.get(at)).copied().unwrap_or(nobody)
}

/// Each contender's medians. Contenders take turns, so that a busy moment meets all of them.
async fn medians(
    contenders: &[Contender],
    generator: &LoadGenerator,
    rounds: usize,
    what: (&'static str, usize),
) -> Result<Vec<Cost>> {
    let mut all: Vec<Vec<Cost>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (contender, costs) in contenders.iter().zip(&mut all) {
            costs.push(move_blobs(contender, generator, what).await?);
        }
    }
    let middle = |costs: Vec<Cost>| Cost {
        rate: median(costs.iter().map(|cost| cost.rate).collect()),
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
        peak: costs.iter().map(|cost| cost.peak).fold(0.0, f64::max),
    };
    Ok(all.into_iter().map(middle).collect())
}

async fn move_blobs(
    contender: &Contender,
    generator: &LoadGenerator,
    (path, streams): (&'static str, usize),
) -> Result<Cost> {
    let route = generator.through(contender);
    if let Some(process) = &contender.process {
        process.forget_peak();
    }
    let before = contender.usage()?;
    let began = Instant::now();
    let mut downloads = JoinSet::new();
    for _ in 0..streams {
        let route = route.clone();
        downloads.spawn(async move { route.open("cdn").await?.get(path).await });
    }
    let mut bytes = 0;
    while let Some(done) = downloads.join_next().await {
        bytes += done?.with_context(|| format!("through {}", contender.kind.name()))?;
    }
    let elapsed = began.elapsed().as_secs_f64();
    let after = contender.usage()?;
    let mebibytes = mebi(bytes);
    let mut cost = Cost {
        rate: mebibytes / elapsed,
        ..Cost::default()
    };
    if let (Some(before), Some(after)) = (before, after) {
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
        cost.cpu = cpu / (mebibytes / 1_024.0);
        cost.peak = mebi(after.peak);
    }
    Ok(cost)
}

/// Bytes as MiB.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
