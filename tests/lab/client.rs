//! The embedded client, and skopeo, pulling from the lab.

use std::sync::Mutex;

use pullscope::lab::client::{PullError, PullEvent, PullStep, Pulled, Puller};
use pullscope::lab::{Era, Provider};
use pullscope::registry::Platform;

use crate::proxy::Proxy;
use crate::support::{Fixture, sha256};

fn platform(text: &str) -> Platform {
    let mut parts = text.split('/');
    let platform = Platform::new(parts.next().unwrap(), parts.next().unwrap());
    Platform {
        variant: parts.next().map(str::to_owned),
        ..platform
    }
}

/// Pulls the provider's image, and returns what was told on the way.
async fn pull(
    fixture: &Fixture,
    provider: Provider,
    wanted: &str,
) -> (Result<Pulled, PullError>, Vec<PullEvent>) {
    let proxy = Proxy::to(fixture).await;
    let puller = Puller::new(proxy.address, fixture.lab.ca_pem(), platform(wanted)).unwrap();
    let events: Mutex<Vec<PullEvent>> = Mutex::default();
    let tell = |event| events.lock().unwrap().push(event);
    let image = fixture.image(provider);
    let result = puller.pull(&image, &tell).await;
    (result, events.into_inner().unwrap())
}

fn answers(events: &[PullEvent]) -> Vec<(PullStep, &str, u16)> {
    let answer = |event| match event {
        &PullEvent::Answered {
            step,
            ref host,
            status,
        } => Some((step, host.as_str(), status)),
        _ => None,
    };
    events.iter().filter_map(answer).collect()
}

#[tokio::test]
async fn all_four_images_arrive_whole() {
    let fixture = Fixture::new(&[]).await;
    for (provider, layers) in [
        (Provider::Hub, 1),
        (Provider::Mirror, 1),
        (Provider::Gcr, 2),
        (Provider::Quay, 2),
    ] {
        let (result, events) = pull(&fixture, provider, "linux/amd64").await;
        let pulled = result.unwrap();
        assert_eq!(pulled.layers, layers, "{provider}");
        let verified = events
            .iter()
            .filter(|event| matches!(event, PullEvent::Verified { .. }));
        let documents = if provider == Provider::Quay { 1 } else { 2 };
        assert_eq!(verified.count(), documents + 1 + layers, "{provider}");
        let (manifest, _) = fixture.manifest(provider).await;
        let size = |part: &serde_json::Value| part["size"].as_u64().unwrap();
        let sizes: u64 = manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(size)
            .sum();
        assert_eq!(pulled.size, sizes + size(&manifest["config"]));
    }
}

#[tokio::test]
async fn a_pull_asks_for_what_dockerd_asks_for() {
    let fixture = Fixture::new(&[]).await;
    let (result, events) = pull(&fixture, Provider::Hub, "linux/arm/v7").await;
    result.unwrap();
    let answers = answers(&events);
    let registry = "registry-1.docker.io";
    assert_eq!(
        answers[..4],
        [
            (PullStep::Ping, registry, 401),
            (PullStep::Token, "auth.docker.io", 200),
            (PullStep::Tag, registry, 200),
            (PullStep::Manifest, registry, 200),
        ]
    );
    let mut blobs = answers[4..].to_vec();
    blobs.sort_by_key(|(step, _, status)| (step.to_string(), *status));
    let store = "production.cloudflare.docker.com";
    assert_eq!(
        blobs,
        [
            (PullStep::Config, store, 200),
            (PullStep::Config, registry, 307),
            (PullStep::Layer, store, 200),
            (PullStep::Layer, registry, 307),
        ]
    );
    let index = fixture
        .get(&fixture.tag_url(Provider::Mirror), &[])
        .await
        .json();
    let chosen = events.iter().find_map(|event| match event {
        PullEvent::Chosen { platform, digest } => Some((platform.as_str(), digest.clone())),
        _ => None,
    });
    let arm_v7 = index["manifests"][2]["digest"].as_str().unwrap().to_owned();
    assert_eq!(chosen, Some(("linux/arm/v7", arm_v7)));
}

#[tokio::test]
async fn a_layer_that_breaks_off_is_resumed() {
    let fixture = Fixture::new(&["truncated-layer"]).await;
    for provider in Era::Article.providers() {
        let (result, events) = pull(&fixture, provider, "linux/amd64").await;
        let layers = result.unwrap().layers;
        let interrupted: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                PullEvent::Interrupted { received, .. } => Some(*received),
                _ => None,
            })
            .collect();
        assert_eq!(interrupted.len(), 2 * layers, "{provider}: twice each");
        assert!(interrupted.iter().all(|received| *received > 0));
        let parts = answers(&events)
            .iter()
            .filter(|(_, _, status)| *status == 206)
            .count();
        assert_eq!(parts, 2 * layers, "{provider}: only the rest is asked for");
    }
}

#[tokio::test]
async fn a_redirect_to_plain_http_is_followed() {
    let fixture = Fixture::new(&["redirect-http"]).await;
    for provider in Era::Article.providers() {
        pull(&fixture, provider, "linux/amd64").await.0.unwrap();
    }
}

#[tokio::test]
async fn faults_that_do_not_hinder_a_pull() {
    let fixture = Fixture::with(|options| {
        let faults = ["slow-layer", "missing-digest", "head-405", "stale-mirror"];
        options.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        options.slow_rate = 4 * 1024 * 1024;
    })
    .await;
    for provider in Era::Article.providers() {
        pull(&fixture, provider, "linux/amd64").await.0.unwrap();
    }
}

#[tokio::test]
async fn each_fault_ends_a_pull_with_its_reason() {
    for (fault, provider, expected) in [
        (
            "rate-limit",
            Provider::Hub,
            "tag with 429: You have reached your pull rate limit.",
        ),
        (
            "expired-url",
            Provider::Quay,
            "cdn02.quay.io answered the request for the",
        ),
        (
            "corrupt-layer",
            Provider::Gcr,
            "the layer has the digest sha256:",
        ),
        (
            "wrong-scope",
            Provider::Quay,
            "quay.io answered the request for the tag with 401: true",
        ),
        (
            "skewed-clock",
            Provider::Hub,
            "tag with 401: authentication required",
        ),
        (
            "mirror-404",
            Provider::Mirror,
            "tag with 404: manifest unknown; the lab has",
        ),
        (
            "mirror-500",
            Provider::Mirror,
            "tag with 500: the mirror's store is unavailable",
        ),
        (
            "no-platform",
            Provider::Gcr,
            "no manifest for linux/amd64; the index has linux/mips64le",
        ),
        ("block-page", Provider::Hub, "is of no use: it is text/html"),
        (
            "schema1",
            Provider::Quay,
            "neither an index nor a manifest of schema version 2",
        ),
    ] {
        let fixture = Fixture::new(&[fault]).await;
        let (result, _) = pull(&fixture, provider, "linux/amd64").await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{fault}: {error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let fixture = Fixture::new(&[]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let puller = Puller::new(nobody, fixture.lab.ca_pem(), Platform::of_a_container()).unwrap();
    let error = puller
        .pull(&fixture.image(Provider::Hub), &|_| {})
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed to connect to the proxy at {nobody}")
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_pull() {
    let fixture = Fixture::new(&[]).await;
    let stranger = Fixture::new(&[]).await;
    let proxy = Proxy::to(&fixture).await;
    let puller = Puller::new(
        proxy.address,
        stranger.lab.ca_pem(),
        Platform::of_a_container(),
    )
    .unwrap();
    let error = puller
        .pull(&fixture.image(Provider::Hub), &|_| {})
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "TLS with registry-1.docker.io failed");
    let nothing = Puller::new(proxy.address, "", Platform::of_a_container());
    assert_eq!(
        nothing.unwrap_err().to_string(),
        "failed to read the CA certificate: there is none in it"
    );
}

/// A real client. Run with `--include-ignored` where skopeo is installed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs skopeo"]
async fn skopeo_copies_all_four_images() {
    let fixture = Fixture::new(&[]).await;
    let proxy = Proxy::to(&fixture).await;
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, fixture.lab.ca_pem()).unwrap();
    for (provider, reference) in [
        (Provider::Hub, "docker://docker.io/library/alpine:latest"),
        (
            Provider::Mirror,
            "docker://2h3po24q.mirror.aliyuncs.com/library/alpine:latest",
        ),
        (
            Provider::Gcr,
            "docker://gcr.io/google-containers/kube-controller-manager:v1.16.10",
        ),
        (
            Provider::Quay,
            "docker://quay.io/watchdogpolska/alpine-curl:latest",
        ),
    ] {
        let target = directory.path().join(provider.name());
        let mut skopeo = std::process::Command::new("skopeo");
        skopeo
            .args([
                "--insecure-policy",
                "--override-os=linux",
                "--override-arch=amd64",
                "copy",
            ])
            .arg(reference)
            .arg(format!("dir:{}", target.display()))
            .env("HTTPS_PROXY", format!("http://{}", proxy.address))
            .env("SSL_CERT_FILE", &ca)
            .env("SSL_CERT_DIR", directory.path());
        let output = tokio::task::spawn_blocking(move || skopeo.output());
        let output = output.await.unwrap().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let (manifest, _) = fixture.manifest(provider).await;
        let copied = std::fs::read(target.join("manifest.json")).unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&copied).unwrap(),
            manifest
        );
        for layer in manifest["layers"].as_array().unwrap() {
            let digest = layer["digest"].as_str().unwrap();
            let file = target.join(digest.strip_prefix("sha256:").unwrap());
            assert_eq!(sha256(&std::fs::read(file).unwrap()), digest);
        }
    }
}
