//! Odd but legal messages: recorded as they were, and passed on with the same meaning.

use pullscope::exchange::{Capture, Ending, Exchange, ResponseOrigin};
use tokio::io::AsyncWriteExt as _;

use crate::rig::{
    CHUNKED, HOST, Rig, Script, Turn, answer, ending, many_fields, read_all, read_head,
};

fn request(lines: &str) -> Vec<u8> {
    format!("GET /v2/ HTTP/1.1\r\nhOsT: {HOST}\r\n{lines}Connection: close\r\n\r\n").into_bytes()
}

/// Field names and values in order, hop-by-hop framing aside.
fn fields(head: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = head
        .split(|&b| b == b'\n')
        .skip(1)
        .map(<[u8]>::trim_ascii_end);
    text.take_while(|line| !line.is_empty())
        .map(|line| {
            let colon = line.iter().position(|&b| b == b':').expect("a field line");
            (
                line[..colon].to_vec(),
                line[colon + 1..].trim_ascii().to_vec(),
            )
        })
        .collect()
}

fn request_head(exchange: &Exchange) -> &[u8] {
    exchange.request.as_ref().unwrap().head.as_bytes()
}

fn response_head(exchange: &Exchange) -> &[u8] {
    exchange.response.as_ref().unwrap().head.as_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_recorded_byte_for_byte_and_reach_the_origin_in_their_order_and_case() {
    let long = "x".repeat(8_000);
    let corpus = [
        String::new(),
        "ACCEPT: a\r\naccept: b\r\nAccept: c\r\n".to_owned(),
        "X-Empty:\r\nX-Space:    padded\t \r\nx-lower: 1\r\nX-UPPER: 2\r\n".to_owned(),
        format!("X-Long: {long}\r\n"),
        "Accept: application/json\r\nX-Between: 1\r\nUser-Agent: docker/20.10.24\r\n".to_owned(),
        many_fields(150),
        "Authorization: Bearer a.b.c\r\nRange: bytes=10-20\r\nCookie: a=b\r\nCookie: c=d\r\n"
            .to_owned(),
    ];
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    for lines in corpus {
        let mut rig = Rig::start(answer(reply)).await;
        let sent = request(&lines);
        let got = rig.exchange(&sent).await;
        assert_eq!(got, reply, "{}", got.escape_ascii());
        let exchange = rig.ended().await;
        assert_eq!(request_head(&exchange), sent);
        assert_eq!(response_head(&exchange), &reply[..reply.len() - 2]);
        let saw = rig.origin_saw().concat();
        assert!(saw.starts_with(b"GET /v2/ HTTP/1.1\r\n"));
        assert_eq!(fields(&saw), fields(&sent), "{}", saw.escape_ascii());
        assert_eq!(ending(&exchange), &Ending::Complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interleaved_duplicates_are_recorded_exactly_and_forwarded_together() {
    let mut rig = Rig::start(answer(b"HTTP/1.1 204 No Content\r\n\r\n")).await;
    let sent = request("Accept: a\r\nX: 1\r\naccept: b\r\n");
    rig.exchange(&sent).await;
    assert_eq!(request_head(&rig.ended().await), sent);
    let names: Vec<_> = fields(&rig.origin_saw().concat())
        .into_iter()
        .map(|(name, _)| String::from_utf8(name).unwrap())
        .collect();
    assert_eq!(names, ["hOsT", "Accept", "accept", "X", "Connection"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_are_recorded_byte_for_byte_and_reach_the_client_in_their_order_and_case() {
    let corpus: [&[u8]; 9] = [
        b"HTTP/1.1 200 OK\r\nWWW-Authenticate: a\r\nwww-authenticate: b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 Fine by me, thanks\r\ncontent-length: 2\r\nX-Empty:\r\n\r\nok",
        b"HTTP/1.1 404 Not Found\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Latin: \xe9t\xe9 \xff\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://cdn.pullscope.test/x?a=b%2Fc\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 599 Odd\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nx-goog-hash: crc32c=1\r\nx-goog-hash: md5=2\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX-After: 1\r\n\r\n",
    ];
    for reply in corpus {
        let mut rig = Rig::start(answer(reply)).await;
        let got = rig.exchange(&request("")).await;
        let exchange = rig.ended().await;
        let head = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        assert_eq!(response_head(&exchange), &reply[..head]);
        let line = |bytes: &[u8]| bytes.split(|&b| b == b'\r').next().unwrap().to_vec();
        assert_eq!(line(&got), line(reply), "{}", got.escape_ascii());
        let kept: Vec<_> = fields(&got)
            .into_iter()
            .filter(|(name, _)| name != b"connection")
            .collect();
        assert_eq!(kept, fields(reply), "{}", got.escape_ascii());
        assert!(got.ends_with(&reply[head..]));
        assert_eq!(
            exchange.response_body.as_ref().unwrap().size,
            (reply.len() - head) as u64
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interim_responses_are_recorded_before_the_final_one() {
    let reply = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let mut rig = Rig::start(answer(reply)).await;
    let got = rig.exchange(&request("")).await;
    assert!(got.ends_with(b"ok"));
    let response = rig.ended().await.response.unwrap();
    let interim: Vec<_> = response
        .interim
        .iter()
        .map(|head| head.status().unwrap())
        .collect();
    assert_eq!(interim, [102, 103]);
    assert_eq!(
        response.interim[1].as_bytes(),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    );
    assert_eq!(
        response.head.as_bytes(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_bodies_pass_both_ways_with_their_trailers() {
    let reply = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\
        Content-Type: text/plain\r\n\r\n5;ext=\"1\"\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n";
    let body = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Check: 7\r\n\r\n";
    let mut rig = Rig::start(Script::Answer(vec![Turn {
        body: CHUNKED,
        answer: reply.to_vec(),
    }]))
    .await;
    let head = format!(
        "PATCH /upload HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\
         TE: trailers\r\nConnection: TE, close\r\n\r\n"
    );
    let sent = [head.as_bytes(), body].concat();
    let got = rig.exchange(&sent).await;
    let exchange = rig.ended().await;
    assert_eq!(request_head(&exchange), head.as_bytes());
    let up = exchange.request_body.as_ref().unwrap();
    assert_eq!((up.size, up.complete), (7, true));
    assert_eq!(up.trailers, [("X-Check".to_owned(), "7".to_owned())]);
    let down = exchange.response_body.as_ref().unwrap();
    assert_eq!((down.size, down.complete), (5, true));
    assert_eq!(down.trailers, [("X-Sum".to_owned(), "42".to_owned())]);
    assert_eq!(
        down.capture,
        Capture::Memory {
            bytes: "hello".into()
        }
    );
    assert!(
        got.windows(5).any(|part| part == b"hello"),
        "{}",
        got.escape_ascii()
    );
    let lower = got.to_ascii_lowercase();
    assert!(
        lower.windows(9).any(|part| part == b"x-sum: 42"),
        "{}",
        got.escape_ascii()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_body_end_complete() {
    for (method, reply) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 1638\r\nDocker-Content-Digest: sha256:00\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"),
        ("DELETE", "HTTP/1.1 204 No Content\r\nX-Gone: 1\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut rig = Rig::start(answer(reply.as_bytes())).await;
        let sent = format!("{method} / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let got = rig.exchange(sent.as_bytes()).await;
        assert!(
            fields(&got).contains(&fields(reply.as_bytes())[0]),
            "{}",
            got.escape_ascii()
        );
        let exchange = rig.ended().await;
        assert_eq!(ending(&exchange), &Ending::Complete, "{method} {reply}");
        let body = exchange.response_body.unwrap();
        assert_eq!((body.size, body.capture), (0, Capture::Empty));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests_and_says_it_was_reused() {
    let turn = || Turn {
        body: 0,
        answer: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
    };
    let mut rig = Rig::start(Script::AnswerAndStay(vec![turn(), turn(), turn()])).await;
    let mut stream = rig.tls().await;
    // The second and third are pipelined: one answer after the other comes all the same.
    let one = format!("GET /1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    stream.write_all(one.as_bytes()).await.unwrap();
    read_head(&mut stream).await;
    let two = format!(
        "GET /2 HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /3 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(two.as_bytes()).await.unwrap();
    let rest = read_all(&mut stream).await;
    assert_eq!(
        rest.windows(12)
            .filter(|part| part == b"HTTP/1.1 200")
            .count(),
        2
    );
    let recorded = rig.recorded(|recorded| recorded.ended() == 3).await;
    let reused: Vec<_> = recorded
        .exchanges
        .iter()
        .map(|e| e.upstream.as_ref().unwrap().reused)
        .collect();
    assert_eq!(reused, [false, true, true]);
    let first = &recorded.exchanges[0];
    assert!(first.timings.connect.is_some() && first.timings.ssl.is_some());
    assert!(recorded.exchanges[1].timings.connect.is_none());
    assert_eq!(rig.origin_saw().len(), 1);
    let urls: Vec<_> = recorded
        .exchanges
        .iter()
        .map(|e| e.request.as_ref().unwrap().url.clone())
        .collect();
    assert_eq!(urls, [1, 2, 3].map(|n| format!("https://{HOST}/{n}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_length_ends_with_the_connection() {
    let reply = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end";
    let mut rig = Rig::start(answer(reply)).await;
    let got = rig.exchange(&request("")).await;
    assert!(
        got.windows(13).any(|part| part == b"until the end"),
        "{}",
        got.escape_ascii()
    );
    let exchange = rig.ended().await;
    assert_eq!(exchange.response_body.as_ref().unwrap().size, 13);
    assert_eq!(ending(&exchange), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_gets_an_answer_it_can_read() {
    let reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let mut rig = Rig::start(answer(reply)).await;
    let got = rig.exchange(b"GET /old HTTP/1.0\r\n\r\n").await;
    assert!(got.ends_with(b"\r\n\r\nok"), "{}", got.escape_ascii());
    assert!(
        !got.to_ascii_lowercase()
            .windows(7)
            .any(|part| part == b"chunked")
    );
    assert_eq!(
        request_head(&rig.ended().await),
        b"GET /old HTTP/1.0\r\n\r\n"
    );
    let saw = fields(&rig.origin_saw().concat());
    assert!(
        saw.iter()
            .any(|(name, value)| name.eq_ignore_ascii_case(b"host") && value == HOST.as_bytes())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_lets_the_body_through() {
    let reply = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n".to_vec();
    let mut rig = Rig::start(Script::Answer(vec![Turn {
        body: 5,
        answer: reply,
    }]))
    .await;
    let mut stream = rig.tls().await;
    let head = format!(
        "PUT /blob HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let interim = read_head(&mut stream).await;
    assert!(
        interim.starts_with(b"HTTP/1.1 100"),
        "{}",
        interim.escape_ascii()
    );
    stream.write_all(b"hello").await.unwrap();
    let got = read_all(&mut stream).await;
    assert!(
        got.starts_with(b"HTTP/1.1 201 Created"),
        "{}",
        got.escape_ascii()
    );
    let exchange = rig.ended().await;
    assert_eq!(exchange.request_body.as_ref().unwrap().size, 5);
    assert_eq!(exchange.response.unwrap().origin, ResponseOrigin::Upstream);
}
