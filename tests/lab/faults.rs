//! Each fault as it looks on the wire.

use std::time::Instant;

use jiff::fmt::rfc2822::DateTimeParser;
use pullscope::base::clock;
use pullscope::lab::{Era, Fault, Provider};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, Fixture, WITH_TOKENS, sha256, tokens};

impl Fixture {
    async fn tag(&self, method: &str, provider: Provider) -> Answer {
        let bearer = match provider {
            Provider::Mirror => String::new(),
            _ => self.bearer(provider).await,
        };
        self.ask(
            method,
            &self.tag_url(provider),
            &[("Authorization", &bearer)],
        )
        .await
    }
}

#[test]
fn every_fault_is_tested_here() {
    let source = include_str!("faults.rs");
    // Those of today alone are ordered in `today`, each by its name in a table.
    let of_2020 = |fault: &&Fault| fault.providers().iter().any(|p| p.era() == Era::Article);
    for fault in Fault::ALL.iter().filter(of_2020) {
        let ordered = source.matches(&format!("\"{fault}\"")).count();
        let ordered = ordered + source.matches(&format!(":{fault}\"")).count();
        assert!(ordered > 0, "{fault}");
    }
}

#[tokio::test]
async fn rate_limit() {
    let fixture = Fixture::new(&["rate-limit"]).await;
    for provider in Era::Article.providers() {
        let answer = fixture.tag("GET", provider).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (429, "TOOMANYREQUESTS")
        );
        assert_eq!(answer.field("ratelimit-limit"), Some("100;w=21600"));
        assert_eq!(answer.field("ratelimit-remaining"), Some("0;w=21600"));
        assert_eq!(answer.field("docker-ratelimit-source"), Some("127.0.0.1"));
    }
    assert_eq!(
        fixture.tag("HEAD", Provider::Quay).await.reason,
        "TOO MANY REQUESTS"
    );
}

#[tokio::test]
async fn a_fault_of_one_provider_leaves_the_others_alone() {
    let fixture = Fixture::new(&["hub:rate-limit", "gcr:head-405"]).await;
    assert_eq!(fixture.tag("GET", Provider::Hub).await.status, 429);
    assert_eq!(fixture.tag("HEAD", Provider::Gcr).await.status, 405);
    assert_eq!(fixture.tag("GET", Provider::Gcr).await.status, 200);
    assert_eq!(fixture.tag("HEAD", Provider::Quay).await.status, 200);
    assert_eq!(fixture.tag("GET", Provider::Mirror).await.status, 200);
}

#[tokio::test]
async fn expired_url() {
    let fixture = Fixture::new(&["expired-url"]).await;
    for provider in [Provider::Hub, Provider::Mirror, Provider::Quay] {
        let (url, _, _) = fixture.layer(provider).await;
        let refused = fixture.get(&url, &[]).await;
        assert_eq!(refused.status, 403);
        assert!(
            refused.text().contains("Request has expired."),
            "{}",
            refused.text()
        );
    }
}

#[tokio::test]
async fn corrupt_layer() {
    let fixture = Fixture::new(&["corrupt-layer"]).await;
    for provider in Era::Article.providers() {
        let (url, digest, size) = fixture.layer(provider).await;
        let answer = fixture.get(&url, &[]).await;
        assert_eq!((answer.status, answer.body.len()), (200, size));
        assert_ne!(sha256(&answer.body), digest);
        let mut body = answer.body;
        body[size / 2] ^= 1;
        assert_eq!(sha256(&body), digest, "one bit in the middle");
    }
}

#[tokio::test]
async fn truncated_layer() {
    let fixture = Fixture::new(&["truncated-layer"]).await;
    for provider in Era::Article.providers() {
        let (url, digest, size) = fixture.layer(provider).await;
        let mut body = Vec::new();
        for _ in 0..2 {
            let range = format!("bytes={}-", body.len());
            let part = fixture.get(&url, &[("Range", &range)]).await;
            let promised: usize = part.field("Content-Length").unwrap().parse().unwrap();
            assert_eq!(promised, size - body.len());
            assert_eq!(part.body.len(), promised / 2, "broken off half-way");
            body.extend(part.body);
        }
        let rest = fixture
            .get(&url, &[("Range", &format!("bytes={}-", body.len()))])
            .await;
        body.extend(rest.body);
        assert_eq!(sha256(&body), digest);
        assert_eq!(sha256(&fixture.get(&url, &[]).await.body), digest);
    }
}

#[tokio::test]
async fn slow_layer() {
    let fixture = Fixture::with(|options| {
        options.faults = vec!["quay:slow-layer".parse().unwrap()];
        options.slow_rate = 400 * 1024;
    })
    .await;
    let (url, digest, size) = fixture.layer(Provider::Quay).await;
    let started = Instant::now();
    assert_eq!(sha256(&fixture.get(&url, &[]).await.body), digest);
    let least = u128::try_from(size).unwrap() * 1000 / (400 * 1024) * 9 / 10;
    assert!(
        started.elapsed().as_millis() > least,
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn wrong_scope() {
    let fixture = Fixture::new(&["wrong-scope"]).await;
    for provider in WITH_TOKENS {
        let answer = fixture.tag("GET", provider).await;
        assert_eq!(answer.status, 401);
        let text = String::from_utf8(answer.head).unwrap();
        assert!(text.contains(r#",error="insufficient_scope""#), "{text}");
    }
}

#[tokio::test]
async fn skewed_clock() {
    let fixture = Fixture::new(&["skewed-clock"]).await;
    let ahead = |answer: &Answer| {
        let date = answer.field("Date").unwrap();
        let date = DateTimeParser::new().parse_timestamp(date).unwrap();
        (date.as_second() - clock::system().as_second() - 3_600).abs() < 60
    };
    for provider in WITH_TOKENS {
        let (realm, service, _) = tokens(provider);
        let token = fixture
            .get(&format!("{realm}?service={service}"), &[])
            .await;
        assert!(ahead(&token), "{token:?}");
        let answer = fixture.tag("GET", provider).await;
        assert!(!ahead(&answer) && answer.status == 401);
        let text = String::from_utf8(answer.head).unwrap();
        assert!(text.contains(r#",error="invalid_token""#), "{text}");
    }
    let mirror = fixture.tag("GET", Provider::Mirror).await;
    assert!(ahead(&mirror) && mirror.status == 200);
}

#[tokio::test]
async fn missing_digest() {
    let fixture = Fixture::new(&["missing-digest"]).await;
    for provider in Era::Article.providers() {
        for method in ["GET", "HEAD"] {
            let answer = fixture.tag(method, provider).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.field("Docker-Content-Digest"), None);
        }
    }
}

#[tokio::test]
async fn head_405() {
    let fixture = Fixture::new(&["head-405"]).await;
    for provider in Era::Article.providers() {
        let refused = fixture.tag("HEAD", provider).await;
        assert_eq!((refused.status, refused.field("Allow")), (405, Some("GET")));
        assert_eq!(fixture.tag("GET", provider).await.status, 200);
    }
}

#[tokio::test]
async fn redirect_http() {
    let fixture = Fixture::new(&["redirect-http"]).await;
    let address = fixture
        .lab
        .http_address()
        .expect("a listener for the redirect's target");
    for provider in Era::Article.providers() {
        let (url, digest, _) = fixture.layer(provider).await;
        let (host, target) = {
            let rest = url.strip_prefix("http://").expect("plain HTTP");
            rest.split_at(rest.find('/').unwrap())
        };
        let mut io = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n");
        io.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await.unwrap();
        let head = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        assert_eq!(sha256(&bytes[head..]), digest);
    }
}

#[tokio::test]
async fn stale_mirror() {
    let fixture = Fixture::new(&["stale-mirror"]).await;
    let hub = fixture.tag("GET", Provider::Hub).await;
    let mirror = fixture.tag("GET", Provider::Mirror).await;
    assert_ne!(
        hub.field("Docker-Content-Digest"),
        mirror.field("Docker-Content-Digest")
    );
    assert_eq!(
        sha256(&mirror.body),
        mirror.field("Docker-Content-Digest").unwrap()
    );
    let (url, digest, _) = fixture.layer(Provider::Mirror).await;
    assert_eq!(
        sha256(&fixture.get(&url, &[]).await.body),
        digest,
        "an old image is whole"
    );
}

#[tokio::test]
async fn mirror_404() {
    let fixture = Fixture::new(&["mirror-404"]).await;
    let answer = fixture.tag("GET", Provider::Mirror).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_UNKNOWN")
    );
    assert_eq!(fixture.tag("GET", Provider::Hub).await.status, 200);
}

#[tokio::test]
async fn mirror_500() {
    let fixture = Fixture::new(&["mirror-500"]).await;
    let answer = fixture.tag("GET", Provider::Mirror).await;
    assert_eq!(
        (answer.status, answer.reason.as_str()),
        (500, "Internal Server Error")
    );
    assert_eq!(answer.code(), "UNKNOWN");
}

#[tokio::test]
async fn no_platform() {
    let fixture = Fixture::new(&["no-platform"]).await;
    for provider in [Provider::Hub, Provider::Mirror, Provider::Gcr] {
        let index = fixture.tag("GET", provider).await.json();
        let platforms: Vec<&Value> = index["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["platform"])
            .collect();
        assert_eq!(
            platforms,
            [&serde_json::json!({ "architecture": "mips64le", "os": "linux" })]
        );
    }
}

#[tokio::test]
async fn block_page() {
    let fixture = Fixture::new(&["block-page"]).await;
    for provider in Era::Article.providers() {
        let answer = fixture.get(&fixture.tag_url(provider), &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.field("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert!(answer.text().contains("Access blocked"));
    }
}

#[tokio::test]
async fn schema1() {
    let fixture = Fixture::new(&["schema1"]).await;
    for provider in Era::Article.providers() {
        let answer = fixture.tag("GET", provider).await;
        let media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        assert_eq!(answer.field("Content-Type"), Some(media_type));
        let manifest = answer.json();
        assert_eq!(manifest["schemaVersion"], 1);
        assert_eq!(manifest["name"], fixture.image(provider).repository);
        assert_eq!(manifest["signatures"].as_array().unwrap().len(), 1);
        // The digest is of the text without signatures; the manifest is there by it, too.
        let digest = answer.field("Docker-Content-Digest").unwrap();
        assert_ne!(digest, sha256(&answer.body));
        let bearer = match provider {
            Provider::Mirror => String::new(),
            _ => fixture.bearer(provider).await,
        };
        let auth = [("Authorization", bearer.as_str())];
        let url = fixture.url(provider, &format!("manifests/{digest}"));
        assert_eq!(fixture.get(&url, &auth).await.body, answer.body);
        for layer in manifest["fsLayers"].as_array().unwrap() {
            let blob = format!("blobs/{}", layer["blobSum"].as_str().unwrap());
            let redirect = fixture.get(&fixture.url(provider, &blob), &auth).await;
            assert!(matches!(redirect.status, 302 | 307));
        }
    }
}
