//! Requests that are malformed, ambiguous, too large, too slow, or for somewhere else.

use std::time::Duration;

use pullscope::exchange::{Ending, Exchange, Failure, Rejection, ResponseOrigin, Side, TunnelKind};
use pullscope::proxy::Settings;
use tokio::io::AsyncWriteExt as _;

use crate::rig::{HOST, Pki, Rig, Script, Turn, answer, ending, many_fields, read_all, read_head};

fn nothing() -> Script {
    answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

fn short_timers(settings: &mut Settings) {
    let limits = &mut settings.limits;
    limits.sniff = Duration::from_millis(300);
    limits.client_handshake = Duration::from_millis(300);
    limits.request_head = Duration::from_millis(300);
    limits.client_idle = Duration::from_millis(300);
}

/// Status and request, none of which may be forwarded.
fn ambiguous() -> Vec<(u16, String)> {
    let host = format!("Host: {HOST}\r\n");
    let long = "x".repeat(70_000);
    let many = many_fields(250);
    vec![
        (
            400,
            format!(
                "POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        (
            400,
            format!("POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ),
        (
            400,
            format!("POST / HTTP/1.1\r\n{host}Content-Length: 1, 1\r\n\r\na"),
        ),
        (
            400,
            format!("POST / HTTP/1.1\r\n{host}Content-Length: +1\r\n\r\na"),
        ),
        (
            400,
            format!(
                "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"
            ),
        ),
        (
            400,
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            400,
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            400,
            format!(
                "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        (
            400,
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        (400, format!("GET / HTTP/1.1\n{host}\n")),
        (
            400,
            format!("GET / HTTP/1.1\r\n{host}X: a\r\n folded\r\n\r\n"),
        ),
        (400, format!("GET / HTTP/1.1\r\n{host}X: a\0b\r\n\r\n")),
        (400, format!("GET / HTTP/1.1\r\n{host}X: a\rb\r\n\r\n")),
        (400, format!("GET / HTTP/1.1\r\n{host}no colon\r\n\r\n")),
        (400, format!("GET / HTTP/1.1\r\n{host}Host: {HOST}\r\n\r\n")),
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, format!("GET  / HTTP/1.1\r\n{host}\r\n")),
        (400, format!("GET / HTTP/3.0\r\n{host}\r\n")),
        (400, format!("CONNECT {HOST}:443 HTTP/1.1\r\n{host}\r\n")),
        (
            421,
            "GET / HTTP/1.1\r\nHost: other.pullscope.test\r\n\r\n".to_owned(),
        ),
        (421, format!("GET / HTTP/1.1\r\nHost: {HOST}:8443\r\n\r\n")),
        (
            421,
            format!("GET https://other.pullscope.test/ HTTP/1.1\r\n{host}\r\n"),
        ),
        (431, format!("GET / HTTP/1.1\r\n{host}X: {long}\r\n\r\n")),
        (431, format!("GET / HTTP/1.1\r\n{host}{many}\r\n")),
        (431, format!("GET /{long}")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_what_is_ambiguous_is_refused_and_nothing_of_it_forwarded() {
    let mut rig = Rig::start(nothing()).await;
    for (status, sent) in ambiguous() {
        let got = rig.exchange(sent.as_bytes()).await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(
            got.starts_with(line.as_bytes()),
            "{status} for {sent:.200?}: {}",
            got.escape_ascii()
        );
        assert!(
            got.windows(10).any(|part| part == b"pullscope:"),
            "{}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        assert!(
            matches!(ending(&exchange), Ending::Failed { .. }),
            "{sent:.200?}"
        );
        assert_eq!(
            exchange.response.as_ref().unwrap().origin,
            ResponseOrigin::Pullscope
        );
        let recorded = exchange.request.as_ref().unwrap().head.as_bytes();
        assert!(
            !recorded.is_empty() && sent.as_bytes().starts_with(recorded),
            "{sent:.200?}"
        );
        assert_eq!(
            rig.origin_saw().concat(),
            b"",
            "{sent:.200?} reached the origin"
        );
    }
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_head_behind_a_good_one_is_answered_in_its_turn() {
    let mut rig = Rig::start(nothing()).await;
    let sent =
        format!("GET /good HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /bad HTTP/1.1\r\nHost : x\r\n\r\n");
    let got = rig.exchange(sent.as_bytes()).await;
    let text = String::from_utf8(got).unwrap();
    let (good, bad) = (
        text.find("HTTP/1.1 200").unwrap(),
        text.find("HTTP/1.1 400").unwrap(),
    );
    assert!(good < bad, "{text}");
    let recorded = rig.recorded(|recorded| recorded.ended() == 2).await;
    assert_eq!(ending(&recorded.exchanges[0]), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_chunks_end_the_exchange_without_a_clean_end_upstream() {
    let turn = Turn {
        body: 0,
        answer: Vec::new(),
    };
    let mut rig = Rig::start(Script::AnswerAndStay(vec![turn])).await;
    let sent = format!(
        "PATCH / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"
    );
    rig.exchange(sent.as_bytes()).await;
    let exchange = rig.ended().await;
    let Ending::Failed { reason, .. } = ending(&exchange) else {
        panic!("{exchange:#?}")
    };
    assert_eq!(*reason, Failure::BadRequest);
    let saw = rig.origin_saw().concat();
    assert!(!saw.ends_with(b"0\r\n\r\n"), "{}", saw.escape_ascii());
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_told_to_be_late() {
    let mut rig = Rig::with(nothing(), short_timers).await;
    let mut stream = rig.tls().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let got = read_all(&mut stream).await;
    assert!(got.starts_with(b"HTTP/1.1 408 "), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    let Ending::Failed { reason, .. } = ending(&exchange) else {
        panic!("{exchange:#?}")
    };
    assert_eq!(*reason, Failure::RequestTimeout);
    assert_eq!(
        exchange.request.unwrap().head.as_bytes(),
        b"GET / HTTP/1.1\r\nHo"
    );
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_coming_ends_the_exchange() {
    let turn = Turn {
        body: 100,
        answer: Vec::new(),
    };
    let mut rig = Rig::with(Script::AnswerAndStay(vec![turn]), short_timers).await;
    let mut stream = rig.tls().await;
    let head = format!("PUT / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nsome");
    stream.write_all(head.as_bytes()).await.unwrap();
    read_all(&mut stream).await;
    let exchange = rig.ended().await;
    let Ending::Failed { reason, .. } = ending(&exchange) else {
        panic!("{exchange:#?}")
    };
    assert_eq!(*reason, Failure::RequestTimeout);
    assert_eq!(exchange.request_body.unwrap().size, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_tunnel_is_closed_and_recorded() {
    let mut rig = Rig::with(nothing(), short_timers).await;
    let mut stream = rig.tunnel_to(&format!("{HOST}:443")).await;
    assert_eq!(read_all(&mut stream).await, b"");
    let recorded = rig
        .recorded(|recorded| recorded.tunnels.iter().any(|t| t.ended.is_some()))
        .await;
    assert_eq!(recorded.tunnels[0].kind, TunnelKind::Unused);
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_place_of_tls_is_a_refused_handshake() {
    let mut rig = Rig::with(nothing(), short_timers).await;
    for (sent, timeout) in [
        (&b"\x16\x03\x01\x00\x05garbage and more"[..], false),
        (b"\x16\x03\x01\x40\x00half", true),
    ] {
        let mut stream = rig.tunnel_to(&format!("{HOST}:443")).await;
        stream.write_all(sent).await.unwrap();
        read_all(&mut stream).await;
        let recorded = rig
            .recorded(|recorded| !recorded.handshakes.is_empty())
            .await;
        let rejection = &recorded.handshakes[0].rejection;
        let fits = match rejection {
            Rejection::Protocol { .. } => !timeout,
            Rejection::Timeout => timeout,
            _ => false,
        };
        assert!(fits, "{rejection:?}");
        rig.assert_serves().await;
        rig.ended().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_08_bad_connect_targets_are_refused_at_the_door() {
    let rig = Rig::start(nothing()).await;
    for target in [
        "origin.pullscope.test",
        "origin.pullscope.test:0",
        "origin.pullscope.test:99999",
        "u:p@origin.pullscope.test:443",
        ":443",
        "a..b:443",
        "origin.pullscope.test:443/x",
        "http://a/",
    ] {
        let mut stream = rig.connect().await;
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let got = read_head(&mut stream).await;
        assert!(
            got.starts_with(b"HTTP/1.1 400 "),
            "{target}: {}",
            got.escape_ascii()
        );
    }
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_at_the_door_are_refused() {
    let rig = Rig::with(nothing(), short_timers).await;
    let many = many_fields(250);
    for sent in [
        format!(
            "POST http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
        ),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nHost: b\r\n\r\n"),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nX: a\r\n folded\r\n\r\n"),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nX: a\0b\r\n\r\n"),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: other.pullscope.test\r\n\r\n"),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}:8080\r\n\r\n"),
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "garbage\r\n\r\n".to_owned(),
        format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n{many}\r\n"),
        format!(
            "GET http://{HOST}/{} HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
            "x".repeat(100_000)
        ),
        "\x16\x03\x01\x00\x05hello".to_owned(),
    ] {
        let mut stream = rig.connect().await;
        let _ = stream.write_all(sent.as_bytes()).await;
        let got = read_all(&mut stream).await;
        let refused = got.is_empty() || got.starts_with(b"HTTP/1.1 4");
        assert!(refused, "{sent:.100?}: {}", got.escape_ascii());
        assert_eq!(
            rig.origin_saw().concat(),
            b"",
            "{sent:.100?} reached the origin"
        );
    }
    rig.assert_serves().await;
}

/// The front door's parser settles two lengths as RFC 9112 section 6.1 has it.
#[tokio::test(flavor = "multi_thread")]
async fn two_lengths_at_the_door_become_one() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    let script = Script::Answer(vec![Turn {
        body: 0,
        answer: reply,
    }]);
    let rig = Rig::with_tls(script, None, &Pki::new(), |_| {}).await;
    let mut stream = rig.connect().await;
    let head = format!("POST http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n");
    let lengths = "Content-Length: 30\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream
        .write_all(format!("{head}{lengths}0\r\n\r\n").as_bytes())
        .await
        .unwrap();
    read_all(&mut stream).await;
    let saw = rig.origin_saw().concat().to_ascii_lowercase();
    let has = |text: &[u8]| saw.windows(text.len()).any(|part| part == text);
    assert!(
        has(b"transfer-encoding: chunked") && !has(b"content-length"),
        "{}",
        saw.escape_ascii()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_ends_its_exchange() {
    // In the middle of a response:
    let mut reply = b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n".to_vec();
    reply.resize(8 << 20, b'x');
    let turn = Turn {
        body: 0,
        answer: reply,
    };
    let mut rig = Rig::start(Script::AnswerAndStay(vec![turn])).await;
    let mut stream = rig.tls().await;
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    read_head(&mut stream).await;
    drop(stream);
    let exchange = rig.ended().await;
    assert!(
        matches!(
            ending(&exchange),
            Ending::Aborted {
                by: Side::Client,
                ..
            }
        ),
        "{:?}",
        ending(&exchange)
    );

    // Before there is a response:
    let turn = Turn {
        body: 0,
        answer: Vec::new(),
    };
    rig.set_script(Script::AnswerAndStay(vec![turn]));
    let mut stream = rig.tls().await;
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    while rig
        .origin_saw()
        .concat()
        .windows(4)
        .filter(|w| w == b"\r\n\r\n")
        .count()
        < 2
    {
        tokio::task::yield_now().await;
    }
    drop(stream);
    let exchange = rig.ended().await;
    assert!(
        matches!(
            ending(&exchange),
            Ending::Aborted {
                by: Side::Client,
                ..
            }
        ),
        "{:?}",
        ending(&exchange)
    );
    rig.assert_serves().await;
}

/// What was never answered has no answer in the trace: the 400 that is made for a client which has
/// left goes nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_amid_its_request_is_no_bad_request() {
    let half = |target: &str| {
        format!("PUT {target} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\nhalf")
            .into_bytes()
    };
    for framing in ["length", "chunks"] {
        let turn = Turn {
            body: 1_000,
            answer: Vec::new(),
        };
        let script = Script::AnswerAndStay(vec![turn]);
        let mut rig = Rig::start(script.clone()).await;
        let mut request = half("/v2/a/blobs/uploads/1");
        if framing == "chunks" {
            let text = String::from_utf8(request).unwrap();
            request = text
                .replace("Content-Length: 1000", "Transfer-Encoding: chunked")
                .replace("\r\n\r\nhalf", "\r\n\r\n40\r\nhalf")
                .into_bytes();
        }
        let mut stream = rig.tls().await;
        stream.write_all(&request).await.unwrap();
        while rig.origin_saw().concat().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(stream);
        let exchange = rig.ended().await;
        assert_left(&exchange);

        // The same by plain HTTP, at the door.
        let pki = Pki::new();
        let mut rig = Rig::with_tls(script, None, &pki, |_| {}).await;
        let text = String::from_utf8(request).unwrap();
        let absolute = text.replace("PUT /", &format!("PUT http://{HOST}/"));
        let mut stream = rig.connect().await;
        stream.write_all(absolute.as_bytes()).await.unwrap();
        while rig.origin_saw().concat().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(stream);
        assert_left(&rig.ended().await);
    }
}

#[track_caller]
fn assert_left(exchange: &Exchange) {
    assert!(exchange.response.is_none(), "{:?}", exchange.response);
    let by_client = matches!(
        ending(exchange),
        Ending::Aborted {
            by: Side::Client,
            ..
        }
    );
    assert!(by_client, "{:?}", ending(exchange));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_19_a_client_that_stops_reading_stops_the_origin_too() {
    const WHOLE: usize = 64 << 20;
    let mut reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {WHOLE}\r\n\r\n").into_bytes();
    let head = reply.len();
    reply.resize(head + WHOLE, b'x');
    let mut rig = Rig::start(Script::AnswerAndStay(vec![Turn {
        body: 0,
        answer: reply,
    }]))
    .await;
    let mut stream = rig.tls().await;
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    read_head(&mut stream).await;
    // What has passed settles at what the sockets and one pair of buffers hold.
    let mut last = 0;
    let mut still = 0;
    while still < 10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut events = Vec::new();
        rig.changes.progress(&mut events);
        let passed = events.iter().find_map(|event| match event {
            pullscope::exchange::Event::Progress { received, .. } => Some(*received),
            _ => None,
        });
        let passed = passed.unwrap_or(0);
        still = if passed == last && passed > 0 {
            still + 1
        } else {
            0
        };
        last = passed;
    }
    assert!(
        last < 16 << 20,
        "{last} bytes were taken though nobody reads"
    );
    let rest = read_all_counted(&mut stream, WHOLE).await;
    assert!(rest <= WHOLE && rest > WHOLE - (1 << 20), "{rest}");
    let exchange = rig.ended().await;
    assert_eq!(ending(&exchange), &Ending::Complete);
}

/// Reads so many bytes and returns how many came.
async fn read_all_counted(stream: &mut (impl crate::rig::Stream + ?Sized), whole: usize) -> usize {
    use tokio::io::AsyncReadExt as _;
    let mut buffer = vec![0; 1 << 20];
    let mut count = 0;
    while count < whole {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(more) => count += more,
        }
    }
    count
}
