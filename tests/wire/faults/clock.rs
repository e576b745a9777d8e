//! A clock that jumps.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsConnector;

use super::program::{NAME, Program, tunnel_to};
use crate::components::available;
use crate::rig::{Pki, answer, origin, read_all};

const PRELOAD: [&str; 4] = [
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// A client whose clock is wrong by so many seconds.
#[derive(Debug)]
struct Shifted(i64);

impl TimeProvider for Shifted {
    fn current_time(&self) -> Option<UnixTime> {
        let now = i64::try_from(UnixTime::now().as_secs()).ok()?;
        let shifted = u64::try_from(now + self.0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(shifted)))
    }
}

fn trusting(root: CertificateDer<'static>, shift: i64) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Shifted(shift)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_clock_that_jumps_brings_new_certificates_and_stops_no_timer() {
    let library = PRELOAD.iter().find(|path| Path::new(path).exists());
    if !available(&["faketime"]) {
        return;
    }
    let library = library.expect("faketime has its library");
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::new();
    let root = dir.path().join("root.pem");
    fs::write(&root, pki.root_pem()).unwrap();
    let clock = dir.path().join("clock");
    fs::write(&clock, "+0d").unwrap();
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (address, _seen, _origin) = origin(answer(reply), Some(pki.server(NAME, |_| {}))).await;
    let wrapper = [
        "env".to_owned(),
        format!("LD_PRELOAD={library}"),
        format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    let wrapper: Vec<_> = wrapper.iter().map(String::as_str).collect();
    let more = ["--upstream-ca", root.to_str().unwrap()];
    let program = Program::start(dir.path(), &wrapper, address.port(), &more);
    let ca = CertificateDer::from_pem_file(&program.ca).unwrap();
    let days = 86_400;
    for jump in [0, 40, 400, 3, 0] {
        fs::write(&clock, format!("+{jump}d")).unwrap();
        let stream = tunnel_to(&program.address, &format!("{NAME}:443"))
            .await
            .unwrap();
        let connector = TlsConnector::from(trusting(ca.clone(), jump * days));
        let name = ServerName::try_from(NAME).unwrap();
        let mut stream = connector
            .connect(name, stream)
            .await
            .unwrap_or_else(|error| panic!("{jump} days on: {error}"));
        let sent = format!("GET /{jump} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        stream.write_all(sent.as_bytes()).await.unwrap();
        let got = read_all(&mut stream).await;
        assert!(got.ends_with(b"ok"), "{jump}: {}", got.escape_ascii());
    }
    super::program::until("their ends", || program.complete().len() == 5).await;
    let events = program.events();
    let ends = events.iter().filter(|event| event["event"] == "ended");
    for end in ends {
        let wait = end["end"]["timings"]["wait"].as_f64().unwrap();
        assert!((0.0..60_000.0).contains(&wait), "{end}");
    }
    program.stop();
}
