//! What goes wrong, as the list and the pull's overview show it.

use pullscope::exchange::{Failure, Rejection, Side, Verification};
use serde_json::json;

use crate::scenario::{CDN, HUB, INDEX, Image, MANIFEST, SKOPEO, Scenario, sha256};
use crate::stage::Stage;
use crate::story;

/// The list, and what opening its first row shows.
fn look(name: &str, story: &Scenario) {
    let mut stage = Stage::of_story(story);
    stage.keys("g");
    let list = stage.sizes();
    let opened = stage.keys("enter").sizes();
    insta::assert_snapshot!(format!("fault-{name}"), format!("{list}\n{opened}"));
}

fn tag() -> String {
    format!("{HUB}/manifests/latest")
}

fn begun(image: &Image) -> Scenario {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    story.manifest(image).bearer(&token);
    story.blob(&image.blobs[0]);
    story
}

#[test]
fn a_pull_under_way() {
    let mut stage = Stage::of_story(&story::under_way());
    insta::assert_snapshot!("live-list", stage.sizes());
    stage.keys("g").types(":").types("pull").keys("enter");
    insta::assert_snapshot!("live-first-pull", stage.sizes());
    stage.keys("esc f").types("image:nginx").keys("enter g p");
    insta::assert_snapshot!("live-overview", stage.sizes());
    insta::assert_snapshot!("live-sequence", stage.keys("s G").sizes());
    insta::assert_snapshot!("live-waterfall", stage.keys("v").sizes());
}

#[test]
fn a_client_that_refuses_our_certificate() {
    let mut story = Scenario::new(SKOPEO);
    for _ in 0..3 {
        story.refuse("registry-1.docker.io", SKOPEO, Rejection::alert(48));
    }
    story.refuse("quay.io", SKOPEO, Rejection::Closed);
    look("ca-rejected", &story);
}

#[test]
fn tunnels() {
    let mut story = Scenario::docker();
    story.tunnel("ghcr.io");
    look("tunnel", &story);
}

#[test]
fn blobs_that_are_not_what_they_should_be() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut damaged = layer.clone();
    damaged[3] ^= 1;
    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).body("", &damaged);
    look("corrupt-layer", &story);

    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).cut(Side::Upstream, 3);
    story.redirect(layer);
    story
        .get(&format!("{CDN}/{}", sha256(layer)))
        .sends("Range", "bytes=3-")
        .answer(206)
        .header("Content-Range", &format!("bytes 3-5/{}", layer.len()))
        .body("", &layer[3..]);
    look("truncated-layer", &story);

    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).takes(1, 40);
    look("slow-layer", &story);
}

#[test]
fn refusals() {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    story
        .get(&tag())
        .bearer(&token)
        .answer(429)
        .header("Retry-After", "3600")
        .header("RateLimit-Limit", "100;w=21600")
        .header("RateLimit-Remaining", "0;w=21600")
        .error("TOOMANYREQUESTS");
    look("rate-limit", &story);

    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({"access": [
        {"type": "repository", "name": "library/busybox", "actions": ["pull"]}]}));
    let scope = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull",error="insufficient_scope""#;
    story
        .get(&tag())
        .bearer(&token)
        .answer(401)
        .header("WWW-Authenticate", scope);
    look("wrong-scope", &story);

    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    story
        .get(&tag())
        .bearer(&token)
        .answer(404)
        .error("MANIFEST_UNKNOWN");
    look("not-found", &story);

    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    story.ask("HEAD", &tag()).bearer(&token).answer(405);
    story.manifest(&Image::new(1)).bearer(&token);
    look("head-405", &story);
}

#[test]
fn elsewhere() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    story
        .download(layer)
        .answer(403)
        .xml("AccessDenied", "Request has expired");
    look("expired-url", &story);

    let mut story = begun(&image);
    let digest = sha256(layer);
    story
        .get(&format!("{HUB}/blobs/{digest}"))
        .answer(307)
        .header("Location", &format!("http://cdn.example/data/{digest}"));
    story
        .get(&format!("http://cdn.example/data/{digest}"))
        .body("", layer);
    look("redirect-http", &story);

    let mut story = Scenario::docker();
    story
        .get(&tag())
        .body("text/html", b"<html>This site is blocked</html>");
    look("block-page", &story);
}

#[test]
fn servers_that_do_not_answer() {
    for (name, reason) in [
        ("no-name", Failure::Dns),
        ("no-connection", Failure::Connect),
        ("timeout", Failure::Timeout),
        ("no-response", Failure::NoResponse),
    ] {
        let mut story = Scenario::docker();
        story.get(&format!("{HUB}/manifests/latest")).fails(reason);
        look(name, &story);
    }
    let mut story = Scenario::docker();
    let reason = "the certificate is for another name".to_owned();
    story
        .get(&tag())
        .fails(Failure::Tls)
        .verified(Verification::Rejected { reason });
    look("upstream-certificate", &story);
}

#[test]
fn manifests_that_do_not_help() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.get(&tag()).body(MANIFEST, &image.manifest);
    for blob in &image.blobs {
        story.blob(blob);
    }
    look("missing-digest", &story);

    let index = image.index("mips64le");
    let mut story = Scenario::docker();
    story
        .get(&tag())
        .header("Docker-Content-Digest", &sha256(&index))
        .body(INDEX, &index);
    look("no-platform", &story);

    let schema1 = br#"{"schemaVersion":1,"name":"library/alpine","tag":"latest","fsLayers":[]}"#;
    let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let mut story = Scenario::docker();
    story
        .get(&tag())
        .header("Docker-Content-Digest", &sha256(schema1))
        .body(signed, schema1);
    look("schema1", &story);
}

#[test]
fn a_token_server_whose_clock_is_ahead() {
    let mut story = Scenario::docker();
    story.challenge();
    let (iat, nbf, exp) = (story.epoch(3_600), story.epoch(3_300), story.epoch(3_900));
    let token = story.token(&json!({"iat": iat, "nbf": nbf, "exp": exp}));
    let date = story.date(0);
    story
        .get(&tag())
        .bearer(&token)
        .answer(401)
        .header("Date", &date)
        .header(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.docker.io/token",error="invalid_token""#,
        );
    look("skewed-clock", &story);
}

#[test]
fn mirrors() {
    let mirror = "https://mirror.example/v2/library/alpine/manifests/latest";
    for (name, status, code) in [
        ("mirror-404", 404, "MANIFEST_UNKNOWN"),
        ("mirror-500", 500, "UNKNOWN"),
    ] {
        let mut story = Scenario::docker();
        story.get("https://mirror.example/v2/");
        story.get(mirror).answer(status).error(code);
        story.pull(&Image::new(1));
        look(name, &story);
    }
    // What the mirror serves is whole and right; only Docker Hub knows that it is old.
    let old = Image::new(2);
    let mut story = Scenario::docker();
    story.get("https://mirror.example/v2/");
    story
        .get(mirror)
        .header("Docker-Content-Digest", &sha256(&old.manifest))
        .body(MANIFEST, &old.manifest);
    story.wait(60);
    story.pull(&Image::new(1));
    look("stale-mirror", &story);
}
