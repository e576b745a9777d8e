//! The machine that is looked at.

use std::ffi::OsString;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;

use super::cause::Cause;
use super::check::{Check, CheckResult};
use crate::base::text::fill;
use crate::clients::refusal::quoted;
use crate::clients::system::{Runner, System};
use crate::clients::undo::Records;

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

impl Patient<'_> {
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        let value = value.to_string_lossy().into_owned();
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn has_program(&self, name: &str) -> bool {
        let path = (self.environment)("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
    }

    /// What a program says, or why it cannot be run.
    pub(super) fn told(&self, argv: &[&str]) -> String {
        match self.programs.run(argv) {
            Ok(ran) => ran.out + &ran.err,
            Err(error) => error.to_string(),
        }
    }

    /// The command that sets a client up for this proxy.
    pub(super) fn setup(&self, client: &str) -> String {
        self.with_proxy(format!("sudo pullscope setup {client}"))
    }

    /// A command that is to look at this proxy, whoever's environment it has.
    pub(super) fn with_proxy(&self, command: String) -> String {
        if self.proxy == DEFAULT_PROXY {
            command
        } else {
            format!("{command} --proxy {}", self.proxy)
        }
    }

    /// What is wrong by a cause, with these facts besides those of the patient, and the lines that
    /// mend it, `more` after its own.
    pub(super) fn bad(
        &self,
        cause: Cause,
        facts: &[(&str, &dyn Display)],
        more: Vec<String>,
    ) -> Check {
        let row = cause.row();
        let fact = |name: &str| match name {
            "proxy" => self.proxy.clone(),
            "address" => self.address.to_string(),
            "dir" => self.data.display().to_string(),
            "owner" => self.owner.to_string(),
            name => {
                let fact = facts.iter().find(|(known, _)| *known == name);
                debug_assert!(fact.is_some(), "{cause:?} lacks {name}");
                fact.map_or_else(String::new, |(_, fact)| fact.to_string())
            }
        };
        let line = |line: &String| fill(line, |name| quoted(fact(name).as_ref()));
        let verdict = CheckResult::Bad {
            cause: cause.name(),
            text: fill(&row.says, fact),
            fix: row.fix.iter().map(line).chain(more).collect(),
        };
        let name = cause.check();
        Check { name, verdict }
    }

    /// The CA's certificate, PEM.
    pub(super) fn certificate(&self) -> Option<String> {
        std::fs::read_to_string(self.data.join("ca.pem")).ok()
    }
}

const DEFAULT_PROXY: &str = "http://127.0.0.1:8642";
