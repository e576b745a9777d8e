//! Which images the lab has, and where.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::image::{
    About, HistoryStep, ImagePlatform, PlatformImage, StoredBlob, compact_index, pretty_index,
};
use super::layer::{Layer, LayerBuilder};
use super::schema1::{Schema1Error, schema1};
use super::{Fault, FaultSpec, Provider};

/// An image of the lab, and the name a user pulls it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabImage {
    /// Whose registry it is pulled from.
    pub provider: Provider,
    /// What stands after `docker pull`.
    pub reference: &'static str,
    /// The host of the registry.
    pub registry: &'static str,
    /// The repository's name in the registry's paths.
    pub repository: &'static str,
    /// The tag.
    pub tag: &'static str,
}

impl LabImage {
    /// The image of one provider.
    pub fn of(provider: Provider) -> Self {
        let (reference, repository, tag) = match provider {
            Provider::Hub | Provider::Mirror => ("alpine", "library/alpine", "latest"),
            Provider::Gcr => (
                "gcr.io/google-containers/kube-controller-manager:v1.16.10",
                "google-containers/kube-controller-manager",
                "v1.16.10",
            ),
            Provider::Quay => (
                "quay.io/watchdogpolska/alpine-curl",
                "watchdogpolska/alpine-curl",
                "latest",
            ),
        };
        Self {
            provider,
            reference,
            registry: provider.registry(),
            repository,
            tag,
        }
    }
}

/// Why the images could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatalogError {
    #[error("failed to write a layer: {0}")]
    Layer(#[from] io::Error),
    #[error(transparent)]
    Schema1(#[from] Schema1Error),
}

/// One provider's repository: each has one, with one tag.
#[derive(Debug)]
pub(super) struct TaggedRepository {
    pub(super) image: LabImage,
    tagged: Arc<StoredBlob>,
    blobs: HashMap<String, Arc<StoredBlob>>,
}

impl TaggedRepository {
    /// Builds the repository of a provider, as its faults want it.
    pub(super) fn build(provider: Provider, faults: &[FaultSpec]) -> Result<Self, CatalogError> {
        let has = |fault| faults.iter().any(|spec| spec.strikes(provider, fault));
        let stale = has(Fault::StaleMirror);
        let release = if stale { &BEFORE } else { &CURRENT };
        let platforms = match provider {
            _ if has(Fault::NoPlatform) => NOBODYS_PLATFORM,
            Provider::Hub | Provider::Mirror => ALPINE_PLATFORMS,
            Provider::Gcr => KUBE_PLATFORMS,
            Provider::Quay => &[AMD64],
        };
        let images = platforms
            .iter()
            .map(|platform| match provider {
                Provider::Hub | Provider::Mirror => alpine(*platform, release),
                Provider::Gcr => kube_controller_manager(*platform),
                Provider::Quay => alpine_curl(*platform, release),
            })
            .collect::<io::Result<Vec<_>>>()?;
        let image = LabImage::of(provider);
        let top = match (&images[..], provider) {
            ([first, ..], _) if has(Fault::Schema1) => schema1(image.repository, image.tag, first)?,
            ([only], Provider::Quay) => only.manifest.clone(),
            (_, Provider::Gcr) => pretty_index(&images),
            _ => compact_index(&images),
        };
        let parts = |image: PlatformImage| {
            let own = [image.config, image.manifest];
            image.layers.into_iter().chain(own)
        };
        let blobs = images.into_iter().flat_map(parts).chain([top.clone()]);
        Ok(Self {
            image,
            blobs: blobs.map(|blob| (blob.digest.clone(), blob)).collect(),
            tagged: top,
        })
    }

    /// What the tag points to.
    pub(super) fn tagged(&self, tag: &str) -> Option<&Arc<StoredBlob>> {
        (tag == self.image.tag).then_some(&self.tagged)
    }

    /// Whatever has this digest.
    pub(super) fn blob(&self, digest: &str) -> Option<&Arc<StoredBlob>> {
        self.blobs.get(digest)
    }
}

/// A release of Alpine, and how its image was built.
struct Release {
    version: &'static str,
    image: About,
}

const CURRENT: Release = Release {
    version: "3.12.0",
    image: ALPINE,
};

/// The release before, which a stale mirror still has.
const BEFORE: Release = Release {
    version: "3.11.6",
    image: About {
        history: &[
            ADD_ALPINE.at("2020-04-24T01:05:03.608058404Z"),
            RUN_SHELL.at("2020-04-24T01:05:03.776829834Z"),
        ],
        ..ALPINE
    },
};

fn alpine(platform: ImagePlatform, release: &Release) -> io::Result<PlatformImage> {
    let layer = alpine_layer(platform, release)?;
    Ok(PlatformImage::new(platform, release.image, &[layer]))
}

/// Its first layer is Alpine's, so that a client that has that one does not fetch it again.
fn alpine_curl(platform: ImagePlatform, release: &Release) -> io::Result<PlatformImage> {
    let curl = LayerBuilder::new(1_593_950_067)
        .directories("usr usr/bin usr/lib usr/share usr/share/curl")?
        .file("usr/share/curl/README", ABOUT_FILES)?
        .bulk("usr/lib/libcurl.so.4", "alpine-curl amd64", 352 * 1024)?
        .finish()?;
    let layers = [alpine_layer(platform, release)?, curl];
    Ok(PlatformImage::new(platform, ALPINE_CURL, &layers))
}

fn kube_controller_manager(platform: ImagePlatform) -> io::Result<PlatformImage> {
    let seed = |part: &str| format!("kube-controller-manager {part} {}", name(platform));
    let base = LayerBuilder::new(1_589_995_657)
        .directories(ROOT)?
        .file("etc/debian_version", b"10.4\n")?
        .file("usr/share/README", ABOUT_FILES)?
        .bulk("usr/lib/libc.so", &seed("base"), 320 * 1024)?
        .finish()?;
    let binary = LayerBuilder::new(1_589_995_658)
        .directories("usr usr/local usr/local/bin")?
        .bulk(
            "usr/local/bin/kube-controller-manager",
            &seed("binary"),
            448 * 1024,
        )?
        .finish()?;
    Ok(PlatformImage::new(platform, KUBE, &[base, binary]))
}

fn alpine_layer(platform: ImagePlatform, release: &Release) -> io::Result<Layer> {
    let release = release.version;
    let os_release =
        format!("NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID={release}\nPRETTY_NAME=\"Lab\"\n");
    let seed = format!("alpine {release} {}", name(platform));
    LayerBuilder::new(1_590_787_186)
        .directories(ROOT)?
        .file("etc/alpine-release", format!("{release}\n").as_bytes())?
        .file("etc/os-release", os_release.as_bytes())?
        .file("etc/passwd", b"root:x:0:0:root:/root:/bin/ash\n")?
        .file("etc/group", b"root:x:0:root\n")?
        .file("usr/share/README", ABOUT_FILES)?
        .bulk("lib/libcrypto.so.1.1", &seed, 384 * 1024)?
        .finish()
}

fn name(platform: ImagePlatform) -> String {
    [platform.architecture, platform.variant.unwrap_or_default()].concat()
}

/// A small image with two layers.
#[cfg(test)]
pub(super) fn sample() -> PlatformImage {
    alpine_curl(AMD64, &CURRENT).unwrap()
}

const AMD64: ImagePlatform = ImagePlatform::linux("amd64");

const ALPINE_PLATFORMS: &[ImagePlatform] = &[
    AMD64,
    ImagePlatform::linux("arm").variant("v6"),
    ImagePlatform::linux("arm").variant("v7"),
    ImagePlatform::linux("arm64").variant("v8"),
    ImagePlatform::linux("386"),
    ImagePlatform::linux("ppc64le"),
    ImagePlatform::linux("s390x"),
];

const KUBE_PLATFORMS: &[ImagePlatform] = &[
    AMD64,
    ImagePlatform::linux("arm"),
    ImagePlatform::linux("arm64"),
    ImagePlatform::linux("ppc64le"),
    ImagePlatform::linux("s390x"),
];

const NOBODYS_PLATFORM: &[ImagePlatform] = &[ImagePlatform::linux("mips64le")];

const ALPINE: About = About {
    author: None,
    command: &["/bin/sh"],
    parent: "sha256:4ff3ca91275773af45cb4b0834e12b7eb47d1c18f770a0b151381cd227f4c253",
    docker_version: "18.09.7",
    history: &[ADD_ALPINE, RUN_SHELL],
};

const ALPINE_CURL: About = About {
    author: AD_M,
    command: &["/bin/sh", "-c", "#(nop) ", r#"CMD ["curl" "--version"]"#],
    parent: "sha256:415f5f6826e442f4051044858b6195aef1c1e9795500df0350cfa87fde540ada",
    docker_version: "18.02.0-ce",
    history: &[
        ADD_ALPINE,
        RUN_SHELL,
        HistoryStep::empty(
            r#"/bin/sh -c #(nop)  MAINTAINER Adam Dobrawy "http://github.com/ad-m/""#,
        )
        .at("2020-07-05T11:54:25.799315127Z")
        .by(AD_M),
        HistoryStep::layer("/bin/sh -c apk add --no-cache curl")
            .at("2020-07-05T11:54:27.089683779Z")
            .by(AD_M),
        HistoryStep::empty(r#"/bin/sh -c #(nop)  CMD ["curl" "--version"]"#)
            .at("2020-07-05T11:54:27.215613905Z")
            .by(AD_M),
    ],
};

const AD_M: Option<&str> = Some(r#"Adam Dobrawy "http://github.com/ad-m/""#);

const KUBE: About = About {
    author: None,
    command: &["kube-controller-manager"],
    parent: "",
    docker_version: "19.03.8",
    history: &[
        HistoryStep::layer("/bin/sh -c #(nop) ADD file:debian-base in / ")
            .at("2020-05-20T17:20:01.104811Z"),
        HistoryStep::layer(
            "/bin/sh -c #(nop) COPY file:kube-controller-manager in /usr/local/bin/ ",
        )
        .at("2020-05-20T17:27:36.964510Z"),
    ],
};

const ADD_ALPINE: HistoryStep = HistoryStep::layer(
    "/bin/sh -c #(nop) ADD \
     file:c92c248239f8c7b9b3c067650954815f391b7bcb09023f984972c082ace2a8d0 in / ",
)
.at("2020-05-29T21:19:46.192045972Z");

const RUN_SHELL: HistoryStep = HistoryStep::empty(r#"/bin/sh -c #(nop)  CMD ["/bin/sh"]"#)
    .at("2020-05-29T21:19:46.363518345Z");

/// The directories that every image begins with, parents before children.
const ROOT: &str =
    "bin dev etc home lib proc root run sbin sys tmp usr usr/bin usr/lib usr/share var";

const ABOUT_FILES: &[u8] =
    b"This image was made by pullscope's lab. Its files have the names, not the content, of \
      the real ones.\n";

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::Value;

    use super::super::digest::sha256;
    use super::*;

    fn json(blob: &StoredBlob) -> Value {
        serde_json::from_slice(&blob.bytes).unwrap()
    }

    fn platforms(index: &Value) -> Vec<Value> {
        let manifests = index["manifests"].as_array().unwrap();
        manifests
            .iter()
            .map(|entry| entry["platform"].clone())
            .collect()
    }

    /// Follows every digest from the tag down to the files.
    #[test]
    fn every_digest_leads_to_its_content() {
        for provider in Provider::ALL {
            let repository = TaggedRepository::build(provider, &[]).unwrap();
            let top = repository.tagged(repository.image.tag).unwrap();
            let document = json(top);
            let manifests = match document.get("manifests") {
                Some(entries) => entries
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|entry| {
                        let blob = repository.blob(entry["digest"].as_str().unwrap()).unwrap();
                        assert_eq!(entry["size"], blob.bytes.len());
                        blob.clone()
                    })
                    .collect(),
                None => vec![top.clone()],
            };
            for manifest in manifests {
                assert_eq!(sha256(&manifest.bytes), manifest.digest);
                check_manifest(&repository, &json(&manifest));
            }
        }
    }

    fn check_manifest(repository: &TaggedRepository, manifest: &Value) {
        let fetch = |descriptor: &Value| {
            let blob = repository
                .blob(descriptor["digest"].as_str().unwrap())
                .unwrap();
            assert_eq!(descriptor["size"], blob.bytes.len());
            assert_eq!(descriptor["mediaType"], blob.kind.media_type());
            assert_eq!(sha256(&blob.bytes), blob.digest);
            blob.clone()
        };
        let config = json(&fetch(&manifest["config"]));
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!(diff_ids.len(), layers.len());
        for (layer, diff_id) in layers.iter().zip(diff_ids) {
            let mut tar = Vec::new();
            let layer = fetch(layer);
            flate2::read::GzDecoder::new(&layer.bytes[..])
                .read_to_end(&mut tar)
                .unwrap();
            assert_eq!(*diff_id, sha256(&tar));
        }
        let steps = config["history"].as_array().unwrap();
        let made = steps
            .iter()
            .filter(|step| step.get("empty_layer").is_none());
        assert_eq!(made.count(), layers.len());
    }

    #[test]
    fn platforms_are_those_of_the_captured_indexes() {
        for (provider, capture, exchange) in [
            (
                Provider::Hub,
                include_str!("../../tests/data/article/dockerhub.json"),
                2,
            ),
            (
                Provider::Mirror,
                include_str!("../../tests/data/article/mirror.json"),
                1,
            ),
            (
                Provider::Gcr,
                include_str!("../../tests/data/article/gcr.json"),
                2,
            ),
        ] {
            let capture: Value = serde_json::from_str(capture).unwrap();
            let body = capture["exchanges"][exchange]["response"]["body"]
                .as_str()
                .unwrap();
            let captured: Value = serde_json::from_str(body).unwrap();
            let repository = TaggedRepository::build(provider, &[]).unwrap();
            let ours = repository.tagged(repository.image.tag).unwrap();
            assert_eq!(platforms(&json(ours)), platforms(&captured), "{provider}");
            assert_eq!(
                ours.bytes.len(),
                body.len(),
                "{provider}: the same spelling"
            );
        }
    }

    #[test]
    fn the_mirror_has_docker_hubs_image_unless_it_is_stale() {
        let tagged = |provider, faults: &[FaultSpec]| {
            let repository = TaggedRepository::build(provider, faults).unwrap();
            repository.tagged("latest").unwrap().digest.clone()
        };
        let stale = ["stale-mirror".parse().unwrap()];
        let hub = tagged(Provider::Hub, &stale);
        assert_eq!(tagged(Provider::Mirror, &[]), hub);
        assert_ne!(tagged(Provider::Mirror, &stale), hub);
    }

    #[test]
    fn alpine_curl_starts_with_alpines_layer() {
        let alpine = alpine(AMD64, &CURRENT).unwrap();
        assert_eq!(sample().layers[0].digest, alpine.layers[0].digest);
    }
}
