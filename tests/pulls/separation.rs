//! What keeps pulls apart.

use pullscope::pulls::{Pull, State};
use pullscope::store::Store;

use crate::traffic::{CONTAINERD, PODMAN, Traffic, X, config, digest_of, manifest, pull};

/// The exchanges of each pull.
pub(crate) fn groups(store: &Store) -> Vec<Vec<u64>> {
    let steps = |pull: &Pull| pull.steps.iter().map(|step| step.exchange.0).collect();
    store.pulls().iter().map(steps).collect()
}

/// The pull that each exchange belongs to, from the first one on.
fn places(store: &Store) -> Vec<u64> {
    let pulls = store.entries().map(|entry| entry.pull.map_or(0, |id| id.0));
    pulls.collect()
}

#[test]
fn one_after_the_other() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(pull("a", 2_000));
    assert_eq!(places(&traffic.store()), [[1; 9], [2; 9]].concat());
}

#[test]
fn two_images_at_once() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(pull("b", 5));
    let store = traffic.store();
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(names, ["r.example/a:latest", "r.example/b:latest"]);
    for (pull, image) in store.pulls().iter().zip(["a", "b"]) {
        assert_eq!(pull.steps.len(), 9);
        for step in &pull.steps {
            let url = &store.entry(step.exchange).unwrap().reading.url;
            let path = url.as_ref().unwrap().path().to_owned();
            let other = if image == "a" { "/b/" } else { "/a/" };
            assert!(!path.contains(other), "{path} in the pull of {image}");
        }
    }
    assert_eq!(store.loose().count(), 0);
}

/// Two processes that call themselves the same, both with new connections for each request.
#[test]
fn the_same_image_at_once_with_tokens() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(pull("a", 33));
    let store = traffic.store();
    assert_eq!(store.pulls().len(), 2);
    for (pull, token) in store.pulls().iter().zip(["t-a-0", "t-a-33"]) {
        assert_eq!(pull.steps.len(), 9);
        let sent = pull.steps.iter().filter_map(|step| {
            let entry = store.entry(step.exchange).unwrap();
            let request = entry.exchange.request.as_ref().unwrap();
            request.head.text("authorization").map(str::to_owned)
        });
        let all: Vec<_> = sent.collect();
        assert_eq!(all, vec![format!("Bearer {token}"); 5]);
    }
}

#[test]
fn the_same_image_at_once_by_two_programs() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(pull("a", 3).into_iter().map(|x| x.by(PODMAN)));
    let store = traffic.store();
    let clients: Vec<_> = store.pulls().iter().map(|p| p.client.label()).collect();
    assert_eq!(clients, ["docker 24.0.5", "containers/image 5.23.1"]);
    assert!(store.pulls().iter().all(|pull| pull.steps.len() == 9));
}

/// Docker 29's tokens are asked for by the library that it is made of, BuildKit's by the command.
#[test]
fn a_token_that_another_program_asks_for() {
    let realm = "https://auth.example/token";
    let value = format!("Bearer realm=\"{realm}\",service=\"r\",scope=\"repository:a:pull\"");
    let tag = "https://r.example/v2/a/manifests/latest";
    let asked = |at: u64, address: &'static str, token: &str| {
        let token_request = X::get(&format!("{realm}?service=r&scope=repository:a:pull"));
        let answer = format!("{{\"token\":\"{token}\"}}");
        let all = [
            X::head(tag)
                .status(401)
                .says("WWW-Authenticate", &value)
                .at(at),
            token_request.by(CONTAINERD).text(&answer).at(at + 20),
            X::head(tag).token(token).at(at + 40),
            X::get(tag)
                .token(token)
                .text(&manifest("a", &[]))
                .at(at + 60),
        ];
        all.map(|x| x.from(address))
    };
    let store = Traffic::of(asked(0, "10.0.0.8:1", "t")).store();
    assert_eq!(groups(&store), [[1, 2, 3, 4]]);
    assert_eq!(store.pulls()[0].client.label(), "docker 24.0.5");

    // What another machine was told is not what this one asks for.
    let mut traffic = Traffic::of(asked(0, "10.0.0.8:1", "t"));
    traffic.add(asked(5, "10.0.0.9:1", "u"));
    let store = traffic.store();
    assert_eq!(groups(&store), [[1, 3, 5, 7], [2, 4, 6, 8]]);

    // A program that was told itself asks for itself.
    let mut traffic = Traffic::of(asked(0, "10.0.0.8:1", "t"));
    traffic.add(asked(5, "10.0.0.8:1", "u").map(|x| x.by(CONTAINERD)));
    let store = traffic.store();
    assert_eq!(store.pulls().len(), 2);
    assert_eq!(store.loose().count(), 0);
}

#[test]
fn the_same_image_at_once_from_two_machines() {
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add(pull("a", 3).into_iter().map(|x| x.from("10.0.0.9:1234")));
    let store = traffic.store();
    assert_eq!(store.pulls().len(), 2);
    for pull in store.pulls() {
        let addresses = pull.steps.iter().map(|step| {
            let entry = store.entry(step.exchange).unwrap();
            entry.exchange.connection.client
        });
        let mut all: Vec<_> = addresses.collect();
        all.dedup();
        assert_eq!((all.len(), pull.steps.len()), (1, 9));
    }
}

/// A pull without `/v2/` and tokens, each on a connection of its own that stays open.
fn anonymous(at: u64, connection: u64) -> Vec<X> {
    let base = "https://r.example/v2/a";
    let image = manifest("a", &["one", "two"]);
    let blob = |text: &str| X::get(&format!("{base}/blobs/{}", digest_of(text))).bulk(text);
    let all = [
        X::head(&format!("{base}/manifests/latest"))
            .says("Docker-Content-Digest", &digest_of(&image))
            .at(at),
        X::get(&format!("{base}/manifests/{}", digest_of(&image)))
            .text(&image)
            .at(at + 20),
        blob(&config("a")).at(at + 40),
        blob("one").at(at + 41).took(200),
        blob("two").at(at + 60).took(200),
    ];
    all.map(|x| x.by(CONTAINERD).on(connection)).to_vec()
}

#[test]
fn the_same_image_at_once_on_two_connections() {
    let mut traffic = Traffic::of(anonymous(0, 1));
    traffic.add(anonymous(45, 2));
    let store = traffic.store();
    assert_eq!(store.pulls().len(), 2);
    for (pull, connection) in store.pulls().iter().zip(1..) {
        let mut connections = pull.steps.iter().map(|step| {
            let entry = store.entry(step.exchange).unwrap();
            entry.exchange.connection.id.0
        });
        assert_eq!(pull.steps.len(), 5);
        assert!(connections.all(|id| id == connection));
    }
}

/// Nothing tells the two apart but that each needs everything once.
#[test]
fn the_same_image_at_once_and_nothing_to_tell_them_apart() {
    let mut traffic = Traffic::of(anonymous(0, 0));
    traffic.add(anonymous(45, 0));
    let store = traffic.store();
    let sizes: Vec<_> = store.pulls().iter().map(|pull| pull.steps.len()).collect();
    assert_eq!(sizes, [5, 5]);
    for pull in store.pulls() {
        assert!(pull.blobs.iter().all(|blob| blob.exchanges.len() == 1));
    }
}

#[test]
fn again_without_a_ping() {
    let mut traffic = Traffic::of(anonymous(0, 1));
    traffic.add(anonymous(1_000, 1));
    assert_eq!(places(&traffic.store()), [[1; 5], [2; 5]].concat());
}

#[test]
fn one_that_only_looks_from_time_to_time() {
    let look = |at| {
        X::head("https://r.example/v2/a/manifests/latest")
            .by("watchtower/1.5")
            .says("Docker-Content-Digest", &digest_of("x"))
            .at(at)
    };
    let store = Traffic::of((0..5).map(|n| look(n * 5_000))).store();
    assert_eq!(groups(&store), [[1], [2], [3], [4], [5]]);
}

#[test]
fn again_after_it_was_not_found() {
    let ask = |at| {
        [
            X::get("https://r.example/v2/").at(at),
            X::get("https://r.example/v2/a/manifests/no")
                .status(404)
                .at(at + 20),
        ]
    };
    let store = Traffic::of(ask(0).into_iter().chain(ask(4_000))).store();
    assert_eq!(groups(&store), [[1, 2], [3, 4]]);
}

#[test]
fn another_tag_of_the_repository() {
    let base = "https://r.example/v2/a";
    let ask = |tag: &str, at| {
        X::get(&format!("{base}/manifests/{tag}"))
            .by(CONTAINERD)
            .text(&manifest(tag, &["one"]))
            .at(at)
    };
    let store = Traffic::of([ask("1", 0), ask("2", 5)]).store();
    assert_eq!(groups(&store), [[1], [2]]);
}

#[test]
fn tries_again_belong_together() {
    let ask = |at| {
        X::get("https://r.example/v2/a/manifests/1")
            .by(CONTAINERD)
            .at(at)
    };
    let store = Traffic::of([
        ask(0).status(503),
        ask(5_000).status(429),
        ask(60_000).text(&manifest("a", &["one"])),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2, 3]]);
}

/// podman gives it a few tries, each from the beginning.
#[test]
fn a_client_that_begins_anew_by_itself() {
    let realm = "https://auth.example/token";
    let attempt = |at| {
        [
            X::get("https://r.example/v2/").challenge(realm).at(at),
            X::get(&format!("{realm}?service=r&scope=repository:a:pull"))
                .text(r#"{"token":"t"}"#)
                .at(at + 20),
            X::get("https://r.example/v2/a/manifests/1")
                .token("t")
                .status(429)
                .at(at + 40),
        ]
        .map(|x| x.by(PODMAN))
    };
    let all = attempt(0).into_iter().chain(attempt(1_500));
    let mut traffic = Traffic::of(all.chain(attempt(4_000)));
    assert_eq!(groups(&traffic.store()), [(1..=9).collect::<Vec<_>>()]);
    // Somebody who waits a while and tries again.
    traffic.add(attempt(20_000));
    let expected = [(1..=9).collect::<Vec<_>>(), vec![10, 11, 12]];
    assert_eq!(groups(&traffic.store()), expected);
}

#[test]
fn a_strange_request_belongs_nowhere() {
    let store = Traffic::of([
        X::get("https://example.org/index.html").at(0),
        X::get("https://r.example/v2/").by("curl/8").at(5),
    ])
    .store();
    assert!(store.pulls().is_empty());
    assert_eq!(store.loose().count(), 2);
}

/// Whoever is killed and started again pulls twice, wherever it was.
#[test]
fn a_killed_pull_and_the_next() {
    for kill_at in 2..9 {
        let mut first: Vec<X> = pull("a", 0).into_iter().take(kill_at).collect();
        let last = first.pop().unwrap();
        first.push(last.killed(0));
        let mut traffic = Traffic::of(first);
        traffic.add(pull("a", 4_000));
        let store = traffic.store();
        let expected = [vec![1; kill_at], vec![2; 9]].concat();
        assert_eq!(places(&store), expected, "killed at {kill_at}");
        let states: Vec<_> = store.pulls().iter().map(|pull| pull.state).collect();
        assert_eq!(states[1], State::Complete, "killed at {kill_at}");
        assert_ne!(states[0], State::Complete, "killed at {kill_at}");
    }
}

/// Without tokens nothing but the order tells whose a blob is.
#[test]
fn a_killed_pull_and_the_next_without_tokens() {
    let image = manifest("a", &["one"]);
    let base = "https://r.example/v2/a";
    let blob = |text: &str| X::get(&format!("{base}/blobs/{}", digest_of(text)));
    let pull = |at: u64| {
        vec![
            X::get("https://r.example/v2/").at(at),
            X::get(&format!("{base}/manifests/1"))
                .text(&image)
                .at(at + 20),
            blob(&config("a")).text(&config("a")).at(at + 40),
            blob("one").bulk("one").at(at + 41),
        ]
    };
    let mut first = pull(0);
    let last = first.pop().unwrap();
    first.push(last.killed(1));
    let mut traffic = Traffic::of(first);
    traffic.add(pull(4_000));
    let store = traffic.store();
    assert_eq!(groups(&store), [[1, 2, 3, 4], [5, 6, 7, 8]]);
    let states: Vec<_> = store.pulls().iter().map(|pull| pull.state).collect();
    assert_eq!(states, [State::Stopped, State::Complete]);
}
