//! Servers that are broken, hostile or silent.

use std::time::Duration;

use pullscope::exchange::{Ending, Exchange, Failure, ResponseOrigin, Side};
use pullscope::proxy::Settings;
use tokio::io::AsyncWriteExt as _;

use crate::rig::{HOST, Rig, Script, Turn, answer, ending, many_fields, read_all};

fn get() -> Vec<u8> {
    format!("GET /v2/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").into_bytes()
}

fn impatient(settings: &mut Settings) {
    settings.limits.upstream_idle = Duration::from_millis(400);
    settings.limits.connect = Duration::from_millis(400);
}

fn failure(exchange: &Exchange) -> Failure {
    match ending(exchange) {
        Ending::Failed { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_malformed_answer_is_a_502_that_says_so() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let many = many_fields(250);
    let many = format!("HTTP/1.1 200 OK\r\n{many}\r\n");
    let cases: [&[u8]; 11] = [
        b"garbage\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for reply in cases {
        let mut rig = Rig::start(answer(reply)).await;
        let got = rig.exchange(&get()).await;
        let shown = reply[..reply.len().min(80)].escape_ascii();
        assert!(
            got.starts_with(b"HTTP/1.1 502 "),
            "{shown}: {}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        assert_eq!(failure(&exchange), Failure::BadResponse, "{shown}");
        assert_eq!(exchange.response.unwrap().origin, ResponseOrigin::Pullscope);
        rig.assert_serves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_without_an_answer_is_a_502() {
    for reply in [&b""[..], b"HTTP/1.1 200 O"] {
        let mut rig = Rig::start(answer(reply)).await;
        let got = rig.exchange(&get()).await;
        assert!(got.starts_with(b"HTTP/1.1 502 "), "{}", got.escape_ascii());
        let reason = failure(&rig.ended().await);
        assert!(
            matches!(reason, Failure::NoResponse | Failure::BadResponse),
            "{reason:?}"
        );
        rig.assert_serves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_15_a_truncated_body_is_never_ended_as_if_it_were_whole() {
    let cases: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nzz\r\n",
    ];
    for reply in cases {
        let mut rig = Rig::start(answer(reply)).await;
        let got = rig.exchange(&get()).await;
        assert!(
            got.starts_with(b"HTTP/1.1 200 OK"),
            "{}",
            got.escape_ascii()
        );
        assert!(!got.ends_with(b"0\r\n\r\n"), "{}", got.escape_ascii());
        let exchange = rig.ended().await;
        assert!(
            matches!(
                ending(&exchange),
                Ending::Aborted {
                    by: Side::Upstream,
                    ..
                }
            ),
            "{:?}",
            ending(&exchange)
        );
        let body = exchange.response_body.unwrap();
        assert_eq!((body.size, body.complete, body.sha256), (9, false, None));
        rig.assert_serves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_a_504() {
    let turn = Turn {
        body: 0,
        answer: Vec::new(),
    };
    let mut rig = Rig::with(Script::AnswerAndStay(vec![turn]), impatient).await;
    let got = rig.exchange(&get()).await;
    assert!(got.starts_with(b"HTTP/1.1 504 "), "{}", got.escape_ascii());
    assert_eq!(failure(&rig.ended().await), Failure::Timeout);
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_17_a_body_that_stalls_is_cut() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_vec();
    let turn = Turn {
        body: 0,
        answer: reply,
    };
    let mut rig = Rig::with(Script::AnswerAndStay(vec![turn]), impatient).await;
    rig.exchange(&get()).await;
    let exchange = rig.ended().await;
    let Ending::Aborted {
        by: Side::Upstream,
        detail,
    } = ending(&exchange)
    else {
        panic!("{exchange:#?}")
    };
    assert!(detail.contains("no byte arrived"), "{detail}");
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_bytes_beyond_an_answer_are_dropped_with_their_connection() {
    let reply =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX: smuggled\r\n\r\n";
    let turn = |answer: &[u8]| Turn {
        body: 0,
        answer: answer.to_vec(),
    };
    let script = Script::AnswerAndStay(vec![turn(reply), turn(reply)]);
    let mut rig = Rig::start(script).await;
    let mut stream = rig.tls().await;
    let keep = format!("GET /1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    stream.write_all(keep.as_bytes()).await.unwrap();
    let head = crate::rig::read_head(&mut stream).await;
    assert!(head.starts_with(b"HTTP/1.1 200 OK"));
    let recorded = rig.recorded(|recorded| recorded.ended() == 1).await;
    assert_eq!(ending(&recorded.exchanges[0]), &Ending::Complete);
    stream.write_all(&get()).await.unwrap();
    let rest = read_all(&mut stream).await;
    assert!(
        !rest.windows(8).any(|part| part == b"smuggled"),
        "{}",
        rest.escape_ascii()
    );
    assert_eq!(rig.origin_saw().len(), 2, "the connection was used again");
    assert!(!rig.ended().await.upstream.unwrap().reused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resting_connection_that_the_server_closed_is_replaced() {
    let turn = Turn {
        body: 0,
        answer: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
    };
    let mut rig = Rig::start(Script::Answer(vec![turn])).await;
    let mut stream = rig.tls().await;
    for _ in 0..5 {
        let keep = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        stream.write_all(keep.as_bytes()).await.unwrap();
        let head = crate::rig::read_head(&mut stream).await;
        assert!(
            head.starts_with(b"HTTP/1.1 200 OK"),
            "{}",
            head.escape_ascii()
        );
        let mut body = [0; 2];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut body)
            .await
            .unwrap();
    }
    let recorded = rig.recorded(|recorded| recorded.ended() == 5).await;
    assert!(
        recorded
            .exchanges
            .iter()
            .all(|e| ending(e) == &Ending::Complete)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_is_said_by_kind() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = format!("{HOST}:443:127.0.0.1:{free}").parse().unwrap();
    let mut rig = Rig::with(answer(b""), |settings| settings.connect_to = vec![refused]).await;
    let got = rig.exchange(&get()).await;
    assert!(got.starts_with(b"HTTP/1.1 502 "), "{}", got.escape_ascii());
    let exchange = rig.ended().await;
    assert_eq!(failure(&exchange), Failure::Connect);
    assert!(exchange.upstream.unwrap().address.is_some());

    let mut rig = Rig::with(answer(b""), |settings| {
        settings.connect_to = vec![format!("{HOST}:443:nowhere.invalid:443").parse().unwrap()];
    })
    .await;
    let got = rig.exchange(&get()).await;
    assert!(got.starts_with(b"HTTP/1.1 502 "), "{}", got.escape_ascii());
    assert_eq!(failure(&rig.ended().await), Failure::Dns);
}

/// A listener whose queue is full answers no SYN: the connection hangs as in a blackhole.
#[tokio::test(flavor = "multi_thread")]
async fn a_blackhole_is_a_504_within_the_limit() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    loop {
        let attempt = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(300), attempt).await {
            Ok(stream) => queued.push(stream.unwrap()),
            Err(_) => break,
        }
    }
    let mut rig = Rig::with(answer(b""), |settings| {
        impatient(settings);
        settings.connect_to = vec![format!("{HOST}:443:{address}").parse().unwrap()];
    })
    .await;
    let got = rig.exchange(&get()).await;
    assert!(got.starts_with(b"HTTP/1.1 504 "), "{}", got.escape_ascii());
    assert_eq!(failure(&rig.ended().await), Failure::Timeout);
}
