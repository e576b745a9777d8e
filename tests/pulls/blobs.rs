//! How far each blob got.

use pullscope::pulls::BlobState::{
    AlreadyPresent, Downloading, Failed, Foreign, Inline, Mismatch, Partial, Queued, Stopped,
    Unasked, Unseen, Verified, Whole,
};
use pullscope::pulls::{Blob, Part, Pull, State};

use crate::traffic::{
    CONTAINERD, PODMAN, Traffic, X, config, descriptor, digest_of, manifest, manifest_of, pull,
};

const BASE: &str = "https://r.example/v2/a";

/// A manifest with these layers, and then what is asked for.
fn with(layers: &[&str], more: impl IntoIterator<Item = X>) -> Pull {
    let image = manifest("a", layers);
    let first = X::get(&format!("{BASE}/manifests/1")).text(&image).at(0);
    only([first].into_iter().chain(more))
}

fn only(exchanges: impl IntoIterator<Item = X>) -> Pull {
    let store = Traffic::of(exchanges).store();
    assert_eq!(store.pulls().len(), 1, "{:#?}", store.pulls());
    assert_eq!(store.loose().count(), 0);
    store.pulls()[0].clone()
}

fn blob(text: &str) -> X {
    X::get(&format!("{BASE}/blobs/{}", digest_of(text)))
}

/// The configuration, as it should be.
fn configured(at: u64) -> X {
    blob(&config("a")).text(&config("a")).at(at)
}

fn layer(pull: &Pull, number: usize) -> &Blob {
    let mut layers = pull.layers();
    layers
        .find(|blob| matches!(blob.part, Some(Part::Layer { number: n, .. }) if n == number))
        .unwrap()
}

fn states(pull: &Pull) -> Vec<pullscope::pulls::BlobState> {
    pull.blobs.iter().map(|blob| blob.state).collect()
}

#[test]
fn a_whole_pull() {
    let pull = only(pull("a", 0));
    assert_eq!(states(&pull), [Verified, Verified]);
    assert_eq!(pull.state, State::Complete);
    let layer = layer(&pull, 1);
    assert_eq!(
        layer.part,
        Some(Part::Layer {
            number: 1,
            count: 1
        })
    );
    assert_eq!((layer.received, layer.size), (14, Some(14)));
    assert_eq!(layer.took.unwrap().as_millis(), 520);
}

#[test]
fn those_that_wait_and_those_on_their_way() {
    let pull = with(
        &["one", "two", "three"],
        [
            configured(20),
            blob("one").bulk("one").at(40),
            blob("two").open(2).at(60),
        ],
    );
    assert_eq!(states(&pull), [Verified, Verified, Downloading, Queued]);
    assert_eq!((pull.state, pull.ended), (State::UnderWay, None));
    assert_eq!(layer(&pull, 2).received, 2);
}

#[test]
fn asked_for_and_not_answered_yet() {
    let pull = with(&["one"], [configured(20), blob("one").open(0).at(40)]);
    assert_eq!(states(&pull), [Verified, Downloading]);
}

#[test]
fn a_redirect_that_is_followed_in_a_moment() {
    let elsewhere = blob("one").redirect("https://cdn.example/one").at(40);
    let open = blob("two").open(1).at(41);
    let on = with(&["one", "two"], [elsewhere.clone(), open]);
    assert_eq!(states(&on), [Queued, Downloading, Downloading]);
    // Nothing else is open, and so nothing will follow.
    let over = with(&["one"], [elsewhere]);
    assert_eq!(states(&over), [Unasked, Unseen]);
    assert_eq!(over.state, State::Unfinished);
}

#[test]
fn never_asked_for_because_the_client_has_it() {
    let pull = with(
        &["one", "two"],
        [configured(20), blob("two").bulk("two").at(40)],
    );
    assert_eq!(states(&pull), [Verified, AlreadyPresent, Verified]);
    assert_eq!(pull.state, State::Complete);
}

#[test]
fn never_asked_for_because_it_failed_before() {
    let pull = with(
        &["one", "two"],
        [configured(20), blob("one").status(500).at(40)],
    );
    assert_eq!(states(&pull), [Verified, Failed, Unasked]);
    assert_eq!(pull.state, State::Failed);
}

#[test]
fn bytes_that_are_others_than_promised() {
    let pull = with(&["one"], [configured(20), blob("one").bulk("eno").at(40)]);
    assert_eq!(states(&pull), [Verified, Mismatch]);
    assert_eq!(pull.state, State::Failed);
}

#[test]
fn the_right_bytes_at_the_second_try() {
    let pull = with(
        &["one"],
        [
            configured(20),
            blob("one").bulk("eno").at(40),
            blob("one").bulk("one").at(60),
        ],
    );
    assert_eq!(states(&pull), [Verified, Verified]);
    assert_eq!(
        (pull.state, layer(&pull, 1).resumed),
        (State::Complete, false)
    );
}

#[test]
fn without_a_digest_it_is_only_whole() {
    let pull = with(&["one"], [configured(20), blob("one").unknown(3).at(40)]);
    assert_eq!(states(&pull), [Verified, Whole]);
    assert_eq!(pull.state, State::Complete);
}

#[test]
fn cut_off_and_taken_up_again() {
    let text = "a layer of some length";
    let rest = blob(text)
        .asks("Range", "bytes=7-")
        .status(206)
        .says("Content-Range", "bytes 7-21/22")
        .unknown(15)
        .at(60);
    let pull = with(&[text], [configured(20), blob(text).cut(7).at(40), rest]);
    assert_eq!(states(&pull), [Verified, Whole]);
    let layer = layer(&pull, 1);
    assert!(layer.resumed);
    assert_eq!((layer.received, layer.size), (22, Some(22)));
    assert_eq!(pull.state, State::Complete);
}

#[test]
fn cut_off_for_good() {
    let pull = with(
        &["a layer"],
        [configured(20), blob("a layer").cut(3).at(40)],
    );
    assert_eq!(states(&pull), [Verified, Failed]);
    assert_eq!((layer(&pull, 1).received, pull.state), (3, State::Failed));
}

/// Pieces may overlap and come in any order, as lazy pullers ask for them.
#[test]
fn pieces_that_make_the_whole() {
    let piece = |range: &str, length, at| {
        blob("0123456789")
            .by(CONTAINERD)
            .asks("Range", &format!("bytes={range}"))
            .status(206)
            .says("Content-Range", &format!("bytes {range}/10"))
            .unknown(length)
            .at(at)
    };
    let first = X::get(&format!("{BASE}/manifests/1"))
        .by(CONTAINERD)
        .text(&manifest("a", &["0123456789"]))
        .at(0);
    let some = [first, piece("6-9", 4, 20), piece("0-3", 4, 40)];
    let pull = only(some.clone());
    assert_eq!(
        (states(&pull), layer(&pull, 1).received),
        (vec![Unasked, Partial], 8)
    );
    let pull = only(some.into_iter().chain([piece("2-6", 5, 60)]));
    assert_eq!(layer(&pull, 1).state, Whole);
    assert_eq!(
        (layer(&pull, 1).received, layer(&pull, 1).resumed),
        (10, false)
    );
}

#[test]
fn which_bytes_came_from_whom_and_which_came_twice() {
    let text = "0123456789";
    let of = |range: &str, length, at| {
        blob(text)
            .asks("Range", &format!("bytes={range}"))
            .status(206)
            .says("Content-Range", &format!("bytes {range}/10"))
            .unknown(length)
            .at(at)
    };
    let host = BASE
        .trim_start_matches("https://")
        .split('/')
        .next()
        .unwrap();
    let all = [
        configured(20),
        of("4-9", 6, 40),
        of("0-5", 6, 50),
        of("8-9", 2, 60),
    ];
    let pull = with(&[text], all);
    let layer = layer(&pull, 1);
    let pieces: Vec<_> = layer.pieces.iter().map(|p| (p.from, p.to)).collect();
    assert_eq!(pieces, [(4, 10), (0, 6), (8, 10)]);
    assert!(layer.pieces.iter().all(|piece| &*piece.host == host));
    let ids: Vec<_> = layer.pieces.iter().map(|piece| piece.exchange).collect();
    assert_eq!(ids, layer.exchanges);
    assert_eq!((layer.again, layer.received, layer.state), (4, 10, Whole));
}

#[test]
fn several_ranges_in_one_answer() {
    let text = "0123456789";
    let several = |body: &dyn Fn(X) -> X| {
        let answer = blob(text)
            .asks("Range", "bytes=0-3,8-20")
            .status(206)
            .says("Content-Type", "multipart/byteranges; boundary=x");
        let pull = with(&[text], [configured(20), body(answer).at(40)]);
        let layer = layer(&pull, 1);
        let pieces: Vec<_> = layer.pieces.iter().map(|p| (p.from, p.to)).collect();
        (pieces, layer.received, layer.state)
    };
    // The request says what was asked for, where the heads of the parts are not at hand.
    let by_request = several(&|answer| answer.bulk("of whatever length it has"));
    assert_eq!(by_request, (vec![(0, 4), (8, 10)], 6, Partial));
    let parts = "--x\r\nContent-Range: bytes 0-3/10\r\n\r\n0123\r\n\
        --x\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n--x--\r\n";
    let by_parts = several(&|answer| answer.text(parts));
    assert_eq!(by_parts, (vec![(0, 4), (7, 10)], 7, Partial));
}

#[test]
fn several_ranges_that_complete_a_blob_verify_it() {
    let text = "0123456789";
    let with_digest_of = |assembled: &str| {
        let several = blob(text)
            .asks("Range", "bytes=0-3,4-9")
            .status(206)
            .says("Content-Type", "multipart/byteranges; boundary=x")
            .several(assembled, &[(0, 4), (4, 10)]);
        let pull = with(&[text], [configured(20), several.at(40)]);
        let layer = layer(&pull, 1);
        let pieces: Vec<_> = layer.pieces.iter().map(|p| (p.from, p.to)).collect();
        assert_eq!((pieces, layer.received), (vec![(0, 4), (4, 10)], 10));
        layer.state
    };
    assert_eq!(with_digest_of(text), Verified);
    assert_eq!(with_digest_of("0123456780"), Mismatch);
}

#[test]
fn a_range_that_asks_for_everything_is_verified() {
    let all = blob("one")
        .asks("Range", "bytes=0-")
        .status(206)
        .says("Content-Range", "bytes 0-2/3")
        .bulk("one")
        .at(40);
    let pull = with(&["one"], [configured(20), all]);
    assert_eq!(states(&pull), [Verified, Verified]);
}

#[test]
fn what_the_manifest_holds_and_what_is_elsewhere() {
    let inline = descriptor(
        "application/vnd.oci.empty.v1+json",
        "{}",
        r#","data":"e30=""#,
    );
    let foreign = descriptor(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "windows",
        r#","urls":["https://mcr.example/x"]"#,
    );
    let image = manifest_of(&inline, &[foreign]);
    let pull = only([X::get(&format!("{BASE}/manifests/1")).text(&image).at(0)]);
    assert_eq!(states(&pull), [Inline, Foreign]);
    assert_eq!(pull.state, State::Complete);
}

#[test]
fn a_blob_that_no_manifest_names() {
    let pull = only([
        blob("something").by(PODMAN).bulk("something").at(0),
        blob("other").by(PODMAN).bulk("other").at(20),
    ]);
    assert_eq!(states(&pull), [Verified, Verified]);
    assert!(pull.blobs.iter().all(|blob| blob.part.is_none()));
    assert_eq!(pull.totals.promised, None);
}

#[test]
fn two_layers_with_the_same_content_are_fetched_once() {
    let pull = with(
        &["same", "same"],
        [configured(20), blob("same").bulk("same").at(40)],
    );
    assert_eq!(states(&pull), [Verified, Verified, Verified]);
    assert_eq!(pull.state, State::Complete);
}

#[test]
fn figures() {
    let image = manifest("a", &["one"]);
    let pull = with(
        &["one"],
        [configured(20), blob("one").bulk("one").at(40).took(60)],
    );
    let config = config("a").len() as u64;
    assert_eq!(pull.totals.exchanges, 3);
    assert_eq!(pull.totals.received, image.len() as u64 + config + 3);
    assert_eq!(pull.totals.promised, Some(config + 3));
    assert_eq!(pull.totals.took.as_millis(), 100);
}

/// Clients ask from a place on, read as much as they want and hang up: who goes on with another
/// request had its share, and after whom nothing comes may have been stopped.
#[test]
fn a_range_that_is_cut_off_is_read_in_part_only_where_the_client_goes_on() {
    let layer = format!("{BASE}/blobs/{}", digest_of("0123456789"));
    let chunk = X::get(&layer)
        .asks("Range", "bytes=2-")
        .status(206)
        .says("Content-Range", "bytes 2-9/10")
        .killed(3)
        .at(20);
    let other = X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
        .text(&config("a"))
        .at(60);
    let state = |more: Vec<X>| with(&["0123456789"], more).blobs[1].state;
    assert_eq!(state(vec![chunk.clone(), other.clone()]), Partial);
    assert_eq!(state(vec![chunk.clone()]), Stopped);
    // What came before it says nothing of it.
    assert_eq!(state(vec![other.at(10), chunk]), Stopped);
    // Nor had its share who asked for all of it.
    let whole = X::get(&layer).killed(3).at(20);
    let after = X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))));
    assert_eq!(state(vec![whole, after.text(&config("a")).at(60)]), Stopped);
}
