//! Whom the load goes through.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::Arguments;
use crate::measure::{Process, Usage, free_port};
use crate::origin::Origin;

/// Ways to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// No proxy.
    Direct,
    /// A TLS-to-TLS byte copier.
    Copier,
    /// hudsucker with a handler that does nothing.
    Hudsucker,
    /// mitmproxy's mitmdump, streaming large bodies.
    Mitmproxy,
    /// pullscope's proxy without recording and without hashing.
    Plain,
    /// pullscope's proxy without recording, hashing.
    PlainHash,
    /// `pullscope record --no-hash`.
    RecordNoHash,
    /// `pullscope record`.
    Record,
    /// `record --no-hash` of the pullscope that `--against` names.
    AgainstNoHash,
    /// `record` of the pullscope that `--against` names.
    Against,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Direct,
        Self::Copier,
        Self::Hudsucker,
        Self::Mitmproxy,
        Self::Plain,
        Self::PlainHash,
        Self::AgainstNoHash,
        Self::RecordNoHash,
        Self::Against,
        Self::Record,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Copier => "byte copier (floor)",
            Self::Hudsucker => "hudsucker, no-op",
            Self::Mitmproxy => "mitmproxy",
            Self::Plain => "pullscope, recording off, hashing off",
            Self::PlainHash => "pullscope, recording off, hashing on",
            Self::RecordNoHash => "pullscope, recording on, hashing off",
            Self::Record => "pullscope, recording on, hashing on",
            Self::AgainstNoHash => "--against, recording on, hashing off",
            Self::Against => "--against, recording on, hashing on",
        }
    }

    /// Whether it is the pullscope that `--against` names.
    pub(crate) fn is_against(self) -> bool {
        matches!(self, Self::Against | Self::AgainstNoHash)
    }
}

/// One way, and the process that is on it.
pub(crate) struct Contender {
    pub(crate) kind: Kind,
    /// Where it listens; `None` without a proxy.
    pub(crate) port: Option<u16>,
    pub(crate) process: Option<Process>,
    launch: Launch,
}

/// How to start it.
struct Launch {
    program: std::path::PathBuf,
    args: Vec<String>,
    home: std::path::PathBuf,
}

impl Contender {
    /// Starts it.
    pub(crate) fn new(kind: Kind, arguments: &Arguments, origin: &Origin) -> Result<Self> {
        let home = origin.dir.path().join(format!("{kind:?}"));
        std::fs::create_dir_all(&home)?;
        let port = free_port()?;
        let launch = launch(kind, arguments, origin, port, &home)?;
        let process = match kind {
            Kind::Direct => None,
            _ => Some(launch.start(port)?),
        };
        let port = process.is_some().then_some(port);
        Ok(Self {
            kind,
            port,
            process,
            launch,
        })
    }

    /// What its process has used so far; `None` without a proxy.
    pub(crate) fn usage(&self) -> Result<Option<Usage>> {
        self.process.as_ref().map(Process::usage).transpose()
    }

    /// Ends it and starts it anew, for a measurement that is not to know what was before.
    pub(crate) fn again(&mut self) -> Result<()> {
        if let Some(port) = self.port {
            self.process = None;
            self.process = Some(self.launch.start(port)?);
        }
        Ok(())
    }
}

impl Launch {
    fn start(&self, port: u16) -> Result<Process> {
        // A session is never written into: an earlier one makes way.
        match std::fs::remove_dir_all(self.home.join("session")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Process::start(
            Command::new(&self.program)
                .args(&self.args)
                .current_dir(&self.home)
                .env("HOME", &self.home)
                .env("XDG_DATA_HOME", &self.home)
                .env("XDG_STATE_HOME", &self.home),
            port,
        )
    }
}

fn launch(
    kind: Kind,
    arguments: &Arguments,
    origin: &Origin,
    port: u16,
    home: &Path,
) -> Result<Launch> {
    let text = |path: &Path| path.display().to_string();
    let own = match kind {
        Kind::Copier => origin.server(),
        _ => origin.issuer(),
    };
    let own_role = |role: &str| {
        let mut args = vec![role.to_owned()];
        for (name, value) in [
            ("--port", port.to_string()),
            ("--origin", origin.port.to_string()),
            ("--root", text(&origin.root())),
            ("--own", text(&own)),
            ("--dir", text(home)),
        ] {
            args.extend([name.to_owned(), value]);
        }
        (std::env::current_exe(), args)
    };
    let record = |program: &Option<PathBuf>, more: &[&str]| {
        let mut args: Vec<String> = [
            "--quiet",
            "record",
            "--session",
            "session",
            "--upstream-proxy",
            "none",
        ]
        .map(str::to_owned)
        .into();
        for (name, value) in [
            ("--listen", format!("127.0.0.1:{port}")),
            ("--connect-to", format!("*::127.0.0.1:{}", origin.port)),
            ("--upstream-ca", text(&origin.root())),
        ] {
            args.extend([name.to_owned(), value]);
        }
        args.extend(more.iter().map(|&arg| arg.to_owned()));
        let nobody = || std::io::Error::other("no --against");
        (program.clone().ok_or_else(nobody), args)
    };
    let (pullscope, against) = (Some(arguments.pullscope.clone()), &arguments.against);
    let (program, args) = match kind {
        Kind::Direct => (Ok("true".into()), Vec::new()),
        Kind::Copier => own_role("copier"),
        Kind::Hudsucker => own_role("noop"),
        Kind::Plain => own_role("plain"),
        Kind::PlainHash => {
            let (program, mut args) = own_role("plain");
            args.push("--hash".into());
            (program, args)
        }
        Kind::RecordNoHash => record(&pullscope, &["--no-hash"]),
        Kind::Record => record(&pullscope, &[]),
        Kind::AgainstNoHash => record(against, &["--no-hash"]),
        Kind::Against => record(against, &[]),
        Kind::Mitmproxy => {
            let route = home.join("route.py");
            std::fs::write(&route, include_str!("route.py"))?;
            let program = arguments.mitmdump.clone().context("no mitmdump")?;
            let args = [
                "--quiet".into(),
                format!("--listen-port={port}"),
                "--listen-host=127.0.0.1".into(),
                format!("--scripts={}", text(&route)),
                format!("--set=confdir={}", text(home)),
                "--set=stream_large_bodies=1m".into(),
                "--set=connection_strategy=lazy".into(),
                format!(
                    "--set=ssl_verify_upstream_trusted_ca={}",
                    text(&origin.root())
                ),
            ];
            (Ok(program), args.into())
        }
    };
    Ok(Launch {
        program: program?,
        args,
        home: home.to_owned(),
    })
}
