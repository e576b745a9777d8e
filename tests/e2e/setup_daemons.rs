//! `pullscope setup` with the daemons of then and of today: Docker 20.10 and 29, and registries that
//! only they know how to reach.

use std::fs;
use std::path::Path;

use crate::components::available;
use crate::lab::Lab;
use crate::machine::{self, Machine, assert_same};
use crate::recorder::Recorder;
use crate::site::Upstream as _;

/// A mirror by plain HTTP on a port of its own.
const PLAIN: &str = "2h3po24q.mirror.aliyuncs.com:5000";

/// Starts a machine whose files are in a folder, and whose user's CA is in another.
type Start = fn(&Path, &Path) -> Machine;

/// Those that are here, each with what its dockerd calls itself.
fn machines() -> Vec<(&'static str, Start)> {
    let mut machines: Vec<(&'static str, Start)> = Vec::new();
    if available(machine::NEEDS) {
        machines.push(("UpstreamClient(Docker-Client", Machine::start));
    }
    if available(machine::NEEDS_OF_TODAY) {
        machines.push(("containerd-client/", Machine::of_today));
    }
    machines
}

/// dockerd asks such a registry by TLS first and goes on without it when that fails, so it must
/// fail through pullscope as well. What pullscope has to be told of is said before anything is
/// changed.
#[test]
fn a_registry_without_tls_is_pulled_from_as_without_pullscope() {
    for (agent, start) in machines() {
        let lab = Lab::start(&[]);
        let http = lab.connect_to().into_iter().find_map(|mapping| {
            let (_, address) = mapping.split_once(":80:")?;
            Some(format!("{PLAIN}:{address}"))
        });
        let http = http.expect("the lab serves plain HTTP");
        let recorder = Recorder::start(&lab, &["--connect-to", &http]);
        let machine = start(lab.dir(), &recorder.dir().join("data"));
        let json = format!(r#"{{"insecure-registries": ["{PLAIN}", "10.0.0.0/8"]}}"#);
        machine.write("docker/daemon.json", &json);
        machine.write("docker/certs.d/private.test/ca.crt", "a CA of its own\n");
        machine
            .shell("systemctl restart docker.service")
            .succeeded();
        let before = machine.snapshot();
        let proxy = recorder.route().proxy;
        let done = machine
            .shell(&format!("pullscope setup docker --yes --proxy {proxy}"))
            .succeeded();
        let host = PLAIN.split(':').next().unwrap();
        for told in [
            format!("{PLAIN} may have no valid certificate"),
            format!("--insecure-upstream {host} "),
            "--upstream-ca /etc/docker/certs.d/private.test/ca.crt".to_owned(),
        ] {
            assert!(done.err.contains(&told), "{told}: {}", done.err);
        }
        assert!(!done.err.contains("10.0.0.0"), "{}", done.err);
        machine
            .shell(&format!("docker pull {PLAIN}/library/alpine"))
            .succeeded();
        // Mirrors are read anew without a restart.
        let pid = machine.shell("cat /run/docker.pid").succeeded().out;
        let mirrored = format!(
            r#"{{"insecure-registries": ["{PLAIN}"], "registry-mirrors": ["http://{PLAIN}"]}}"#
        );
        machine.write("docker/daemon.json", &mirrored);
        machine.shell("systemctl reload docker.service").succeeded();
        let info = machine.shell("docker info --format '{{.RegistryConfig.Mirrors}}'");
        assert!(info.succeeded().out.contains(PLAIN));
        assert_eq!(machine.shell("cat /run/docker.pid").succeeded().out, pid);
        machine.write("docker/daemon.json", &json);
        machine
            .shell("pullscope setup docker --undo --yes")
            .succeeded();
        assert_same(&machine.snapshot(), &before);
        machine.shell("systemctl stop docker.service").succeeded();
        let trace = recorder.stop();
        trace.find("manifest by plain HTTP", |entry| {
            let agents = entry.request_header("user-agent");
            entry
                .url()
                .starts_with(&format!("http://{PLAIN}/v2/library/alpine/manifests/"))
                && entry.status() == 200
                && agents.is_some_and(|found| found.contains(agent))
        });
    }
}

/// Docker 29 verifies tokens and blobs by the roots that setup gives it, whatever certs.d has.
#[test]
fn docker_29_is_set_up_examined_and_as_before() {
    if !available(machine::NEEDS_OF_TODAY) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::of_today(lab.dir(), &recorder.dir().join("data"));
    machine
        .shell("systemctl restart docker.service")
        .succeeded();
    let before = machine.snapshot();
    let proxy = recorder.route().proxy;
    let done = machine
        .shell(&format!("pullscope setup docker --yes --proxy {proxy}"))
        .succeeded();
    assert!(done.err.contains("verified: "), "{}", done.err);
    let well = machine
        .shell(&format!("pullscope doctor docker --proxy {proxy}"))
        .succeeded();
    assert!(well.out.contains("docker-trust"), "{}", well.out);
    assert!(well.out.contains("accepted a certificate"), "{}", well.out);
    machine.shell("docker pull alpine").succeeded();
    machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    assert_same(&machine.snapshot(), &before);
    machine.shell("systemctl stop docker.service").succeeded();
    let trace = recorder.stop();
    for host in [
        "auth.docker.io",
        "registry-1.docker.io",
        "production.cloudflare.docker.com",
    ] {
        trace.find(host, |entry| {
            entry.url().starts_with(&format!("https://{host}/"))
        });
    }
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

/// ctr of containerd 2 leaves the pull to a daemon that does not see exec's environment.
#[test]
fn ctr_of_containerd_2_is_told_to_pull_by_itself() {
    if !available(&["go:ctr", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = crate::exec::User::new(&lab);
    let ctr = crate::components::program("go:ctr");
    let ctr = ctr.to_str().unwrap();
    let image = "docker.io/library/alpine:latest";
    let refused = user.exec(&[ctr, "images", "pull", image]).failed();
    assert_eq!(refused.status.code(), Some(125));
    let instead = format!("pullscope exec -- {ctr} images pull --local {image}");
    assert!(refused.err.contains(&instead), "{}", refused.err);
    assert!(!fs::exists(user.dir.join("work/trace.har")).unwrap());
}
