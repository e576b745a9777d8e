//! Logins that lead nowhere, and what each refusal says of itself.

use pullscope::findings::{Finding, Severity};
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{AUTH, HUB, Image, MANIFEST, Scenario, sha256};

const INVALID: &str = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",error="invalid_token""#;
const BASIC: &str = "Basic REDACTED-012345";
const TAG: &str = "https://r.example/v2/a/b/manifests/1";

fn hub_tag() -> String {
    format!("{HUB}/manifests/latest")
}

/// One request and a 401 with these challenges.
fn challenged(challenges: &[&str]) -> Scenario {
    let mut story = Scenario::docker();
    let mut told = story.get(TAG).answer(401);
    for challenge in challenges {
        told = told.header("WWW-Authenticate", challenge);
    }
    let _ = told.error("UNAUTHORIZED");
    story
}

fn fix(story: &Scenario) -> String {
    let verdict = story.verdict();
    let [finding] = verdict.findings.as_slice() else {
        panic!("not one finding: {:#?}", verdict.findings);
    };
    finding.fix(Lang::En)
}

/// What only this rule says.
fn sentence(story: &Scenario, rule: &str) -> String {
    let (severity, sentence) = story.only(rule);
    assert_eq!(severity, Severity::Error);
    sentence
}

#[test]
fn a_challenge_that_nobody_can_answer() {
    let told = |challenges: &[&str]| sentence(&challenged(challenges), "auth-dead-end");
    let words = " In its words: “UNAUTHORIZED: no”";
    assert_eq!(
        told(&[
            "Bearer realm=\"my registry\"",
            "Basic realm=\"my registry\""
        ]),
        format!(
            "r.example wants a token (Bearer), but its realm “my registry” is no address of a \
             token server, so nobody can ask for one: a client that takes Bearer first gets no \
             further.{words}"
        )
    );
    assert_eq!(
        told(&["Bearer, error=access_denied, error_description=no"]),
        format!(
            "r.example wants a token (Bearer, access_denied), but names no realm: without the \
             address of a token server the challenge is unusable.{words}"
        )
    );
    assert_eq!(
        told(&["Negotiate", "NTLM"]),
        format!(
            "r.example asks for Negotiate, NTLM, which container clients cannot do: they know \
             Basic and Bearer.{words}"
        )
    );
    assert!(told(&[]).starts_with("r.example answers 401 without a challenge"));
    let mut story = Scenario::docker();
    story
        .get("https://r.example/v2/")
        .answer(401)
        .header("WWW-Authenticate", "Negotiate")
        .body("text/html", b"<html><title>Sign in</title></html>");
    let sentence = sentence(&story, "auth-dead-end");
    assert!(sentence.starts_with("r.example answers 401 with a web page and asks for Negotiate"));
    assert!(sentence.ends_with("In its words: “Sign in”"), "{sentence}");
}

#[test]
fn an_unusable_challenge_that_was_got_over_is_not_reported() {
    let image = Image::new(0);
    let mut story = Scenario::docker();
    story
        .get("https://r.example/v2/")
        .answer(401)
        .header("WWW-Authenticate", "Negotiate");
    story.get(TAG).body(MANIFEST, &image.manifest);
    story
        .get(&format!(
            "https://r.example/v2/a/b/blobs/{}",
            sha256(&image.blobs[0])
        ))
        .body("application/octet-stream", &image.blobs[0]);
    assert_eq!(story.rules(), ["missing-dcd"], "nothing about the login");

    let mut story = Scenario::docker();
    for authorization in [None, Some(BASIC)] {
        let told = story
            .get("https://r.example/v2/")
            .answer(if authorization.is_some() { 200 } else { 401 });
        match authorization {
            Some(basic) => drop(told.sends("Authorization", basic)),
            None => drop(
                told.header("WWW-Authenticate", "Bearer realm=\"r\"")
                    .header("WWW-Authenticate", "Basic realm=\"r\""),
            ),
        }
    }
    assert_eq!(story.rules(), [""; 0], "the client took the other one");
}

#[test]
fn a_challenge_that_the_client_did_not_answer() {
    let bearer =
        r#"Bearer realm="https://t.example/token",service="r",scope="repository:a/b:pull""#;
    let told = |challenges: &[&str]| sentence(&challenged(challenges), "auth-dead-end");
    assert!(
        told(&[bearer]).starts_with(
            "r.example asked the client to log in (401), and as far as the trace shows \
         docker 28.2.0 neither asked for a token nor sent credentials"
        ),
        "{}",
        told(&[bearer])
    );
    assert!(told(&["Basic realm=\"r\""]).contains("neither asked for a token"));
    let other = bearer.replace("t.example", "u.example");
    assert!(told(&[bearer, &other]).contains("several token servers"));
    let bare = r#"Bearer realm="https://t.example/token" service="r" error="invalid_client""#;
    let sentence = told(&[bare]);
    assert!(
        sentence.contains("not written as RFC 9110 wants it (commas"),
        "{sentence}"
    );
    let mut story = Scenario::docker();
    story.get("https://r.example/v2/").answer(200);
    story
        .ask("POST", "https://r.example/v2/a/b/blobs/uploads/")
        .answer(401)
        .header("WWW-Authenticate", "Basic realm=\"r\"");
    let sentence = self::sentence(&story, "auth-dead-end");
    assert!(
        sentence.contains("/v2/ was open to everybody"),
        "{sentence}"
    );
}

#[test]
fn what_may_have_answered_a_challenge_is_no_dead_end() {
    let bearer = r#"Bearer realm="https://t.example/token",service="r""#;
    let mut story = challenged(&[bearer]);
    story.tunnel("t.example");
    assert_eq!(
        story.rules(),
        [""; 0],
        "the token server was passed on unread"
    );
    // Knocking to see whether there is a registry is all that some want.
    let mut story = Scenario::docker();
    story
        .get("https://r.example/v2/")
        .answer(401)
        .header("WWW-Authenticate", bearer);
    assert_eq!(story.rules(), [""; 0]);
    // Values without quotes, and a realm that is a path, are usual.
    let mut story = Scenario::docker();
    story
        .get("https://r.example/v2/")
        .answer(401)
        .header("WWW-Authenticate", "bearer realm=/v2/token,service=r");
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn a_token_server_that_gives_none() {
    let url = format!("{AUTH}?service=registry.docker.io&scope=repository:library/alpine:pull");
    let mut story = Scenario::docker();
    story.challenge();
    story
        .get(&url)
        .body("text/html", b"<!doctype html><title>Sign in</title>");
    assert_eq!(
        sentence(&story, "auth-dead-end"),
        "auth.docker.io answered the request for a token with a web page where JSON with a token \
         should be. In its words: “Sign in”"
    );
    let mut story = Scenario::docker();
    story.challenge();
    story.get(&url).body("application/json", b"{\"ok\":true}");
    assert!(sentence(&story, "auth-dead-end").contains("its answer holds no token"));
    // A file that does not have the answer's content shows nothing.
    let mut story = Scenario::docker();
    story.challenge();
    story
        .get(&url)
        .body("application/json", b"{\"token\":\"t\"}")
        .change(|exchange| {
            let body = exchange.response_body.as_mut().unwrap();
            body.capture = pullscope::exchange::Capture::Omitted {
                reason: pullscope::exchange::Omission::Absent,
            };
        });
    story.manifest(&Image::new(0)).bearer("t");
    assert_eq!(story.rules(), [""; 0]);
    let mut story = Scenario::docker();
    story.challenge();
    story.get(&url).fails(pullscope::exchange::Failure::Connect);
    let verdict = story.verdict();
    let told = verdict.findings.iter().find(|f| f.rule == "auth-dead-end");
    assert_eq!(
        told.map(|finding| finding.sentence(Lang::En)).as_deref(),
        Some(
            "The token server auth.docker.io, which registry-1.docker.io names in its challenge, \
             could not be reached: without a token the client cannot go on."
        )
    );
}

#[test]
fn a_token_that_is_refused_as_invalid() {
    let refused = |claims: serde_json::Value| {
        let mut story = Scenario::docker();
        story.challenge();
        let token = story.token(&claims);
        story
            .get(&hub_tag())
            .bearer(&token)
            .answer(401)
            .header("WWW-Authenticate", INVALID);
        story
    };
    let told = sentence(&refused(json!({})), "auth-dead-end");
    assert_eq!(
        told,
        "registry-1.docker.io refuses the token that auth.docker.io had issued as not valid \
         (invalid_token); the trace does not show why."
    );
    let list = json!({"aud": ["registry.docker.io", "other.example"]});
    let told = sentence(&refused(list), "auth-dead-end");
    assert!(
        told.contains("its aud is a list (registry.docker.io, other.example)"),
        "{told}"
    );

    let mut story = Scenario::docker();
    story.challenge();
    story.token(&json!({}));
    story
        .get(&hub_tag())
        .bearer("something else")
        .answer(401)
        .header("WWW-Authenticate", INVALID);
    let told = sentence(&story, "auth-dead-end");
    assert!(
        told.ends_with("is not the token that auth.docker.io had issued to it."),
        "{told}"
    );

    let sent = |error: &str| {
        let mut story = Scenario::docker();
        story
            .get("https://r.example/v2/")
            .bearer("t")
            .answer(401)
            .header("WWW-Authenticate", &INVALID.replace("invalid_token", error));
        sentence(&story, "auth-dead-end")
    };
    assert!(sent("malformed_token").contains("sent as a token is none (malformed_token)"));
    assert!(sent("invalid_token").contains("the trace does not show"));

    // The client gets another one and goes on.
    let mut story = refused(json!({}));
    let token = story.token(&json!({"jti": "another"}));
    story.manifest(&Image::new(0)).bearer(&token);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn a_token_that_comes_a_second_too_early_or_too_late() {
    let told = |nbf: i64, exp: i64, error: &str| {
        let mut story = Scenario::docker();
        story.challenge();
        let claims = json!({
            "iat": story.epoch(0), "nbf": story.epoch(nbf), "exp": story.epoch(exp),
        });
        let token = story.token(&claims);
        let date = story.date(0);
        let mut told = story
            .get(&hub_tag())
            .bearer(&token)
            .answer(401)
            .header("Date", &date);
        if !error.is_empty() {
            told = told.header("WWW-Authenticate", &INVALID.replace("invalid_token", error));
        }
        let _ = told;
        story
    };
    let early = told(1, 300, "invalid_token");
    let sentence = sentence(&early, "clock-skew");
    assert_eq!(
        sentence,
        "The token from auth.docker.io is not valid before 2026-03-01T10:00:01Z (nbf), and \
         registry-1.docker.io refused it at 2026-03-01T10:00:00Z by its own clock: it came too \
         early."
    );
    assert!(fix(&early).starts_with("Try again"));
    assert_eq!(
        told(1, 300, "insufficient_scope").rules(),
        ["denied"],
        "clocks differ a little"
    );
    assert_eq!(told(0, 300, "invalid_token").rules(), ["auth-dead-end"]);
    // It lived for a second.
    assert_eq!(told(-1, 0, "invalid_token").rules(), ["token-expired"]);
}

#[test]
fn an_expiry_is_believed_when_the_server_says_it() {
    let body = json!({"errors": [{"code": "DENIED",
        "message": "Your authorization token has expired. Reauthenticate and try again."}]});
    let told = |url: &str, authorization: &str| {
        let mut story = Scenario::docker();
        story
            .get(url)
            .sends("Authorization", authorization)
            .answer(400)
            .body("application/json", body.to_string().as_bytes());
        story
    };
    let story = told("https://public.ecr.aws/v2/a/b/manifests/1", "Bearer t");
    let sentence = sentence(&story, "token-expired");
    assert!(sentence.starts_with("public.ecr.aws says that the token has expired (400)."));
    assert!(sentence.contains("Reauthenticate"), "{sentence}");

    let ecr = "https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/a/b/manifests/1";
    let story = told(ecr, BASIC);
    assert!(self::sentence(&story, "denied").starts_with("The login has expired"));
    let fix = fix(&story);
    assert!(fix.contains("aws ecr get-login-password"), "{fix}");
    assert!(!fix.contains("name:"), "{fix}");
}

/// A request that is refused, and what there is to be done.
fn refusal(url: &str, authorization: Option<&str>, status: u16) -> Finding {
    let mut story = Scenario::docker();
    let told = story.get(url).answer(status).error("DENIED");
    match authorization {
        Some(value) => _ = told.sends("Authorization", value),
        None => _ = told,
    }
    let mut findings = story.verdict().findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

#[test]
fn each_provider_has_its_way_to_log_in() {
    for (host, way) in [
        (
            "registry-1.docker.io",
            "`docker login` with a personal access token",
        ),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "aws ecr get-login-password",
        ),
        ("public.ecr.aws", "docker logout public.ecr.aws"),
        (
            "europe-docker.pkg.dev",
            "gcloud auth configure-docker europe-docker.pkg.dev",
        ),
        ("gcr.io", "gcloud auth configure-docker gcr.io"),
        ("ours.azurecr.io", "az acr login"),
        ("ghcr.io", "read:packages"),
        ("quay.io", "robot account"),
        ("registry.gitlab.com", "read_registry"),
        ("r.example", "`docker login`, `skopeo login`"),
    ] {
        let finding = refusal(&format!("https://{host}/v2/a/b/manifests/1"), None, 403);
        let fix = finding.fix(Lang::En);
        assert!(fix.contains(way), "{host}: {fix}");
        assert_ne!(finding.fix(Lang::Zh), fix);
    }
}

#[test]
fn who_gets_an_empty_token_is_told_how_to_log_in() {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({"access": []}));
    story.get(&hub_tag()).bearer(&token).answer(401).header(
        "WWW-Authenticate",
        &INVALID.replace("invalid_token", "insufficient_scope"),
    );
    assert!(sentence(&story, "scope-mismatch").contains("the anonymous client"));
    assert!(fix(&story).starts_with("`docker login` with a personal access token"));
}

#[test]
fn registries_of_any_name_are_known_by_what_they_answer() {
    let told = |name: &str, value: &str| {
        let mut story = Scenario::docker();
        story
            .get(TAG)
            .sends("Authorization", BASIC)
            .answer(403)
            .header(name, value)
            .error("DENIED");
        fix(&story)
    };
    let harbor = r#"Bearer realm="https://r.example/service/token",service="harbor-registry""#;
    let gitlab = r#"Bearer realm="https://g.example/jwt/auth",service="container_registry""#;
    for (name, value, way) in [
        ("WWW-Authenticate", harbor, "robot$"),
        ("WWW-Authenticate", gitlab, "read_registry"),
        ("X-JFrog-Version", "Artifactory/7.1 1", "identity token"),
        ("Server", "Nexus/3.70 (OSS)", "Docker Bearer Token Realm"),
    ] {
        let fix = told(name, value);
        assert!(fix.contains(way), "{name}: {fix}");
    }
    let fix = told("Server", "nginx");
    assert!(
        fix.starts_with("The client is logged in, but this account"),
        "{fix}"
    );
}

#[test]
fn a_block_of_a_region_is_no_matter_of_logging_in() {
    let page = b"<html><body>To comply with export control regulations we block all addresses in \
                 certain regions.</body></html>";
    let mut story = Scenario::docker();
    story
        .get("https://registry-1.docker.io/v2/")
        .answer(403)
        .body("text/html", page);
    story.ask("HEAD", &hub_tag()).answer(403);
    story.get(&hub_tag()).answer(403).body("text/html", page);
    let sentence = sentence(&story, "denied");
    assert!(sentence.starts_with("registry-1.docker.io serves no clients at this address (403)"));
    assert!(sentence.contains("export control"), "{sentence}");
    assert!(fix(&story).starts_with("Logging in does not change this."));
    let mut story = Scenario::docker();
    story.get(TAG).answer(451);
    assert!(self::sentence(&story, "denied").contains("blocks some regions"));
}

#[test]
fn a_page_that_refuses_is_told_as_one() {
    let mut story = Scenario::docker();
    story.get(TAG).answer(403).body(
        "text/html",
        b"<html><title>Blocked by policy</title></html>",
    );
    assert_eq!(
        sentence(&story, "denied"),
        "r.example refused with a web page (403), not with a registry's answer. In its words: \
         “Blocked by policy”"
    );
    let mut story = Scenario::docker();
    story
        .get(TAG)
        .answer(404)
        .body("text/html", b"<html>Nothing here</html>");
    assert!(sentence(&story, "not-found").contains("with a web page (404)"));
    assert!(!fix(&story).contains("spelling"));
}

#[test]
fn a_password_that_nobody_asked_for() {
    let body = json!({"errors": [{"code": "DENIED", "message": "Your token is invalid."}]});
    let mut story = Scenario::docker();
    story
        .get("https://public.ecr.aws/v2/a/b/manifests/1")
        .sends("Authorization", BASIC)
        .answer(400)
        .body("application/json", body.to_string().as_bytes());
    assert!(sentence(&story, "denied").contains("without being asked for them"));
    // Where it had been asked for, it is wrong.
    let mut story = Scenario::docker();
    story
        .get("https://r.example/v2/")
        .answer(401)
        .header("WWW-Authenticate", "Basic realm=\"r\"");
    story
        .get(TAG)
        .sends("Authorization", BASIC)
        .answer(401)
        .header("WWW-Authenticate", "Basic realm=\"r\"");
    assert!(sentence(&story, "denied").contains("does not accept the user name and password"));
    assert!(fix(&story).starts_with("Log in again (`docker login r.example`)"));
}

#[test]
fn a_mount_needs_access_to_its_source() {
    let source = "repository:library/alpine:pull,push repository:other/base:pull";
    let wanted = format!(
        r#"Bearer realm="{AUTH}",service="registry.docker.io",scope="{source}",error="insufficient_scope""#
    );
    let blob = sha256(b"x");
    let url = format!("{HUB}/blobs/uploads/?mount={blob}&from=other/base");
    let mount = |story: &mut Scenario| {
        story.challenge();
        let token = story.token(&json!({"access": [
            {"type": "repository", "name": "library/alpine", "actions": ["pull", "push"]}]}));
        story
            .ask("POST", &url)
            .bearer(&token)
            .answer(401)
            .header("WWW-Authenticate", &wanted);
        token
    };
    let mut story = Scenario::docker();
    mount(&mut story);
    assert_eq!(
        sentence(&story, "scope-mismatch"),
        "To mount a blob from another repository, the token must allow pull on other/base, too: \
         the client asked only for repository:library/alpine:pull, so registry-1.docker.io \
         refused the mount."
    );
    // The client uploads it instead.
    let mut story = Scenario::docker();
    let token = mount(&mut story);
    story
        .ask("POST", &format!("{HUB}/blobs/uploads/"))
        .bearer(&token)
        .answer(202)
        .header("Location", "/v2/library/alpine/blobs/uploads/1");
    story
        .ask("PUT", &format!("{HUB}/blobs/uploads/1?digest={blob}"))
        .bearer(&token)
        .answer(201);
    story.ask("PUT", &hub_tag()).bearer(&token).answer(201);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn a_scope_that_was_not_asked_for() {
    let mut story = Scenario::docker();
    story.challenge();
    story.give(&json!({"token": "opaque", "expires_in": 300}));
    let wanted = format!(
        r#"Bearer realm="{AUTH}",scope="repository:cache/alpine:pull",error="insufficient_scope""#
    );
    story
        .get(&hub_tag())
        .bearer("opaque")
        .answer(401)
        .header("WWW-Authenticate", &wanted);
    assert_eq!(
        sentence(&story, "scope-mismatch"),
        "registry-1.docker.io wants a token that allows pull on cache/alpine; the client asked \
         auth.docker.io only for repository:library/alpine:pull."
    );
}

#[test]
fn a_step_up_to_a_better_token_is_no_mismatch() {
    let mut story = Scenario::docker();
    story.challenge();
    let token = story.token(&json!({}));
    let url = format!("{HUB}/blobs/uploads/");
    story.ask("POST", &url).bearer(&token).answer(401).header(
        "WWW-Authenticate",
        &INVALID.replace("invalid_token", "insufficient_scope"),
    );
    let token = story.token(&json!({"access": [
        {"type": "repository", "name": "library/alpine", "actions": ["pull", "push"]}]}));
    story
        .ask("POST", &url)
        .bearer(&token)
        .answer(202)
        .header("Location", "/v2/library/alpine/blobs/uploads/1");
    story
        .ask(
            "PUT",
            &format!("{HUB}/blobs/uploads/1?digest={}", sha256(b"x")),
        )
        .bearer(&token)
        .answer(201);
    story.ask("PUT", &hub_tag()).bearer(&token).answer(201);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn the_storage_behind_a_registry_refuses() {
    let image = Image::new(0);
    let url = format!("{HUB}/blobs/{}", sha256(&image.blobs[0]));
    let told = |code: &str, message: &str| {
        let mut story = Scenario::docker();
        story.manifest(&image).bearer("t");
        story.get(&url).bearer("t").answer(400).xml(code, message);
        sentence(&story, "storage-refused")
    };
    let passed_on = told("InvalidRequest", "Missing x-amz-content-sha256");
    assert!(
        passed_on.contains("seems to pass the client's Authorization on"),
        "{passed_on}"
    );
    assert!(
        passed_on.contains("Missing x-amz-content-sha256"),
        "{passed_on}"
    );
    assert!(told("AccessDenied", "Access Denied").contains("it seems that not the registry"));
}

#[test]
fn what_is_not_there_is_told_by_what_was_asked_for() {
    let digest = sha256(b"x");
    let told = |url: &str| {
        let mut story = Scenario::docker();
        story.get(url).answer(404).error("MANIFEST_UNKNOWN");
        (sentence(&story, "not-found"), fix(&story))
    };
    let (sentence, fix) = told(&format!("{HUB}/manifests/{digest}"));
    assert!(sentence.contains("has no manifest "), "{sentence}");
    assert!(!fix.contains("spelling"), "{fix}");
    let (_, fix) = told("https://cache.example/v2/java/manifests/latest");
    assert!(fix.contains("cache.example/library/java"), "{fix}");
    let (_, fix) = told("https://ghcr.io/v2/java/manifests/latest");
    assert!(!fix.contains("library/"), "{fix}");
    let (_, fix) = told("https://registry-1.docker.io/v2/ghcr.io/a/b/manifests/1");
    assert!(fix.contains("the host ghcr.io/a/b begins with"), "{fix}");

    let image = Image::new(1);
    let index = image.index("amd64");
    let mut story = Scenario::docker();
    story
        .get(&hub_tag())
        .header("Docker-Content-Digest", &sha256(&index))
        .body(crate::scenario::INDEX, &index);
    let child = format!("{HUB}/manifests/{}", sha256(&image.manifest));
    story.get(&child).answer(404).error("MANIFEST_UNKNOWN");
    let verdict = story.verdict();
    let told = verdict.findings.iter().find(|f| f.rule == "not-found");
    let told = told
        .map(|finding| finding.sentence(Lang::En))
        .unwrap_or_default();
    assert!(told.contains("though the index names it"), "{told}");

    let mut story = Scenario::docker();
    let there = child.replace("registry-1.docker.io", "region.example");
    story.get(&child).answer(307).header("Location", &there);
    story.get(&there).answer(404).error("MANIFEST_UNKNOWN");
    let told = self::sentence(&story, "not-found");
    assert!(told.starts_with("registry-1.docker.io redirected the client to region.example"));
}

#[test]
fn a_client_that_does_not_take_what_there_is() {
    let body = json!({"errors": [{"code": "MANIFEST_UNKNOWN",
        "message": "OCI index found, but Accept header does not support OCI indexes"}]});
    let mut story = Scenario::docker();
    story
        .get(&hub_tag())
        .sends(
            "Accept",
            "application/vnd.docker.distribution.manifest.v2+json",
        )
        .answer(404)
        .body("application/json", body.to_string().as_bytes());
    let told = sentence(&story, "not-accepted");
    assert!(told.contains("(Accept: application/vnd.docker.distribution.manifest.v2+json)"));
}

#[test]
fn the_remedy_for_a_limit_depends_on_who_asks() {
    let told = |method: &str, url: &str, authorization: Option<&str>| {
        let mut story = Scenario::docker();
        let told = story.ask(method, url).answer(429).error("TOOMANYREQUESTS");
        match authorization {
            Some(value) => _ = told.sends("Authorization", value),
            None => _ = told,
        }
        let findings = story.verdict().findings;
        let limit = findings.iter().find(|f| f.rule == "rate-limited");
        limit
            .map(|finding| finding.fix(Lang::En))
            .unwrap_or_default()
    };
    assert!(told("GET", TAG, None).starts_with("Log in"));
    assert!(told("GET", TAG, Some(BASIC)).starts_with("Wait as long as Retry-After says, ask"));
    assert!(told("PUT", TAG, Some(BASIC)).contains("push again"));
}
