//! `pullscope lab`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use crate::base::atomic_file::OutputFile;
use crate::config::LabArgs;
use crate::exchange::{Capture, Exchange, Trace};
use crate::lab::{
    Era, Fault, FaultSpec, HostRoute, Lab, LabImage, LabOptions, Provider, Recorded, Replay,
};

use crate::app::process::failure::{Outcome, usage, usage_of};
use crate::app::process::signals::Signals;
use crate::app::recording::settings::all;
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;
use crate::app::trace::source::{self, Source};

pub(in crate::app) async fn run(args: LabArgs, talk: &Talk) -> Outcome {
    if asks_for_help(&args.fault)? {
        return Ok(());
    }
    let mut signals = Signals::new()?;
    let mut options = options(args.era.as_deref(), &args.fault, &[])?;
    for address in [Some(args.listen), args.http_listen].into_iter().flatten() {
        loopback(address)?;
    }
    options.listen = args.listen;
    options.http_listen = args.http_listen;
    if let Some(path) = &args.replay {
        options.replay = Some(replay(path)?);
    }
    let lab = Lab::start(options).await.map_err(usage_of)?;
    if let Some(path) = &args.ca_out {
        write_ca(path, lab.ca_pem())?;
    }
    output::data(&describe(&lab, args.ca_out.as_deref()))?;
    talk.say("Ctrl-C ends the lab");
    signals.next().await;
    lab.shutdown().await;
    Ok(())
}

/// The options that the flags make. Without a time it is that of the providers named, or the one in
/// which the faults can strike.
pub(in crate::app) fn options(
    era: Option<&str>,
    faults: &[String],
    providers: &[Provider],
) -> Outcome<LabOptions> {
    let faults: Vec<FaultSpec> = all("--fault", faults)?;
    let struck = faults.iter().filter_map(|spec| spec.provider);
    let named: Vec<_> = providers.iter().copied().chain(struck).collect();
    let can_strike = |era: Era| {
        let possible = |spec: &FaultSpec| spec.fault.providers().iter().any(|p| p.era() == era);
        faults.iter().all(possible)
    };
    let era = match (era, named.first()) {
        (Some(era), _) => era
            .parse()
            .map_err(|_| usage(format!("--era {era}: the lab has 2020 and 2026")))?,
        (None, Some(provider)) => provider.era(),
        (None, None) if !can_strike(Era::Article) => Era::Today,
        (None, None) => Era::Article,
    };
    if let Some(other) = named.iter().find(|provider| provider.era() != era) {
        let of = other.era();
        return Err(usage(format!("{other} is of {of}; the lab is of {era}")));
    }
    if !can_strike(era) {
        return Err(usage(format!("no provider of {era} can be struck so")));
    }
    Ok(LabOptions {
        era,
        faults,
        ..LabOptions::default()
    })
}

/// `--fault help` prints what there is.
pub(in crate::app) fn asks_for_help(faults: &[String]) -> Outcome<bool> {
    if !faults.iter().any(|text| text == "help") {
        return Ok(false);
    }
    let line = |fault: &Fault| {
        let providers: Vec<_> = fault.providers().iter().map(|p| p.name()).collect();
        format!(
            "{:<21} {} ({})\n",
            fault.name(),
            fault.describe(),
            providers.join(", ")
        )
    };
    output::data(&Fault::ALL.iter().map(line).collect::<String>())?;
    Ok(true)
}

fn loopback(address: SocketAddr) -> Outcome {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(usage(format!(
        "the lab serves this machine only: {address} is no loopback address"
    )))
}

/// A recording to answer from. Without bodies there is little to answer with, but what the trace
/// has is served and what it lacks is said.
fn replay(path: &Path) -> Outcome<Replay> {
    let Source { trace, bodies, .. } = source::open(path).map_err(|mut failure| {
        failure.code = 2;
        failure
    })?;
    let recorded = recorded(&trace, |capture| bodies.read(capture).ok().flatten());
    let bare = recorded.iter().all(|answer| answer.body.is_none());
    if bare && !recorded.is_empty() {
        return Err(usage(format!(
            "--replay {}: the trace has no response bodies to answer with; record one whose \
             bodies are kept",
            path.display()
        )));
    }
    Replay::new(recorded).map_err(|why| usage(format!("--replay {}: {why}", path.display())))
}

fn recorded(trace: &Trace, body_of: impl Fn(&Capture) -> Option<Vec<u8>>) -> Vec<Recorded> {
    let answer = |exchange: &Exchange| {
        let request = exchange.request.as_ref()?;
        let response = exchange.response.as_ref()?;
        let url = url::Url::parse(&request.url).ok()?;
        let (_, after) = request.url.split_once("://")?;
        let target = after.find('/').and_then(|at| after.get(at..));
        let body = exchange.response_body.as_ref();
        Some(Recorded {
            method: String::from_utf8_lossy(request.head.method()?).into_owned(),
            host: url.host_str()?.to_owned(),
            target: target.unwrap_or("/").to_owned(),
            authorized: request.head.parse().text("authorization").is_some(),
            head: response.head.as_bytes().to_vec(),
            body: body.and_then(|body| body_of(&body.capture)),
        })
    };
    trace.exchanges.iter().filter_map(answer).collect()
}

fn write_ca(path: &Path, pem: &str) -> Outcome {
    use std::io::Write as _;
    let mut file = OutputFile::create(path)?;
    file.write_all(pem.as_bytes())
        .with_context(|| format!("failed to write {}", path.display()))?;
    file.finish()?;
    Ok(())
}

fn describe(lab: &Lab, ca: Option<&Path>) -> String {
    let plain = lab
        .http_address()
        .map(|address| format!("and on {address} (plain HTTP)\n"));
    let image = |image: &LabImage| format!("  {:<10} {}\n", image.provider.name(), image.reference);
    let images: String = lab.images().iter().map(image).collect();
    let route = |route: HostRoute| format!(" \\\n    --connect-to '{route}'");
    let routes: String = lab.routes().into_iter().map(route).collect();
    let pem = ca.map_or("LAB-CA.pem (see --ca-out)".into(), |path| {
        path.display().to_string()
    });
    format!(
        "The lab serves on {} (TLS)\n{}\nImages:\n{images}\n\
         Record pulls from it, by these public names:\n  \
         pullscope record -o lab.har{routes} \\\n    --upstream-ca {pem}\n",
        lab.address(),
        plain.unwrap_or_default(),
    )
}
