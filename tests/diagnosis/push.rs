//! Pushes, and what registries do not take.

use pullscope::findings::Severity;
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{MANIFEST, Scenario, sha256};

const REPOSITORY: &str = "https://r.example/v2/team/app";
const UPLOADS: &str = "https://r.example/v2/team/app/blobs/uploads/";
const UPLOAD: &str = "https://r.example/v2/team/app/blobs/uploads/u1";
const BLOB: &[u8] = b"a blob";

/// Where an upload of the blob is closed.
fn closing() -> String {
    format!("{UPLOAD}?digest={}", sha256(BLOB))
}

fn manifest() -> String {
    format!("{REPOSITORY}/manifests/1")
}

/// The registry says where to send a blob.
fn begin(story: &mut Scenario) {
    story
        .ask("POST", UPLOADS)
        .answer(202)
        .header("Location", UPLOAD);
}

/// So many bytes are sent, and the registry says what it has.
fn send(story: &mut Scenario, size: u64, range: &str) {
    story
        .ask("PATCH", UPLOAD)
        .answer(202)
        .header("Location", UPLOAD)
        .header("Range", range)
        .change(|exchange| exchange.sent = size);
}

/// Upload and manifest are accepted.
fn finish(story: &mut Scenario) {
    story.ask("PUT", &closing()).answer(201);
    story
        .ask("PUT", &manifest())
        .sends("Content-Type", MANIFEST)
        .answer(201);
}

/// The sentence and the remedy of the only finding, which is this rule's and an error.
fn told(story: &Scenario, rule: &str) -> (String, String) {
    let (severity, sentence) = story.only(rule);
    assert_eq!(severity, Severity::Error, "{sentence}");
    let fix = story.verdict().findings[0].fix(Lang::En);
    (sentence, fix)
}

#[test]
fn a_push_that_went_well_is_no_finding() {
    let mut story = Scenario::docker();
    // Mounting is tried first, one registry expects other bytes, another names no place to go on.
    story
        .ask(
            "POST",
            &format!("{UPLOADS}?mount={}&from=a/b", sha256(BLOB)),
        )
        .answer(405)
        .error("UNSUPPORTED");
    begin(&mut story);
    story
        .ask("PATCH", UPLOAD)
        .answer(416)
        .header("Range", "0-5");
    story.ask("PATCH", UPLOAD).answer(202);
    send(&mut story, 100, "0-50");
    finish(&mut story);
    assert_eq!(story.rules(), [""; 0]);
}

/// What is asked, how it is refused, and what the sentence and the remedy say of it.
const REFUSALS: [[&str; 4]; 17] = [
    [
        "patch",
        "413",
        "is too large for r.example",
        "Raise the limit",
    ],
    [
        "patch",
        "507",
        "has no room left for team/app",
        "collect its garbage",
    ],
    [
        "close",
        "403 DENIED: over the configured upper limit",
        "a quota is used up",
        "raise the quota",
    ],
    [
        "begin",
        "405 UNSUPPORTED: no",
        "takes no pushes (405 to POST)",
        "not to the cache",
    ],
    [
        "begin",
        "403 DENIED: The system is in read only mode",
        "takes no pushes",
        "",
    ],
    [
        "begin",
        "404 NAME_UNKNOWN: no",
        "has no repository team/app",
        "Create the repository",
    ],
    [
        "begin",
        "400 NAME_INVALID: no",
        "refused the name team/app",
        "lower case",
    ],
    [
        "close",
        "404 BLOB_UPLOAD_UNKNOWN: no",
        "no longer knows the upload",
        "share storage",
    ],
    [
        "close",
        "400 DIGEST_INVALID: no",
        "got other bytes than the digest",
        "Push again",
    ],
    [
        "publish",
        "400 TAG_INVALID: no",
        "refused the tag 1 (400)",
        "128 characters",
    ],
    [
        "publish",
        "412 PRECONDITION: configured as immutable",
        "the tag 1 of team/app be over",
        "new tag",
    ],
    [
        "publish",
        "404 MANIFEST_BLOB_UNKNOWN: no",
        "names a blob that the",
        "Push again",
    ],
    [
        "publish",
        "404 MANIFEST_UNKNOWN: no",
        "names a manifest that the",
        "before the index",
    ],
    [
        "publish",
        "400 MANIFEST_INVALID: no",
        "as invalid (400)",
        "--format v2s2",
    ],
    ["publish", "415", "as invalid (415)", "--format v2s2"],
    [
        "publish",
        "405 UNSUPPORTED: no",
        "does not support what was pushed as 1",
        "",
    ],
    [
        "publish",
        "409 CONFLICT: later",
        "(PUT, 409). In its words: “CONFLICT: later”",
        "",
    ],
];

#[test]
fn every_refusal_is_told_as_what_it_is() {
    for [step, answer, sentence, fix] in REFUSALS {
        let mut story = Scenario::docker();
        if step != "begin" {
            begin(&mut story);
            send(&mut story, 6, "0-5");
        }
        let (method, url) = match step {
            "begin" => ("POST", UPLOADS.to_owned()),
            "patch" => ("PATCH", UPLOAD.to_owned()),
            "close" => ("PUT", closing()),
            _ => ("PUT", manifest()),
        };
        let (status, said) = answer.split_once(' ').unwrap_or((answer, ""));
        let (code, message) = said.split_once(": ").unwrap_or_default();
        let asked = story.ask(method, &url).sends("Content-Type", MANIFEST);
        let body = json!({"errors": [{"code": code, "message": message}]}).to_string();
        asked
            .answer(status.parse().unwrap())
            .body("application/json", body.as_bytes());
        let (told, remedy) = told(&story, "push-refused");
        assert!(told.contains(sentence), "{answer}: {told}");
        assert!(remedy.contains(fix), "{answer}: {remedy}");
        assert!(told.contains(said), "the registry's own words: {told}");
    }
}

#[test]
fn the_remedy_is_that_of_whoever_refused() {
    let refused = |url: &str, status, server: &str, body: &str| {
        let mut story = Scenario::docker();
        let asked = story
            .ask("POST", url)
            .answer(status)
            .header("Server", server);
        let kind = if body.starts_with('<') {
            "text/html"
        } else {
            "application/json"
        };
        asked.body(kind, body.as_bytes());
        told(&story, "push-refused")
    };
    let page = "<html><title>413 Request Entity Too Large</title><center>nginx</center></html>";
    let (sentence, fix) = refused(UPLOADS, 413, "nginx/1.25", page);
    assert!(sentence.contains("in front of it (nginx)"), "{sentence}");
    assert!(fix.contains("client_max_body_size"), "{fix}");
    let (sentence, fix) = refused(UPLOADS, 413, "cloudflare", "<html>413</html>");
    assert!(sentence.contains("(Cloudflare)"), "{sentence}");
    assert!(fix.contains("100 MB"), "{fix}");
    let missing = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}"#;
    for (host, command) in [
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "aws ecr create-repository --repository-name team/app",
        ),
        (
            "europe-docker.pkg.dev",
            "gcloud artifacts repositories create",
        ),
    ] {
        let url = format!("https://{host}/v2/team/app/blobs/uploads/");
        let (sentence, fix) = refused(&url, 404, "x", missing);
        assert!(
            sentence.contains("does not create one by a push"),
            "{sentence}"
        );
        assert!(fix.contains(command), "{fix}");
    }
}

#[test]
fn a_blob_in_a_single_request_is_not_taken_everywhere() {
    let mut story = Scenario::docker();
    begin(&mut story);
    let asked = story.ask("PUT", &closing());
    let asked = asked.change(|exchange| exchange.sent = 6);
    asked.answer(404).error("BLOB_UNKNOWN");
    let (sentence, fix) = told(&story, "push-refused");
    assert!(
        sentence.contains("uploaded in a single request"),
        "{sentence}"
    );
    assert!(fix.contains("PATCH, then PUT"), "{fix}");
}

#[test]
fn an_upload_without_an_address_leads_nowhere() {
    let mut story = Scenario::docker();
    story
        .ask("POST", UPLOADS)
        .answer(202)
        .header("Range", "0-0");
    let (sentence, _) = told(&story, "push-refused");
    assert_eq!(
        sentence,
        "r.example accepted an upload (202) without saying where it goes on: its answer has no \
         Location."
    );
}

#[test]
fn fewer_bytes_than_were_sent_are_told() {
    let mut story = Scenario::docker();
    begin(&mut story);
    send(&mut story, 16_384, "0-1023");
    story.ask("DELETE", UPLOAD).answer(204);
    let (sentence, _) = told(&story, "push-refused");
    assert_eq!(
        sentence,
        "r.example says that it holds fewer bytes than were sent: 1,024 B of 16.3 kB."
    );
    // Nothing is said of what is not stated, or of nothing.
    for range in ["0-16383", "0-0", "bytes", "16-20"] {
        let mut story = Scenario::docker();
        begin(&mut story);
        send(&mut story, 16_384, range);
        assert_eq!(story.rules(), [""; 0], "{range}");
    }
}

#[test]
fn what_the_client_got_over_is_a_warning() {
    let mut story = Scenario::docker();
    begin(&mut story);
    story.ask("PATCH", UPLOAD).answer(413);
    finish(&mut story);
    assert_eq!(story.only("push-refused").0, Severity::Warning);
}

#[test]
fn an_upload_that_gives_up_tls_is_told() {
    let mut story = Scenario::docker();
    let plain = UPLOAD.replace("https:", "http:");
    story
        .ask("POST", UPLOADS)
        .answer(202)
        .header("Location", &plain);
    let (sentence, fix) = told(&story, "redirect-downgrade");
    assert!(sentence.contains("plain http at r.example as the address of an upload"));
    assert!(fix.contains("X-Forwarded-Proto"), "{fix}");
    // Where the client never spoke TLS, it loses none.
    let mut story = Scenario::docker();
    let asked = story.ask("POST", &UPLOADS.replace("https:", "http:"));
    asked.answer(202).header("Location", &plain);
    assert_eq!(story.rules(), [""; 0]);
}
