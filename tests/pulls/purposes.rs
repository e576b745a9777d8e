//! What a client was up to, and how it went.

use pullscope::pulls::BlobState::{Mounted, Pushed, Unasked, Verified};
use pullscope::pulls::{Purpose, State, Why};
use pullscope::registry::Kind;

use crate::separation::groups;
use crate::traffic::{DOCKER, PODMAN, Traffic, X, config, digest_of, index, manifest, pull};

const BASE: &str = "https://r.example/v2/a";

fn manifest_url(reference: &str) -> String {
    format!("{BASE}/manifests/{reference}")
}

/// A blob is looked for and then sent, from `at` on.
fn upload(text: &str, at: u64) -> [X; 4] {
    let place = |state: u32| format!("{BASE}/blobs/uploads/{}?_state={state}", text.len());
    [
        X::head(&format!("{BASE}/blobs/{}", digest_of(text)))
            .status(404)
            .at(at),
        X::method("POST", &format!("{BASE}/blobs/uploads/"))
            .status(202)
            .says("Location", &place(1))
            .at(at + 20),
        X::method("PATCH", &place(1))
            .sends(text)
            .status(202)
            .says("Location", &place(2))
            .at(at + 40),
        X::method("PUT", &format!("{}&digest={}", place(2), digest_of(text)))
            .status(201)
            .at(at + 60),
    ]
}

#[test]
fn a_push() {
    let image = manifest("a", &["layer one", "two"]);
    let mut traffic = Traffic::of([X::get("https://r.example/v2/").at(0)]);
    traffic.add(upload("layer one", 20));
    traffic.add(upload(&config("a"), 21));
    traffic.add([
        X::head(&format!("{BASE}/blobs/{}", digest_of("two"))).at(22),
        X::method("PUT", &manifest_url("1"))
            .sends(&image)
            .status(201)
            .at(200),
    ]);
    let store = traffic.store();
    assert_eq!(groups(&store), [(1..=11).collect::<Vec<_>>()]);
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Push, State::Complete));
    assert_eq!(pull.name(), "r.example/a:1");
    let states: Vec<_> = pull.blobs.iter().map(|blob| blob.state).collect();
    assert_eq!(states, [Pushed, Pushed, Mounted]);
    assert_eq!(pull.blobs[1].received, 9);
    let kinds: Vec<_> = pull.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds[10], Kind::Publish);
    // HEAD, POST, PATCH and PUT are all about the blob.
    assert_eq!(pull.blobs[1].exchanges.len(), 4);
    let put = pull.steps.iter().rev().nth(1).unwrap();
    assert_eq!(put.cause.unwrap().why, Why::Upload);
}

#[test]
fn a_push_that_takes_a_layer_from_another_repository() {
    let image = manifest("a", &["one"]);
    let mount = format!("{BASE}/blobs/uploads/?mount={}&from=b", digest_of("one"));
    let store = Traffic::of([
        X::method("POST", &mount).status(201).at(0),
        X::method("PUT", &manifest_url("1"))
            .sends(&image)
            .status(201)
            .at(40),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2]]);
    assert_eq!(store.pulls()[0].blobs[1].state, Mounted);
}

#[test]
fn a_push_after_a_pull_is_another_thing() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(upload("one", 1_500));
    let store = traffic.store();
    let purposes: Vec<_> = store.pulls().iter().map(|pull| pull.purpose).collect();
    assert_eq!(purposes, [Purpose::Pull, Purpose::Push]);
}

#[test]
fn looking_at_an_image() {
    let image = manifest("a", &["one"]);
    let look = |agent| {
        let config = X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(20);
        let all = [X::get(&manifest_url("1")).text(&image).at(0), config];
        Traffic::of(all.map(|x| x.by(agent))).store().pulls()[0].clone()
    };
    let by_skopeo = look(PODMAN);
    assert_eq!(by_skopeo.purpose, Purpose::Inspect);
    assert_eq!(by_skopeo.state, State::Complete);
    let states: Vec<_> = by_skopeo.blobs.iter().map(|blob| blob.state).collect();
    assert_eq!(states, [Verified, Unasked]);
    // dockerd reads manifests for nothing else.
    assert_eq!(look(DOCKER).purpose, Purpose::Pull);
}

#[test]
fn an_image_that_is_not_there() {
    let store = Traffic::of([X::get(&manifest_url("no")).by(PODMAN).status(404).at(0)]).store();
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Failed));
    assert_eq!(pull.name(), "r.example/a:no");
    assert_eq!(pull.steps[0].kind, Kind::Error);
}

#[test]
fn a_page_in_the_place_of_a_manifest() {
    let page = X::get(&manifest_url("1"))
        .by(PODMAN)
        .text("<html>no</html>");
    let pull = Traffic::of([page.at(0)]).store().pulls()[0].clone();
    assert_eq!(pull.state, State::Failed);
}

#[test]
fn a_configuration_that_is_refused() {
    let image = manifest("a", &["one"]);
    let blob = format!("{BASE}/blobs/{}", digest_of(&config("a")));
    let all = [
        X::get(&manifest_url("1")).text(&image).at(0),
        X::get(&blob).status(403).at(20),
    ];
    let pull = Traffic::of(all.map(|x| x.by(PODMAN))).store().pulls()[0].clone();
    // It may have been a pull to be.
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Failed));
}

#[test]
fn a_registry_that_is_not_there() {
    let ping = |at| X::get("https://r.example/v2/").fails().at(at);
    let store = Traffic::of([ping(0), ping(900)]).store();
    assert_eq!(groups(&store), [[1, 2]]);
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Failed));
    assert_eq!(pull.name(), "r.example");
    assert_eq!(pull.steps[1].cause.unwrap().why, Why::Retry);
}

#[test]
fn an_image_whose_platform_is_missing() {
    let list = index(&[("arm64", "{}")]);
    let store = Traffic::of([X::get(&manifest_url("1")).text(&list).at(0)]).store();
    let pull = &store.pulls()[0];
    assert_eq!((pull.platform.clone(), pull.image.manifest), (None, None));
    assert!(pull.blobs.is_empty());
    assert_eq!(store.findings_of(pull.id)[0].rule, "no-platform");
    assert_eq!(pull.state, State::Failed);
}

#[test]
fn lists() {
    let page = |n: u32| format!("{BASE}/tags/list?n=2&last={n}");
    let next = |n: u32| format!("</v2/a/tags/list?n=2&last={n}>; rel=\"next\"");
    let store = Traffic::of([
        X::get("https://r.example/v2/").by(PODMAN).at(0),
        X::get(&format!("{BASE}/tags/list?n=2"))
            .by(PODMAN)
            .says("Link", &next(1))
            .at(20),
        X::get(&page(1)).by(PODMAN).says("Link", &next(2)).at(40),
        X::get(&page(2)).by(PODMAN).at(60),
        X::get("https://r.example/v2/_catalog").by("oras/1").at(80),
        X::get(&format!("{BASE}/referrers/{}", digest_of("x")))
            .by("oras/1")
            .at(100),
    ])
    .store();
    assert_eq!(groups(&store), [vec![1, 2, 3, 4], vec![5], vec![6]]);
    assert!(
        store
            .pulls()
            .iter()
            .all(|pull| pull.purpose == Purpose::List)
    );
    assert_eq!(store.pulls()[0].name(), "r.example/a");
    assert_eq!(store.pulls()[1].name(), "r.example");
    assert!(
        store
            .pulls()
            .iter()
            .all(|pull| pull.state == State::Complete)
    );
}

#[test]
fn deleting() {
    let image = manifest("a", &[]);
    let store = Traffic::of([
        X::head(&manifest_url("1"))
            .says("Docker-Content-Digest", &digest_of(&image))
            .at(0),
        X::method("DELETE", &manifest_url(&digest_of(&image)))
            .status(202)
            .at(20),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2]]);
    let pull = &store.pulls()[0];
    assert_eq!(
        (pull.purpose, pull.state),
        (Purpose::Delete, State::Complete)
    );
    assert_eq!(pull.steps[1].kind, Kind::Delete);
    assert_eq!(pull.steps[1].cause.unwrap().why, Why::Resolve);
}

#[test]
fn logging_in_is_no_pull() {
    let store = Traffic::of([
        X::get("https://r.example/v2/")
            .challenge("https://auth.example/token")
            .at(0),
        X::get("https://auth.example/token?service=r&account=me")
            .text(r#"{"token":"t"}"#)
            .at(20),
        X::get("https://r.example/v2/").token("t").at(40),
    ])
    .store();
    assert!(store.pulls().is_empty(), "{:#?}", store.pulls());
    assert_eq!(store.loose().count(), 3);
}
