//! Tokens, refusals and limits.

use pullscope::exchange::Exchange;
use pullscope::findings::Severity;
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{AUTH, CDN, HUB, INDEX, Image, MANIFEST, SKOPEO, Scenario, sha256};

const SCOPE: &str = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull",error="insufficient_scope""#;
const INVALID: &str = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",error="invalid_token""#;

fn tag() -> String {
    format!("{HUB}/manifests/latest")
}

#[test]
fn scope_mismatch() {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({"access": [
        {"type": "repository", "name": "library/busybox", "actions": ["pull"]}]}));
    story
        .get(&tag())
        .bearer(&token)
        .answer(401)
        .header("WWW-Authenticate", SCOPE);
    let (severity, sentence) = story.only("scope-mismatch");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "auth.docker.io gave the anonymous client a token that does not allow pull on \
         library/alpine (it allows repository:library/busybox:pull), so registry-1.docker.io \
         refused it."
    );
}

#[test]
fn a_smaller_grant_that_is_enough_is_no_mismatch() {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({"access": []}));
    story.manifest(&Image::new(0)).bearer(&token);
    assert_eq!(story.rules(), [""; 0], "the registry did not mind");
}

#[test]
fn aud_mismatch() {
    let mut story = Scenario::docker();
    story.challenge();
    let image = Image::new(1);
    let token = story.token(&json!({"aud": ["other.example", "another.example"]}));
    story.manifest(&image).bearer(&token);
    let (severity, sentence) = story.only("aud-mismatch");
    assert_eq!(severity, Severity::Info, "this registry took it");
    assert_eq!(
        sentence,
        "The token was asked for service registry.docker.io, but auth.docker.io issued it for \
         other.example, another.example (aud). registry-1.docker.io accepts it all the same; a \
         strict registry would not."
    );
    story
        .get(&format!("{HUB}/blobs/{}", sha256(&image.blobs[0])))
        .bearer(&token)
        .answer(401)
        .header("WWW-Authenticate", INVALID);
    assert_eq!(story.only("aud-mismatch").0, Severity::Error);

    let mut story = Scenario::docker();
    story.challenge();
    story.token(&json!({"aud": "other.example"}));
    assert_eq!(story.only("aud-mismatch").0, Severity::Warning);
    let mut story = Scenario::docker();
    story.challenge();
    story.token(&json!({"aud": ["other.example", "registry.docker.io"]}));
    assert_eq!(story.rules(), [""; 0]);
}

/// A pull whose configuration takes so long that the next request comes late.
fn late(image: &Image, token: &str, story: &mut Scenario, seconds: u64) -> String {
    story.manifest(image).bearer(token);
    let large = |exchange: &mut Exchange| exchange.received = 1_000_000_000;
    story.blob(&image.blobs[0]).takes(0, seconds).change(large);
    format!("{HUB}/blobs/{}", sha256(&image.blobs[1]))
}

#[test]
fn token_expired() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    let url = late(&image, &token, &mut story, 500);
    let date = story.date(0);
    story
        .get(&url)
        .bearer(&token)
        .answer(401)
        .header("Date", &date)
        .header("WWW-Authenticate", INVALID);
    let (severity, sentence) = story.only("token-expired");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("expired 3 min before"), "{sentence}");
    // The client gets a new one and goes on.
    let token = story.token(&json!({}));
    story.redirect(&image.blobs[1]).bearer(&token);
    story.download(&image.blobs[1]);
    assert_eq!(story.only("token-expired").0, Severity::Warning);
}

#[test]
fn an_opaque_token_expires_as_the_answer_says() {
    let image = Image::new(1);
    let refused = |seconds: u64| {
        let mut story = Scenario::docker();
        story.challenge();
        story.give(&json!({"token": "opaque", "expires_in": 300}));
        let url = late(&image, "opaque", &mut story, seconds);
        story
            .get(&url)
            .bearer("opaque")
            .answer(401)
            .header("WWW-Authenticate", INVALID);
        story
    };
    assert_eq!(refused(300).rules(), ["auth-dead-end"], "clocks may differ");
    assert_eq!(refused(400).rules(), ["token-expired"]);
}

#[test]
fn clock_skew_of_a_token_server() {
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
        .header("WWW-Authenticate", INVALID);
    let (severity, sentence) = story.only("clock-skew");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "The token from auth.docker.io is not valid at this time by the clock of \
         registry-1.docker.io: their clocks are at least 55 min apart."
    );

    let mut story = Scenario::docker();
    story.challenge();
    let (iat, nbf, exp) = (
        story.epoch(-3_600),
        story.epoch(-3_900),
        story.epoch(-3_300),
    );
    let token = story.token(&json!({"iat": iat, "nbf": nbf, "exp": exp}));
    let date = story.date(0);
    story
        .get(&tag())
        .bearer(&token)
        .answer(401)
        .header("Date", &date);
    assert_eq!(story.rules(), ["clock-skew"], "fresh and expired at once");
}

#[test]
fn clock_skew_by_date() {
    let image = Image::new(0);
    let told = |registry: i64, auth: i64| {
        let mut story = Scenario::docker();
        let date = story.date(registry);
        story
            .get("https://registry-1.docker.io/v2/")
            .answer(401)
            .header("Date", &date)
            .header("WWW-Authenticate", INVALID);
        let date = story.date(auth);
        story
            .get(&format!("{AUTH}?service=registry.docker.io"))
            .header("Date", &date)
            .body(
                "application/json",
                br#"{"token":"opaque","expires_in":300}"#,
            );
        story.manifest(&image).bearer("opaque");
        story
    };
    assert_eq!(told(0, 50).rules(), [""; 0]);
    assert_eq!(told(0, -50).rules(), [""; 0]);
    let (severity, sentence) = told(0, 600).only("clock-skew");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.starts_with("The clocks of auth.docker.io and of this machine are 9 min"));
    let (_, sentence) = told(-600, -600).only("clock-skew");
    assert!(
        sentence.starts_with("This machine's clock is 10 min off"),
        "{sentence}"
    );
    let mut refused = told(0, 600);
    refused
        .get(&format!("{HUB}/blobs/{}", sha256(&image.blobs[0])))
        .bearer("opaque")
        .answer(401)
        .header("WWW-Authenticate", INVALID);
    assert_eq!(refused.only("clock-skew").0, Severity::Error);
    let replayed = told(-180_000_000, -180_000_000);
    assert_eq!(replayed.rules(), [""; 0], "a recording that is played back");
}

#[test]
fn short_token() {
    let told = |answer: serde_json::Value| {
        let mut story = Scenario::docker();
        story.challenge();
        story.give(&answer);
        story
    };
    let (severity, sentence) =
        told(json!({"token": "opaque", "expires_in": 30})).only("short-token");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("lives for 30 s only"));
    let (severity, sentence) = told(json!({"token": "opaque"})).only("short-token");
    assert_eq!(severity, Severity::Info);
    assert!(sentence.contains("does not say how long"));
    let jwt = |lifetime: i64| crate::scenario::jwt(&json!({"iat": 1_000, "exp": 1_000 + lifetime}));
    assert_eq!(told(json!({"token": jwt(20)})).rules(), ["short-token"]);
    // As quay.io does.
    assert_eq!(told(json!({"token": jwt(3_600)})).rules(), [""; 0]);
    assert_eq!(
        told(json!({"token": "opaque", "expires_in": 60})).rules(),
        [""; 0]
    );
}

#[test]
fn denied() {
    let mut story = Scenario::docker();
    story.get(&tag()).bearer("t").answer(403).error("DENIED");
    let (severity, sentence) = story.only("denied");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "registry-1.docker.io denied access to library/alpine (403). In its words: “DENIED: no”"
    );

    let mut story = Scenario::docker();
    story
        .get(&tag())
        .bearer("t")
        .answer(401)
        .header("WWW-Authenticate", SCOPE);
    assert!(story.only("denied").1.contains("not enough"));

    let mut story = Scenario::docker();
    story
        .get(&tag())
        .sends("Authorization", "Basic REDACTED-012345")
        .answer(401)
        .header("WWW-Authenticate", "Basic realm=\"r\"");
    assert!(story.only("denied").1.contains("user name and password"));
    let fix = story.verdict().findings[0].fix(Lang::En);
    assert!(
        fix.starts_with("`docker login` with a personal access token"),
        "{fix}"
    );
}

#[test]
fn what_clients_can_do_without_may_be_denied() {
    let image = Image::new(1);
    let digest = sha256(&image.manifest);
    let mut story = Scenario::docker();
    story.pull(&image);
    story
        .get(&format!("{HUB}/referrers/{digest}"))
        .answer(403)
        .error("DENIED");
    assert_eq!(story.rules(), [""; 0]);
    let blob = sha256(b"x");
    let uploads = format!("{HUB}/blobs/uploads/");
    let mut story = Scenario::docker();
    story
        .ask("POST", &format!("{uploads}?mount={blob}&from=other"))
        .answer(403);
    story
        .ask("POST", &uploads)
        .answer(202)
        .header("Location", &format!("{uploads}1"));
    story
        .ask("PUT", &format!("{uploads}1?digest={blob}"))
        .answer(201);
    story.ask("PUT", &tag()).answer(201);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn denied_by_the_token_server() {
    let url = format!("{AUTH}?service=r&scope=repository:library/alpine:pull");
    let mut story = Scenario::docker();
    story.challenge();
    story
        .get(&url)
        .sends("Authorization", "Basic REDACTED-012345")
        .answer(401)
        .body(
            "application/json",
            br#"{"details":"incorrect username or password"}"#,
        );
    assert!(story.only("denied").1.contains("user name and password"));
    let mut story = Scenario::docker();
    story.challenge();
    story.get(&url).answer(403);
    assert!(
        story
            .only("denied")
            .1
            .contains("gives anonymous clients no token")
    );
    // With credentials containerd asks by POST, and by GET where that is not known.
    let mut story = Scenario::new("containerd/2.1.0");
    story.challenge();
    story.ask("POST", AUTH).answer(401);
    let token = story.token(&json!({}));
    story.manifest(&Image::new(0)).bearer(&token);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn the_anonymous_first_401_is_never_reported() {
    let mut story = Scenario::new("containerd/2.1.0");
    let challenge = SCOPE.replace(",error=\"insufficient_scope\"", "");
    for _ in 0..3 {
        story
            .ask("HEAD", &tag())
            .answer(401)
            .header("WWW-Authenticate", &challenge);
        let token = story.token(&json!({}));
        story.manifest(&Image::new(0)).bearer(&token);
    }
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn auth_loop() {
    let mut story = Scenario::docker();
    story.challenge();
    let refuse = |story: &mut Scenario| {
        let token = story.token(&json!({}));
        story
            .get(&tag())
            .bearer(&token)
            .answer(401)
            .header("WWW-Authenticate", INVALID);
    };
    refuse(&mut story);
    assert_eq!(story.rules(), ["auth-dead-end"], "once is no loop");
    refuse(&mut story);
    let (severity, sentence) = story.only("auth-loop");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("answered 401 to 2 different tokens in a row"));
    // The same token again is not another one.
    let mut story = Scenario::docker();
    story.challenge();
    for _ in 0..2 {
        story.get(&tag()).bearer("t").answer(401);
    }
    assert_eq!(story.rules(), ["denied"]);
}

#[test]
fn not_found() {
    let mut story = Scenario::docker();
    story.ask("HEAD", &tag()).answer(404);
    story.get(&tag()).answer(404).error("MANIFEST_UNKNOWN");
    let (severity, sentence) = story.only("not-found");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "registry-1.docker.io has no latest in library/alpine (404). In its words: \
         “MANIFEST_UNKNOWN: no”"
    );
    let mut story = Scenario::docker();
    story.get(&tag()).answer(404).error("NAME_UNKNOWN");
    assert!(story.only("not-found").1.contains("knows no repository"));
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.manifest(&image);
    story.blob(&image.blobs[0]);
    story.redirect(&image.blobs[1]);
    story
        .download(&image.blobs[1])
        .answer(404)
        .xml("NoSuchKey", "The specified key does not exist.");
    let (_, sentence) = story.only("not-found");
    assert!(
        sentence.starts_with("cdn.example does not have blob"),
        "{sentence}"
    );
    assert!(sentence.contains("of library/alpine"), "{sentence}");
}

#[test]
fn a_blob_that_no_manifest_names_may_be_missing() {
    // containerd takes a page for something to fetch as a blob.
    let page = b"<html>Access blocked</html>";
    let mut story = Scenario::new("containerd/2.1.0");
    story.get(&tag()).body("text/html", page);
    story
        .get(&format!("{HUB}/blobs/{}", sha256(page)))
        .answer(404)
        .error("BLOB_UNKNOWN");
    assert_eq!(story.rules(), ["manifest-type"]);
}

#[test]
fn what_may_be_missing_is_not_reported() {
    let image = Image::new(1);
    let digest = sha256(&image.manifest);
    let mut story = Scenario::docker();
    story.pull(&image);
    let fallback = digest.replace(':', "-");
    story.get(&format!("{HUB}/referrers/{digest}")).answer(404);
    story
        .get(&format!("{HUB}/manifests/{fallback}"))
        .answer(404);
    story
        .get(&format!("{HUB}/manifests/{fallback}.sig"))
        .answer(404);
    assert_eq!(story.rules(), [""; 0]);
    // A push asks what is there already.
    let mut story = Scenario::docker();
    let blob = &image.blobs[1];
    story
        .ask("HEAD", &format!("{HUB}/blobs/{}", sha256(blob)))
        .answer(404);
    story
        .ask("POST", &format!("{HUB}/blobs/uploads/"))
        .answer(202)
        .header("Location", "/v2/library/alpine/blobs/uploads/1");
    story
        .ask(
            "PUT",
            &format!("{HUB}/blobs/uploads/1?digest={}", sha256(blob)),
        )
        .answer(201);
    story.ask("HEAD", &tag()).answer(404);
    story.ask("PUT", &tag()).answer(201);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn rate_limited() {
    let mut story = Scenario::docker();
    story
        .get(&tag())
        .answer(429)
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", "0;w=21600")
        .header("docker-ratelimit-source", "REDACTED-abcdef")
        .error("TOOMANYREQUESTS");
    let (severity, sentence) = story.only("rate-limited");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "registry-1.docker.io answered 429: more than 100 pulls in 6 h from this address or \
         account. In its words: “TOOMANYREQUESTS: no”"
    );
    story.wait(60);
    story.manifest(&Image::new(0));
    assert_eq!(story.only("rate-limited").0, Severity::Warning);
    let mut story = Scenario::docker();
    story.get(&tag()).answer(429);
    assert!(story.only("rate-limited").1.contains("too many requests"));
}

#[test]
fn rate_low() {
    let told = |remaining: &str| {
        let mut story = Scenario::docker();
        story
            .manifest(&Image::new(0))
            .header("ratelimit-limit", "100;w=21600")
            .header("ratelimit-remaining", remaining);
        story
    };
    let (severity, sentence) = told("9;w=21600").only("rate-low");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("only 9 more pulls of 100 in 6 h"));
    assert_eq!(told("10;w=21600").rules(), [""; 0]);
}

#[test]
fn registry_warning() {
    let told = |warning: &str| {
        let mut story = Scenario::docker();
        story.manifest(&Image::new(0)).header("Warning", warning);
        story
    };
    let (severity, sentence) = told("299 - \"This image goes away\"").only("registry-warning");
    assert_eq!(severity, Severity::Info);
    assert_eq!(sentence, "registry-1.docker.io says: This image goes away");
    assert_eq!(told("110 cache \"Response is stale\"").rules(), [""; 0]);
}

#[test]
fn no_platform() {
    let image = Image::new(1);
    let told = |client: &'static str, architecture: &str| {
        let mut story = Scenario::new(client);
        let index = image.index(architecture);
        story
            .get(&tag())
            .header("Docker-Content-Digest", &sha256(&index))
            .body(INDEX, &index);
        story
    };
    let (severity, sentence) = told(crate::scenario::DOCKER, "mips64le").only("no-platform");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "The image exists for linux/mips64le, not for linux/amd64, and the client took none of \
         them."
    );
    // A client that does not say where it runs, here: on this machine.
    assert_eq!(
        told(SKOPEO, "mips64le").only("no-platform").0,
        Severity::Warning
    );
    assert_eq!(told(crate::scenario::DOCKER, "amd64").rules(), [""; 0]);
    assert_eq!(told(crate::scenario::DOCKER, "386").rules(), [""; 0]);
    let mut other = told(crate::scenario::DOCKER, "arm64");
    let digest = sha256(&image.manifest);
    other
        .get(&format!("{HUB}/manifests/{digest}"))
        .header("Docker-Content-Digest", &digest)
        .body(MANIFEST, &image.manifest);
    for blob in &image.blobs {
        other.blob(blob);
    }
    assert_eq!(other.rules(), [""; 0], "docker pull --platform");
}

#[test]
fn a_foreign_web_page_is_no_registry() {
    let mut story = Scenario::new("curl/8.5.0");
    story
        .get("https://www.example/")
        .answer(403)
        .body("text/html", b"<html>");
    story.get("https://www.example/x").answer(404);
    story.get(&format!("{CDN}/y")).answer(500);
    assert_eq!(story.rules(), [""; 0]);
}
