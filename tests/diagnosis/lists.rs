//! Lists: decoded and explained, and nothing to find.

use pullscope::pulls::Purpose;
use pullscope::registry::{InMemoryOnly, Kind, Reading};
use pullscope::story::explain_alone;
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{HUB, INDEX, Scenario, sha256};

fn readings(story: &Scenario) -> Vec<Reading> {
    let exchanges = story.exchanges().iter();
    exchanges
        .map(|exchange| Reading::of(exchange, &InMemoryOnly))
        .collect()
}

#[test]
fn tags_page_by_page() {
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/tags/list?n=2"))
        .header(
            "Link",
            "</v2/library/alpine/tags/list?n=2&last=2>; rel=\"next\"",
        )
        .body(
            "application/json",
            br#"{"name":"library/alpine","tags":["1","2"]}"#,
        );
    story.get(&format!("{HUB}/tags/list?n=2&last=2")).body(
        "application/json",
        br#"{"name":"library/alpine","tags":["3"]}"#,
    );
    let verdict = story.verdict();
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.pulls.len(), 1);
    assert_eq!(verdict.pulls[0].purpose, Purpose::List);
    let readings = readings(&story);
    assert_eq!(readings[0].listing.as_ref().unwrap().names, ["1", "2"]);
    assert!(readings[0].next_page.as_ref().unwrap().ends_with("last=2"));
    let why = explain_alone(Kind::Tags, &readings[0], Lang::En);
    assert_eq!(
        why,
        "The client asks for the tags of library/alpine. 2 of them are in this answer. There is a \
         next page."
    );
}

#[test]
fn referrers_and_repositories() {
    let subject = sha256(b"image");
    let signature = json!({"mediaType": crate::scenario::MANIFEST, "digest": sha256(b"sig"),
        "size": 3, "artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json"});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [signature]});
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/referrers/{subject}?artifactType=x"))
        .header("OCI-Filters-Applied", "artifactType")
        .body(INDEX, index.to_string().as_bytes());
    story.get("https://registry-1.docker.io/v2/_catalog").body(
        "application/json",
        br#"{"repositories":["library/alpine"]}"#,
    );
    assert_eq!(story.verdict().findings, []);
    let readings = readings(&story);
    let referrers = readings[0].referrers.as_ref().unwrap();
    assert_eq!(
        referrers.manifests[0].artifact_type.as_deref(),
        Some("application/vnd.dev.cosign.artifact.sig.v1+json")
    );
    assert_eq!(readings[0].filters_applied.as_deref(), Some("artifactType"));
    assert_eq!(readings[0].document, None, "it is no image's index");
    assert_eq!(
        readings[1].listing.as_ref().unwrap().names,
        ["library/alpine"]
    );
}

#[test]
fn a_403_may_say_what_scope_is_missing() {
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/manifests/latest"))
        .bearer("t")
        .answer(403)
        .header(
            "WWW-Authenticate",
            "Bearer realm=\"https://t\",error=\"insufficient_scope\"",
        );
    let reading = readings(&story).remove(0);
    assert_eq!(reading.challenges[0].error(), Some("insufficient_scope"));
    assert_eq!(reading.kind(&story.exchanges()[0]), Kind::Error);
    assert_eq!(story.rules(), ["denied"]);
}
