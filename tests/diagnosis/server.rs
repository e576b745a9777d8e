//! Servers that fail, that find a request wrong, or that cannot be reached.

use pullscope::exchange::{Ending, Exchange, Failure};
use pullscope::findings::Severity;
use pullscope::words::Lang;

use crate::scenario::{CDN, DOCKER, HUB, Image, MANIFEST, SKOPEO, Scenario, Telling, sha256};

const API: &str = "https://r.example/v2/team/app";

fn tag() -> String {
    format!("{API}/manifests/1")
}

/// The sentence and the remedy of the only finding, which is this rule's and an error.
fn told(story: &Scenario, rule: &str) -> (String, String) {
    let (severity, sentence) = story.only(rule);
    assert_eq!(severity, Severity::Error, "{sentence}");
    let fix = story.verdict().findings[0].fix(Lang::En);
    (sentence, fix)
}

fn page(told: Telling<'_>, html: &str) {
    told.body("text/html", html.as_bytes());
}

#[test]
fn a_failing_server_is_told_with_who_it_was() {
    let cases = [
        (
            500,
            "",
            r#"{"errors":[{"code":"UNKNOWN","message":"oh"}]}"#,
            "answered 500: the fault",
            "“UNKNOWN: oh”",
        ),
        (
            500,
            "",
            r#"{"errors":[{"code":"UNKNOWN","message":"oh","detail":{"DriverName":"s3aws"}}]}"#,
            "storage behind it",
            "s3aws",
        ),
        (
            500,
            "nginx",
            "<html><title>500 Oh</title></html>",
            "in front of a registry (nginx)",
            "500 Oh",
        ),
        (
            502,
            "",
            "<html><title>502 Bad Gateway</title></html>",
            "no usable answer",
            "502 Bad Gateway",
        ),
        (
            503,
            "Varnish",
            "<html><title>503 Out</title></html>",
            "out of service (Varnish)",
            "503 Out",
        ),
        (
            504,
            "awselb/2.0",
            "<html><title>504 Late</title></html>",
            "(an AWS load balancer) waited in vain",
            "504 Late",
        ),
        (
            503,
            "",
            "no healthy upstream",
            "out of service",
            "no healthy upstream",
        ),
    ];
    for (status, server, body, sentence, quoted) in cases {
        let mut story = Scenario::docker();
        let answer = story.get(&tag()).answer(status).header("Server", server);
        let kind = match body.as_bytes() {
            [b'<', ..] => "text/html",
            [b'{', ..] => "application/json",
            _ => "text/plain",
        };
        answer.body(kind, body.as_bytes());
        let (told, fix) = told(&story, "server-error");
        assert!(told.contains(sentence), "{status}: {told}");
        assert!(told.contains(quoted), "{status}: {told}");
        assert!(fix.contains("ry again later"), "{fix}");
    }
    let mut story = Scenario::docker();
    page(
        story.get(&format!("{HUB}/manifests/1")).answer(503),
        "<html>503</html>",
    );
    assert!(told(&story, "server-error").1.contains("dockerstatus.com"));
}

#[test]
fn a_failure_that_was_got_over_is_a_warning_and_one_aside_is_none() {
    let image = Image::new(0);
    let mut story = Scenario::docker();
    story.get(&format!("{HUB}/manifests/latest")).answer(503);
    story.manifest(&image);
    assert_eq!(story.only("server-error").0, Severity::Warning);
    // A look for signatures or referrers stops nobody.
    let mut story = Scenario::docker();
    let digest = sha256(&image.manifest);
    story.manifest(&image);
    story.get(&format!("{HUB}/referrers/{digest}")).answer(500);
    let signature = format!("{}.sig", digest.replace(':', "-"));
    story
        .get(&format!("{HUB}/manifests/{signature}"))
        .answer(500);
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn several_ranges_at_once_are_not_served_everywhere() {
    let image = Image::new(1);
    for status in [400, 416, 501] {
        let mut story = Scenario::docker();
        story.manifest(&image);
        story
            .redirect(&image.blobs[1])
            .sends("Range", "bytes=0-1,3-4");
        let asked = story
            .download(&image.blobs[1])
            .sends("Range", "bytes=0-1,3-4");
        page(
            asked.answer(status),
            "<html><title>Unsupported client range</title></html>",
        );
        let (sentence, fix) = told(&story, "multi-range-refused");
        assert!(
            sentence.contains("for 2 ranges in one request"),
            "{sentence}"
        );
        assert!(
            sentence.contains("asking again does not help"),
            "{sentence}"
        );
        assert!(sentence.contains("Unsupported client range"), "{sentence}");
        assert!(fix.contains("enable_partial_images"), "{fix}");
        // It takes the whole instead.
        story.blob(&image.blobs[1]);
        assert_eq!(story.only("multi-range-refused").0, Severity::Warning);
    }
}

#[test]
fn a_download_that_cannot_be_taken_up_again_is_told() {
    let image = Image::new(1);
    let blob = &image.blobs[1];
    let broken = |status: u16| {
        let mut story = Scenario::docker();
        story.manifest(&image);
        story.redirect(blob);
        let whole = story.download(blob).header("Content-Length", "6");
        let short = |exchange: &mut Exchange| {
            exchange.received = 3;
            let body = exchange.response_body.as_mut().unwrap();
            (body.size, body.sha256) = (3, None);
        };
        whole.change(short);
        story.redirect(blob).sends("Range", "bytes=3-");
        let rest = story.download(blob).sends("Range", "bytes=3-");
        rest.answer(status)
            .xml("InvalidArgument", "Invalid argument.");
        story
    };
    let (sentence, _) = told(&broken(400), "resume-refused");
    assert_eq!(
        sentence,
        "A download from cdn.example broke off after 3 B, and cdn.example refused to serve the rest \
         from 3 B on (400). In its words: “InvalidArgument: Invalid argument.”"
    );
    assert!(!broken(206).rules().contains(&"resume-refused"));
}

#[test]
fn a_wrong_request_is_told_as_what_is_wrong_with_it() {
    let upper = "https://r.example/v2/Team/App/manifests/1";
    let digest = format!("{API}/manifests/{}", sha256(b"x"));
    let nginx = "<html><title>400 No required SSL certificate was sent</title></html>";
    let port = "Client sent an HTTP request to an HTTPS server.";
    let json = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","message":"why"}}]}}"#);
    let cases = [
        (
            "GET",
            upper,
            400,
            json("NAME_INVALID"),
            "are in lower case",
            "Write it in lower case: team/app.",
        ),
        (
            "GET",
            &tag(),
            400,
            json("NAME_INVALID"),
            "breaks the rules",
            "single",
        ),
        (
            "DELETE",
            &digest,
            405,
            json("UNSUPPORTED"),
            "deletes nothing",
            "storage.delete.enabled",
        ),
        (
            "GET",
            &tag(),
            412,
            json("PROJECTPOLICYVIOLATION"),
            "by a rule of its own",
            "scanned, signed",
        ),
        (
            "GET",
            &tag(),
            400,
            nginx.to_owned(),
            "wants a certificate of the client",
            "--client-cert",
        ),
        (
            "GET",
            &tag(),
            400,
            port.to_owned(),
            "was asked by plain HTTP",
            "https://",
        ),
        (
            "GET",
            &tag(),
            422,
            json("STRANGE"),
            "refused GET for team/app (422)",
            "documentation",
        ),
    ];
    for (method, url, status, body, sentence, fix) in cases {
        let mut story = Scenario::docker();
        let asked = story.ask(method, url).answer(status);
        let kind = if body.starts_with('<') {
            "text/html"
        } else {
            ""
        };
        asked.body(kind, body.as_bytes());
        let (told, remedy) = told(&story, "bad-request");
        assert!(told.contains(sentence), "{status}: {told}");
        assert!(told.contains("In its words: “"), "{status}: {told}");
        assert!(remedy.contains(fix), "{status}: {remedy}");
    }
}

#[test]
fn a_storage_that_does_not_serve_is_told_with_who_led_there() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.manifest(&image);
    story.redirect(&image.blobs[1]);
    let asked = story.get(&format!("{CDN}/{}", sha256(&image.blobs[1])));
    asked.answer(403).xml("AccessDenied", "Access Denied");
    let (sentence, _) = told(&story, "bad-request");
    assert!(sentence.starts_with("cdn.example, where registry-1.docker.io had sent the client"));
}

#[test]
fn answers_that_stop_nobody_are_no_wrong_requests() {
    let image = Image::new(1);
    let blob = &image.blobs[1];
    let mut story = Scenario::docker();
    story.manifest(&image);
    story.blob(&image.blobs[0]);
    story.blob(blob);
    // All of it is there already; and there are no referrers.
    let rest = story.get(&format!("{HUB}/blobs/{}", sha256(blob)));
    rest.sends("Range", "bytes=6-").answer(416);
    story
        .get(&format!("{HUB}/referrers/{}", sha256(b"x")))
        .answer(405);
    assert_eq!(story.rules(), [""; 0]);
}

/// It fails so, and is told so.
fn failed(reason: Failure, detail: &str) -> impl FnOnce(&mut Exchange) {
    let detail = detail.to_owned();
    move |exchange| {
        exchange.response = None;
        exchange.response_body = None;
        let ended = exchange.started;
        exchange.ended = Some((ended, Ending::Failed { reason, detail }));
    }
}

#[test]
fn a_server_that_gives_no_answer_is_told_with_why() {
    let cases = [
        (
            Failure::Dns,
            "looking up r.example: Name or service not known",
            "is not known here",
            "getent hosts",
        ),
        (
            Failure::Connect,
            "connecting to 192.0.2.1:443: Connection refused",
            "refused the connection",
            "listens",
        ),
        (
            Failure::Connect,
            "connecting to 192.0.2.1:443: No route to host",
            "There is no connection",
            "curl -v",
        ),
        (
            Failure::Timeout,
            "no connection to r.example:443 within 10 s",
            "did not answer in time",
            "firewall",
        ),
        (
            Failure::NoResponse,
            "it closed the connection",
            "without an answer",
            "Try again",
        ),
        (
            Failure::NoResponse,
            "it sent the TLS alert certificate_required",
            "wants a certificate",
            "--client-cert",
        ),
        (
            Failure::Tls,
            "TLS handshake with r.example: what it sent is no TLS",
            "speaks plain HTTP",
            "--tls-verify=false",
        ),
        (
            Failure::Tls,
            "TLS handshake with r.example: it sent the TLS alert handshake_failure",
            "in common",
            "TLS 1.2 or 1.3",
        ),
        (
            Failure::Tls,
            "TLS handshake with r.example: else",
            "There is no TLS with",
            "openssl",
        ),
        (
            Failure::UpstreamProxy,
            "asking the proxy p for a tunnel: it answered 407 X",
            "wants a user name",
            "USER:PASSWORD@",
        ),
        (
            Failure::UpstreamProxy,
            "asking the proxy p for a tunnel: it answered 403 X",
            "does not let anybody",
            "NO_PROXY",
        ),
        (
            Failure::UpstreamProxy,
            "asking the proxy p for a tunnel: else",
            "did not lead to",
            "--upstream-proxy",
        ),
        (
            Failure::BadResponse,
            "its head is too long",
            "no proper HTTP",
            "port",
        ),
        (
            Failure::Forbidden,
            "10.0.0.1 is in a private range",
            "does not connect to",
            "--allow-target",
        ),
    ];
    for (reason, detail, sentence, fix) in cases {
        let mut story = Scenario::docker();
        story.get(&tag()).change(failed(reason, detail));
        let (told, remedy) = told(&story, "unreachable");
        assert!(told.contains(sentence), "{detail}: {told}");
        assert!(told.contains(detail), "{told}");
        assert!(remedy.contains(fix), "{detail}: {remedy}");
    }
}

#[test]
fn a_name_that_only_a_cluster_knows_is_told_as_such() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.manifest(&image);
    let url = "https://minio.harbor.svc.cluster.local/x";
    let asked = story.get(&format!("{HUB}/blobs/{}", sha256(&image.blobs[1])));
    asked.answer(307).header("Location", url);
    story
        .get(url)
        .change(failed(Failure::Dns, "looking up it: no"));
    let findings = story.verdict().findings;
    let [gone, led] = findings.as_slice() else {
        panic!("{findings:#?}");
    };
    assert_eq!((gone.rule, led.rule), ("unreachable", "redirect-private"));
    assert!(
        gone.sentence(Lang::En)
            .contains("only a cluster or a private network knows")
    );
    assert!(
        gone.fix(Lang::En)
            .contains("storage of registry-1.docker.io")
    );
    assert!(
        led.sentence(Lang::En)
            .contains("a name that only a cluster")
    );
}

#[test]
fn a_try_whether_there_is_tls_is_none_of_it() {
    let mut story = Scenario::docker();
    let refused = failed(Failure::Connect, "Connection refused");
    story.get("https://r.example:5000/v2/").change(refused);
    story.get("http://r.example:5000/v2/");
    let image = Image::new(0);
    story
        .get("http://r.example:5000/v2/team/app/manifests/1")
        .header("Docker-Content-Digest", &sha256(&image.manifest))
        .body(MANIFEST, &image.manifest);
    assert_eq!(story.rules(), [""; 0]);
    // The client asked again, and had it.
    let mut story = Scenario::new(SKOPEO);
    let reset = failed(Failure::NoResponse, "Connection reset by peer");
    story.get(&format!("{HUB}/manifests/latest")).change(reset);
    story.manifest(&Image::new(0));
    assert_eq!(story.only("unreachable").0, Severity::Warning);
}

#[test]
fn who_stands_in_between_is_named() {
    let cases = [
        (
            403,
            "Zscaler/6.1",
            "<html>Blocked</html>",
            "Zscaler answered in the place of r.example",
        ),
        (
            200,
            "x",
            "<html><title>FortiGuard Intrusion Prevention</title></html>",
            "Fortinet answered",
        ),
        (
            403,
            "squid/5.7",
            "<html>ERR_ACCESS_DENIED</html>",
            "Squid answered",
        ),
        (511, "x", "<html>Log in</html>", "A portal of this network"),
        (
            403,
            "cloudflare",
            "<html><title>Just a moment...</title></html>",
            "only a browser can solve",
        ),
    ];
    for (status, server, html, sentence) in cases {
        let mut story = Scenario::new(DOCKER);
        let asked = story.get(&tag()).answer(status).header("Server", server);
        page(asked, html);
        let (told, _) = told(&story, "middlebox");
        assert!(told.contains(sentence), "{status}: {told}");
    }
    let mut story = Scenario::docker();
    let asked = story.get("http://r.example/v2/").answer(302);
    asked.header(
        "Location",
        "http://portal.hotel.example/captive?to=r.example",
    );
    assert!(
        told(&story, "middlebox")
            .0
            .contains("A portal of this network")
    );
}

#[test]
fn a_filter_that_signs_for_others_is_worth_knowing() {
    use pullscope::exchange::{Upstream, Verification};
    use rcgen::{CertificateParams, DnType, KeyPair};
    let issued = |verification: Verification| {
        let mut params = CertificateParams::new(vec!["registry-1.docker.io".to_owned()]).unwrap();
        let name = DnType::OrganizationName;
        params.distinguished_name.push(name, "Zscaler Inc.");
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let upstream = Upstream {
            certificates: vec![own.der().to_vec()].into(),
            verification: Some(verification),
            ..Upstream::default()
        };
        let mut story = Scenario::docker();
        let asked = story.manifest(&Image::new(0));
        asked.change(|exchange| exchange.upstream = Some(upstream.into()));
        story
    };
    let story = issued(Verification::Verified);
    let (severity, sentence) = story.only("middlebox");
    assert_eq!(severity, Severity::Info);
    assert!(
        sentence.contains("Zscaler opens this connection"),
        "{sentence}"
    );
    let reason = "unknown issuer".to_owned();
    let story = issued(Verification::Rejected { reason });
    let found = story.verdict().findings;
    let refused = found
        .iter()
        .find(|one| one.rule == "upstream-cert")
        .unwrap();
    assert!(
        refused
            .sentence(Lang::En)
            .contains("Zscaler opens TLS connections")
    );
    assert!(refused.fix(Lang::En).contains("--upstream-ca"));
}
