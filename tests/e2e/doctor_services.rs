//! `pullscope doctor` on services other than dockerd: with the units that their projects ship,
//! and what systemd says of them.

use std::fs;

use pullscope::clients::doctor::Cause;

use crate::components::available;
use crate::hospital::{Hospital, NEEDS};

/// Clients, and the service of each, as its project starts it.
const SERVICES: [(&str, &str, &str); 5] = [
    (
        "containerd",
        "containerd.service",
        "Type=notify\nExecStartPre=-/sbin/modprobe overlay\nExecStart=/usr/local/bin/containerd\n\
         Delegate=yes\nKillMode=process\n",
    ),
    (
        "buildkit",
        "buildkit.service",
        "Type=notify\nExecStart=/usr/local/bin/buildkitd --addr fd://\n",
    ),
    (
        "crio",
        "crio.service",
        "Type=notify\nEnvironmentFile=-/etc/sysconfig/crio\nEnvironment=GOTRACEBACK=crash\n\
         ExecStart=/usr/local/bin/crio \\\n          $CRIO_CONFIG_OPTIONS\nWatchdogSec=60s\n",
    ),
    ("k3s", "k3s.service", K3S),
    ("k3s", "k3s-agent.service", K3S),
];
/// What k3s's installer writes, for a server and for an agent.
const K3S: &str = "Type=notify\nEnvironmentFile=-/etc/default/%N\n\
                   EnvironmentFile=-/etc/sysconfig/%N\n\
                   EnvironmentFile=-/etc/systemd/system/%n.env\nKillMode=process\n\
                   Delegate=yes\nUser=root\nExecStart=/usr/local/bin/k3s \\\n    server \\\n";

/// What is wrong with each service in turn is found and mended.
fn on_each(look: impl Fn(&Hospital, &str, &str)) {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    for (client, unit, service) in SERVICES {
        let path = format!("systemd/system/{unit}");
        let text = format!("[Unit]\nDescription={client}\n\n[Service]\n{service}");
        hospital.machine.write(&path, &text);
        look(&hospital, client, unit);
        hospital
            .machine
            .shell(&format!("pullscope setup {client} --undo --yes"))
            .succeeded();
        fs::remove_file(hospital.machine.etc(&path)).unwrap();
        let _ = fs::remove_dir_all(hospital.machine.etc(&format!("{path}.d")));
    }
}

#[test]
fn a_service_that_was_not_given_the_proxy_is_mended() {
    on_each(|hospital, client, unit| {
        let told = hospital.doctor(client);
        let text = told.check("service-proxy").unwrap()["text"].to_string();
        assert!(text.contains(unit), "{text}");
        told.fix(Cause::ServiceDistrust);
        hospital.mend(client, Cause::ServiceElsewhere);
        hospital.doctor(client).assert_good("service-trust");
    });
}

#[test]
fn a_service_that_was_given_the_proxy_and_not_the_ca_is_mended() {
    on_each(|hospital, client, unit| {
        let text = format!("[Service]\n{}\n", hospital.https_proxy());
        let path = format!("systemd/system/{unit}.d/by-hand.conf");
        hospital.machine.write(&path, &text);
        hospital.doctor(client).assert_good("service-proxy");
        hospital.mend(client, Cause::ServiceDistrust);
        hospital.doctor(client).assert_good("service-proxy");
    });
}

#[test]
fn a_service_whose_no_proxy_has_registries_is_mended() {
    on_each(|hospital, client, unit| {
        for list in ["quay.io,.corp.test", "*", ".corp.test,*"] {
            let path = format!("systemd/system/{unit}.d/corp.conf");
            let text = format!("[Service]\nEnvironment=\"NO_PROXY={list}\"\n");
            hospital.machine.write(&path, &text);
            hospital.mend(client, Cause::ServiceExceptions);
            let kept = fs::read_to_string(hospital.machine.etc(&path)).unwrap();
            assert_eq!(kept.contains(".corp.test"), list.contains(".corp.test"));
            let told = hospital.doctor(client);
            told.assert_good("service-proxy");
            told.assert_good("service-trust");
            hospital
                .machine
                .shell(&format!("pullscope setup {client} --undo --yes"))
                .succeeded();
        }
    });
}

#[test]
fn a_file_of_variables_that_wins_is_mended() {
    on_each(|hospital, client, unit| {
        let file = format!("systemd/system/{unit}.env");
        let path = format!("systemd/system/{unit}.d/file.conf");
        let text = "[Service]\nEnvironmentFile=-/etc/systemd/system/%n.env\n";
        hospital.machine.write(&path, text);
        let text = "KEEP='me'\nHTTPS_PROXY='http://corp.test:3128'\nNO_PROXY='*'\n";
        hospital.machine.write(&file, text);
        hospital.mend(client, Cause::ServiceEnvFile);
        let told = hospital.doctor(client);
        told.assert_good("service-proxy");
        told.assert_good("service-trust");
        // The same, of somebody who has written everything there.
        hospital
            .machine
            .shell(&format!("pullscope setup {client} --undo --yes"))
            .succeeded();
        let proxy = hospital.recorder.route().proxy;
        let text = format!("HTTPS_PROXY={proxy}\nNO_PROXY='.corp.test,*'\n");
        hospital.machine.write(&file, &text);
        let told = hospital.doctor(client);
        assert!(told.check("service-env-file").is_none(), "{}", told.0);
        told.assert_good("service-proxy");
        hospital.mend(client, Cause::ServiceExceptions);
        let kept = fs::read_to_string(hospital.machine.etc(&file)).unwrap();
        assert!(kept.contains("NO_PROXY='.corp.test'"), "{kept}");
        hospital.mend(client, Cause::ServiceDistrust);
    });
}

#[test]
fn a_service_that_is_not_there_is_not_called_sick() {
    if NEEDS.iter().any(|needs| !available(needs)) {
        return;
    }
    let hospital = Hospital::new();
    for client in ["crio", "k3s", "buildkit"] {
        let told = hospital.doctor(client);
        assert_eq!(told.check("service").unwrap()["verdict"], "skipped");
        assert!(told.check("service-proxy").is_none(), "{}", told.0);
    }
}
