//! What a client was up to, and how it went.

use pullscope::pulls::BlobState::{Mounted, Pushed, Unasked, Verified, Whole};
use pullscope::pulls::{Purpose, State, Step, Why};
use pullscope::registry::Kind;
use pullscope::store::Store;
use pullscope::story::{Block, Telling, decoded};
use pullscope::words::Lang;

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

/// It looks in the other repository before it mounts the blob from there, or does not find it.
#[test]
fn a_look_for_a_mount_belongs_to_the_push() {
    let image = manifest("a", &["one"]);
    for found in [200, 404] {
        let here = format!("{BASE}/blobs/{}", digest_of("one"));
        let other = here.replace("/v2/a/", "/v2/b/");
        let mut traffic = Traffic::of([
            X::head(&here).status(404).at(0),
            X::head(&other).status(found).at(20),
        ]);
        if found == 200 {
            let mount = format!("{BASE}/blobs/uploads/?mount={}&from=b", digest_of("one"));
            traffic.add([X::method("POST", &mount).status(201).at(40)]);
        } else {
            traffic.add(upload("one", 40));
        }
        let put = X::method("PUT", &manifest_url("1")).sends(&image);
        traffic.add(upload(&config("a"), 150));
        traffic.add([put.status(201).at(300)]);
        let store = traffic.store();
        assert_eq!(groups(&store).len(), 1, "{found}: {:?}", groups(&store));
        let push = &store.pulls()[0];
        assert_eq!((push.purpose, push.state), (Purpose::Push, State::Complete));
        assert_eq!(push.name(), "r.example/a:1");
        let is_error = |step: &Step| step.kind == Kind::Error;
        assert!(!push.steps.iter().any(is_error), "{:#?}", push.steps);
        assert!(store.findings_of(push.id).is_empty());
    }
    // Another blob is another matter.
    let here = format!("{BASE}/blobs/{}", digest_of("one"));
    let other = format!("https://r.example/v2/b/blobs/{}", digest_of("two"));
    let store = Traffic::of([
        X::head(&here).status(404).at(0),
        X::head(&other).status(404).at(20),
    ]);
    assert_eq!(groups(&store.store()).len(), 2);
}

/// By their tags, by the API for referrers and by the tag that stands in for it; mostly there is
/// nothing.
#[test]
fn looks_for_signatures_belong_to_the_pull() {
    let mut traffic = Traffic::of(pull("a", 0));
    let told = |store: &Store| -> Vec<_> {
        let found = store.findings_of(store.pulls()[0].id).iter();
        found.map(|finding| finding.rule).collect()
    };
    let store = traffic.store();
    let (before, found) = (groups(&store)[0].len(), told(&store));
    let digest = digest_of("whatever");
    let tag = digest.replace(':', "-");
    let referrers = format!("{BASE}/referrers/{digest}");
    let urls = [
        format!("{tag}.sig"),
        format!("{tag}.att"),
        format!("{tag}.sbom"),
        tag,
    ];
    let urls = urls.iter().map(|tag| manifest_url(tag));
    for (url, number) in urls.chain([referrers]).zip(1..) {
        traffic.add([X::get(&url).status(404).at(800 + number * 20)]);
    }
    let store = traffic.store();
    let groups = groups(&store);
    assert_eq!(
        (groups.len(), groups[0].len()),
        (1, before + 5),
        "{groups:?}"
    );
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Complete));
    let errors = pull.steps.iter().filter(|step| step.kind == Kind::Error);
    assert_eq!(errors.count(), 0, "{:#?}", pull.steps);
    assert_eq!(told(&store), found);
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
    assert_eq!(groups(&store), [[1, 2, 3]]);
    let login = &store.pulls()[0];
    assert_eq!(
        (login.purpose, login.state, &*login.name()),
        (Purpose::Login, State::Complete, "r.example")
    );
}

/// Some look at each blob that the manifest names before they fetch it, in ranges and at once.
#[test]
fn blobs_that_are_looked_at_and_then_fetched_in_ranges() {
    let image = manifest("a", &["0123456789"]);
    let layer = format!("{BASE}/blobs/{}", digest_of("0123456789"));
    let cdn = "https://cdn.example/layer?sig=x";
    let part = |from: usize, at: u64| {
        X::get(cdn)
            .asks("Range", &format!("bytes={from}-{}", from + 4))
            .status(206)
            .says("Content-Range", &format!("bytes {from}-{}/10", from + 4))
            .unknown(5)
            .at(at)
    };
    let store = Traffic::of([
        X::get(&manifest_url("1")).text(&image).at(0),
        X::head(&format!("{BASE}/blobs/{}", digest_of(&config("a")))).at(20),
        X::head(&layer).redirect(cdn).at(21),
        X::head(cdn).at(40),
        X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(60),
        part(0, 70),
        part(5, 71),
    ])
    .store();
    assert_eq!(groups(&store), [(1..=7).collect::<Vec<_>>()]);
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Complete));
    let states: Vec<_> = pull.blobs.iter().map(|blob| blob.state).collect();
    assert_eq!(states, [Verified, Whole]);
}

/// A list is pushed under its tag, and its children before it by their digests.
#[test]
fn every_platform_of_a_list() {
    let images = [manifest("a", &["one"]), manifest("b", &["two"])];
    let list = index(&[("amd64", &images[0]), ("arm64", &images[1])]);
    let get = |what: &str, at| X::get(&format!("{BASE}/{what}")).by(PODMAN).at(at);
    let manifests = |text: &str| format!("manifests/{}", digest_of(text));
    let blobs = |text: &str| format!("blobs/{}", digest_of(text));
    let pulled = Traffic::of([
        get("manifests/1", 0).text(&list),
        get(&manifests(&images[0]), 20).text(&images[0]),
        get(&blobs("one"), 40).bulk("one"),
        get(&blobs(&config("a")), 60).text(&config("a")),
        get(&manifests(&images[1]), 80).text(&images[1]),
        get(&blobs("two"), 100).bulk("two"),
        get(&blobs(&config("b")), 120).text(&config("b")),
    ])
    .store();
    assert_eq!(groups(&pulled), [(1..=7).collect::<Vec<_>>()]);
    let pull = &pulled.pulls()[0];
    assert_eq!(pull.platform, None);
    assert_eq!(pull.blobs.len(), 4);
    assert!(pull.blobs.iter().all(|blob| blob.state == Verified));
    let platforms: Vec<_> = pull.steps.iter().map(platform).collect();
    let (amd64, arm64) = ("linux/amd64", "linux/arm64");
    assert_eq!(platforms, ["", amd64, amd64, amd64, arm64, arm64, arm64]);

    let put = |reference: &str, text: &str, at| {
        X::method("PUT", &manifest_url(reference))
            .sends(text)
            .status(201)
            .at(at)
    };
    let mut pushed = Traffic::of(upload("one", 0));
    pushed.add(upload("two", 100));
    pushed.add([
        put(&digest_of(&images[0]), &images[0], 200),
        put(&digest_of(&images[1]), &images[1], 220),
        put("1", &list, 240),
    ]);
    let store = pushed.store();
    assert_eq!(groups(&store), [(1..=11).collect::<Vec<_>>()]);
    let pull = &store.pulls()[0];
    assert_eq!((pull.purpose, pull.state), (Purpose::Push, State::Complete));
    assert_eq!(pull.name(), "r.example/a:1");
    assert_eq!(pull.platform, None);
}

/// Of a list that is sent nothing is fetched, and nobody chooses a platform of it; of the same list
/// that is pulled both are told.
#[test]
fn a_list_that_is_pushed_tells_of_no_choice() {
    let image = manifest("a", &["one"]);
    let list = index(&[("amd64", &image), ("arm64", "{}")]);
    let mut pushed = Traffic::of(upload("one", 0));
    let child = manifest_url(&digest_of(&image));
    pushed.add([
        X::method("PUT", &child).sends(&image).status(201).at(200),
        X::method("PUT", &manifest_url("1"))
            .sends(&list)
            .status(201)
            .at(240),
    ]);
    let pulled = Traffic::of([
        X::get(&manifest_url("1")).text(&list).at(0),
        X::get(&child).text(&image).at(20),
    ]);
    let platforms = |store: Store| {
        let telling = Telling::of(&store, Lang::En);
        let url = manifest_url("1");
        let entry = store.entries().find(|entry| {
            entry
                .exchange
                .request
                .as_ref()
                .is_some_and(|head| head.url == url)
        });
        let blocks = decoded(entry.unwrap(), store.pulls().first(), &telling);
        let tables = blocks.into_iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
        format!("{:?}", tables.collect::<Vec<_>>())
    };
    let (pushed, pulled) = (platforms(pushed.store()), platforms(pulled.store()));
    for said in ["linux/amd64", "linux/arm64"] {
        assert!(pushed.contains(said) && pulled.contains(said), "{pushed}");
    }
    assert!(
        pulled.contains("fetched") && pulled.contains("chosen by"),
        "{pulled}"
    );
    assert!(
        !pushed.contains("fetched") && !pushed.contains("chosen by"),
        "{pushed}"
    );
}

/// The platform that an index gives the manifest that a step belongs to.
fn platform(step: &Step) -> String {
    let entry = step.entry.as_ref();
    let platform = entry.and_then(|entry| entry.platform.as_ref());
    platform.map(ToString::to_string).unwrap_or_default()
}

/// Who asks only whether a manifest has changed has it.
#[test]
fn a_manifest_that_has_not_changed() {
    let digest = digest_of("{}");
    let ask = X::get(&manifest_url("1")).asks("If-None-Match", &format!("\"{digest}\""));
    let store = Traffic::of([ask.status(304).says("Docker-Content-Digest", &digest).at(0)]).store();
    let pull = &store.pulls()[0];
    assert_eq!(pull.state, State::Complete);
    assert_eq!(pull.digest.as_ref().unwrap().to_string(), digest);
    let entry = store.entry(pull.steps[0].exchange).unwrap();
    let told = pullscope::story::explain(&pull.steps[0], &entry.reading, pull, Lang::En);
    assert!(
        told.contains("304") && told.contains("has this manifest already"),
        "{told}"
    );
}

/// A login by docker: `/v2/`, a token for no repository, `/v2/` with it.
fn login(at: u64, token: u16, last: u16) -> Vec<X> {
    let realm = "https://auth.example/token";
    let asked = X::get(&format!("{realm}?account=me&service=r"))
        .asks("Authorization", "Basic bWU6cHc=")
        .status(token)
        .at(at + 20);
    let asked = match token {
        200 => asked.text(r#"{"token":"l"}"#),
        _ => asked,
    };
    let mut all = vec![
        X::get("https://r.example/v2/").challenge(realm).at(at),
        asked,
    ];
    if token == 200 {
        let ping = X::get("https://r.example/v2/").token("l");
        all.push(ping.status(last).at(at + 40));
    }
    all
}

#[test]
fn a_login_is_a_thing_of_its_own() {
    let basic = |status: u16| {
        let ping = X::get("https://r.example/v2/").asks("Authorization", "Basic bWU6cHc=");
        vec![
            X::get("https://r.example/v2/")
                .status(401)
                .says("WWW-Authenticate", "Basic realm=\"r\"")
                .at(0),
            ping.status(status).at(20),
        ]
    };
    for (exchanges, state) in [
        (login(0, 200, 200), State::Complete),
        (login(0, 200, 401), State::Failed),
        (login(0, 401, 0), State::Failed),
        (basic(200), State::Complete),
        (basic(401), State::Failed),
    ] {
        let all: Vec<_> = (1..=exchanges.len() as u64).collect();
        let store = Traffic::of(exchanges).store();
        assert_eq!(groups(&store), [all]);
        let pull = &store.pulls()[0];
        assert_eq!((pull.purpose, pull.state), (Purpose::Login, state));
        assert_eq!(pull.name(), "r.example");
    }
}

/// What comes right after a login has a beginning of its own.
#[test]
fn a_login_and_then_a_pull() {
    let mut traffic = Traffic::of(login(0, 200, 200));
    traffic.add(pull("a", 500));
    let store = traffic.store();
    assert_eq!(groups(&store), [vec![1, 2, 3], (4..=12).collect()]);
    let purposes: Vec<_> = store.pulls().iter().map(|pull| pull.purpose).collect();
    assert_eq!(purposes, [Purpose::Login, Purpose::Pull]);
}

/// Who asks what refers to a manifest goes no further without an answer; "not found" is one.
#[test]
fn the_list_of_referrers_and_the_tag_that_stands_in_for_it() {
    let attestation = digest_of("attestation");
    let list = format!("https://r.example/v2/a/referrers/{attestation}");
    let tag = manifest_url(&attestation.replace(':', "-"));
    for (status, state) in [(404, State::Complete), (500, State::Failed)] {
        let mut traffic = Traffic::of(pull("a", 0));
        traffic.add([
            X::get(&list).token("t-a-0").status(500).at(200),
            X::get(&tag).token("t-a-0").status(status).at(220),
        ]);
        let store = traffic.store();
        let states: Vec<_> = store.pulls().iter().map(|pull| pull.state).collect();
        assert_eq!(states, [state], "{status}");
        let errors = store
            .all_findings()
            .filter(|one| one.rule == "server-error");
        assert_eq!(errors.count(), usize::from(status == 500));
    }
    // Nobody asked for the list: a look for a signature.
    let mut traffic = Traffic::of(pull("a", 0));
    traffic.add([X::get(&tag).token("t-a-0").status(500).at(220)]);
    assert_eq!(traffic.store().pulls()[0].state, State::Complete);
}

/// helm looks at `/v2/` twice when it logs in, and sends something at once, with other tokens. What it
/// has sent it fetches back, to send it by the tag.
#[test]
fn a_login_and_then_a_push_that_is_fetched_back() {
    let realm = "https://auth.example/token";
    let mut all = vec![
        X::get("https://r.example/v2/").challenge(realm).at(0),
        X::method("POST", realm)
            .sends("grant_type=password&service=r")
            .status(404)
            .at(20),
    ];
    all.extend(login(40, 200, 200));
    let sent = manifest("a", &[]);
    let by_digest = manifest_url(&digest_of(&sent));
    let scope = format!("Bearer realm=\"{realm}\",service=\"r\",scope=\"repository:a:pull,push\"");
    let token = X::get(&format!("{realm}?service=r&scope=repository:a:pull,push"));
    all.extend([
        X::head(&by_digest)
            .status(401)
            .says("WWW-Authenticate", &scope)
            .at(100),
        token
            .asks("Authorization", "Basic bWU6cHc=")
            .text(r#"{"token":"p"}"#)
            .at(120),
        X::head(&by_digest).token("p").status(404).at(140),
        X::method("POST", "https://r.example/v2/a/blobs/uploads/")
            .token("p")
            .status(202)
            .at(160),
        X::method("PUT", &by_digest)
            .token("p")
            .sends(&sent)
            .status(201)
            .at(180),
        X::get(&by_digest).token("p").text(&sent).at(200),
        X::head(&manifest_url("1")).token("p").status(404).at(220),
        X::method("PUT", &manifest_url("1"))
            .token("p")
            .sends(&sent)
            .status(201)
            .at(240),
    ]);
    let store = Traffic::of(all).store();
    assert_eq!(
        groups(&store),
        [(1..=5).collect::<Vec<_>>(), (6..=13).collect()]
    );
    let purposes: Vec<_> = store.pulls().iter().map(|pull| pull.purpose).collect();
    assert_eq!(purposes, [Purpose::Login, Purpose::Push]);
}

/// Some show what they have at once, and go on.
#[test]
fn credentials_at_the_beginning_of_a_pull() {
    let with = |x: X| x.asks("Authorization", "Basic bWU6cHc=");
    let store = Traffic::of([
        with(X::get("https://r.example/v2/")).at(0),
        with(X::get(&manifest_url("1")))
            .text(&manifest("a", &[]))
            .at(20),
    ])
    .store();
    assert_eq!(groups(&store), [[1, 2]]);
    assert_ne!(store.pulls()[0].purpose, Purpose::Login);
}
