//! The lab as an HTTP server: methods, ranges, connections, bounds.

use pullscope::lab::{Era, Lab, LabError, LabOptions, Provider};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Fixture, WITH_TOKENS, sha256, split, tokens};

#[tokio::test]
async fn head_answers_as_get_does_without_content() {
    let fixture = Fixture::new(&[]).await;
    for provider in Era::Article.providers() {
        let (url, _, _) = fixture.layer(provider).await;
        let bearer = match provider {
            Provider::Mirror => String::new(),
            _ => fixture.bearer(provider).await,
        };
        let auth = [("Authorization", bearer.as_str())];
        let (manifest, _) = fixture.manifest(provider).await;
        let config = format!("blobs/{}", manifest["config"]["digest"].as_str().unwrap());
        for url in [
            url,
            fixture.tag_url(provider),
            fixture.url(provider, &config),
        ] {
            let get = fixture.ask("GET", &url, &auth).await;
            let head = fixture.ask("HEAD", &url, &auth).await;
            assert_eq!(get.status, head.status);
            let names = |answer: &crate::support::Answer| -> Vec<String> {
                answer.fields.iter().map(|(name, _)| name.clone()).collect()
            };
            assert_eq!(names(&get), names(&head), "{url}");
            assert_eq!(get.field("Content-Type"), head.field("Content-Type"));
            assert_eq!(get.field("Content-Length"), head.field("Content-Length"));
        }
    }
}

#[tokio::test]
async fn a_layer_comes_in_parts() {
    let fixture = Fixture::new(&[]).await;
    for provider in Era::Article.providers() {
        let (url, digest, size) = fixture.layer(provider).await;
        let first = fixture.get(&url, &[("Range", "bytes=0-999")]).await;
        assert_eq!(
            (first.status, first.reason.as_str()),
            (206, "Partial Content")
        );
        let expected = format!("bytes 0-999/{size}");
        assert_eq!(first.field("Content-Range"), Some(expected.as_str()));
        assert_eq!(first.field("Content-Length"), Some("1000"));
        let rest = fixture.get(&url, &[("Range", "bytes=1000-")]).await;
        assert_eq!(sha256(&[first.body, rest.body].concat()), digest);
        let beyond = fixture
            .get(&url, &[("Range", &format!("bytes={size}-"))])
            .await;
        assert_eq!(beyond.status, 416);
        let expected = format!("bytes */{size}");
        assert_eq!(beyond.field("Content-Range"), Some(expected.as_str()));
        assert!(beyond.text().contains("range"), "{}", beyond.text());
    }
}

#[tokio::test]
async fn a_token_can_be_asked_for_with_post() {
    let fixture = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let (realm, service, lifetime) = tokens(provider);
        let (host, target) = split(realm);
        let name = fixture.image(provider).repository;
        let form = format!(
            "grant_type=password&service={service}&client_id=lab&scope=repository:{name}:pull,push"
        );
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let token = fixture.send(host, &request, false).await.json();
        assert_eq!(token["expires_in"], lifetime);
        assert_eq!(
            token["scope"],
            format!("repository:{name}:pull"),
            "push is not granted"
        );
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let url = fixture.tag_url(provider);
        assert_eq!(
            fixture
                .get(&url, &[("Authorization", &bearer)])
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_known_manifest_is_not_sent_again() {
    let fixture = Fixture::new(&[]).await;
    let url = fixture.tag_url(Provider::Mirror);
    let first = fixture.get(&url, &[]).await;
    let etag = first.field("Etag").unwrap();
    let again = fixture.get(&url, &[("If-None-Match", etag)]).await;
    assert_eq!((again.status, again.field("Etag")), (304, Some(etag)));
    assert!(again.body.is_empty());
    let other = fixture
        .get(&url, &[("If-None-Match", "\"sha256:00\"")])
        .await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn tags_are_listed() {
    let fixture = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let bearer = fixture.bearer(provider).await;
        let url = fixture.url(provider, "tags/list");
        let list = fixture
            .get(&url, &[("Authorization", &bearer)])
            .await
            .json();
        let image = fixture.image(provider);
        assert_eq!(list["name"], image.repository);
        assert_eq!(list["tags"], serde_json::json!([image.tag]));
    }
}

#[tokio::test]
async fn one_connection_serves_several_requests() {
    let fixture = Fixture::new(&[]).await;
    let mut io = fixture.connect("quay.io").await;
    let request = "GET /v2/ HTTP/1.1\r\nHost: quay.io\r\n\r\n";
    let last = "GET /v2/ HTTP/1.1\r\nHost: quay.io\r\nConnection: close\r\n\r\n";
    io.write_all([request, request, last].concat().as_bytes())
        .await
        .unwrap();
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    assert_eq!(text.matches("HTTP/1.1 401 UNAUTHORIZED\r\n").count(), 3);
    assert_eq!(text.matches("Connection: close\r\n").count(), 1);
}

#[tokio::test]
async fn nonsense_is_answered_and_the_connection_closed() {
    let fixture = Fixture::new(&[]).await;
    let huge = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(70_000));
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET /v2/ HTTP/1.1\r\n\r\n".to_owned(), 404),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(),
            411,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n".to_owned(),
            413,
        ),
        (huge, 431),
    ] {
        // What names no host is told so, and may ask again: close the sending side.
        let mut io = fixture.connect("quay.io").await;
        io.write_all(request.as_bytes()).await.unwrap();
        io.shutdown().await.unwrap();
        let mut text = String::new();
        io.read_to_string(&mut text).await.unwrap();
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} ")),
            "{status}: {text}"
        );
    }
}

#[tokio::test]
async fn the_mirror_speaks_plain_http_too() {
    let fixture =
        Fixture::with(|options| options.http_listen = Some(([127, 0, 0, 1], 0).into())).await;
    let mut io = TcpStream::connect(fixture.lab.http_address().unwrap())
        .await
        .unwrap();
    let request = "GET http://2h3po24q.mirror.aliyuncs.com/v2/ HTTP/1.1\r\nHost: x\r\n\
                   Connection: close\r\n\r\n";
    io.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\n{}"),
        "{text}"
    );
}

#[tokio::test]
async fn routes_lead_every_host_to_the_lab() {
    let fixture =
        Fixture::with(|options| options.http_listen = Some(([127, 0, 0, 1], 0).into())).await;
    let routes: Vec<_> = fixture
        .lab
        .routes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(routes.len(), 20);
    let tls = fixture.lab.address();
    let plain = fixture.lab.http_address().unwrap();
    assert!(routes.contains(&format!("quay.io:443:{tls}")), "{routes:?}");
    assert!(
        routes.contains(&format!("quay.io:80:{plain}")),
        "{routes:?}"
    );
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let fixture = Fixture::new(&[]).await;
    let address = fixture.lab.address();
    let mut options = LabOptions::new(pullscope::lab::Clock::new(pullscope::base::clock::now));
    options.listen = address;
    let error = Lab::start(options).await.unwrap_err();
    assert!(matches!(error, LabError::Listen { .. }));
    assert_eq!(error.to_string(), format!("failed to listen on {address}"));
}

#[tokio::test]
async fn shutdown_ends_open_connections() {
    let fixture = Fixture::new(&[]).await;
    let mut io = fixture.connect("quay.io").await;
    let address = fixture.lab.address();
    fixture.lab.shutdown().await;
    let mut bytes = Vec::new();
    let _ = io.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty());
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
