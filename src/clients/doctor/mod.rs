//! What keeps a client from being traced: checks with a reason and a fix.
//!
//! Each check looks at the machine as it is, and asks the programs themselves where it can. A
//! fix is lines for a shell that, run as printed, make the check pass.

mod cause;
mod docker;
mod general;
mod handshake;
mod no_proxy;
mod unit;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

pub use cause::Cause;

use super::system::{Runner, System};
use super::undo::Records;
use crate::base::printable::printable;
use crate::config::ClientName;

/// What is looked at.
pub struct Patient<'a> {
    /// The machine's files.
    pub system: &'a System,
    /// Its programs.
    pub programs: &'a dyn Runner,
    /// The environment of whoever asks.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
    /// The proxy that clients are to use, as a URL.
    pub proxy: String,
    /// Its address.
    pub address: SocketAddr,
    /// The directory of the CA.
    pub data: PathBuf,
    /// The user who is to own the CA.
    pub owner: u32,
    /// What `setup` has changed.
    pub records: Records,
    /// The time by this machine's clock.
    pub now: Timestamp,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, in one word.
    pub name: &'static str,
    /// How it is.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// As it should be.
    Good {
        /// What was found.
        text: String,
    },
    /// Not as it should be.
    Bad {
        /// What it is, in one word.
        cause: Cause,
        /// What was found, and why that matters.
        text: String,
        /// Lines for a shell that mend it.
        fix: Vec<String>,
    },
    /// There was nothing to check, or no way to.
    Skipped {
        /// Why.
        text: String,
    },
}

/// All checks that concern a client, or what is there when none is named.
pub fn examine(patient: &Patient<'_>, client: Option<ClientName>) -> Vec<Check> {
    let mut checks = general::checks(patient);
    let well = checks.iter().all(|check| !check.is_bad());
    match client {
        None => {
            checks.extend(general::no_proxy(patient));
            if patient.has_program("docker") {
                docker::checks(patient, well, &mut checks);
            } else {
                checks.push(skipped("docker-daemon", "there is no docker command here"));
            }
        }
        Some(ClientName::Docker | ClientName::DockerDesktop) => {
            docker::checks(patient, well, &mut checks);
        }
        Some(client) => {
            if let Some((unit, name)) = unit::of(client, patient.system) {
                checks.extend(unit::checks(patient, unit, name));
            } else {
                checks.extend(general::no_proxy(patient));
                checks.extend(handshake::by_environment(patient, client, well));
            }
        }
    }
    checks
}

/// The checks as lines for people; `glyphs` says whether the terminal has more than ASCII.
pub fn describe(checks: &[Check], glyphs: bool) -> String {
    let (good, bad, none) = if glyphs {
        ("✓", "✗", "·")
    } else {
        ("ok  ", "FAIL", "-   ")
    };
    let mut text = String::new();
    let names = checks.iter().map(|check| check.name.len());
    let width = names.max().unwrap_or_default();
    for Check { name, verdict } in checks {
        let (mark, what) = match verdict {
            Verdict::Good { text } => (good, text),
            Verdict::Bad { text, .. } => (bad, text),
            Verdict::Skipped { text } => (none, text),
        };
        let _ = writeln!(text, "{mark} {name:<width$} {}", printable(what));
        if let Verdict::Bad { fix, .. } = verdict {
            for line in fix.iter().flat_map(|fix| fix.lines()) {
                let _ = writeln!(text, "      {}", printable(line));
            }
        }
    }
    if glyphs {
        return text;
    }
    let text = text.replace('…', "...");
    text.chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

impl Check {
    /// Whether something is wrong.
    pub fn is_bad(&self) -> bool {
        matches!(self.verdict, Verdict::Bad { .. })
    }
}

impl Patient<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        let value = value.to_string_lossy().into_owned();
        (!value.is_empty()).then_some(value)
    }

    fn has_program(&self, name: &str) -> bool {
        let path = (self.environment)("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
    }

    /// The command that sets a client up for this proxy.
    fn setup(&self, client: &str) -> String {
        self.with_proxy(format!("sudo pullscope setup {client}"))
    }

    /// A command that is to look at this proxy, whoever's environment it has.
    fn with_proxy(&self, command: String) -> String {
        if self.proxy == DEFAULT_PROXY {
            command
        } else {
            format!("{command} --proxy {}", self.proxy)
        }
    }

    /// The CA's certificate, PEM.
    fn certificate(&self) -> Option<String> {
        std::fs::read_to_string(self.data.join("ca.pem")).ok()
    }
}

fn good(name: &'static str, text: impl Into<String>) -> Check {
    let text = text.into();
    Check {
        name,
        verdict: Verdict::Good { text },
    }
}

fn bad(cause: Cause, text: impl Into<String>, fix: Vec<String>) -> Check {
    let text = text.into();
    Check {
        name: cause.check(),
        verdict: Verdict::Bad { cause, text, fix },
    }
}

fn skipped(name: &'static str, text: impl Into<String>) -> Check {
    let text = text.into();
    Check {
        name,
        verdict: Verdict::Skipped { text },
    }
}

const DEFAULT_PROXY: &str = "http://127.0.0.1:8642";
