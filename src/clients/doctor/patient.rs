//! The machine that is looked at.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;

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

    /// The CA's certificate, PEM.
    pub(super) fn certificate(&self) -> Option<String> {
        std::fs::read_to_string(self.data.join("ca.pem")).ok()
    }
}

const DEFAULT_PROXY: &str = "http://127.0.0.1:8642";
