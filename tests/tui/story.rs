//! A pull under way, as large as real ones are.

use std::time::Duration;

use pullscope::exchange::{Rejection, Timings};
use serde_json::json;

use crate::scenario::{CDN, DOCKER, HUB, INDEX, Image, MANIFEST, Scenario, jwt, sha256};

/// Sizes of the layers, in bytes.
const LAYERS: [u64; 5] = [29_570_560, 43_411_456, 627, 956, 402];

/// Docker pulls an image of five layers: two are on their way, one has been asked for, two wait.
pub(crate) fn under_way() -> Scenario {
    let mut story = Scenario::new("skopeo/1.9.3");
    story.pull(&Image::new(1));
    let mut again = Scenario::new(DOCKER);
    again.now = story.now + Duration::from_secs(3);
    std::mem::swap(&mut again.exchanges, &mut story.exchanges);
    let mut story = again;
    let config =
        json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}}).to_string();
    let descriptor = |digest: String, size: u64, kind: &str| json!({"mediaType": kind, "digest": digest, "size": size});
    let layers: Vec<String> = (0..LAYERS.len())
        .map(|n| sha256(format!("layer {n}").as_bytes()))
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(sha256(config.as_bytes()), config.len() as u64, "application/vnd.oci.image.config.v1+json"),
        "layers": layers.iter().zip(LAYERS).map(|(digest, size)| {
            descriptor(digest.clone(), size, "application/vnd.oci.image.layer.v1.tar+gzip")
        }).collect::<Vec<_>>(),
    })
    .to_string();
    let image = Image {
        manifest: manifest.clone().into_bytes(),
        blobs: Vec::new(),
    };
    let hub = HUB.replace("alpine", "nginx");
    story.challenge();
    let now = story.epoch(0);
    let token = jwt(&json!({
        "iss": "auth.docker.io", "sub": "", "aud": "registry.docker.io",
        "iat": now, "nbf": now, "exp": now + 300,
        "access": [{"type": "repository", "name": "library/nginx", "actions": ["pull"]}],
    }));
    let asked = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull";
    let answer = json!({"token": token, "expires_in": 300, "issued_at": story.now.to_string()});
    story
        .get(asked)
        .body("application/json", answer.to_string().as_bytes());
    let index = image.index("amd64");
    story
        .ask("HEAD", &format!("{hub}/manifests/1.27"))
        .bearer(&token)
        .answer(200)
        .header("Content-Type", INDEX)
        .header("Content-Length", &index.len().to_string())
        .header("Docker-Content-Digest", &sha256(&index));
    story
        .get(&format!("{hub}/manifests/{}", sha256(&index)))
        .bearer(&token)
        .header("Docker-Content-Digest", &sha256(&index))
        .body(INDEX, &index);
    story
        .get(&format!("{hub}/manifests/{}", sha256(manifest.as_bytes())))
        .bearer(&token)
        .header("Docker-Content-Digest", &sha256(manifest.as_bytes()))
        .body(MANIFEST, manifest.as_bytes());
    story
        .get(&format!("{hub}/blobs/{}", sha256(config.as_bytes())))
        .bearer(&token)
        .answer(307)
        .header("Location", &format!("{CDN}/config"));
    story
        .get(&format!("{CDN}/config"))
        .body("application/octet-stream", config.as_bytes());
    for (at, received) in [(0, 29_570_560_u64), (1, 25_165_824)] {
        let (digest, size) = (&layers[at], LAYERS[at]);
        story
            .get(&format!("{hub}/blobs/{digest}"))
            .bearer(&token)
            .answer(307)
            .header("Location", &format!("{CDN}/{digest}"));
        story
            .get(&format!("{CDN}/{digest}"))
            .answer(200)
            .header("Content-Length", &size.to_string())
            .change(|exchange| exchange.received = received)
            .open();
    }
    story
        .get(&format!("{hub}/blobs/{}", layers[2]))
        .bearer(&token)
        .open();
    times(&mut story);
    story.refuse(
        "ghcr.io",
        "containers/5.29.2 (github.com/containers/image)",
        Rejection::alert(48),
    );
    story
}

/// Times as a real pull has them.
fn times(story: &mut Scenario) {
    let last = story.exchanges.last().map(|exchange| exchange.id);
    for (exchange, at) in story.exchanges.iter_mut().zip(0..) {
        exchange.timings = Timings {
            connect: Some(Duration::from_millis(28)),
            ssl: Some(Duration::from_millis(19)),
            wait: Some(Duration::from_millis(40 + at * 7 % 30)),
            ..exchange.timings
        };
        if Some(exchange.id) == last {
            exchange.response = None;
        }
    }
    story.now += Duration::from_millis(2_600);
}
