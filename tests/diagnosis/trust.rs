//! Certificates, redirects and mirrors: who is asked, and who is trusted.

use pullscope::exchange::{Failure, RawHead, Rejection, Verification};
use pullscope::findings::Severity;
use pullscope::pulls::State;
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{CDN, DOCKER, HUB, Image, SKOPEO, Scenario, sha256};

const GO: &str = "Go-http-client/1.1";

#[test]
fn a_healthy_pull_gives_no_finding() {
    for user_agent in [DOCKER, SKOPEO, "containerd/2.1.0", ""] {
        let mut story = Scenario::new(user_agent);
        story.pull(&Image::new(3));
        assert_eq!(story.rules(), [""; 0], "{user_agent}");
    }
}

#[test]
fn ca_rejected() {
    let mut story = Scenario::docker();
    story.refuse("registry-1.docker.io", GO, Rejection::alert(42));
    story.refuse("registry-1.docker.io", GO, Rejection::alert(42));
    let (severity, sentence) = story.only("ca-rejected");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "Go-http-client/1.1 (127.0.0.1) broke off the TLS handshake for registry-1.docker.io \
         with alert 42 bad_certificate: it does not trust pullscope's CA."
    );
    let fix = |user_agent: &str| {
        let mut story = Scenario::docker();
        story.refuse("ghcr.io", user_agent, Rejection::alert(48));
        story.verdict().findings[0].fix(Lang::En)
    };
    assert!(fix(GO).contains("pullscope setup docker"));
    assert!(fix("curl/8.5.0").contains("--cacert"));
    assert!(fix("docker/20.10.24 go/go1.19").contains("docker.service"));
    assert!(fix("containerd/1.6.20").contains("--hosts-dir"));
    assert!(fix("containers/5.23.1 (github.com/containers/image)").contains("SSL_CERT_FILE"));
    assert!(fix("crane/0.20 go-containerregistry/0.20").contains("--ca-file"));
    assert!(fix("buildkit/v0.20").contains("buildkitd.toml"));
    assert!(fix("").contains("certs/README.md"));
    // What says nothing of the program may be known by what it said before.
    let fix = |earlier: Option<&str>| {
        let mut story = Scenario::docker();
        story.refuse_after("ghcr.io", "", earlier, Rejection::alert(48));
        let finding = story.verdict().findings.remove(0);
        (finding.sentence(Lang::En), finding.fix(Lang::En))
    };
    let (sentence, mend) = fix(Some("containerd/1.6.20"));
    assert!(
        sentence.starts_with("containerd 1.6.20 broke off"),
        "{sentence}"
    );
    assert!(mend.contains("--hosts-dir"));
    assert!(fix(None).0.starts_with("127.0.0.1 broke off"));
    // Each client by itself.
    story.refuse("ghcr.io", "curl/8.5.0", Rejection::Closed);
    let closed = story.verdict().findings;
    assert_eq!(closed.len(), 2);
    assert!(
        closed
            .iter()
            .any(|f| f.sentence(Lang::En).contains("probably"))
    );
}

#[test]
fn a_handshake_that_fails_for_another_reason_is_no_distrust() {
    let mut story = Scenario::docker();
    story.refuse("r.example", GO, Rejection::alert(70));
    story.refuse("r.example", GO, Rejection::Timeout);
    let detail = "no TLS".to_owned();
    story.refuse("r.example", GO, Rejection::Protocol { detail });
    assert_eq!(story.rules(), [""; 0]);
    // A client that closes where it was content before needs the connection no more.
    story.pull(&Image::new(1));
    story.refuse("registry-1.docker.io", GO, Rejection::Closed);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn ca_partial() {
    let mut story = Scenario::docker();
    let image = Image::new(1);
    story.challenge();
    let token = story.token(&json!({}));
    story.manifest(&image).bearer(&token);
    story.redirect(&image.blobs[0]).bearer(&token);
    story.refuse("cdn.example", GO, Rejection::alert(42));
    let (severity, sentence) = story.only("ca-partial");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "docker 28.2.0 trusts pullscope's CA for auth.docker.io, registry-1.docker.io, but \
         refused it for cdn.example (alert 42 bad_certificate): its trust is set per host."
    );
    assert!(
        story.verdict().findings[0]
            .fix(Lang::Zh)
            .contains("docker.service")
    );
    // Another host's refusal is no part of the pull.
    story.refuse("ghcr.io", GO, Rejection::alert(42));
    assert_eq!(story.rules(), ["ca-partial", "ca-rejected"]);
}

#[test]
fn upstream_cert() {
    let reason = "certificate has expired".to_owned();
    let rejected = Verification::Rejected {
        reason: reason.clone(),
    };
    let mut story = Scenario::docker();
    story
        .get("https://registry-1.docker.io/v2/")
        .fails(Failure::Tls)
        .verified(rejected);
    let (severity, sentence) = story.only("upstream-cert");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("registry-1.docker.io does not verify (certificate has expired)"));

    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.manifest(&image).verified(Verification::Verified);
    assert_eq!(story.rules(), [""; 0]);
    story
        .blob(&image.blobs[0])
        .verified(Verification::Overridden { reason });
    assert_eq!(story.only("upstream-cert").0, Severity::Warning);
}

#[test]
fn redirect_downgrade() {
    let digest = sha256(b"x");
    let told = |location: &str| {
        let mut story = Scenario::docker();
        story
            .get(&format!("{HUB}/blobs/{digest}"))
            .answer(307)
            .header("Location", location);
        story
    };
    let mut story = told("http://cdn.example/x");
    let (severity, sentence) = story.only("redirect-downgrade");
    assert_eq!(severity, Severity::Error, "there the client stopped");
    story.get("http://cdn.example/x").body("", b"x");
    let (severity, _) = story.only("redirect-downgrade");
    assert_eq!(severity, Severity::Warning, "it went on");
    assert!(sentence.contains("registry-1.docker.io redirects from https to plain http"));
    assert_eq!(told("https://cdn.example/x").rules(), [""; 0]);
}

#[test]
fn redirect_private() {
    let told = |host: &str, location: &str| {
        let mut story = Scenario::docker();
        let digest = sha256(b"x");
        story
            .get(&format!("https://{host}/v2/a/blobs/{digest}"))
            .answer(307)
            .header("Location", location);
        story.get(location).body("", b"x");
        story
    };
    for private in ["https://10.1.2.3/x", "https://169.254.169.254/latest"] {
        let (severity, sentence) = told("r.example", private).only("redirect-private");
        assert_eq!(severity, Severity::Warning);
        assert!(sentence.contains("reachable only from nearby"));
    }
    for (host, location) in [
        ("r.example", "https://93.184.216.34/x"),
        ("r.example", "https://minio.example/x"),
        ("10.0.0.1", "https://10.1.2.3/x"),
        ("registry", "https://10.1.2.3/x"),
        ("registry.internal", "https://10.1.2.3/x"),
    ] {
        assert_eq!(told(host, location).rules(), [""; 0], "{host} {location}");
    }
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/blobs/{}", sha256(b"x")))
        .answer(307)
        .header("Location", "https://10.1.2.3/x")
        .at("192.168.0.1:443");
    story.get("https://10.1.2.3/x").body("", b"x");
    assert_eq!(story.rules(), [""; 0], "the registry is private itself");
}

#[test]
fn auth_leak() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.manifest(&image).bearer("t");
    story.redirect(&image.blobs[0]).bearer("t");
    story.download(&image.blobs[0]).bearer("t");
    let (severity, sentence) = story.only("auth-leak");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(
        sentence,
        "After a redirect from registry-1.docker.io the client sent its Bearer credentials on to \
         cdn.example, which has no need of them."
    );

    let mut story = Scenario::docker();
    story.manifest(&image).bearer("t");
    story.redirect(&image.blobs[0]).bearer("t");
    story.download(&image.blobs[0]).bearer("t").answer(400).xml(
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm …",
    );
    assert_eq!(story.only("auth-leak").0, Severity::Error);
}

#[test]
fn credentials_may_go_to_the_same_host_and_its_subdomains() {
    let digest = sha256(b"x");
    for location in ["https://quay.io/elsewhere", "https://cdn02.quay.io/x"] {
        let mut story = Scenario::new(SKOPEO);
        story
            .get(&format!("https://quay.io/v2/a/b/blobs/{digest}"))
            .answer(302)
            .header("Location", location)
            .bearer("t");
        story.get(location).bearer("t").body("", b"x");
        assert_eq!(story.rules(), [""; 0], "{location}");
    }
}

fn signed(story: &mut Scenario, expires: i64) -> String {
    let url = format!("{CDN}/x?Expires={expires}&Signature=REDACTED&Key-Pair-Id=k");
    story
        .get(&format!("{HUB}/blobs/{}", sha256(b"x")))
        .answer(307)
        .header("Location", &url);
    url
}

#[test]
fn signed_url_expired() {
    let mut story = Scenario::docker();
    let expires = story.epoch(60);
    let url = signed(&mut story, expires);
    story.wait(120);
    story.get(&url).answer(403).body("text/plain", b"no");
    let (severity, sentence) = story.only("signed-url-expired");
    assert_eq!(severity, Severity::Error);
    assert!(
        sentence.contains("held until 2026-03-01T10:01:00Z"),
        "{sentence}"
    );

    let mut story = Scenario::docker();
    let expires = story.epoch(-60);
    let url = signed(&mut story, expires);
    story
        .get(&url)
        .answer(403)
        .xml("AccessDenied", "Request has expired");
    assert!(
        story
            .only("signed-url-expired")
            .1
            .contains("had already expired")
    );

    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/blobs/{}", sha256(b"x")))
        .answer(307)
        .header("Location", "https://cdn.example/x");
    story
        .get("https://cdn.example/x")
        .answer(400)
        .xml("ExpiredToken", "The provided token has expired");
    assert!(story.only("signed-url-expired").1.contains("says that"));
}

#[test]
fn a_signed_url_that_holds_or_is_served_all_the_same_is_none() {
    let mut story = Scenario::docker();
    let expires = story.epoch(600);
    let url = signed(&mut story, expires);
    story
        .get(&url)
        .answer(403)
        .xml("AccessDenied", "Access Denied");
    assert_eq!(story.rules(), ["bad-request"], "for another reason");
    let mut story = Scenario::docker();
    let expires = story.epoch(-600);
    let url = signed(&mut story, expires);
    story.get(&url).body("", b"x");
    assert_eq!(story.rules(), [""; 0], "some CDNs are lenient");
}

#[test]
fn signed_url_bad() {
    let mut story = Scenario::docker();
    let expires = story.epoch(600);
    let url = signed(&mut story, expires);
    story.get(&url).answer(403).xml(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match",
    );
    let (severity, sentence) = story.only("signed-url-bad");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("registry-1.docker.io redirected to"));
}

const MIRROR: &str = "https://mirror.example/v2/library/alpine";

#[test]
fn mirror_fallthrough() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.get("https://mirror.example/v2/");
    story
        .get(&format!("{MIRROR}/manifests/latest"))
        .answer(404)
        .error("MANIFEST_UNKNOWN");
    story.pull(&image);
    let (severity, sentence) = story.only("mirror-fallthrough");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(
        sentence,
        "The mirror mirror.example failed (404 MANIFEST_UNKNOWN), so docker 28.2.0 went on to \
         registry-1.docker.io, without telling you."
    );

    let mut story = Scenario::docker();
    story
        .get(&format!("{MIRROR}/manifests/latest"))
        .fails(Failure::Connect);
    story.pull(&image);
    assert!(
        story
            .only("mirror-fallthrough")
            .1
            .contains("connection refused")
    );
}

#[test]
fn a_mirror_that_serves_is_no_failure() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.get("https://mirror.example/v2/");
    story
        .get(&format!("{MIRROR}/manifests/latest"))
        .header("Docker-Content-Digest", &sha256(&image.manifest))
        .body(crate::scenario::MANIFEST, &image.manifest);
    for blob in &image.blobs {
        story
            .get(&format!("{MIRROR}/blobs/{}", sha256(blob)))
            .body("application/octet-stream", blob);
    }
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn proxy_bypass() {
    let image = Image::new(2);
    let tell = |story: &mut Scenario| {
        story.manifest(&image);
        story.redirect(&image.blobs[0]);
        story.wait(1);
        story.redirect(&image.blobs[1]);
        story.redirect(&image.blobs[2]);
    };
    let mut story = Scenario::new(SKOPEO);
    tell(&mut story);
    let (severity, sentence) = story.only("proxy-bypass");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("redirected skopeo 1.18.0 to cdn.example"));
    // It came here, and was passed on unread or refused.
    let mut story = Scenario::new(SKOPEO);
    tell(&mut story);
    story.tunnel("cdn.example");
    assert_eq!(story.rules(), [""; 0]);
    let mut story = Scenario::new(SKOPEO);
    tell(&mut story);
    story.refuse("cdn.example", GO, Rejection::alert(42));
    assert_eq!(story.rules(), ["ca-partial"]);
}

#[test]
fn a_pull_that_ends_with_a_redirect_was_given_up() {
    let image = Image::new(1);
    let mut story = Scenario::new(SKOPEO);
    story.manifest(&image);
    story.blob(&image.blobs[0]);
    story.redirect(&image.blobs[1]);
    assert_eq!(story.rules(), [""; 0]);
}

/// Whose pull it is shows by the address, by what the CONNECT says and by the program.
#[test]
fn a_certificate_refused_by_one_client_is_not_blamed_on_another() {
    type Change = fn(&mut Scenario);
    let agent = |story: &mut Scenario| {
        for exchange in &mut story.exchanges {
            let connect =
                b"CONNECT r.example:443 HTTP/1.1\r\nUser-Agent: Go-http-client/1.1\r\n\r\n";
            exchange.connection.connect_head = Some(RawHead::new(connect));
        }
    };
    let others: [(&str, Change); 4] = [
        ("another address", |story| {
            story.handshakes[0].connection.client = "10.0.0.9:40000".parse().unwrap();
        }),
        ("another CONNECT", |story| {
            let connect = b"CONNECT r.example:443 HTTP/1.1\r\nUser-Agent: curl/8.5.0\r\n\r\n";
            story.handshakes[0].connection.connect_head = Some(RawHead::new(connect));
        }),
        ("a CONNECT that says nothing", |story| {
            let connect = b"CONNECT r.example:443 HTTP/1.1\r\n\r\n";
            story.handshakes[0].connection.connect_head = Some(RawHead::new(connect));
        }),
        ("another program", |story| {
            story.handshakes[0].process = Some("skopeo".to_owned());
        }),
    ];
    let own: [(&str, Change); 3] = [
        ("nothing else is known", |_| {}),
        ("its own program", |story| {
            story.handshakes[0].process = Some("dockerd".to_owned());
        }),
        ("a program of no known name", |story| {
            story.handshakes[0].process = Some("agent7".to_owned());
        }),
    ];
    let told = |change: Change| {
        let mut story = Scenario::docker();
        story.pull(&Image::new(1));
        agent(&mut story);
        story.now -= std::time::Duration::from_millis(200);
        story.refuse("auth.docker.io", GO, Rejection::alert(48));
        change(&mut story);
        let verdict = story.verdict();
        assert_eq!(verdict.pulls[0].state, State::Complete);
        let finding = verdict.findings.into_iter().next().unwrap();
        (finding.rule, finding.severity)
    };
    for (what, change) in others {
        assert_eq!(told(change), ("ca-rejected", Severity::Error), "{what}");
    }
    // A complete pull has got over it.
    for (what, change) in own {
        assert_eq!(told(change), ("ca-partial", Severity::Warning), "{what}");
    }
}

#[test]
fn ca_silent() {
    let mut story = Scenario::docker();
    story.leave("ghcr.io", "Wget/1.21.4", 1);
    let (severity, sentence) = story.only("ca-silent");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("ghcr.io") && sentence.contains("it probably does not trust"));
    let verdict = story.verdict();
    assert!(
        verdict.findings[0]
            .fix(Lang::En)
            .contains("--ca-certificate")
    );
    assert!(verdict.findings[0].title(Lang::En).contains("probably"));

    // Connections to spare: of a client that sent requests there, one kept for a while, one that
    // is open still, and one that never got as far as TLS.
    let spared = |change: fn(&mut Scenario)| {
        let mut story = Scenario::docker();
        story.pull(&Image::new(1));
        change(&mut story);
        assert_eq!(story.rules(), [""; 0]);
    };
    spared(|story| story.leave("auth.docker.io", GO, 1));
    spared(|story| story.leave("ghcr.io", GO, 60));
    spared(|story| {
        story.leave("ghcr.io", GO, 1);
        story.tunnels[0].ended = None;
    });
    spared(|story| {
        story.leave("ghcr.io", GO, 1);
        story.tunnels[0].connection.tls = None;
    });
    // What another client sent there says nothing of this one.
    let mut story = Scenario::docker();
    story.pull(&Image::new(1));
    story.leave("auth.docker.io", "Wget/1.21.4", 1);
    story.tunnels[0].connection.client = "10.0.0.9:40000".parse().unwrap();
    story.only("ca-silent");
}
