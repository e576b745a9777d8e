//! Processes, and what the kernel says of them.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};

/// A child that listens on a port, ended when dropped.
pub(crate) struct Process {
    child: Child,
    /// From its start to the first connection it took.
    pub(crate) start: Duration,
}

/// CPU time and memory of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// User and system time so far.
    pub(crate) cpu: Duration,
    /// Resident memory now, in bytes.
    pub(crate) resident: u64,
    /// The most there was since [`Process::forget_peak`], in bytes.
    pub(crate) peak: u64,
}

impl Process {
    /// Starts a command and waits until it listens on `port`.
    pub(crate) fn start(command: &mut Command, port: u16) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let began = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("failed to run {name}"))?;
        let mut process = Self {
            child,
            start: Duration::ZERO,
        };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("{name} ended with {status}");
            }
            if began.elapsed() > PATIENCE {
                bail!("{name} does not listen");
            }
            std::thread::sleep(GLANCE);
        }
        process.start = began.elapsed();
        Ok(process)
    }

    /// What the process has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.child.id()));
        let stat = read("stat")?;
        // The name in parentheses may hold anything; user and system time are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat is odd")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let status = read("status")?;
        let kilobytes = |name: &str| -> u64 {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|number| number.parse().ok())
                .unwrap_or(0)
        };
        Ok(Usage {
            cpu: Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second()),
            resident: kilobytes("VmRSS:") << 10,
            peak: kilobytes("VmHWM:") << 10,
        })
    }

    /// Begins a new peak.
    pub(crate) fn forget_peak(&self) {
        // Where the kernel does not let us, the peak is that of the process's whole life.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let deadline = Instant::now() + LAST_MOMENT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Thousands of connections need as many descriptors here and in the contenders.
pub(crate) fn raise_descriptors() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// What was measured on, and how busy it was.
pub(crate) fn machine() -> String {
    let line = |path: &str, prefix: &str| {
        fs::read_to_string(path)
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix(prefix).map(str::to_owned))
            .unwrap_or_default()
    };
    let model = line("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = line("/proc/loadavg", "");
    let busy = load.split_whitespace().next().unwrap_or("?");
    format!(
        "{cores} cores ({}), load before the run {busy}\n",
        model.trim_start_matches([' ', '\t', ':'])
    )
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which so many percent lie.
pub(crate) fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let at = values.len() * percent / 100;
    values
        .get(at.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_micros(200);
const LAST_MOMENT: Duration = Duration::from_secs(5);
