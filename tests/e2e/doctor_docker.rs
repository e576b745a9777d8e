//! `pullscope doctor docker`, on a machine with a real dockerd.

use std::fs;

use pullscope::clients::doctor::Cause;
use serde_json::Value;

use crate::components::available;
use crate::hospital::{Hospital, NEEDS, Told};
use crate::lab::PULLSCOPE;

#[test]
fn dockerd_that_goes_elsewhere_or_does_not_trust_is_mended() {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    // It does not run at all.
    hospital.mend("docker", Cause::DockerSilent);
    hospital.doctor("docker").assert_good("docker-daemon");
    // It uses no proxy.
    hospital.mend("docker", Cause::DockerElsewhere);
    let told = hospital.doctor("docker");
    told.assert_good("docker-proxy");
    told.assert_good("docker-trust");
    assert_eq!(told.0["ok"], true, "{}", told.0);
    hospital
        .machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    // It uses the proxy, and nobody gave it the CA.
    hospital.drop_in("by-hand.conf", &[hospital.https_proxy()]);
    hospital.restart();
    hospital.mend("docker", Cause::DockerDistrust);
    hospital.doctor("docker").assert_good("docker-trust");
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn what_stands_in_dockerds_way_is_mended() {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    let by_hand = [hospital.https_proxy(), hospital.ssl_cert_dir()];
    // daemon.json has the last word. (This dockerd may be too old to start with it.)
    hospital.drop_in("by-hand.conf", &by_hand);
    hospital.restart();
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"debug": true, "proxies": {"https-proxy": "http://corp.test:3128"}}"#,
    );
    hospital.mend("docker", Cause::DockerJson);
    let json = fs::read_to_string(hospital.machine.etc("docker/daemon.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        serde_json::json!({"debug": true})
    );
    hospital.forget();
    // A drop-in of an earlier recipe.
    let elsewhere = "Environment=HTTPS_PROXY=http://127.0.0.1:9".to_owned();
    hospital.drop_in("pullscope.conf", &[elsewhere]);
    hospital.restart();
    hospital.mend("docker", Cause::DockerDropIn);
    hospital.doctor("docker").assert_good("docker-trust");
    hospital
        .machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    hospital.forget();
    // Registries that go past the proxy.
    for (list, kept) in [("docker.io,.corp.test", ".corp.test"), ("*", "")] {
        let mut lines = by_hand.to_vec();
        lines.push(format!("Environment=\"NO_PROXY={list}\""));
        hospital.drop_in("by-hand.conf", &lines);
        hospital.restart();
        hospital.mend("docker", Cause::DockerExceptions);
        let info = hospital
            .machine
            .shell("docker info --format '{{.NoProxy}}'");
        assert_eq!(info.succeeded().out.trim(), kept);
        hospital
            .machine
            .shell("pullscope setup docker --undo --yes")
            .succeeded();
    }
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn mirrors_that_go_past_the_proxy_are_mended() {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    hospital.drop_in(
        "by-hand.conf",
        &[hospital.https_proxy(), hospital.ssl_cert_dir()],
    );
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"registry-mirrors": ["http://mirror.corp.test"]}"#,
    );
    hospital.restart();
    hospital.mend("docker", Cause::DockerMirrorPlain);
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"registry-mirrors": ["https://localhost:5000"]}"#,
    );
    hospital.restart();
    hospital.mend("docker", Cause::DockerMirrorLocal);
    let mirrors = hospital.machine.shell(
        "docker info --format '{{.RegistryConfig.Mirrors}}'; getent hosts mirror.pullscope.test",
    );
    let mirrors = mirrors.succeeded().out;
    assert!(
        mirrors.contains("https://mirror.pullscope.test:5000") && mirrors.contains("127.0.0.1"),
        "{mirrors}"
    );
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn a_file_of_variables_that_wins_over_drop_ins_is_mended() {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    hospital.machine.write(
        "default/corp",
        "KEEP=me\nHTTPS_PROXY='http://corp.test:3128'\nNO_PROXY=.corp.test\n",
    );
    hospital.drop_in(
        "corp.conf",
        &["EnvironmentFile=-/etc/default/corp".to_owned()],
    );
    hospital.restart();
    hospital.mend("docker", Cause::DockerEnvFile);
    let told = hospital.doctor("docker");
    told.assert_good("docker-proxy");
    told.assert_good("docker-trust");
    let file = fs::read_to_string(hospital.machine.etc("default/corp")).unwrap();
    assert_eq!(
        file,
        "KEEP=me\n# HTTPS_PROXY='http://corp.test:3128'\n# NO_PROXY=.corp.test\n"
    );
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn a_socket_that_is_not_for_this_user_is_asked_with_sudo() {
    if NEEDS.iter().any(|needs| !available(needs)) || !available(&["sudo"]) {
        return;
    }
    let hospital = Hospital::new();
    hospital.restart();
    let machine = &hospital.machine;
    // A user who may use the real sudo, and cannot look into the test's folder.
    machine.write(
        "sudoers.d/patient",
        "Defaults secure_path=\"/run/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n\
         patient ALL=(ALL) NOPASSWD: ALL\n",
    );
    machine
        .shell(&format!(
            "chmod 440 /etc/sudoers.d/patient
             echo patient:x:4711:4711::/run/patient:/bin/sh >> /etc/passwd
             echo 'patient:*:20000:0:99999:7:::' >> /etc/shadow
             mkdir -p /run/bin /run/patient
             chown 4711:4711 /run/patient
             touch /run/bin/pullscope
             mount --bind {PULLSCOPE} /run/bin/pullscope"
        ))
        .succeeded();
    let proxy = hospital.recorder.route().proxy;
    let as_patient = |line: &str| {
        machine.shell(&format!(
            "exec setpriv --reuid 4711 --regid 4711 --clear-groups env -i HOME=/run/patient \
             PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c '{line}'"
        ))
    };
    let ask = format!("pullscope doctor docker --json --proxy {proxy}");
    let told = Told::read(&as_patient(&ask));
    let fix = told.fix(Cause::DockerDenied);
    assert!(fix.starts_with("sudo pullscope doctor docker"), "{fix}");
    let told = Told::read(&as_patient(&format!("{fix} --json")));
    told.assert_good("docker-daemon");
    // Asking as root has made no file of root's among the user's own.
    let roots = machine.shell("find /run/patient ! -uid 4711");
    assert_eq!(roots.succeeded().out, "");
    machine.shell("systemctl stop docker.service").succeeded();
}
