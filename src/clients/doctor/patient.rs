//! The machine that is looked at.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::cause::Cause;
use super::check::{Check, CheckResult};
use crate::base::text::fill;
use crate::clients::environment::has_program;
use crate::clients::refusal::quoted;
use crate::clients::setup::TRUST_DIR;
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
    /// The CA's certificate, PEM, where it is not the user's own.
    pub ca: Option<String>,
    /// What is asked of the proxy once.
    pub served: OnceCell<io::Result<Option<String>>>,
}

impl Patient<'_> {
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        let value = value.to_string_lossy().into_owned();
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn has_program(&self, name: &str) -> bool {
        has_program(name, self.environment)
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
        Check {
            name: cause.check(),
            verdict: CheckResult::Bad,
            cause: Some(cause.name()),
            text: fill(&row.says, fact),
            fix: Some(row.fix.iter().map(line).chain(more).collect()),
        }
    }

    /// The certificate of the CA that clients are to trust, PEM: the one that was named, else that
    /// of the pullscope which listens, where a client was set up with it, else the user's own.
    pub(super) fn certificate(&self) -> Option<String> {
        let set_up = Path::new(TRUST_DIR).join("pullscope.pem");
        let set_up = self.system.text(&set_up).ok().flatten();
        let served = self.served().as_ref().ok().cloned().flatten();
        let served = served.filter(|ca| set_up.is_some_and(|set_up| same(&set_up, ca)));
        let own = || std::fs::read_to_string(self.data.join("ca.pem")).ok();
        self.ca.clone().or(served).or_else(own)
    }

    /// The certificate that whoever listens where the proxy is to be serves, as pullscope does.
    pub(super) fn served(&self) -> &io::Result<Option<String>> {
        self.served.get_or_init(|| ask(self.address, &self.proxy))
    }
}

const DEFAULT_PROXY: &str = "http://127.0.0.1:8642";

/// Whether two texts are one certificate.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
}

/// The CA's certificate as a pullscope serves it; `None` when it is no pullscope.
fn ask(address: SocketAddr, proxy: &str) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let user = proxy.trim_start_matches("http://").rsplit_once('@');
    let login = user.map_or_else(String::new, |(user, _)| {
        let user: Vec<u8> = percent_decode_str(user).collect();
        format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(&user))
    });
    let request =
        format!("GET /ca.pem HTTP/1.1\r\nHost: {address}\r\n{login}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    if answer.starts_with("HTTP/1.1 407") {
        return Err(io::Error::other(
            "it asks for other credentials (give --proxy http://USER:PASSWORD@HOST:PORT)",
        ));
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(body.contains("BEGIN CERTIFICATE").then(|| body.to_owned()))
}

const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST: u64 = 64 * 1024;
