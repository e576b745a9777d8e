//! Manifests and blobs: whether they are what was asked for, and how they came.

use pullscope::exchange::{Exchange, Failure, Side};
use pullscope::findings::Severity;
use pullscope::pulls::{BlobState, State};
use pullscope::words::Lang;
use serde_json::json;

use crate::scenario::{CDN, HUB, Image, MANIFEST, SKOPEO, Scenario, sha256};

fn tag() -> String {
    format!("{HUB}/manifests/latest")
}

/// A pull up to its blobs.
fn begun(image: &Image) -> Scenario {
    let mut story = Scenario::docker();
    story.manifest(image);
    story.blob(&image.blobs[0]);
    story
}

#[test]
fn digest_mismatch() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut damaged = layer.clone();
    damaged[3] ^= 1;
    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).body("", &damaged);
    let (severity, sentence) = story.only("digest-mismatch");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("what cdn.example sent has the digest"));
}

#[test]
fn a_digest_that_is_unknown_or_of_another_kind_is_no_mismatch() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).change(|exchange| {
        exchange.response_body.as_mut().unwrap().sha256 = None;
    });
    assert_eq!(story.rules(), [""; 0]);
    let mut story = Scenario::docker();
    let sha512 = format!("sha512:{}", "ab".repeat(64));
    story
        .get(&format!("{HUB}/blobs/{sha512}"))
        .answer(307)
        .header("Location", &format!("{CDN}/x"));
    story.get(&format!("{CDN}/x")).body("", b"\xff");
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn dcd_mismatch() {
    let image = Image::new(0);
    let mut story = Scenario::docker();
    story
        .get(&tag())
        .header("Docker-Content-Digest", &sha256(b"other"))
        .body(MANIFEST, &image.manifest);
    let (severity, sentence) = story.only("dcd-mismatch");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("registry-1.docker.io states"));
    let told = |stated: &str| {
        let mut story = Scenario::docker();
        story
            .get(&tag())
            .header("Docker-Content-Digest", stated)
            .body(MANIFEST, &image.manifest);
        story
    };
    let (_, sentence) = told("sha256:xyz").only("dcd-mismatch");
    assert!(sentence.contains("states sha256:xyz as"), "{sentence}");
    assert_eq!(told("blake3:00").rules(), [""; 0], "we cannot compute it");
    // Where the body is not what was asked for, that is what is wrong.
    let digest = sha256(b"other");
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/manifests/{digest}"))
        .header("Docker-Content-Digest", &digest)
        .body(MANIFEST, &image.manifest);
    assert_eq!(story.rules(), ["digest-mismatch"]);
}

#[test]
fn truncated() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    story.download(layer).cut(Side::Upstream, 3);
    let (severity, sentence) = story.only("truncated");
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        sentence,
        "A download from cdn.example broke off after 3 B of 6 B."
    );
    story.blob(layer);
    assert_eq!(story.only("truncated").0, Severity::Warning);
}

#[test]
fn a_body_without_a_length_is_measured_by_its_descriptor() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    let url = format!("{CDN}/{}", sha256(layer));
    story.get(&url).body("", &layer[..2]);
    assert_eq!(story.rules(), ["truncated"]);
}

#[test]
fn what_the_client_breaks_off_is_its_own_affair() {
    let image = Image::new(1);
    for side in [Side::Client, Side::Shutdown, Side::Capture] {
        let mut story = begun(&image);
        story.redirect(&image.blobs[1]);
        story.download(&image.blobs[1]).cut(side, 3);
        assert_eq!(story.rules(), [""; 0]);
    }
}

#[test]
fn size_mismatch() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    let url = format!("{CDN}/{}", sha256(layer));
    story
        .get(&url)
        .body("application/octet-stream", b"\xff a page of another size");
    let (severity, sentence) = story.only("size-mismatch");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("cdn.example serves 24 B where the manifest promises 6 B"));
    // What is compressed on the way has another length.
    let mut story = begun(&image);
    story.redirect(layer);
    story
        .download(layer)
        .header("Content-Encoding", "gzip")
        .header("Content-Length", "99");
    assert_eq!(story.rules(), ["blob-encoding"]);
}

#[test]
fn blob_encoding() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    story.redirect(layer);
    story
        .download(layer)
        .header("Content-Encoding", "gzip")
        .change(|exchange| {
            let body = exchange.response_body.as_mut().unwrap();
            body.encoded_sha256 = body.sha256.replace("0".repeat(64));
        });
    let (severity, sentence) = story.only("blob-encoding");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("Content-Encoding gzip"));

    // A layer that says it is gzip and is a text: its digest is right.
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": sha256(&image.blobs[0]), "size": image.blobs[0].len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": sha256(b"<html>"), "size": 6}]});
    let odd = Image {
        manifest: manifest.to_string().into_bytes(),
        blobs: vec![image.blobs[0].clone(), b"<html>".to_vec()],
    };
    let mut story = Scenario::docker();
    story.pull(&odd);
    let (_, sentence) = story.only("blob-encoding");
    assert!(
        sentence.contains("is HTML, though its media type is"),
        "{sentence}"
    );
}

#[test]
fn resumed() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    let again = |story: &mut Scenario, start: usize, end: Option<u64>| {
        let range = format!("bytes={start}-");
        story.redirect(layer).sends("Range", &range);
        let rest = story
            .download(layer)
            .sends("Range", &range)
            .answer(206)
            .header("Content-Range", &format!("bytes {start}-5/6"))
            .body("application/octet-stream", &layer[start..]);
        if let Some(end) = end {
            rest.cut(Side::Client, end);
        }
    };
    story.redirect(layer);
    story.download(layer).cut(Side::Client, 2);
    again(&mut story, 2, Some(2));
    let (severity, sentence) = story.only("resumed");
    assert_eq!(severity, Severity::Info);
    assert!(
        sentence.contains("docker 28.2.0 took it up again at 2 B"),
        "{sentence}"
    );
    again(&mut story, 4, None);
    let (severity, sentence) = story.only("resumed");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("2 times"), "{sentence}");
}

#[test]
fn parts_that_are_wanted_are_no_resumption() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = begun(&image);
    for start in [0, 3] {
        let range = format!("bytes={start}-{}", start + 2);
        story.redirect(layer).sends("Range", &range);
        story
            .download(layer)
            .sends("Range", &range)
            .answer(206)
            .header("Content-Range", &format!("bytes {start}-{}/6", start + 2))
            .body("application/octet-stream", &layer[start..start + 3]);
    }
    let (severity, sentence) = story.only("chunked-fetch");
    assert_eq!(severity, Severity::Info);
    assert!(sentence.contains("in 2 ranges"), "{sentence}");
    assert!(sentence.ends_with("from cdn.example."), "{sentence}");
}

/// Asks for bytes of a layer, from here to there, and gets them.
fn part(story: &mut Scenario, layer: &[u8], from: usize, to: usize) {
    cut_part(story, layer, from, to, to, |_| {});
}

/// Asks for all from here on, and cuts it off at `to` of the bytes up to `end`.
fn cut_part(
    story: &mut Scenario,
    layer: &[u8],
    from: usize,
    to: usize,
    end: usize,
    change: impl FnOnce(&mut Exchange),
) {
    let range = if end == to {
        format!("bytes={from}-{}", to - 1)
    } else {
        format!("bytes={from}-")
    };
    let stated = format!("bytes {from}-{}/{}", end - 1, layer.len());
    story.redirect(layer).sends("Range", &range);
    let answer = story
        .download(layer)
        .sends("Range", &range)
        .answer(206)
        .header("Content-Range", &stated)
        .body("application/octet-stream", &layer[from..end])
        .change(change);
    if to < end {
        answer.cut(Side::Client, (to - from) as u64);
    }
}

#[test]
fn what_a_client_cuts_off_on_purpose_is_no_resumption() {
    let image = Image::new(2);
    let [_, one, two] = image.blobs.as_slice() else {
        panic!("two layers")
    };
    let mut story = begun(&image);
    for layer in [one, two] {
        for from in [0, 2] {
            cut_part(&mut story, layer, from, from + 2, 6, |_| {});
        }
        part(&mut story, layer, 4, 6);
    }
    let (severity, sentence) = story.only("chunked-fetch");
    assert_eq!(severity, Severity::Info);
    assert!(sentence.contains("2 blobs in 6 ranges"), "{sentence}");
    let pull = &story.verdict().pulls[0];
    assert_eq!(pull.state, State::Complete);
    assert!(
        pull.blobs
            .iter()
            .all(|blob| !blob.resumed && blob.again == 0)
    );
}

#[test]
fn parts_put_together_are_judged_by_their_digest() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let told = |assembled: &[u8]| {
        let mut story = begun(&image);
        part(&mut story, layer, 3, 6);
        cut_part(&mut story, layer, 0, 3, 3, |exchange| {
            let body = exchange.response_body.as_mut().unwrap();
            body.assembled_sha256 = Some(sha256(assembled).replace("sha256:", ""));
        });
        story
    };
    let good = told(layer);
    assert_eq!(good.rules(), ["chunked-fetch"]);
    let state = |story: &Scenario| story.verdict().pulls[0].blobs[1].state;
    assert_eq!(state(&good), BlobState::Verified);
    let bad = told(b"other");
    assert_eq!(bad.rules(), ["chunked-fetch", "digest-mismatch"]);
    assert_eq!(state(&bad), BlobState::Mismatch);
}

#[test]
fn lazy_pull() {
    let image = Image::new(2);
    let mut story = begun(&image);
    part(&mut story, &image.blobs[1], 4, 6);
    let last = |story: &mut Scenario| part(story, &image.blobs[2], 0, 2);
    let mut both = begun(&image);
    part(&mut both, &image.blobs[1], 4, 6);
    last(&mut both);
    let (severity, sentence) = both.only("lazy-pull");
    assert_eq!(severity, Severity::Info);
    assert!(sentence.contains("Of 2 blobs"), "{sentence}");
    assert!(sentence.contains("4 B of 12 B came"), "{sentence}");
    let (_, sentence) = story.only("lazy-pull");
    assert!(sentence.contains("2 B of 6 B came"), "{sentence}");
}

#[test]
fn over_fetch() {
    let layers: Vec<Vec<u8>> = (0..2).map(|n| vec![0xf0 | n; 400_000]).collect();
    let image = Image::of(layers);
    let told = |layers: usize, overlap: usize| {
        let mut story = begun(&image);
        for layer in &image.blobs[1..=layers] {
            part(&mut story, layer, 0, 200_000 + overlap);
            part(&mut story, layer, 200_000, 400_000);
        }
        for layer in &image.blobs[layers + 1..] {
            story.blob(layer);
        }
        story
    };
    let of = |story: &Scenario| {
        let found = story.verdict().findings;
        let mut found = found.into_iter().filter(|found| found.rule == "over-fetch");
        found
            .next()
            .map(|found| (found.severity, found.sentence(Lang::En)))
    };
    assert_eq!(of(&told(1, 30_000)), None, "so little is no waste");
    let (severity, sentence) = of(&told(1, 80_000)).unwrap();
    assert_eq!(severity, Severity::Info);
    assert!(
        sentence.contains("80.0 kB came that had come before"),
        "{sentence}"
    );
    let (severity, sentence) = of(&told(2, 200_000)).unwrap();
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("2 blobs"), "{sentence}");
}

#[test]
fn range_ignored() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let told = |range: &str| {
        let mut story = begun(&image);
        story.redirect(layer).sends("Range", range);
        story.download(layer).sends("Range", range);
        story
    };
    let (severity, sentence) = told("bytes=3-").only("range-ignored");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("(bytes=3-)"));
    assert_eq!(told("bytes=0-").rules(), [""; 0], "all of it was asked for");
}

#[test]
fn slow_blob() {
    let image = Image::new(3);
    let told = |others: u64, wait: u64, receive: u64| {
        let mut story = Scenario::docker();
        story.manifest(&image);
        for blob in &image.blobs[..3] {
            story.redirect(blob);
            story
                .download(blob)
                .takes(1, 1)
                .change(|exchange| exchange.received = others);
        }
        story.redirect(&image.blobs[3]);
        story
            .download(&image.blobs[3])
            .takes(wait, receive)
            .change(|exchange| exchange.received = 3_000_000);
        story
    };
    let (severity, sentence) = told(20_000_000, 1, 30).only("slow-blob");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(
        sentence,
        "3.0 MB from cdn.example came at 96.7 kB/s, the median of this pull's other blobs is \
         10.0 MB/s; first byte after 1.0 s, then 30.0 s to receive."
    );
    let (_, sentence) = told(20_000_000, 30, 1).only("slow-blob");
    assert!(
        sentence.starts_with("cdn.example took 30.0 s to send"),
        "{sentence}"
    );
    assert_eq!(told(20_000_000, 0, 9).rules(), [""; 0], "not long");
    assert_eq!(
        told(300_000, 1, 30).rules(),
        [""; 0],
        "as slow as the others"
    );
    // With nothing to compare it with, what crawls is slow.
    assert_eq!(told(1_000, 1, 40).rules(), [""; 0]);
    let (_, sentence) = told(1_000, 1, 60).only("slow-blob");
    assert!(sentence.contains("at no more than 49.1 kB/s"), "{sentence}");
}

#[test]
fn duplicate() {
    let image = Image::new(2);
    let mut story = Scenario::docker();
    story.pull(&image);
    story.blob(&image.blobs[1]);
    let (severity, sentence) = story.only("duplicate");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("whole 2 times in one pull, 6 B each time"));
    // What arrived damaged had to be fetched again.
    let mut story = begun(&image);
    story.redirect(&image.blobs[1]);
    story.download(&image.blobs[1]).body("", b"\xffother");
    story.blob(&image.blobs[1]);
    story.blob(&image.blobs[2]);
    assert!(!story.rules().contains(&"duplicate"));
}

const SCHEMA1: &[u8] =
    br#"{"schemaVersion":1,"name":"library/alpine","tag":"latest","fsLayers":[]}"#;

/// A manifest of schema 1 is served to a client that accepts this.
fn serve_schema1(story: &mut Scenario, accept: Option<&str>) {
    let media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let digest = sha256(SCHEMA1);
    let asked = story.get(&tag());
    let asked = match accept {
        Some(accept) => asked.sends("Accept", accept),
        None => asked,
    };
    asked
        .header("Docker-Content-Digest", &digest)
        .body(media_type, SCHEMA1);
}

#[test]
fn schema1() {
    let mut story = Scenario::docker();
    serve_schema1(&mut story, None);
    let (severity, sentence) = story.only("schema1");
    // Nothing that it names was asked for: whether the client has it all is not known.
    assert_eq!(story.verdict().pulls[0].state, State::Unfinished);
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("schema 1"));
    // Registries make it for those who ask for nothing newer.
    for (accept, why) in [
        ("*/*", "asked for nothing newer (Accept: */*)"),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            "names Docker's types and no OCI ones",
        ),
        (MANIFEST, "current Docker and containerd refuse"),
    ] {
        let mut story = Scenario::docker();
        serve_schema1(&mut story, Some(accept));
        let (_, sentence) = story.only("schema1");
        assert!(sentence.contains(why), "{sentence}");
        let fix = story.verdict().findings[0].fix(Lang::En);
        assert_eq!(fix.contains("Push the image again"), accept == MANIFEST);
    }
}

/// containerd 2 asks by HEAD what it would get, and goes no further.
#[test]
fn schema1_by_head() {
    let asked = |media_type: &str| {
        let mut story = Scenario::docker();
        let head = story.ask("HEAD", &tag());
        let head = head.header("Docker-Content-Digest", &sha256(SCHEMA1));
        head.header("Content-Length", "7")
            .header("Content-Type", media_type);
        story
    };
    let story = asked("application/vnd.docker.distribution.manifest.v1+prettyjws");
    assert_eq!(story.only("schema1").0, Severity::Warning);
    assert_eq!(story.verdict().pulls[0].state, State::Unfinished);
    let good = asked(MANIFEST);
    assert_eq!(good.rules(), [""; 0]);
    assert_eq!(good.verdict().pulls[0].state, State::Complete);
}

#[test]
fn a_manifest_of_schema_1_is_made_on_demand_and_not_kept() {
    let mut story = Scenario::docker();
    serve_schema1(&mut story, None);
    story
        .get(&format!("{HUB}/manifests/{}", sha256(SCHEMA1)))
        .answer(404)
        .error("MANIFEST_UNKNOWN");
    let findings = story.verdict().findings;
    let gone = findings.iter().find(|one| one.rule == "not-found").unwrap();
    assert!(
        gone.sentence(Lang::En)
            .contains("made for a client that accepts nothing newer")
    );
    assert!(gone.fix(Lang::En).contains("Let the client accept"));
}

#[test]
fn head_fields() {
    let image = Image::new(0);
    let asked = |fields: &[(&str, &str)]| {
        let mut story = Scenario::docker();
        let head = story.ask("HEAD", &tag());
        let digest = sha256(&image.manifest);
        let head = head.header("Docker-Content-Digest", &digest);
        fields
            .iter()
            .fold(head, |head, (name, value)| head.header(name, value));
        story
    };
    let mut story = asked(&[("Content-Type", MANIFEST)]);
    let (severity, sentence) = story.only("head-fields");
    assert_eq!(severity, Severity::Error, "Docker goes no further");
    assert!(sentence.contains("to HEAD of a manifest has no Content-Length"));
    story.manifest(&image);
    assert_eq!(story.only("head-fields").0, Severity::Warning);
    let (_, sentence) = asked(&[("Content-Length", "7")]).only("head-fields");
    assert!(sentence.contains("has no Content-Type"), "{sentence}");
    let whole = asked(&[("Content-Length", "7"), ("Content-Type", MANIFEST)]);
    assert_eq!(whole.rules(), [""; 0]);
}

#[test]
fn a_page_in_the_place_of_a_manifest_is_told_with_its_words_and_once() {
    let mut story = Scenario::docker();
    let head = story.ask("HEAD", &tag());
    head.header("Content-Length", "60");
    let page = b"<html><head><title>Forbidden</title></head>\xc4\xfa</html>";
    story.get(&tag()).body("", page);
    let (_, sentence) = story.only("manifest-type");
    assert!(
        sentence.contains("(\u{201c}Forbidden\u{201d})"),
        "{sentence}"
    );
    let mut story = Scenario::docker();
    story.get(&tag()).body(MANIFEST, b"");
    let (_, sentence) = story.only("manifest-type");
    assert!(sentence.contains("200 with nothing in it"), "{sentence}");
}

#[test]
fn manifest_type() {
    let mut story = Scenario::docker();
    story
        .get(&tag())
        .body("text/html; charset=utf-8", b"<html>Access blocked</html>");
    let (severity, sentence) = story.only("manifest-type");
    assert_eq!(severity, Severity::Error);
    assert!(sentence.contains("answers with a web page"));

    let image = Image::new(0);
    let digest = sha256(&image.manifest);
    let told = |content_type: &str, body: &[u8]| {
        let mut story = Scenario::docker();
        story
            .get(&tag())
            .header("Docker-Content-Digest", &sha256(body))
            .body(content_type, body);
        story
    };
    let (_, sentence) = told("application/json", &image.manifest).only("manifest-type");
    assert!(
        sentence.contains("while the manifest itself says"),
        "{sentence}"
    );
    let (_, sentence) = told(MANIFEST, b"{}").only("manifest-type");
    assert!(sentence.contains("cannot be read as one"), "{sentence}");
    assert_eq!(told(MANIFEST, &image.manifest).rules(), [""; 0]);
    let parameter = format!("{MANIFEST}; charset=utf-8");
    assert_eq!(told(&parameter, &image.manifest).rules(), [""; 0]);
    assert!(!digest.is_empty());
}

#[test]
fn pages_in_other_places_are_never_reported() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    // quay.io answers `/v2/` with `true` as text/html, and redirects with a page.
    story
        .get("https://registry-1.docker.io/v2/")
        .answer(401)
        .header(
            "WWW-Authenticate",
            "Bearer realm=\"https://auth.docker.io/token\"",
        )
        .body("text/html; charset=utf-8", b"true");
    story.manifest(&image);
    for blob in &image.blobs {
        story
            .redirect(blob)
            .body("text/html", b"<html>Redirecting</html>");
        story.download(blob);
    }
    story
        .ask("HEAD", &tag())
        .header("Docker-Content-Digest", &sha256(&image.manifest))
        .header("Content-Type", MANIFEST)
        .header("Content-Length", "7");
    assert_eq!(story.rules(), [""; 0]);
}

#[test]
fn head_405() {
    let image = Image::new(1);
    let mut story = Scenario::docker();
    story.ask("HEAD", &tag()).answer(405).header("Allow", "GET");
    story.manifest(&image);
    let (severity, sentence) = story.only("head-405");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("does not allow HEAD"));
}

#[test]
fn missing_dcd() {
    let image = Image::new(0);
    let mut story = Scenario::docker();
    story.get(&tag()).body(MANIFEST, &image.manifest);
    let (severity, sentence) = story.only("missing-dcd");
    assert_eq!(severity, Severity::Warning);
    assert!(sentence.contains("without Docker-Content-Digest"));
}

#[test]
fn exchanges_that_are_open_are_not_judged_and_those_that_failed_by_what_stood_in_between() {
    let image = Image::new(1);
    let mut story = begun(&image);
    story.redirect(&image.blobs[1]);
    story.download(&image.blobs[1]).open();
    assert_eq!(story.rules(), [""; 0]);
    // What is wrong with the request itself, or with pullscope, is no matter of the server's.
    let own = [
        Failure::BadRequest,
        Failure::HeadTooLarge,
        Failure::Misdirected,
        Failure::RequestTimeout,
        Failure::Loop,
        Failure::Overload,
        Failure::Internal,
    ];
    let between = [
        Failure::Forbidden,
        Failure::Dns,
        Failure::Connect,
        Failure::UpstreamProxy,
        Failure::Tls,
        Failure::Timeout,
        Failure::BadResponse,
        Failure::NoResponse,
        Failure::Unspecified,
    ];
    for failure in own.into_iter().chain(between) {
        let mut story = Scenario::new(SKOPEO);
        story.get(&tag()).fails(failure);
        let is_between = between.contains(&failure);
        let expected: &[&str] = if is_between {
            &["unreachable"]
        } else {
            &["failed"]
        };
        assert_eq!(story.rules(), expected, "{failure:?}");
    }
}
