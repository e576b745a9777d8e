//! Peers on both sides that do their worst: what endangers the proxy itself, whoever it serves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use pullscope::capture::{BodyStore, BodyWriter, Direction};
use pullscope::exchange::{Capture, Ending, ExchangeId, Failure, Omission, Side};
use pullscope::proxy::{KeyLog, Settings};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::rig::{
    HOST, PATIENCE, Pki, Rig, Script, Turn, answer, ending, many_fields, read_all, read_head,
    trusting,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const SHORT: Duration = Duration::from_millis(400);

fn get(lines: &str) -> Vec<u8> {
    format!("GET /v2/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{lines}\r\n").into_bytes()
}

fn turn(answer: &[u8]) -> Turn {
    Turn {
        body: 0,
        answer: answer.to_vec(),
    }
}

/// Short enough for a test, long enough for a busy machine.
fn short(settings: &mut Settings) {
    let limits = &mut settings.limits;
    limits.sniff = SHORT;
    limits.client_handshake = SHORT;
    limits.request_head = SHORT;
    limits.keep_alive = SHORT;
    limits.client_idle = SHORT;
    limits.client_stall = SHORT;
    limits.connect = SHORT;
    limits.upstream_handshake = SHORT;
    limits.upstream_idle = SHORT;
}

/// A server that does with each connection what it is told; dropping the set ends it.
async fn server<F, W>(act: F) -> (SocketAddr, JoinSet<()>)
where
    F: Fn(TcpStream) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(act(stream));
        }
    });
    (address, tasks)
}

/// A rig whose plain-HTTP host `hostile.pullscope.test` is at this address.
async fn against(address: SocketAddr, change: impl FnOnce(&mut Settings)) -> Rig {
    Rig::with(answer(OK), |settings| {
        settings
            .connect_to
            .push(format!("{HOSTILE}::{address}").parse().unwrap());
        change(settings);
    })
    .await
}

const HOSTILE: &str = "hostile.pullscope.test";

/// Asks the hostile server for something in a tunnel, and reads to the end.
async fn ask(rig: &Rig) -> Vec<u8> {
    let mut stream = rig.tunnel_to(&format!("{HOSTILE}:80")).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOSTILE}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn security_06_metadata_and_shared_addresses_are_not_dialled() {
    let mut rig = Rig::start(answer(OK)).await;
    for host in [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "2852039166",
    ] {
        let mut stream = rig.connect().await;
        let sent = format!(
            "GET http://{host}/latest/meta-data/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(sent.as_bytes()).await.unwrap();
        let got = read_all(&mut stream).await;
        assert!(
            got.starts_with(b"HTTP/1.1 403 "),
            "{host}: {}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        assert!(matches!(
            ending(&exchange),
            Ending::Failed {
                reason: Failure::Forbidden,
                ..
            }
        ));
        assert_eq!(exchange.upstream.unwrap().local, None, "{host} was dialled");
    }
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_09_another_name_in_the_handshake_changes_no_route_and_is_recorded() {
    let mut rig = Rig::start(answer(OK)).await;
    let stream = rig.tunnel_to(&format!("{HOST}:443")).await;
    let name = ServerName::try_from("other.pullscope.test").unwrap();
    let connector = TlsConnector::from(trusting(rig.ca()));
    let mut stream = connector.connect(name, stream).await.unwrap();
    stream.write_all(&get("")).await.unwrap();
    let got = read_all(&mut stream).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    assert_eq!(
        exchange.connection.sni.as_deref(),
        Some("other.pullscope.test")
    );
    assert_eq!(exchange.connection.target.unwrap().host, HOST);
    assert_eq!(exchange.upstream.unwrap().address, Some(rig.origin));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_what_is_for_one_hop_stays_on_it() {
    let reply = b"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: secret\r\n\
        Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Status: a\r\n\
        X-End: kept\r\nContent-Length: 2\r\n\r\nok";
    let rig = Rig::start(answer(reply)).await;
    let sent = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, X-Hop, Host, Authorization\r\n\
         X-Hop: secret\r\nProxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\n\
         Keep-Alive: timeout=5\r\nTE: gzip\r\nUpgrade: h2c\r\nAuthorization: Bearer kept\r\n\
         X-End: kept\r\n\r\n"
    );
    let got = rig.exchange(sent.as_bytes()).await;
    let saw = rig.origin_saw().concat();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let (saw, got) = (text(&saw), text(&got));
    for absent in [
        "secret",
        "x-hop",
        "proxy-a",
        "proxy-c",
        "keep-alive",
        "te:",
        "upgrade",
        "c2vjcmv0",
    ] {
        assert!(!saw.contains(absent), "{absent} reached the origin: {saw}");
    }
    assert!(saw.contains("host: ") && saw.contains("authorization: bearer kept"));
    assert!(saw.contains("x-end: kept"), "{saw}");
    for absent in ["secret", "x-hop", "proxy-authenticate", "keep-alive"] {
        assert!(!got.contains(absent), "{absent} reached the client: {got}");
    }
    assert!(
        got.contains("x-end: kept") && got.contains("proxy-status: a"),
        "{got}"
    );
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_heads_pass_up_to_the_limit_and_not_beyond() {
    const LIMIT: usize = 64 * 1024;
    let padded = |start: &str, length: usize| {
        let room = length - start.len() - "X: \r\n\r\n".len();
        format!("{start}X: {}\r\n\r\n", "x".repeat(room))
    };
    let rig = Rig::start(answer(OK)).await;
    let start = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
    let fields = |count: usize| format!("{start}{}\r\n", many_fields(count - 2));
    for (sent, status) in [
        (padded(&start, LIMIT), "200"),
        (padded(&start, LIMIT + 1), "431"),
        (fields(200), "200"),
        (fields(201), "431"),
    ] {
        let got = rig.exchange(sent.as_bytes()).await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(got.starts_with(line.as_bytes()), "{}", got.escape_ascii());
    }
    let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    let fields = |count: usize| format!("{start}{}\r\n", many_fields(count - 1));
    for (reply, status) in [
        (padded(start, LIMIT), "200"),
        (padded(start, LIMIT + 1), "502"),
        (fields(200), "200"),
        (fields(201), "502"),
    ] {
        rig.set_script(answer(reply.as_bytes()));
        let got = rig.exchange(&get("")).await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(got.starts_with(line.as_bytes()), "{}", got.escape_ascii());
    }
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_endless_heads_and_interim_answers_are_refused() {
    for endless in [
        &b"X: y\r\n"[..],
        b"\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b",
        b"x",
    ] {
        let (address, _server) = server(move |mut stream| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 103 Early Hints\r\nA: ").await;
            while stream.write_all(endless).await.is_ok() {}
        })
        .await;
        let mut rig = against(address, |_| {}).await;
        let got = ask(&rig).await;
        // Interim answers may have passed by then.
        let text = String::from_utf8_lossy(&got);
        assert!(text.contains("HTTP/1.1 502 "), "{text:.300}");
        let exchange = rig.ended().await;
        assert!(matches!(
            ending(&exchange),
            Ending::Failed {
                reason: Failure::BadResponse,
                ..
            }
        ));
        rig.assert_serves().await;
    }
}

/// The content of an answer in chunks, without extensions and trailers, that is there to its end.
fn unchunked(answer: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(answer).unwrap();
    let (_, mut rest) = text.split_once("\r\n\r\n").unwrap();
    let mut content = Vec::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let (chunk, after) = after.split_at(size);
        content.extend_from_slice(chunk.as_bytes());
        rest = after.strip_prefix("\r\n").unwrap();
        if size == 0 {
            assert_eq!(rest, "", "something follows the last chunk");
            return content;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_an_answer_split_into_single_bytes_is_the_same_answer() {
    let reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
    let (address, _server) = server(move |mut stream| async move {
        stream.set_nodelay(true).unwrap();
        read_head(&mut stream).await;
        for byte in reply {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut rig = against(address, |_| {}).await;
    let got = ask(&rig).await;
    assert!(
        got.starts_with(b"HTTP/1.1 200 OK\r\n"),
        "{}",
        got.escape_ascii()
    );
    // Where the chunks are cut depends on when the bytes came; what is in them does not. Trailers
    // go to clients that ask for them.
    assert_eq!(unchunked(&got), b"abcde", "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    assert_eq!(ending(&exchange), &Ending::Complete);
    assert_eq!(exchange.response_body.unwrap().size, 5);
    let head = exchange.response.unwrap().head;
    assert!(reply.starts_with(head.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_an_endless_answer_ends_when_its_client_goes() {
    let (told, mut ended) = tokio::sync::mpsc::channel(1);
    let (address, _server) = server(move |mut stream| {
        let told = told.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 4_096]).await.is_ok() {}
            let _ = told.send(()).await;
        }
    })
    .await;
    let mut rig = against(address, |_| {}).await;
    let mut stream = rig.tunnel_to(&format!("{HOSTILE}:80")).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    let stopped = timeout(PATIENCE, ended.recv()).await;
    assert!(matches!(stopped, Ok(Some(()))), "the server is still read");
    assert!(matches!(
        ending(&rig.ended().await),
        Ending::Aborted {
            by: Side::Client,
            ..
        }
    ));
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_server_that_speaks_first_is_not_believed() {
    let (address, _server) = server(|mut stream| async move {
        let _ = stream.write_all(OK).await;
        read_all(&mut stream).await;
    })
    .await;
    let mut rig = against(address, |_| {}).await;
    let got = ask(&rig).await;
    // Whichever came first, its bytes or our request: they are no answer, or the only one.
    let text = String::from_utf8_lossy(&got);
    assert!(text.starts_with("HTTP/1.1 "), "{text}");
    assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
    rig.ended().await;
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_slow_clients_are_closed_in_every_phase() {
    let rig = Rig::with(Script::AnswerAndStay(vec![turn(OK), turn(OK)]), short).await;
    let target = format!("{HOST}:443");
    // At the door: nothing, half a head, a head that dribbles, a body that stops.
    let body = "POST http://pullscope.test/ HTTP/1.1\r\nHost: pullscope.test\r\nContent-Length: 9\r\n\r\nabc";
    for sent in ["", "CONNECT ori", "GET http://a/ HTTP/1.1\r\nHost:", body] {
        let mut stream = rig.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        read_all(&mut stream).await;
    }
    let mut stream = rig.connect().await;
    let (mut read, mut write) = stream.split();
    let dribble = async {
        for byte in b"CONNECT origin.pullscope.test:443 HTTP/1.1\r\n"
            .iter()
            .cycle()
        {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(SHORT / 8).await;
        }
    };
    tokio::select! {
        () = dribble => {}
        () = read_all_of(&mut read) => {}
    }
    // In a tunnel: silence, half a record, half a handshake.
    for sent in [&b""[..], b"\x16\x03", b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut stream = rig.tunnel_to(&target).await;
        stream.write_all(sent).await.unwrap();
        assert_eq!(read_all(&mut stream).await, b"");
    }
    // In TLS: no request, half a head, a body that stops, no second request.
    let host = format!("Host: {HOST}\r\n");
    for sent in [
        String::new(),
        format!("GET / HTTP/1.1\r\n{host}"),
        format!("PUT / HTTP/1.1\r\n{host}Content-Length: 9\r\n\r\nabc"),
        format!("PUT / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n3\r\nab"),
        format!("GET / HTTP/1.1\r\n{host}\r\n"),
    ] {
        let mut stream = rig.tls().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        read_all(&mut stream).await;
    }
    rig.assert_serves().await;
}

async fn read_all_of(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut buffer = [0; 1_024];
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_a_client_that_accepts_nothing_is_closed() {
    const WHOLE: usize = 64 << 20;
    let mut reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {WHOLE}\r\n\r\n").into_bytes();
    let head = reply.len();
    reply.resize(head + WHOLE, b'x');
    let mut rig = Rig::with(Script::AnswerAndStay(vec![turn(&reply)]), short).await;
    let mut in_tunnel = rig.tls().await;
    in_tunnel.write_all(&get("")).await.unwrap();
    let exchange = rig.ended().await;
    let Ending::Aborted { by, .. } = ending(&exchange) else {
        panic!("{exchange:#?}")
    };
    assert_eq!(*by, Side::Client);
    assert!(exchange.received < WHOLE as u64);
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_stalled_servers_are_told_in_every_phase() {
    // Nothing after the connection; half a head; a head that dribbles.
    for start in [&b""[..], b"HTTP/1.1 200 OK\r\nX:", b"~"] {
        let (address, _server) = server(move |mut stream| async move {
            read_head(&mut stream).await;
            if start == b"~" {
                for byte in b"HTTP/1.1 200 OK\r\nX: "
                    .iter()
                    .chain(std::iter::repeat(&b'x'))
                {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    sleep(SHORT / 8).await;
                }
            } else {
                let _ = stream.write_all(start).await;
                read_all(&mut stream).await;
            }
        })
        .await;
        let mut rig = against(address, short).await;
        let got = ask(&rig).await;
        let status = if start.is_empty() { "504" } else { "50" };
        let line = format!("HTTP/1.1 {status}");
        assert!(got.starts_with(line.as_bytes()), "{}", got.escape_ascii());
        assert!(matches!(ending(&rig.ended().await), Ending::Failed { .. }));
        rig.assert_serves().await;
    }
    // A TLS handshake that is never answered, and a tunnel of another proxy that never comes.
    let (address, _server) = server(|mut stream| async move {
        read_all_of(&mut stream).await;
    })
    .await;
    let mut rig = Rig::with(answer(OK), |settings| {
        short(settings);
        settings.connect_to = vec![format!("{HOST}::{address}").parse().unwrap()];
    })
    .await;
    let got = rig.exchange(&get("")).await;
    assert!(got.starts_with(b"HTTP/1.1 504 "), "{}", got.escape_ascii());
    rig.ended().await;
    let mut rig = Rig::with(answer(OK), |settings| {
        short(settings);
        settings.connect_to.clear();
        let url = format!("http://{address}");
        settings.upstream_proxy = pullscope::proxy::UpstreamProxy::url(&url, "").unwrap();
    })
    .await;
    let got = rig.exchange(&get("")).await;
    assert!(got.starts_with(b"HTTP/1.1 504 "), "{}", got.escape_ascii());
    assert!(matches!(
        ending(&rig.ended().await),
        Ending::Failed {
            reason: Failure::Timeout,
            ..
        }
    ));
}

/// A transfer has no time limit as a whole: only standing still has one.
#[tokio::test(flavor = "multi_thread")]
async fn security_17_a_slow_transfer_outlasts_every_timer() {
    let (address, _server) = server(|mut stream| async move {
        read_head(&mut stream).await;
        sleep(SHORT / 2).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
        stream.write_all(head).await.unwrap();
        for _ in 0..12 {
            sleep(SHORT / 4).await;
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    })
    .await;
    let mut rig = against(address, |settings| {
        short(settings);
        settings.limits.upstream_idle = PATIENCE;
    })
    .await;
    let got = ask(&rig).await;
    assert!(
        got.ends_with(b"\r\n\r\nxxxxxxxxxxxx"),
        "{}",
        got.escape_ascii()
    );
    assert_eq!(ending(&rig.ended().await), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_a_server_that_accepts_no_request_body_is_told() {
    let (address, _server) = server(|mut stream| async move {
        read_head(&mut stream).await;
        sleep(PATIENCE).await;
    })
    .await;
    let mut rig = against(address, short).await;
    let mut stream = rig.tunnel_to(&format!("{HOSTILE}:80")).await;
    let head = format!("PUT / HTTP/1.1\r\nHost: {HOSTILE}\r\nContent-Length: 900000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let push = async { while write.write_all(&[0; 16_000]).await.is_ok() {} };
    let (got, ()) = tokio::join!(
        async {
            let mut got = Vec::new();
            let _ = timeout(PATIENCE, read.read_to_end(&mut got)).await.unwrap();
            got
        },
        push
    );
    let told = got.is_empty() || got.starts_with(b"HTTP/1.1 504 ");
    assert!(told, "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    assert!(ending(&exchange) != &Ending::Complete, "{exchange:#?}");
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_18_bombs_pass_unchanged_and_are_not_unpacked() {
    use std::io::Write as _;
    let zeros = vec![0; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..256 {
        gzip.write_all(&zeros).unwrap();
    }
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(&vec![b' '; 64 << 20][..], 19).unwrap();
    let deep = "[".repeat(200_000).into_bytes();
    let rig_and = |coding: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{coding}Content-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let mut rig = Rig::start(answer(OK)).await;
    for (coding, body, kept) in [
        ("Content-Encoding: gzip\r\n", &gzip, false),
        ("Content-Encoding: zstd\r\n", &zstd, false),
        ("Content-Encoding: gzip, gzip\r\n", &gzip, false),
        ("", &deep, true),
    ] {
        rig.set_script(answer(&rig_and(coding, body)));
        let got = rig.exchange(&get("Accept-Encoding: gzip, zstd\r\n")).await;
        assert!(got.ends_with(body), "{coding} was changed on its way");
        let exchange = rig.ended().await;
        assert_eq!(ending(&exchange), &Ending::Complete);
        let recorded = exchange.response_body.unwrap();
        assert_eq!(
            (recorded.size, recorded.complete),
            (body.len() as u64, true)
        );
        match recorded.capture {
            Capture::Memory { bytes } => assert!(kept && bytes.len() == body.len()),
            Capture::Omitted { reason } => {
                let reasons = [Omission::Undecodable, Omission::TooLarge];
                assert!(!kept && reasons.contains(&reason), "{coding}: {reason:?}");
            }
            other => panic!("{other:?}"),
        }
        rig.assert_serves().await;
        rig.ended().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_no_answer_of_ours_can_steer_a_terminal() {
    let mut rig = Rig::start(answer(OK)).await;
    for path in ["/\u{1b}[31m", "/%1b]0;x%07", "/\u{202e}gpj", "/\u{200b}"] {
        let mut stream = rig.connect().await;
        let sent = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(sent.as_bytes()).await.unwrap();
        let got = String::from_utf8(read_all(&mut stream).await).unwrap();
        let text = got.split_once("\r\n\r\n").unwrap_or_default().1;
        let steers =
            |c: char| c.is_control() && c != '\n' || ('\u{200b}'..='\u{202e}').contains(&c);
        assert!(!text.contains(steers), "{text:?}");
    }
    let got = rig
        .exchange(b"GET / HTTP/1.1\r\nHost: a\x1b[2J\xe2\x80\xaeb\r\n\r\n")
        .await;
    assert!(got.starts_with(b"HTTP/1.1 4"), "{}", got.escape_ascii());
    let body = got.split(|&b| b == b'\n').next_back().unwrap_or_default();
    assert!(
        !body.contains(&0x1b) && !body.contains(&0xe2),
        "{}",
        body.escape_ascii()
    );
    rig.ended().await;
    rig.assert_serves().await;
}

/// Panics where a key log and a body store may be called.
#[derive(Debug, Default)]
struct Broken(AtomicUsize);

impl Broken {
    fn log(&self) {
        let nth = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(nth != 0, "injected into a handshake");
    }
}

impl BodyStore for Broken {
    fn open(&self, exchange: ExchangeId, _: Direction) -> Box<dyn BodyWriter> {
        assert!(exchange != ExchangeId(1), "injected into a request");
        Box::new(BrokenWriter(exchange))
    }
}

#[derive(Debug)]
struct BrokenWriter(ExchangeId);

impl BodyWriter for BrokenWriter {
    fn push(&mut self, _: Bytes) -> bool {
        assert!(self.0 != ExchangeId(2), "injected into a body's measuring");
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_panic_ends_one_exchange_and_is_counted() {
    let broken = Broken::default();
    let log: KeyLog = Arc::new(move |_| broken.log());
    let mut rig = Rig::with(answer(OK), |settings| settings.key_log = Some(log)).await;
    assert!(rig.tls_with(trusting(rig.ca())).await.is_err());
    rig.assert_serves().await;
    assert_eq!(rig.proxy.recorder().faults(), 1);
    rig.ended().await;

    let mut blob = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3000000\r\n\r\n".to_vec();
    let head = blob.len();
    // Zeros do not read as text, which would never get to the store.
    blob.resize(head + 3_000_000, 0);
    let store = Arc::new(Broken::default());
    let mut rig = Rig::with(answer(&blob), |settings| settings.body_store = Some(store)).await;
    let got = rig.exchange(&get("")).await;
    assert!(got.starts_with(b"HTTP/1.1 500 "), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    assert!(matches!(
        ending(&exchange),
        Ending::Failed {
            reason: Failure::Internal,
            ..
        }
    ));
    assert_eq!(rig.proxy.recorder().faults(), 1);

    // The body of the second passes whole though nobody can measure it any more.
    let got = rig.exchange(&get("")).await;
    assert!(got.ends_with(&blob[head..]));
    let exchange = rig.ended().await;
    assert_eq!(ending(&exchange), &Ending::Complete);
    let body = exchange.response_body.unwrap();
    assert_eq!((body.size, body.sha256), (3_000_000, None));
    assert!(rig.proxy.recorder().faults() >= 2);
    rig.assert_serves().await;
    assert_eq!(ending(&rig.ended().await), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_tls_and_after_it_ends_one_tunnel() {
    let pki = Pki::new();
    let tls = pki.server(HOST, |_| {});
    let mut rig = Rig::with_tls(answer(OK), Some(tls), &pki, |_| {}).await;
    for garbage in [
        &b"\x16\x03\x01\xff\xff"[..],
        b"\x16\x03\x00\x00\x02\x01\x00",
        b"\x16\x03\x01\x00\x04\x01\x00\xff\xff",
        b"\x16\x03\x03\x00\x00\x16\x03\x03\x00\x00",
        b"\x16\x03\x01\x00\x06\x02\x00\x00\x02\x03\x03",
    ] {
        let mut stream = rig.tunnel_to(&format!("{HOST}:443")).await;
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        read_all(&mut stream).await;
        rig.recorded(|recorded| !recorded.handshakes.is_empty())
            .await;
    }
    // Garbage in place of a request, inside TLS.
    for garbage in [
        &b"\x16\x03\x01\x00\x05hello\r\n\r\n"[..],
        b"\0\0\0\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
    ] {
        let got = rig.exchange(garbage).await;
        assert!(got.starts_with(b"HTTP/1.1 400 "), "{}", got.escape_ascii());
        rig.ended().await;
    }
    assert_eq!(rig.origin_saw().concat(), b"");
    rig.assert_serves().await;
}
