//! Flags of `record` whose effect shows between a raw client and a raw origin.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::program::{Program, pullscope};
use crate::rig::{HOST, Pki, Script, Turn, answer, origin, read_all, read_head, trusting};

const JSON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Content-Length: 20\r\n\r\n{\"text\":\"of twenty\"}";

/// A program, its origin, and the folder in which it runs.
struct Setting {
    dir: TempDir,
    pki: Pki,
}

impl Setting {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::new();
        fs::write(dir.path().join("root.pem"), pki.root_pem()).unwrap();
        Self { dir, pki }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What a client that trusts `root` (pullscope's own when there is none) is answered by this
    /// origin through a program started with these flags.
    async fn ask(
        &self,
        script: Script,
        tls: Arc<ServerConfig>,
        root: Option<CertificateDer<'static>>,
        args: &[&str],
    ) -> Vec<u8> {
        let (address, _seen, _origin) = origin(script, Some(tls)).await;
        let mapping = format!("{HOST}:443:127.0.0.1:{}", address.port());
        self.ask_of(root, &[&["--connect-to", &*mapping][..], args].concat())
            .await
    }

    /// The same, where the flags say which origin it is.
    async fn ask_of(&self, root: Option<CertificateDer<'static>>, args: &[&str]) -> Vec<u8> {
        let program = Program::record(self.path(), args);
        let root = root.unwrap_or_else(|| CertificateDer::from_pem_file(&program.ca).unwrap());
        let mut stream = TcpStream::connect(&program.address).await.unwrap();
        let connect = format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n");
        stream.write_all(connect.as_bytes()).await.unwrap();
        assert!(read_head(&mut stream).await.starts_with(b"HTTP/1.1 200"));
        let name = ServerName::try_from(HOST).unwrap();
        let connector = TlsConnector::from(trusting(root));
        let mut stream = connector.connect(name, stream).await.unwrap();
        let request = format!("GET /v2/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let got = read_all(&mut stream).await;
        drop(stream);
        program.stop();
        got
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn entries(&self, name: &str) -> Vec<Value> {
        let har: Value = serde_json::from_str(&self.read(name)).unwrap();
        har["log"]["entries"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_certificates_client_certificates_the_key_log_and_the_size_of_bodies() {
    let setting = Setting::new();
    // A server whose certificate nobody vouches for, and who wants one of ours.
    let strange = Pki::new();
    let (chain, key) = strange.leaf(HOST, |_| {});
    let mut roots = rustls::RootCertStore::empty();
    roots.add(setting.pki.root()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .build()
        .unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let own = client_pem(&setting.pki);
    fs::write(setting.path().join("own.pem"), own).unwrap();
    let certificate = format!(
        "*.pullscope.test:{}",
        setting.path().join("own.pem").display()
    );
    let args = [
        &["--insecure-upstream", HOST, "--client-cert", &*certificate][..],
        &["--sslkeylogfile", "keys", "--max-body", "8", "--no-hash"],
    ]
    .concat();
    let got = setting
        .ask(answer(JSON), Arc::new(server), None, &args)
        .await;
    assert!(got.ends_with(b"twenty\"}"), "{}", got.escape_ascii());

    let said = setting.read("stderr");
    assert!(said.contains("warning") && said.contains(HOST), "{said}");
    let keys = setting.path().join("keys");
    assert_eq!(
        fs::metadata(&keys).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let keys = setting.read("keys");
    let handshakes = keys.matches("CLIENT_TRAFFIC_SECRET_0 ").count();
    assert_eq!(handshakes, 2, "{keys}");

    let [entry] = &*setting.entries("trace.har") else {
        panic!("not one entry")
    };
    let content = &entry["response"]["content"];
    assert_eq!(content["size"], 20);
    assert!(content.get("text").is_none(), "{content}");
    assert!(content.get("_sha256").is_none(), "{content}");
    assert!(entry.to_string().contains("overridden"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_not_to_be_read_are_not() {
    for args in [["--passthrough", "*.test"], ["--intercept", "other.test"]] {
        let setting = Setting::new();
        let server = setting.pki.server(HOST, |_| {});
        // The client sees the server's own certificate, so it trusts the server's root alone.
        let root = setting.pki.root();
        let got = setting.ask(answer(JSON), server, Some(root), &args).await;
        assert!(got.ends_with(b"twenty\"}"), "{}", got.escape_ascii());
        let entries = setting.entries("trace.har");
        assert_eq!(entries.len(), 1, "{args:?}");
        assert_eq!(entries[0]["request"]["method"], "CONNECT");
        assert!(!setting.read("trace.har").contains("twenty"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_connect_entries_has_the_exchanges_alone() {
    let setting = Setting::new();
    let server = setting.pki.server(HOST, |_| {});
    let root = setting.pki.root();
    let args = ["--passthrough", HOST];
    setting.ask(answer(JSON), server, Some(root), &args).await;
    let export = [
        "export",
        "session",
        "--no-connect-entries",
        "-o",
        "none.har",
    ];
    assert!(pullscope(setting.path(), &export).status.success());
    assert!(setting.entries("none.har").is_empty());
    // Without a file it goes to stdout, and nothing else does.
    let output = pullscope(setting.path(), &["export", "session"]);
    let har: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_fails_when_what_was_not_to_pass_has_passed() {
    for (filter, code) in [("path:/v2/ status:200", 4), ("status:5xx", 0)] {
        let setting = Setting::new();
        let (address, _seen, _origin) = origin(answer(JSON), None).await;
        let mapping = format!("{HOST}:80:127.0.0.1:{}", address.port());
        let args = ["--connect-to", &*mapping, "--fail-on", filter];
        let program = Program::record(setting.path(), &args);
        let mut stream = TcpStream::connect(&program.address).await.unwrap();
        let request = format!(
            "GET http://{HOST}/v2/?sig=hidden HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let got = read_all(&mut stream).await;
        assert!(got.ends_with(b"twenty\"}"), "{}", got.escape_ascii());
        drop(stream);
        program.stop_with(code);
        assert_eq!(setting.entries("trace.har").len(), 1);
        let said = setting.read("stderr");
        let named = format!("--fail-on {filter}: 1 exchange\n  exchange 1: GET {HOST}/v2/: 200\n");
        assert_eq!(said.contains(&named), code == 4, "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_given_up_when_the_user_says() {
    let setting = Setting::new();
    let silent = Script::AnswerAndStay(vec![Turn {
        body: 0,
        answer: Vec::new(),
    }]);
    let server = setting.pki.server(HOST, |_| {});
    let args = ["--upstream-ca", "root.pem", "--upstream-timeout", "1"];
    let got = setting.ask(silent, server, None, &args).await;
    let got = String::from_utf8_lossy(&got);
    assert!(got.starts_with("HTTP/1.1 504 "), "{got}");
    assert!(got.contains("no byte arrived for 1 s"), "{got}");
}

/// The same time is the limit of a handshake, which has one of ten seconds of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_shake_hands_is_given_up_when_the_user_says() {
    let setting = Setting::new();
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let mapping = format!("{HOST}:443:127.0.0.1:{port}");
    let args = ["--connect-to", &*mapping, "--upstream-timeout", "1"];
    let began = std::time::Instant::now();
    let got = setting.ask_of(None, &args).await;
    let got = String::from_utf8_lossy(&got);
    assert!(
        got.starts_with("HTTP/1.1 504 ") && got.contains("within 1 s"),
        "{got}"
    );
    assert!(
        began.elapsed() < std::time::Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_shell_that_is_set_up_for_it_does_not_lead_it_to_itself() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = free.local_addr().unwrap().to_string();
    drop(free);
    for (named, told) in [
        (own.clone(), true),
        (format!("http://{own}"), true),
        ("127.0.0.1:1".to_owned(), false),
    ] {
        let program =
            Program::record_with(dir.path(), &["--listen", &own], &[("HTTPS_PROXY", &named)]);
        assert_eq!(program.address, own);
        program.stop();
        let said = fs::read_to_string(dir.path().join("stderr")).unwrap();
        assert_eq!(
            said.contains("names pullscope itself"),
            told,
            "{named}: {said}"
        );
        fs::remove_dir_all(dir.path().join("session")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_says_nothing_and_verbose_says_what_passes() {
    let run = async |flag: &str| {
        let setting = Setting::new();
        let server = setting.pki.server(HOST, |_| {});
        let args = ["--upstream-ca", "root.pem", flag];
        setting.ask(answer(JSON), server, None, &args).await;
        setting.read("stderr")
    };
    assert_eq!(run("-q").await, "");
    let calm = run("--drain=1").await;
    assert!(calm.contains("recorded 1 exchange"), "{calm}");
    assert!(!calm.contains("INFO"), "{calm}");
    let verbose = run("-v").await;
    assert!(
        verbose.contains("INFO") && verbose.contains(HOST),
        "{verbose}"
    );
}

/// A client's certificate and key in one file.
fn client_pem(pki: &Pki) -> String {
    let usage = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let (chain, key) = pki.leaf("client.pullscope.test", usage);
    let block = |label: &str, der: &[u8]| {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    block("CERTIFICATE", &chain[0]) + &block("PRIVATE KEY", key.secret_der())
}
