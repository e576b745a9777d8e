//! Pulls that run over several registries and hosts.

use pullscope::pulls::{Pull, State, Why};
use pullscope::registry::Kind;

use crate::separation::groups;
use crate::traffic::{CONTAINERD, PODMAN, Traffic, X, config, digest_of, manifest, pull};

fn why(pull: &Pull, exchange: u64) -> Option<(Why, u64)> {
    let mut steps = pull.steps.iter();
    let step = steps.find(|step| step.exchange.0 == exchange).unwrap();
    step.cause.map(|cause| (cause.why, cause.exchange.0))
}

#[test]
fn a_mirror_that_lacks_the_image_and_then_the_registry() {
    let mut traffic = Traffic::of([
        X::get("https://m.example/v2/").at(0),
        X::get("https://m.example/v2/a/manifests/latest")
            .status(404)
            .at(20),
    ]);
    traffic.add(from_hub(40));
    let store = traffic.store();
    assert_eq!(groups(&store), [(1..=11).collect::<Vec<_>>()]);
    let pull = &store.pulls()[0];
    assert_eq!(pull.registry, "registry-1.docker.io");
    assert_eq!(pull.mirrors, ["m.example"]);
    assert_eq!(pull.state, State::Complete);
    // The HEAD at the registry asks for what the mirror did not have.
    assert_eq!(why(pull, 5), Some((Why::Token, 4)));
}

#[test]
fn a_mirror_that_is_down_and_then_the_registry() {
    let mut traffic = Traffic::of([X::get("https://m.example/v2/").fails().at(0)]);
    traffic.add(from_hub(40));
    let store = traffic.store();
    assert_eq!(groups(&store), [(1..=10).collect::<Vec<_>>()]);
    assert_eq!(store.pulls()[0].mirrors, ["m.example"]);
    assert_eq!(store.pulls()[0].state, State::Complete);
}

/// A pull from Docker Hub, which alone has mirrors for docker.
fn from_hub(at: u64) -> Vec<X> {
    let pull = pull("a", at).into_iter();
    pull.map(|x| x.moved("r.example", "registry-1.docker.io"))
        .collect()
}

/// Who asks another registry for an image of the same name does not fall back on it.
#[test]
fn another_registry_is_no_mirror() {
    let refused = |host: &str| {
        [
            X::get(&format!("https://{host}/v2/")).at(0),
            X::get(&format!("https://{host}/v2/a/manifests/latest"))
                .status(404)
                .at(20),
        ]
    };
    // Nothing stands in for Docker Hub once it was asked itself.
    let mut from_hub_to_another = Traffic::of(refused("registry-1.docker.io"));
    from_hub_to_another.add(pull("a", 40));
    // Docker falls back on Docker Hub alone.
    let mut from_one_to_another = Traffic::of(refused("m.example"));
    from_one_to_another.add(pull("a", 40));
    // So long after, it is somebody at a keyboard.
    let mut much_later = Traffic::of(refused("m.example"));
    much_later.add(from_hub(10_000));
    // What stands in for one registry leads to that one.
    let mut named = Traffic::of([
        X::head("https://m.example/v2/a/manifests/latest?ns=quay.io")
            .by(CONTAINERD)
            .status(404)
            .at(0),
        X::head("https://m.example/v2/a/manifests/latest?ns=quay.io")
            .by(CONTAINERD)
            .status(404)
            .at(10),
    ]);
    named.add(pull("a", 40).into_iter().map(|x| x.by(CONTAINERD)));
    for traffic in [from_hub_to_another, from_one_to_another, much_later, named] {
        let store = traffic.store();
        let expected = [(1..=2).collect::<Vec<_>>(), (3..=11).collect()];
        assert_eq!(groups(&store), expected);
        let states: Vec<_> = store.pulls().iter().map(|pull| pull.state).collect();
        assert_eq!(states, [State::Failed, State::Complete]);
        assert!(store.pulls().iter().all(|pull| pull.mirrors.is_empty()));
    }
}

/// A mirror's challenge may name the registry's own token server, and the repository by the
/// registry's own name.
#[test]
fn a_challenge_that_leads_to_another_name() {
    let realm = "https://auth.example/token";
    let challenge =
        format!(r#"Bearer realm="{realm}",service="r",scope="repository:library/a:pull""#);
    let token = |scope: &str, at| {
        X::get(&format!("{realm}?service=r&scope=repository:{scope}:pull")).at(at)
    };
    let ask = X::head("https://m.example/v2/a/manifests/1?ns=docker.io")
        .status(401)
        .says("WWW-Authenticate", &challenge);
    let store = Traffic::of([ask.clone().at(0), token("library/a", 20).fails()]).store();
    assert_eq!(groups(&store), [[1, 2]]);
    assert_eq!(store.pulls()[0].name(), "m.example/a:1");
    // Not for a repository that it does not name.
    let store = Traffic::of([ask.at(0), token("library/b", 20).fails()]).store();
    assert_eq!(groups(&store), [[1], [2]]);
}

#[test]
fn two_mirrors_that_stand_in_for_the_same_registry() {
    let image = manifest("a", &["one"]);
    let ask = |host: &str, what: &str| {
        X::get(&format!("https://{host}/v2/a/{what}?ns=docker.io")).by(CONTAINERD)
    };
    let by_digest = format!("manifests/{}", digest_of(&image));
    let store = Traffic::of([
        X::head("https://m1.example/v2/a/manifests/latest?ns=docker.io")
            .by(CONTAINERD)
            .says("Docker-Content-Digest", &digest_of(&image))
            .at(0),
        ask("m1.example", &by_digest).text(&image).at(20),
        ask("m1.example", &format!("blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(40),
        ask("m1.example", &format!("blobs/{}", digest_of("one")))
            .status(500)
            .at(41),
        ask("m2.example", &format!("blobs/{}", digest_of("one")))
            .bulk("one")
            .at(60),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2, 3, 4, 5]]);
    let pull = &store.pulls()[0];
    assert_eq!(
        (pull.registry.as_str(), &*pull.mirrors),
        ("m1.example", &["m2.example".to_owned()][..])
    );
    assert_eq!(pull.state, State::Complete);
    assert_eq!(why(pull, 5), Some((Why::Retry, 4)));
}

#[test]
fn two_registries_with_a_repository_of_the_same_name() {
    let mut traffic = Traffic::of(pull("a", 0));
    let other = pull("a", 15).into_iter();
    traffic.add(other.map(|x| x.moved("r.example", "other.example")));
    let store = traffic.store();
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(names, ["r.example/a:latest", "other.example/a:latest"]);
    assert!(store.pulls().iter().all(|pull| pull.steps.len() == 9));
}

#[test]
fn a_chain_of_redirects_is_followed_to_its_end() {
    let image = manifest("a", &["one"]);
    let base = "https://r.example/v2/a";
    let store = Traffic::of([
        X::get(&format!("{base}/manifests/1")).text(&image).at(0),
        X::get(&format!("{base}/blobs/{}", digest_of("one")))
            .redirect("/artifacts-downloads/x?sig=1")
            .at(20),
        X::get("https://r.example/artifacts-downloads/x?sig=1")
            .redirect("https://cdn.example/y?sig=2#frag")
            .at(40),
        X::get("https://cdn.example/y?sig=2").bulk("one").at(60),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2, 3, 4]]);
    let pull = &store.pulls()[0];
    assert_eq!(why(pull, 3), Some((Why::Redirect, 2)));
    assert_eq!(why(pull, 4), Some((Why::Redirect, 3)));
    assert_eq!(pull.steps[3].kind, Kind::Cdn);
    assert_eq!(pull.steps[3].part, pull.steps[1].part);
    let ids: Vec<_> = pull.blobs[1].exchanges.iter().map(|id| id.0).collect();
    assert_eq!(ids, [2, 3, 4]);
}

#[test]
fn a_download_is_found_by_its_referer_too() {
    let image = manifest("a", &["one"]);
    let blob = format!("https://r.example/v2/a/blobs/{}", digest_of("one"));
    let store = Traffic::of([
        X::get("https://r.example/v2/a/manifests/1")
            .text(&image)
            .at(0),
        X::get(&blob)
            .redirect("https://cdn.example/y?sig=REDACTED")
            .at(20),
        X::get("https://cdn.example/y?sig=REDACTED-0011ff")
            .asks("Referer", &blob)
            .bulk("one")
            .at(40),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2, 3]]);
    assert_eq!(why(&store.pulls()[0], 3), Some((Why::Redirect, 2)));
}

/// Unsigned places are the same for everybody.
#[test]
fn the_same_download_of_two_pulls() {
    let at = |start: u64, agent| {
        let moved = pull("a", 0).into_iter();
        moved.map(move |x| x.by(agent).later(start))
    };
    let mut traffic = Traffic::of(at(0, CONTAINERD));
    traffic.add(at(2, PODMAN));
    let store = traffic.store();
    assert_eq!(store.pulls().len(), 2);
    for pull in store.pulls() {
        assert_eq!(pull.steps.len(), 9, "{pull:#?}");
        assert_eq!(pull.state, State::Complete);
    }
}

#[test]
fn a_layer_from_outside_the_registry() {
    let layer = crate::traffic::descriptor(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "windows",
        r#","urls":["https://mcr.example/windows"]"#,
    );
    let config = crate::traffic::descriptor(
        "application/vnd.docker.container.image.v1+json",
        &config("a"),
        "",
    );
    let image = crate::traffic::manifest_of(&config, &[layer]);
    let store = Traffic::of([
        X::get("https://r.example/v2/a/manifests/1")
            .text(&image)
            .at(0),
        X::get("https://mcr.example/windows").bulk("windows").at(20),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2]]);
}
