//! A recording played back.

use pullscope::lab::{Recorded, Replay};
use serde_json::Value;

use crate::support::{Fixture, split};

/// The captured exchanges of one file, in order, as recorded.
fn captured(capture: &str) -> Vec<Recorded> {
    let capture: Value = serde_json::from_str(capture).unwrap();
    let exchanges = capture["exchanges"].as_array().unwrap();
    exchanges.iter().map(recorded).collect()
}

fn recorded(exchange: &Value) -> Recorded {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let (host, target) = split(request["url"].as_str().unwrap());
    let mut head = format!(
        "HTTP/1.1 {} {}\r\n",
        response["status"],
        response["reason"].as_str().unwrap()
    );
    for field in response["headers"].as_array().unwrap() {
        head.push_str(&format!(
            "{}: {}\r\n",
            field[0].as_str().unwrap(),
            field[1].as_str().unwrap()
        ));
    }
    head.push_str("\r\n");
    Recorded {
        method: request["method"].as_str().unwrap().to_owned(),
        host: host.to_owned(),
        target: target.to_owned(),
        authorized: false,
        head: head.into_bytes(),
        body: Some(response["body"].as_str().unwrap().as_bytes().to_vec()),
    }
}

fn plain(target: &str, head: &str, body: Option<&str>) -> Recorded {
    Recorded {
        method: "GET".to_owned(),
        host: "r.example".to_owned(),
        target: target.to_owned(),
        authorized: false,
        head: head.as_bytes().to_vec(),
        body: body.map(|body| body.as_bytes().to_vec()),
    }
}

#[tokio::test]
async fn the_articles_answers_come_back_byte_for_byte() {
    let mut played = 0;
    for capture in [
        include_str!("../data/article/dockerhub.json"),
        include_str!("../data/article/mirror.json"),
        include_str!("../data/article/gcr.json"),
        include_str!("../data/article/quay.json"),
    ] {
        let recorded = captured(capture);
        let fixture = Fixture::replaying(Replay::new(recorded.clone()).unwrap()).await;
        for exchange in recorded {
            let url = format!("https://{}{}", exchange.host, exchange.target);
            let answer = fixture.get(&url, &[]).await;
            assert_eq!(answer.head, exchange.head, "{url}");
            assert_eq!(Some(answer.body), exchange.body, "{url}");
            played += 1;
        }
    }
    assert_eq!(played, 28);
}

#[tokio::test]
async fn repeated_requests_get_the_recorded_answers_in_order() {
    let answer = |n: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-N: {n}\r\n\r\n");
    let replay = Replay::new((1..=3).map(|n| plain("/v2/", &answer(n), Some("x")))).unwrap();
    let fixture = Fixture::replaying(replay).await;
    // On one connection: the recorded heads do not ask to close it, the last request does.
    for expected in ["1", "2", "3", "3"] {
        let mut io = fixture.connect("r.example").await;
        let request = b"GET /v2/ HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut io, request)
            .await
            .unwrap();
        let mut text = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut io, &mut text)
            .await
            .unwrap();
        assert_eq!(text, format!("{}x", answer(expected.parse().unwrap())));
    }
}

#[tokio::test]
async fn content_ends_as_the_head_says() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let until_close = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let replay = Replay::new([
        plain("/chunked", chunked, Some("hello")),
        plain("/close", until_close, Some("hello")),
        plain("/short", short, Some("hello")),
    ])
    .unwrap();
    let fixture = Fixture::replaying(replay).await;
    // No `Connection: close` in the request: the lab must close on its own where it has to.
    let send = async |target: &str, close: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: r.example\r\n{close}\r\n");
        fixture.send("r.example", &request, false).await
    };
    let close = "Connection: close\r\n";
    assert_eq!(
        send("/chunked", close).await.text(),
        "5\r\nhello\r\n0\r\n\r\n"
    );
    assert_eq!(send("/close", "").await.text(), "hello");
    assert_eq!(send("/short", "").await.text(), "hello");
}

#[tokio::test]
async fn what_the_recording_does_not_have_is_said() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
    let empty = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let replay = Replay::new([plain("/a", head, None), plain("/b?c=d", empty, None)]).unwrap();
    let fixture = Fixture::replaying(replay).await;
    assert_eq!(fixture.lab.hosts(), ["r.example"]);
    let missing = fixture.get("https://r.example/a", &[]).await;
    assert_eq!(
        (missing.status, missing.field("Content-Type")),
        (502, Some("text/plain; charset=utf-8"))
    );
    assert!(
        missing
            .text()
            .contains("not the content of GET r.example/a"),
        "{}",
        missing.text()
    );
    let redirect = fixture.get("https://r.example/b?c=d", &[]).await;
    assert_eq!(
        redirect.head,
        empty.as_bytes(),
        "there was no content to record"
    );
    let unknown = fixture.get("https://r.example/b", &[]).await;
    assert_eq!(unknown.status, 404);
    assert!(
        unknown
            .text()
            .ends_with("it has\n  GET r.example/a\n  GET r.example/b?c=d\n\n"),
        "{}",
        unknown.text()
    );
}

/// What a recording of pullscope's own looks like, with its secrets taken out.
fn redacted() -> Vec<Recorded> {
    let head = |status: &str, fields: &str| format!("HTTP/1.1 {status}\r\n{fields}\r\n");
    let body = |text: &str| Some(text.as_bytes().to_vec());
    let one = |host: &str, target: &str, authorized, head: String, body| Recorded {
        method: "GET".to_owned(),
        host: host.to_owned(),
        target: target.to_owned(),
        authorized,
        head: head.into_bytes(),
        body,
    };
    let token = r#"{"token":"e30.e30.REDACTED-00aa11","issued_at":"2020-01-01T00:00:00Z"}"#;
    // The lengths are those of the wire, where the secrets were longer or shorter.
    vec![
        one(
            "r.example",
            "/v2/",
            false,
            head("401 Unauthorized", "Content-Length: 2\r\n"),
            body("{}"),
        ),
        one(
            "t.example",
            "/token?account=REDACTED-00cc33&scope=repository%3Aa%3Apull&service=r.example",
            true,
            head("200 OK", "Content-Length: 900\r\n"),
            body(token),
        ),
        one(
            "r.example",
            "/v2/",
            true,
            head("200 OK", "Content-Length: 2\r\n"),
            body("{}"),
        ),
        one(
            "r.example",
            "/v2/a/blobs/b",
            true,
            head(
                "307 Temporary Redirect",
                "Location: https://cdn.example/b?Expires=9&Signature=REDACTED-00bb22\r\n\
                 Content-Length: 0\r\n",
            ),
            None,
        ),
        one(
            "cdn.example",
            "/b?Expires=9&Signature=REDACTED-00bb22",
            false,
            head("200 OK", "Content-Encoding: gzip\r\nContent-Length: 3\r\n"),
            body("the content"),
        ),
    ]
}

#[tokio::test]
async fn what_was_taken_out_of_a_recording_works_again() {
    let fixture = Fixture::replaying(Replay::new(redacted()).unwrap()).await;
    let ping = "https://r.example/v2/";
    assert_eq!(fixture.get(ping, &[]).await.status, 401);
    // Another client asks for the token, in its own words and with its own password.
    let asked = "https://t.example/token?service=r.example&client_id=x&scope=repository:a:pull";
    let basic = [("Authorization", "Basic bWU6bWluZQ==")];
    let answer = fixture.get(asked, &basic).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let length: usize = answer.field("Content-Length").unwrap().parse().unwrap();
    assert_eq!(length, answer.body.len());
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let token = answer["token"].as_str().unwrap();
    assert!(
        token.starts_with("e30.e30.") && !token.contains("REDACTED"),
        "{token}"
    );
    assert!(!answer["issued_at"].as_str().unwrap().starts_with("2020"));
    let bearer = format!("Bearer {token}");
    let bearer = [("Authorization", &*bearer)];
    for _ in 0..2 {
        assert_eq!(fixture.get(ping, &bearer).await.status, 200);
    }
    assert_eq!(
        fixture.get(ping, &[]).await.status,
        401,
        "without, it still asks"
    );
    let redirect = fixture.get("https://r.example/v2/a/blobs/b", &bearer).await;
    let location = redirect.field("Location").unwrap().to_owned();
    assert!(!location.contains("REDACTED"), "{location}");
    // A recording has content decoded, and so it is served.
    let content = fixture.get(&location, &[]).await;
    assert_eq!(content.text(), "the content");
    assert_eq!(content.field("Content-Encoding"), None);
    assert_eq!(content.field("Content-Length"), Some("11"));
    let other = location.replace("Signature=", "Signature=0");
    assert_eq!(fixture.get(&other, &[]).await.status, 404);
}

#[tokio::test]
async fn a_head_is_answered_from_a_get() {
    let manifest = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\n";
    let fixture = Fixture::replaying(
        Replay::new([plain("/v2/a/manifests/b", manifest, Some("{}"))]).unwrap(),
    )
    .await;
    let request = "HEAD /v2/a/manifests/b HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n";
    let answer = fixture.send("r.example", request, true).await;
    assert_eq!((answer.status, answer.field("X")), (200, Some("y")));
    assert_eq!(answer.body, b"");
}
