//! `pullscope doctor`.

use std::cell::OnceCell;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use crate::app::terminal::locale;
use crate::base::clock;
use crate::clients::doctor::{self, Check, Patient};
use crate::clients::system::{Programs, System};
use crate::clients::undo::Records;
use crate::config::{Dirs, DoctorArgs};

use super::setup;
use crate::app::process::failure::{Outcome, usage};
use crate::app::terminal::output;

/// Exit code 1 says that something is wrong.
pub(in crate::app) fn run(args: &DoctorArgs, dirs: &Dirs) -> Outcome<ExitCode> {
    let system = System::at(Path::new("/"));
    let programs = Programs {
        limit: Duration::from_secs(30),
    };
    let user = rustix::process::geteuid().as_raw();
    let patient = Patient {
        system: &system,
        programs: &programs,
        environment: &|name| std::env::var_os(name),
        address: address(&args.proxy.url)?,
        proxy: args.proxy.url.clone(),
        data: dirs.data().to_owned(),
        owner: dirs.owner().map_or(user, |(owner, _)| owner),
        records: Records::in_dir(dirs.data().join("setup")),
        now: clock::system(),
        ca: args.ca.as_deref().map(setup::one_certificate).transpose()?,
        served: OnceCell::new(),
    };
    let checks = doctor::examine(&patient, args.client);
    let ok = !checks.iter().any(Check::is_bad);
    if args.json {
        let report = json!({ "schema": 1, "ok": ok, "checks": checks });
        output::data(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        output::data(&doctor::describe(&checks, locale::is_utf8()))?;
    }
    Ok(ExitCode::from(u8::from(!ok)))
}

fn address(proxy: &str) -> Outcome<SocketAddr> {
    let rest = proxy.trim_start_matches("http://");
    let authority = rest.rsplit('@').next().unwrap_or(rest);
    let found = authority.to_socket_addrs().ok();
    let first = found.and_then(|mut found| found.next());
    first.ok_or_else(|| usage(format!("--proxy {proxy}: there is no such host")))
}
