//! What made the client send each request, and what kept it waiting.

use pullscope::exchange::ExchangeId;
use pullscope::pulls::{Pull, Why};
use pullscope::registry::Kind;

use crate::traffic::{CONTAINERD, PODMAN, Traffic, X, config, digest_of, index, manifest, pull};

const BASE: &str = "https://r.example/v2/a";

fn only(exchanges: impl IntoIterator<Item = X>) -> Pull {
    let store = Traffic::of(exchanges).store();
    assert_eq!(store.pulls().len(), 1, "{:#?}", store.pulls());
    assert_eq!(store.loose().count(), 0);
    store.pulls()[0].clone()
}

/// Of each step: its word, and why and after which step it came.
fn story(pull: &Pull) -> Vec<(Kind, Option<(Why, u64)>)> {
    let steps = pull.steps.iter();
    let cause = |step: &pullscope::pulls::Step| step.cause.map(|c| (c.why, c.exchange.0));
    steps.map(|step| (step.kind, cause(step))).collect()
}

fn path(pull: &Pull) -> Vec<u64> {
    pull.critical_path.iter().map(|id| id.0).collect()
}

#[test]
fn a_pull_by_docker() {
    let pull = only(pull("a", 0));
    assert_eq!(
        story(&pull),
        [
            (Kind::Challenge, None),
            (Kind::Token, Some((Why::Challenge, 1))),
            (Kind::Resolve, Some((Why::Token, 2))),
            (Kind::Index, Some((Why::Resolve, 3))),
            (Kind::Manifest, Some((Why::Index, 4))),
            (Kind::Redirect, Some((Why::Manifest, 5))),
            (Kind::Redirect, Some((Why::Manifest, 5))),
            (Kind::Cdn, Some((Why::Redirect, 6))),
            (Kind::Cdn, Some((Why::Redirect, 7))),
        ]
    );
    assert_eq!(path(&pull), [1, 2, 3, 4, 5, 7, 9]);
}

/// containerd asks without a token first, at each turn.
#[test]
fn a_pull_by_containerd() {
    let image = manifest("a", &["one"]);
    let by_digest = format!("{BASE}/manifests/{}", digest_of(&image));
    let by_tag = format!("{BASE}/manifests/1");
    let realm = "https://auth.example/token";
    let token = |token: &str| {
        X::get(&format!("{realm}?service=r&scope=repository%3Aa%3Apull"))
            .text(&format!(r#"{{"access_token":"{token}"}}"#))
    };
    let blob = |text: &str| X::get(&format!("{BASE}/blobs/{}", digest_of(text))).token("t2");
    let all = [
        X::head(&by_tag).challenge(realm).at(0),
        token("t1").at(20),
        X::head(&by_tag)
            .token("t1")
            .says("Docker-Content-Digest", &digest_of(&image))
            .at(40),
        X::get(&by_digest).challenge(realm).at(60),
        token("t2").at(80),
        X::get(&by_digest).token("t2").text(&image).at(100),
        blob(&config("a")).text(&config("a")).at(120),
        blob("one").bulk("one").at(121),
    ];
    let pull = only(all.map(|x| x.by(CONTAINERD)));
    assert_eq!(
        story(&pull),
        [
            (Kind::Challenge, None),
            (Kind::Token, Some((Why::Challenge, 1))),
            (Kind::Resolve, Some((Why::Token, 2))),
            (Kind::Challenge, Some((Why::Resolve, 3))),
            (Kind::Token, Some((Why::Challenge, 4))),
            (Kind::Manifest, Some((Why::Token, 5))),
            (Kind::Config, Some((Why::Manifest, 6))),
            (Kind::Layer, Some((Why::Manifest, 6))),
        ]
    );
}

/// With credentials containerd posts first, and asks by GET where that is not answered.
#[test]
fn a_token_that_is_asked_for_twice() {
    let realm = "https://auth.example/token";
    let pull = only([
        X::get("https://r.example/v2/").challenge(realm).at(0),
        X::method("POST", realm)
            .sends("grant_type=password&service=r&scope=repository%3Aa%3Apull")
            .status(404)
            .at(20),
        X::get(&format!("{realm}?service=r&scope=repository:a:pull"))
            .text(r#"{"token":"t"}"#)
            .at(40),
        X::get(&format!("{BASE}/manifests/1"))
            .token("t")
            .text(&manifest("a", &[]))
            .at(60),
    ]);
    assert_eq!(story(&pull)[2].1, Some((Why::Retry, 2)));
    assert_eq!(story(&pull)[3].1, Some((Why::Token, 3)));
}

#[test]
fn a_password_that_is_asked_for() {
    let manifest = format!("{BASE}/manifests/1");
    let pull = only([
        X::get("https://r.example/v2/")
            .status(401)
            .says("WWW-Authenticate", "Basic realm=\"r\"")
            .at(0),
        X::get(&manifest)
            .asks("Authorization", "Basic dTpw")
            .text("{}")
            .at(20),
    ]);
    assert_eq!(story(&pull)[1].1, Some((Why::Challenge, 1)));
}

#[test]
fn a_token_that_expires_half_way() {
    let realm = "https://auth.example/token";
    let token = |token: &str| {
        X::get(&format!("{realm}?service=r&scope=repository:a:pull"))
            .text(&format!(r#"{{"token":"{token}"}}"#))
    };
    let blob = |text: &str| X::get(&format!("{BASE}/blobs/{}", digest_of(text)));
    let pull = only([
        X::get("https://r.example/v2/").challenge(realm).at(0),
        token("t1").at(20),
        X::get(&format!("{BASE}/manifests/1"))
            .token("t1")
            .text(&manifest("a", &["one"]))
            .at(40),
        blob(&config("a")).token("t1").text(&config("a")).at(60),
        blob("one").token("t1").challenge(realm).at(61),
        token("t2").at(80),
        blob("one").token("t2").bulk("one").at(100),
    ]);
    let story = story(&pull);
    assert_eq!(story[4], (Kind::Challenge, Some((Why::Manifest, 3))));
    assert_eq!(story[5].1, Some((Why::Challenge, 5)));
    assert_eq!(story[6], (Kind::Layer, Some((Why::Token, 6))));
    assert_eq!(path(&pull), [1, 2, 3, 5, 6, 7]);
}

#[test]
fn a_registry_that_asks_for_no_token() {
    let pull = only([
        X::get("https://r.example/v2/").at(0),
        X::get(&format!("{BASE}/manifests/1"))
            .text(&manifest("a", &[]))
            .at(20),
        X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(40),
    ]);
    assert_eq!(
        story(&pull),
        [
            (Kind::Ping, None),
            (Kind::Manifest, Some((Why::Ping, 1))),
            (Kind::Config, Some((Why::Manifest, 2))),
        ]
    );
}

#[test]
fn a_head_that_is_not_allowed() {
    let pull = only([
        X::head(&format!("{BASE}/manifests/1")).status(405).at(0),
        X::get(&format!("{BASE}/manifests/1"))
            .text(&manifest("a", &[]))
            .at(20),
    ]);
    assert_eq!(
        story(&pull),
        [(Kind::Error, None), (Kind::Manifest, Some((Why::Retry, 1)))]
    );
}

#[test]
fn a_download_that_breaks_off() {
    let blob = format!("{BASE}/blobs/{}", digest_of("one"));
    let cdn = |n| format!("https://cdn.example/one?sig={n}");
    let pull = only([
        X::get(&format!("{BASE}/manifests/1"))
            .text(&manifest("a", &["one"]))
            .at(0),
        X::get(&blob).redirect(&cdn(1)).at(20),
        X::get(&cdn(1)).cut(1).at(40),
        X::get(&blob)
            .asks("Range", "bytes=1-")
            .redirect(&cdn(2))
            .at(60),
        X::get(&cdn(2))
            .asks("Range", "bytes=1-")
            .status(206)
            .unknown(2)
            .at(80),
    ]);
    let story = story(&pull);
    assert_eq!(story[3], (Kind::Redirect, Some((Why::Retry, 3))));
    assert_eq!(story[4], (Kind::Cdn, Some((Why::Redirect, 4))));
    assert_eq!(path(&pull), [1, 2, 3, 4, 5]);
}

/// A client that fetches one at a time: the second layer waits for the first.
#[test]
fn a_layer_that_waits_for_another() {
    let blob = |text: &str| X::get(&format!("{BASE}/blobs/{}", digest_of(text))).by(PODMAN);
    let pull = only([
        X::get(&format!("{BASE}/manifests/1"))
            .by(PODMAN)
            .text(&manifest("a", &["one", "two"]))
            .at(0),
        blob(&config("a")).text(&config("a")).at(20),
        blob("one").bulk("one").at(21).took(500),
        blob("two").bulk("two").at(530),
    ]);
    assert_eq!(path(&pull), [1, 3, 4]);
}

#[test]
fn pages_of_a_list() {
    let page = |last: &str| format!("{BASE}/tags/list?n=2{last}");
    let pull = only([
        X::get(&page(""))
            .says("Link", "</v2/a/tags/list?n=2&last=b>; rel=\"next\"")
            .text("{}")
            .at(0),
        X::get(&page("&last=b")).text("{}").at(20),
    ]);
    assert_eq!(
        story(&pull),
        [(Kind::Tags, None), (Kind::Tags, Some((Why::Page, 1)))]
    );
}

#[test]
fn every_child_of_an_index() {
    let children = ["amd64", "arm64"].map(|name| manifest(name, &[]));
    let list = index(&[("amd64", &children[0]), ("arm64", &children[1])]);
    let child = |text: &String| X::get(&format!("{BASE}/manifests/{}", digest_of(text))).text(text);
    let pull = only([
        X::get(&format!("{BASE}/manifests/1")).text(&list).at(0),
        child(&children[0]).at(20),
        child(&children[1]).at(40),
    ]);
    assert_eq!(story(&pull)[1], (Kind::Manifest, Some((Why::Index, 1))));
    assert_eq!(story(&pull)[2], (Kind::Manifest, Some((Why::Index, 1))));
    assert_eq!(pull.image.manifest, Some(ExchangeId(2)));
}
