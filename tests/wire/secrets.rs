//! Secrets through the real program: nothing of them reaches trace, session, log, stdout or
//! stderr, in whatever writing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::program::Program;
use crate::rig::{HOST, Pki, Script, Turn, origin, read_all, read_head, trusting};

const PASSWORD: &str = "hunter2/+correct=horse";
const REFRESH: &str = "dckr_rt_0123456789abcdefABCDEF";
const OPAQUE: &str = "AJAD5v3k8cQmVb-opaque-token-Zx81";
const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLWEtand0LXRoYXQtbXVzdC1nbw";
const URL_SIGNATURE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
const COOKIE: &str = "session=8c7e1f0ab2d94c55";
const PROXY_PASSWORD: &str = "proxy-pa55word!";

/// All of them, as they are.
fn secrets() -> [&'static str; 7] {
    [
        PASSWORD,
        REFRESH,
        OPAQUE,
        SIGNATURE,
        URL_SIGNATURE,
        "8c7e1f0ab2d94c55",
        PROXY_PASSWORD,
    ]
}

/// The writings in which a secret could hide.
fn writings(secret: &str) -> Vec<String> {
    let percent: String = secret
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect::<Vec<_>>()
        .concat();
    let html = secret
        .replace('&', "&amp;")
        .replace('+', "&#43;")
        .replace('=', "&#61;");
    let json = secret.replace('/', "\\/");
    // Without the ends, which depend on what stands beside it.
    let middle = |text: String| text.get(4..text.len() - 4).unwrap_or_default().to_owned();
    let shifted = |pad: &str| middle(BASE64.encode(format!("{pad}{secret}").as_bytes()));
    vec![
        secret.to_owned(),
        percent.clone(),
        percent.to_lowercase(),
        html,
        json,
        shifted(""),
        shifted("a"),
        shifted("ab"),
        BASE64URL_NOPAD.encode(secret.as_bytes()),
    ]
}

fn jwt() -> String {
    let part = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
    let header = part("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    let claims = part("{\"iss\":\"auth.pullscope.test\",\"sub\":\"\",\"access\":[]}");
    format!("{header}.{claims}.{SIGNATURE}")
}

/// Requests that carry secrets, and answers that give and repeat them.
fn traffic() -> (Vec<String>, Vec<Turn>) {
    let jwt = jwt();
    let basic = BASE64.encode(format!("user:{PASSWORD}").as_bytes());
    let form = format!(
        "grant_type=password&username=user&password={}&service=r",
        PASSWORD
            .replace('/', "%2F")
            .replace('+', "%2B")
            .replace('=', "%3D")
    );
    let signed = format!(
        "https://cdn.pullscope.test/blob?X-Amz-Expires=1200&X-Amz-Signature={URL_SIGNATURE}&verify=1-{URL_SIGNATURE}"
    );
    let requests = vec![
        format!(
            "GET /token?service=r HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic {basic}\r\n\r\n"
        ),
        format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        ),
        format!(
            "GET /v2/a/blobs/sha256:00 HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {jwt}\r\n\
             Cookie: {COOKIE}\r\n\r\n"
        ),
        format!(
            "GET /blob?X-Amz-Signature={URL_SIGNATURE} HTTP/1.1\r\nHost: {HOST}\r\n\
             Authorization: Bearer {OPAQUE}\r\nReferer: {signed}\r\nConnection: close\r\n\r\n"
        ),
    ];
    let json = |body: String| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let html = format!(
        "<html><a href=\"{}\">moved</a></html>",
        signed.replace('&', "&amp;")
    );
    let error = format!(
        "{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"{OPAQUE} and user:{PASSWORD} ({basic})\"}}]}}"
    );
    let answers = vec![
        json(format!(
            "{{\"token\":\"{jwt}\",\"access_token\":\"{jwt}\",\"refresh_token\":\"{REFRESH}\",\"expires_in\":300}}"
        )),
        json(format!(
            "{{\"access_token\":\"{OPAQUE}\",\"refresh_token\":\"{REFRESH}\"}}"
        )),
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: {signed}\r\nSet-Cookie: {COOKIE}; Secure\r\n\
             Content-Type: text/html\r\nContent-Length: {}\r\n\r\n{html}",
            html.len()
        ),
        format!(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{error}",
            error.len()
        ),
    ];
    let body = |request: &str| {
        request
            .split_once("\r\n\r\n")
            .map_or(0, |(_, body)| body.len())
    };
    let turns = requests
        .iter()
        .zip(answers)
        .map(|(request, answer)| Turn {
            body: body(request),
            answer: answer.into_bytes(),
        })
        .collect();
    (requests, turns)
}

fn record(dir: &Path, port: u16, root: &Path, more: &[&str]) -> Program {
    let mapping = format!("{HOST}:443:127.0.0.1:{port}");
    let credentials = format!("me:{PROXY_PASSWORD}");
    let root = root.to_str().unwrap();
    let args = [
        &["-vv", "--log-file", "log", "--keep-blobs"][..],
        &["--connect-to", &*mapping, "--upstream-ca", root],
        &["--proxy-credentials", &*credentials],
        more,
    ];
    Program::record(dir, &args.concat())
}

/// Plays the traffic through the program and returns all that it wrote, file by file.
async fn play(more: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::new();
    let root = dir.path().join("root.pem");
    fs::write(&root, pki.root_pem()).unwrap();
    let (requests, turns) = traffic();
    let (address, _seen, _origin) =
        origin(Script::Answer(turns), Some(pki.server(HOST, |_| {}))).await;
    let recording = record(dir.path(), address.port(), &root, more);

    let mut stream = TcpStream::connect(&recording.address).await.unwrap();
    let proxy = BASE64.encode(format!("me:{PROXY_PASSWORD}").as_bytes());
    let connect = format!(
        "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\nProxy-Authorization: Basic {proxy}\r\n\r\n"
    );
    stream.write_all(connect.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with(b"HTTP/1.1 200"));
    let ca = rustls::pki_types::CertificateDer::from_pem_file(&recording.ca).unwrap();
    let connector = TlsConnector::from(Arc::clone(&trusting(ca)));
    let mut stream = connector
        .connect(ServerName::try_from(HOST).unwrap(), stream)
        .await
        .unwrap();
    for request in &requests {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let answers = read_all(&mut stream).await;
    assert!(answers.ends_with(b"]}"), "{}", answers.escape_ascii());

    let stdout = recording.stop();
    assert_eq!(
        stdout.matches("\"event\":\"ended\"").count(),
        requests.len()
    );
    fs::write(dir.path().join("stdout"), stdout).unwrap();
    fs::remove_file(root).unwrap();
    fs::remove_dir_all(dir.path().join("data")).unwrap();
    files(dir.path())
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}

/// The secrets that stand in some file, with the file and the writing.
fn found(files: &[(PathBuf, Vec<u8>)]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for secret in secrets() {
        for writing in writings(secret) {
            for (path, content) in files {
                if content
                    .windows(writing.len())
                    .any(|part| part == writing.as_bytes())
                {
                    found.push((secret, format!("{writing} in {}", path.display())));
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_no_secret_reaches_any_output_in_any_writing() {
    let files = play(&[]).await;
    let names: Vec<_> = files
        .iter()
        .filter_map(|(path, _)| path.file_name())
        .collect();
    for name in ["trace.har", "journal.ndjson", "log", "stdout", "stderr"] {
        assert!(
            names.contains(&name.as_ref()),
            "{name} is not among {names:?}"
        );
    }
    assert!(files.len() > 6, "there are stored bodies: {names:?}");
    assert_eq!(found(&files), []);
    // What teaches stays: the claims, the expiry, the scheme.
    let har = files
        .iter()
        .find(|(path, _)| path.ends_with("trace.har"))
        .unwrap();
    let har = String::from_utf8(har.1.clone()).unwrap();
    let claims = jwt().rsplit_once('.').unwrap().0.to_owned();
    for kept in [&*claims, "X-Amz-Expires=1200", "Basic REDACTED-", "Bearer "] {
        assert!(har.contains(kept), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_when_they_are_asked_for() {
    let files = play(&["--keep-secrets"]).await;
    let found = found(&files);
    for secret in secrets() {
        let kept = found.iter().any(|(name, _)| *name == secret);
        // What clients present to the proxy itself is no part of any trace.
        assert_eq!(kept, secret != PROXY_PASSWORD, "{secret}");
    }
}

/// Runs pullscope over a file and returns all that it printed.
fn over(dir: &Path, args: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    [output.stdout, output.stderr].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_no_secret_of_a_file_or_a_session_reaches_any_form_of_it() {
    let files = play(&["--keep-secrets"]).await;
    let har = files.iter().find(|(path, _)| path.ends_with("trace.har"));
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("kept.har"), &har.unwrap().1).unwrap();
    let raw = ["export", "kept.har", "--format", "http", "--keep-secrets"];
    fs::write(dir.path().join("kept.txt"), over(dir.path(), &raw)).unwrap();
    let journal = files
        .iter()
        .find(|(path, _)| path.ends_with("journal.ndjson"));
    let session = journal.unwrap().0.parent().unwrap();
    for (path, content) in &files {
        if let Ok(name) = path.strip_prefix(session) {
            let copy = dir.path().join("session").join(name);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::write(copy, content).unwrap();
        }
    }
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for source in ["kept.har", "session"] {
        let export = |format: &'static str| vec!["export", source, "--format", format];
        commands.extend(
            [
                "har",
                "http",
                "json",
                "md",
                "html",
                "curl",
                "mermaid",
                "allowlist",
            ]
            .map(export),
        );
        commands.extend([
            vec!["show", source],
            vec!["show", source, "--json"],
            vec!["show", source, "--lang", "zh"],
            vec!["show", source, "--step", "1.1"],
            vec!["redact", source],
            vec!["redact", source, "--pretty"],
        ]);
    }
    commands.push(vec!["import", "kept.txt"]);
    for args in &commands {
        let text = over(dir.path(), args);
        assert!(text.len() > 100, "{args:?}");
        assert_eq!(found(&[(args.join(" ").into(), text)]), []);
    }
    // The check can fail: with the flag they are all there.
    let kept = over(dir.path(), &raw);
    assert!(found(&[("kept".into(), kept)]).len() >= 6);
}
