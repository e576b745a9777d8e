//! Everything that is neither an ordinary tunnel nor an error.

use std::sync::Arc;
use std::time::Duration;

use pullscope::exchange::{Capture, Ending, Failure, Fidelity, Omission, TunnelKind};
use pullscope::proxy::{RootCertificate, Settings, UpstreamProxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::rig::{HOST, Pki, Rig, Script, Turn, answer, ending, read_all, read_head, trusting};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn plain(script: Script, change: impl FnOnce(&mut Settings)) -> Rig {
    Rig::with_tls(script, None, &Pki::new(), change).await
}

/// Sends bytes on a stream and reads the rest of it.
async fn ask(mut stream: TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.expect("the proxy reads");
    read_all(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_proxied_by_absolute_form() {
    let mut rig = plain(answer(OK), |_| {}).await;
    let sent = format!(
        "GET http://{HOST}:8000/v2/?ns=docker.io HTTP/1.1\r\nHost: {HOST}:8000\r\n\
         User-Agent: docker/20.10.24\r\nX-lower: 1\r\nProxy-Connection: keep-alive\r\n\
         Connection: close\r\n\r\n"
    );
    let got = ask(rig.connect().await, sent.as_bytes()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    let request = exchange.request.as_ref().unwrap();
    assert_eq!(request.url, format!("http://{HOST}:8000/v2/?ns=docker.io"));
    assert_eq!(request.fidelity, Fidelity::Regrouped);
    assert_eq!(
        request.head.as_bytes(),
        sent.as_bytes(),
        "case and order survive the door"
    );
    let saw = String::from_utf8(rig.origin_saw().concat()).unwrap();
    assert!(
        saw.starts_with("GET /v2/?ns=docker.io HTTP/1.1\r\nHost: "),
        "{saw}"
    );
    assert!(
        saw.contains("X-lower: 1") && !saw.contains("Proxy-"),
        "{saw}"
    );
    assert_eq!(ending(&exchange), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_inside_connect_is_read_too() {
    let mut rig = plain(answer(OK), |_| {}).await;
    let stream = rig.tunnel_to(&format!("{HOST}:80")).await;
    let sent = format!("GET /plain HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = ask(stream, sent.as_bytes()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    let request = exchange.request.unwrap();
    assert_eq!(
        (request.url.as_str(), request.fidelity),
        (&*format!("http://{HOST}/plain"), Fidelity::Exact)
    );
    assert_eq!(request.head.as_bytes(), sent.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn opaque_bytes_pass_untouched_and_are_counted() {
    let turn = Turn {
        body: 0,
        answer: b"SSH-2.0-server\r\n\r\n\x00\xffbytes".to_vec(),
    };
    let mut rig = plain(Script::Answer(vec![turn]), |_| {}).await;
    let stream = rig.tunnel_to(&format!("{HOST}:22")).await;
    let sent = b"SSH-2.0-client\x00\x01\r\n\r\n";
    let got = ask(stream, sent).await;
    assert_eq!(got, b"SSH-2.0-server\r\n\r\n\x00\xffbytes");
    assert_eq!(rig.origin_saw().concat(), sent);
    let recorded = rig
        .recorded(|recorded| recorded.tunnels.iter().any(|t| t.ended.is_some()))
        .await;
    let tunnel = &recorded.tunnels[0];
    assert_eq!(tunnel.kind, TunnelKind::Opaque);
    assert_eq!(
        (tunnel.sent, tunnel.received),
        (sent.len() as u64, got.len() as u64)
    );
    assert!(tunnel.upstream.as_ref().unwrap().address.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn excluded_hosts_pass_unread() {
    let mut rig = Rig::with(answer(OK), |settings| {
        settings.passthrough = vec!["*.pullscope.test".parse().unwrap()];
    })
    .await;
    // Our CA is not what the client sees: the origin's own certificate is.
    let refused = rig.tls_with(crate::rig::trusting(rig.ca())).await;
    assert!(refused.is_err(), "the tunnel was intercepted");
    let recorded = rig
        .recorded(|recorded| recorded.tunnels.iter().any(|t| t.ended.is_some()))
        .await;
    assert_eq!(recorded.tunnels[0].kind, TunnelKind::Passthrough);
    assert!(recorded.tunnels[0].sent > 0 && recorded.tunnels[0].received > 0);
    assert!(recorded.exchanges.is_empty());

    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let rig = Rig::with(answer(OK), |settings| {
        settings.intercept = vec!["other.pullscope.test".parse().unwrap()];
        settings.connect_to = vec![format!("{HOST}:443:{free}").parse().unwrap()];
    })
    .await;
    let mut stream = rig.connect().await;
    let head = format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let got = read_head(&mut stream).await;
    assert!(
        got.starts_with(b"HTTP/1.1 502 "),
        "unreachable: said before the tunnel opens"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_passes_and_what_follows_is_counted() {
    let reply = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello from there";
    let turn = Turn {
        body: 0,
        answer: reply.to_vec(),
    };
    // What follows an upgrade has the timers of a tunnel, not those of HTTP.
    let short = Duration::from_millis(200);
    let mut rig = Rig::with(Script::AnswerAndStay(vec![turn]), |settings| {
        settings.limits.client_idle = short;
        settings.limits.keep_alive = short;
        settings.limits.upstream_idle = short;
    })
    .await;
    let mut stream = rig.tls().await;
    let sent = format!(
        "GET /socket HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: x\r\n\r\n"
    );
    stream.write_all(sent.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(
        head.starts_with(b"HTTP/1.1 101 "),
        "{}",
        head.escape_ascii()
    );
    let mut greeting = [0; 16];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello from there");
    tokio::time::sleep(short * 3).await;
    stream.write_all(b"hello from here").await.unwrap();
    stream.shutdown().await.unwrap();
    read_all(&mut stream).await;
    let recorded = rig
        .recorded(|r| r.ended() == 1 && r.tunnels.iter().any(|t| t.ended.is_some()))
        .await;
    assert_eq!(ending(&recorded.exchanges[0]), &Ending::Complete);
    let tunnel = &recorded.tunnels[0];
    assert_eq!(
        (tunnel.kind, tunnel.sent, tunnel.received),
        (TunnelKind::Upgraded, 15, 16)
    );
    assert!(rig.origin_saw().concat().ends_with(b"hello from here"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_pullscope_itself_get_a_page_or_the_certificate() {
    let rig = Rig::start(answer(OK)).await;
    for (target, status, text) in [
        ("/", "200", "intercepting proxy"),
        ("/ca.pem", "200", "-----BEGIN CERTIFICATE-----"),
        ("/elsewhere", "404", "HTTPS_PROXY"),
    ] {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let got = String::from_utf8(ask(rig.connect().await, sent.as_bytes()).await).unwrap();
        assert!(
            got.starts_with(&format!("HTTP/1.1 {status} ")) && got.contains(text),
            "{got}"
        );
        assert!(!got.contains("PRIVATE"));
    }
}

/// A client that may go on without TLS does so when TLS fails, and so it must fail here too.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_on_a_port_of_its_own_answers_the_client_itself() {
    const SAYS: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut some = [0; 16];
            if stream.read_exact(&mut some).await.is_ok() {
                assert_eq!(some[0], 0x16, "the client's own handshake arrives");
            }
            stream.write_all(SAYS).await.unwrap();
        }
    });
    let mut rig = Rig::with(answer(OK), |settings| {
        settings.connect_to = vec![format!("{HOST}::127.0.0.1:{port}").parse().unwrap()];
    })
    .await;
    for (at, answered_by_us) in [(5_000, false), (443, true)] {
        let stream = rig.tunnel_to(&format!("{HOST}:{at}")).await;
        let name = ServerName::try_from(HOST).unwrap();
        let shaken = TlsConnector::from(trusting(rig.ca()))
            .connect(name, stream)
            .await;
        assert_eq!(shaken.is_ok(), answered_by_us, "{at}");
        let Ok(mut stream) = shaken else { continue };
        let sent = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        stream.write_all(sent.as_bytes()).await.unwrap();
        let got = read_all(&mut stream).await;
        assert!(got.starts_with(b"HTTP/1.1 502 "), "{}", got.escape_ascii());
    }
    let recorded = rig
        .recorded(|seen| !seen.tunnels.is_empty() && !seen.exchanges.is_empty())
        .await;
    assert_eq!(recorded.tunnels[0].kind, TunnelKind::Opaque);
    assert!(recorded.handshakes.is_empty());
}

/// A second machine fetches the certificate as it would from a server.
#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_given_to_who_has_the_credentials_however_they_are_sent() {
    let rig = Rig::with(answer(OK), |settings| {
        settings.credentials = Some("Basic dXNlcjpwYXNz".to_owned());
    })
    .await;
    for (field, status) in [
        ("Authorization: Basic dXNlcjpwYXNz", "200"),
        ("Proxy-Authorization: Basic dXNlcjpwYXNz", "200"),
        ("Authorization: Basic bm86bm8=", "407"),
        ("X: y", "407"),
    ] {
        let sent =
            format!("GET /ca.pem HTTP/1.1\r\nHost: x\r\n{field}\r\nConnection: close\r\n\r\n");
        let got = ask(rig.connect().await, sent.as_bytes()).await;
        let start = format!("HTTP/1.1 {status} ");
        assert!(
            got.starts_with(start.as_bytes()),
            "{field}: {}",
            got.escape_ascii()
        );
    }
    // A server's field is none for the proxy.
    let sent = format!(
        "GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic dXNlcjpwYXNz\r\nConnection: close\r\n\r\n"
    );
    let got = ask(rig.connect().await, sent.as_bytes()).await;
    assert!(got.starts_with(b"HTTP/1.1 407 "), "{}", got.escape_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn security_07_a_request_that_would_come_back_is_refused_under_every_spelling() {
    let mut rig = plain(answer(OK), |_| {}).await;
    let port = rig.proxy.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.0.0.7",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        // As the C library reads addresses:
        "127.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "2130706433",
        "0",
    ] {
        let sent = format!(
            "GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        );
        let got = ask(rig.connect().await, sent.as_bytes()).await;
        assert!(
            got.starts_with(b"HTTP/1.1 508 "),
            "{host}: {}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        assert!(matches!(
            ending(&exchange),
            Ending::Failed {
                reason: Failure::Loop,
                ..
            }
        ));
    }
    // By way of another name, and in a tunnel:
    let mut rig = plain(answer(OK), |_| {}).await;
    let port = rig.proxy.address().port();
    let stream = rig.tunnel_to(&format!("localhost:{port}")).await;
    let sent = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    let got = ask(stream, sent.as_bytes()).await;
    assert!(got.starts_with(b"HTTP/1.1 508 "), "{}", got.escape_ascii());
    assert!(matches!(
        ending(&rig.ended().await),
        Ending::Failed {
            reason: Failure::Loop,
            ..
        }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_credentials_are_asked_for_and_never_recorded_or_passed_on() {
    let mut rig = plain(answer(OK), |settings| {
        settings.credentials = Some("Basic dXNlcjpwYXNz".to_owned());
    })
    .await;
    let head = format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
    for wrong in ["", "Proxy-Authorization: Basic bm86bm8=\r\n"] {
        let got = ask(rig.connect().await, format!("{head}{wrong}\r\n").as_bytes()).await;
        assert!(got.starts_with(b"HTTP/1.1 407 "), "{}", got.escape_ascii());
        let text = String::from_utf8(got).unwrap().to_lowercase();
        assert!(text.contains("proxy-authenticate: basic"), "{text}");
    }
    let right = "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n";
    let got = ask(rig.connect().await, format!("{head}{right}\r\n").as_bytes()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    let recorded = format!(
        "{:?}",
        exchange
            .request
            .unwrap()
            .head
            .as_bytes()
            .escape_ascii()
            .to_string()
    );
    assert!(!recorded.contains("dXNlcjpwYXNz"), "{recorded}");
    assert!(
        !String::from_utf8(rig.origin_saw().concat())
            .unwrap()
            .contains("dXNlcjpwYXNz")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_proxy_upstream_is_used_for_tunnels_and_plain_http() {
    // The second pullscope reaches the origin; the first goes through the second.
    let pki = Pki::new();
    let tls = pki.server(HOST, |_| {});
    let mut far = Rig::with_tls(answer(OK), Some(tls), &pki, |settings| {
        settings.passthrough = vec!["*".parse().unwrap()];
    })
    .await;
    let proxy = format!("http://user:secret@{}", far.proxy.address());
    let root = RootCertificate::from_pem(pki.root_pem()).unwrap();
    let mut near = Rig::with(answer(b""), |settings| {
        settings.connect_to.clear();
        settings.upstream_roots = root;
        settings.upstream_proxy = UpstreamProxy::url(&proxy, "direct.pullscope.test").unwrap();
    })
    .await;
    let sent = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = near.exchange(sent.as_bytes()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let upstream = near.ended().await.upstream.unwrap();
    assert_eq!(
        upstream.via,
        Some(format!("http://{}", far.proxy.address()))
    );
    assert_eq!(upstream.address, Some(far.proxy.address()));
    let recorded = far
        .recorded(|recorded| recorded.tunnels.iter().any(|t| t.ended.is_some()))
        .await;
    let connect = recorded.tunnels[0].connection.connect_head.clone().unwrap();
    assert!(connect.text("via").unwrap().contains("pullscope-"));

    let mut far = plain(answer(OK), |_| {}).await;
    let proxy = format!("http://{}", far.proxy.address());
    let mut near = plain(answer(b""), |settings| {
        settings.connect_to.clear();
        settings.upstream_proxy = UpstreamProxy::url(&proxy, "").unwrap();
    })
    .await;
    let sent = format!("GET http://{HOST}/x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = ask(near.connect().await, sent.as_bytes()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    assert_eq!(
        near.ended().await.request.unwrap().url,
        format!("http://{HOST}/x")
    );
    assert_eq!(
        far.ended().await.request.unwrap().url,
        format!("http://{HOST}/x")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn security_07_two_proxies_that_point_at_each_other_notice() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let second = socket.local_addr().unwrap();
    drop(socket);
    let first = plain(answer(b""), |settings| {
        settings.connect_to.clear();
        settings.upstream_proxy = UpstreamProxy::url(&format!("http://{second}"), "").unwrap();
    })
    .await;
    let back = format!("http://{}", first.proxy.address());
    let _second = plain(answer(b""), |settings| {
        settings.listen = second;
        settings.connect_to.clear();
        settings.upstream_proxy = UpstreamProxy::url(&back, "").unwrap();
    })
    .await;
    let sent = format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = ask(first.connect().await, sent.as_bytes()).await;
    assert!(got.starts_with(b"HTTP/1.1 508 "), "{}", got.escape_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_too_many_is_a_503() {
    let rig = Rig::with(answer(OK), |settings| settings.limits.tunnels = 2).await;
    let target = format!("{HOST}:443");
    let (one, _two) = (rig.tunnel_to(&target).await, rig.tunnel_to(&target).await);
    let mut stream = rig.connect().await;
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let got = read_head(&mut stream).await;
    assert!(got.starts_with(b"HTTP/1.1 503 "), "{}", got.escape_ascii());
    drop(one);
    // As soon as the end of the first has been noticed there is room again.
    let served = async {
        loop {
            let mut stream = rig.connect().await;
            stream.write_all(head.as_bytes()).await.unwrap();
            if read_head(&mut stream).await.starts_with(b"HTTP/1.1 200") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, served)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_measured_decoded_and_kept_within_limits() {
    let gzip = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"{\"a\": 1}").unwrap();
        encoder.finish().unwrap()
    };
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    )
    .into_bytes();
    reply.extend_from_slice(&gzip);
    let mut rig = Rig::start(answer(&reply)).await;
    let sent = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = rig.exchange(sent.as_bytes()).await;
    assert!(
        got.ends_with(&gzip),
        "the client gets the bytes as they were"
    );
    let body = rig.ended().await.response_body.unwrap();
    assert_eq!((body.size, body.decoded_size), (gzip.len() as u64, Some(8)));
    assert_eq!(
        body.capture,
        Capture::Memory {
            bytes: "{\"a\": 1}".into()
        }
    );

    let mut blob = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3000000\r\n\r\n".to_vec();
    let head = blob.len();
    blob.resize(head + 3_000_000, 0x5a);
    rig.set_script(answer(&blob));
    let got = rig.exchange(sent.as_bytes()).await;
    assert!(got.ends_with(&blob[head..]));
    let body = rig.ended().await.response_body.unwrap();
    assert_eq!(
        body.capture,
        Capture::Omitted {
            reason: Omission::Blob
        }
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &blob[head..]);
    let hex: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(body.sha256, Some(hex.concat()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_recorded() {
    let rig = Arc::new(tokio::sync::Mutex::new(Rig::start(answer(OK)).await));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let stream = rig.lock().await.tls().await;
        clients.spawn(async move {
            let mut stream = stream;
            let sent = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
            stream.write_all(sent.as_bytes()).await.unwrap();
            read_all(&mut stream).await
        });
    }
    let answers = clients.join_all().await;
    assert!(answers.iter().all(|got| got.ends_with(b"ok")));
    let mut rig = rig.lock().await;
    let recorded = rig.recorded(|recorded| recorded.ended() == 50).await;
    assert!(
        recorded
            .exchanges
            .iter()
            .all(|exchange| ending(exchange) == &Ending::Complete)
    );
}
