//! Which image a pull is about: name, digest, platform, parts.

use pullscope::exchange::ExchangeId;
use pullscope::pulls::{Part, Pull};
use pullscope::registry::{Platform, Reference};

use crate::traffic::{
    CONTAINERD, Traffic, X, config, descriptor, digest_of, index, manifest, manifest_of, pull,
};

const BASE: &str = "https://r.example/v2/a";

fn only(exchanges: impl IntoIterator<Item = X>) -> Pull {
    let store = Traffic::of(exchanges).store();
    assert_eq!(store.pulls().len(), 1, "{:#?}", store.pulls());
    store.pulls()[0].clone()
}

fn parts(pull: &Pull) -> Vec<Option<Part>> {
    pull.steps.iter().map(|step| step.part).collect()
}

#[test]
fn the_platform_is_that_of_the_child_that_was_fetched() {
    let pull = only(pull("a", 0));
    assert_eq!(pull.platform, Some(Platform::new("linux", "amd64")));
    assert_eq!(pull.image.index, Some(ExchangeId(4)));
    assert_eq!(pull.image.manifest, Some(ExchangeId(5)));
    assert_eq!(pull.image.config, Some(ExchangeId(8)));
    let layer = Some(Part::Layer {
        number: 1,
        count: 1,
    });
    assert_eq!(
        parts(&pull),
        [
            None,
            None,
            Some(Part::Index),
            Some(Part::Index),
            Some(Part::Manifest),
            Some(Part::Config),
            layer,
            Some(Part::Config),
            layer,
        ]
    );
}

#[test]
fn without_an_index_the_configuration_tells_the_platform() {
    let pull = only([
        X::get(&format!("{BASE}/manifests/1"))
            .text(&manifest("a", &[]))
            .at(0),
        X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(20),
    ]);
    assert_eq!(pull.platform, Some(Platform::new("linux", "arm64")));
}

/// Attestations of builds stand beside the images, and are fetched by some.
#[test]
fn an_attestation_is_never_the_image() {
    let (image, statement) = (manifest("a", &["one"]), manifest("statement", &["in-toto"]));
    let unknown = r#","platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#;
    let entry = descriptor(
        "application/vnd.oci.image.manifest.v1+json",
        &statement,
        unknown,
    );
    let list =
        index(&[("amd64", &image)]).replace("\"manifests\":[", &format!("\"manifests\":[{entry},"));
    let child = |text: &str| X::get(&format!("{BASE}/manifests/{}", digest_of(text)));
    let pull = only([
        X::get(&format!("{BASE}/manifests/1")).text(&list).at(0),
        child(&statement).text(&statement).at(20),
        child(&image).text(&image).at(40),
        X::get(&format!("{BASE}/blobs/{}", digest_of("in-toto")))
            .bulk("in-toto")
            .at(60),
    ]);
    assert_eq!(pull.image.manifest, Some(ExchangeId(3)));
    assert_eq!(pull.platform, Some(Platform::new("linux", "amd64")));
    // What belongs to the attestation comes last.
    assert_eq!(pull.blobs.len(), 3);
    assert_eq!(
        pull.blobs[2].digest.as_ref().unwrap().to_string(),
        digest_of("in-toto")
    );
}

#[test]
fn a_copy_of_every_platform() {
    let images = ["amd64", "arm64"].map(|name| manifest(name, &[name]));
    let list = index(&[("amd64", &images[0]), ("arm64", &images[1])]);
    let child = |text: &str| X::get(&format!("{BASE}/manifests/{}", digest_of(text)));
    let blob = |text: &str| X::get(&format!("{BASE}/blobs/{}", digest_of(text)));
    let pull = only([
        X::get(&format!("{BASE}/manifests/1")).text(&list).at(0),
        child(&images[0]).text(&images[0]).at(20),
        blob(&config("amd64")).text(&config("amd64")).at(40),
        blob("amd64").bulk("amd64").at(41),
        child(&images[1]).text(&images[1]).at(60),
        blob(&config("arm64")).text(&config("arm64")).at(80),
        blob("arm64").bulk("arm64").at(81),
    ]);
    assert_eq!(pull.image.manifest, Some(ExchangeId(2)));
    let parts: Vec<_> = pull.blobs.iter().map(|blob| blob.part.unwrap()).collect();
    let layer = Part::Layer {
        number: 1,
        count: 1,
    };
    assert_eq!(parts, [Part::Config, layer, Part::Config, layer]);
}

#[test]
fn a_manifest_of_2014_names_its_layers_top_first() {
    let blob = |text: &str| format!(r#"{{"blobSum":"{}"}}"#, digest_of(text));
    let image = format!(
        r#"{{"schemaVersion":1,"name":"a","tag":"1","architecture":"amd64","fsLayers":[{},{}],"history":[]}}"#,
        blob("top"),
        blob("bottom")
    );
    let pull = only([X::get(&format!("{BASE}/manifests/1")).text(&image).at(0)]);
    let digests: Vec<_> = pull
        .layers()
        .map(|l| l.digest.clone().unwrap().to_string())
        .collect();
    assert_eq!(digests, [digest_of("bottom"), digest_of("top")]);
}

#[test]
fn a_pull_by_digest() {
    let image = manifest("a", &["one"]);
    let url = format!("{BASE}/manifests/{}", digest_of(&image));
    let pull = only([
        X::head(&url).by(CONTAINERD).at(0),
        X::get(&url).by(CONTAINERD).text(&image).at(20),
    ]);
    assert_eq!(pull.name(), format!("r.example/a@{}", digest_of(&image)));
    assert!(matches!(pull.reference, Some(Reference::Digest(_))));
    assert_eq!(pull.digest.unwrap().to_string(), digest_of(&image));
}

#[test]
fn a_signature_is_looked_for_beside_the_image() {
    let image = manifest("a", &["one"]);
    let digest = digest_of(&image).replace(':', "-");
    let pull = only([
        X::get(&format!("{BASE}/manifests/1")).text(&image).at(0),
        X::get(&format!("{BASE}/manifests/{digest}.sig"))
            .status(404)
            .at(20),
        X::get(&format!("{BASE}/blobs/{}", digest_of(&config("a"))))
            .text(&config("a"))
            .at(40),
        X::get(&format!("{BASE}/blobs/{}", digest_of("one")))
            .bulk("one")
            .at(60),
    ]);
    assert_eq!(pull.steps.len(), 4);
    assert_eq!(pull.name(), "r.example/a:1");
    assert_eq!(pull.state, pullscope::pulls::State::Complete);
}

#[test]
fn hub_is_called_as_users_call_it() {
    let name = |repository: &str| {
        let url = format!("https://registry-1.docker.io/v2/{repository}/manifests/3");
        only([X::get(&url).text(&manifest("a", &[])).at(0)]).name()
    };
    assert_eq!(name("library/alpine"), "alpine:3");
    assert_eq!(name("grafana/grafana"), "grafana/grafana:3");
}

#[test]
fn a_configuration_that_two_manifests_share_is_a_configuration() {
    let empty = descriptor("application/vnd.oci.empty.v1+json", "{}", "");
    let image = manifest_of(&empty, std::slice::from_ref(&empty));
    let pull = only([
        X::get(&format!("{BASE}/manifests/1")).text(&image).at(0),
        X::get(&format!("{BASE}/blobs/{}", digest_of("{}")))
            .text("{}")
            .at(20),
    ]);
    assert_eq!(pull.steps[1].part, Some(Part::Config));
}
