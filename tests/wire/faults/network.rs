//! Servers that vanish, in a network namespace of their own.

use std::process::Command;
use std::time::Duration;

use pullscope::exchange::{Ending, Failure, Side};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::components::{available, program};
use crate::rig::{HOST, Rig, answer, ending, read_all, read_head};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

#[test]
fn security_17_servers_that_vanish_are_told_apart() {
    if !available(&["root", "unshare", "ip", "iptables"]) {
        return;
    }
    let resolver = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(resolver.path(), "nameserver 127.9.9.8\n").unwrap();
    let script = "mount --bind \"$0\" /etc/resolv.conf && ip link set lo up && exec \"$@\"";
    let output = Command::new(program("unshare"))
        .args([
            "--net",
            "--mount",
            "--propagation=private",
            "sh",
            "-ec",
            script,
        ])
        .arg(resolver.path())
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "faults::network::in_a_namespace",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "{text}");
}

fn iptables(rule: &[&str]) {
    let output = Command::new(program("iptables"))
        .args(rule)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "another test runs it in a network namespace"]
async fn in_a_namespace() {
    // Nothing comes back from 127.9.9.8, and 127.9.9.9 refuses.
    iptables(&["-A", "INPUT", "-d", "127.9.9.8", "-j", "DROP"]);
    let reset = ["-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"];
    iptables(&[&["-A", "INPUT", "-d", "127.9.9.9"][..], &reset].concat());
    for (to, status, failure) in [
        ("127.9.9.8:443", "504", Failure::Timeout),
        ("127.9.9.9:443", "502", Failure::Connect),
    ] {
        let mut rig = Rig::with(answer(OK), |settings| {
            settings.limits.connect = Duration::from_secs(1);
            settings
                .connect_to
                .insert(0, format!("{HOST}:443:{to}").parse().unwrap());
        })
        .await;
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let got = rig.exchange(request.as_bytes()).await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(
            got.starts_with(line.as_bytes()),
            "{to}: {}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        let Ending::Failed { reason, .. } = ending(&exchange) else {
            panic!("{exchange:#?}")
        };
        assert_eq!(*reason, failure);
    }
    // A name server that never answers.
    let mut rig = Rig::with(answer(OK), |settings| {
        settings.limits.dns = Duration::from_secs(1);
        let to = format!("{HOST}:443:nowhere.pullscope.test:443");
        settings.connect_to.insert(0, to.parse().unwrap());
    })
    .await;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = rig.exchange(request.as_bytes()).await;
    assert!(got.starts_with(b"HTTP/1.1 504 "), "{}", got.escape_ascii());
    rig.ended().await;
    // Servers that vanish, or reset, in the middle of an answer.
    for vanish in ["DROP", "RESET"] {
        let listener = TcpListener::bind("127.9.9.7:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut rig = Rig::with(answer(OK), |settings| {
            settings.limits.upstream_idle = Duration::from_secs(1);
            settings
                .connect_to
                .insert(0, format!("{HOST}:80:{address}").parse().unwrap());
        })
        .await;
        let mut stream = rig.tunnel_to(&format!("{HOST}:80")).await;
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        read_head(&mut server).await;
        let start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
        server.write_all(start).await.unwrap();
        read_head(&mut stream).await;
        let mut half = [0; 4];
        stream.read_exact(&mut half).await.unwrap();
        let port = address.port().to_string();
        if vanish == "DROP" {
            iptables(&["-A", "INPUT", "-p", "tcp", "--sport", &port, "-j", "DROP"]);
        } else {
            server.set_zero_linger().unwrap();
            drop(server);
        }
        assert!(read_all(&mut stream).await.is_empty());
        let exchange = rig.ended().await;
        let Ending::Aborted { by, .. } = ending(&exchange) else {
            panic!("{exchange:#?}")
        };
        assert_eq!(*by, Side::Upstream, "{vanish}");
        let body = exchange.response_body.unwrap();
        assert_eq!((body.size, body.complete), (4, false));
        rig.assert_serves().await;
    }
}
