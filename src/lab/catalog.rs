//! Which images the lab has, and where.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, LazyLock};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::image::{
    BlobKind, ImageFormat, ImagePlatform, PlatformImage, StoredBlob, compact_index, index, noted,
};
use super::layer::{LayerRow, noise};
use super::schema1::{Schema1Error, schema1};
use super::{Fault, FaultSpec, Provider, template};

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
    /// User name and password, where there are some to be used.
    pub login: Option<&'static str>,
}

/// Why the images could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatalogError {
    #[error("failed to write a layer: {0}")]
    Layer(#[from] io::Error),
    #[error(transparent)]
    Schema1(#[from] Schema1Error),
    #[error("failed to read the lab's data on {0}")]
    Data(&'static str),
    #[error("failed to read a config: {0}")]
    Config(#[from] serde_json::Error),
}

/// One repository of a provider.
#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) tags: BTreeMap<String, Arc<StoredBlob>>,
    pub(super) blobs: BTreeMap<String, Arc<StoredBlob>>,
}

/// The images of a provider, and its repositories by name, as its faults want them.
pub(super) fn build(
    provider: Provider,
    faults: &[FaultSpec],
) -> Result<(Vec<LabImage>, BTreeMap<String, Repository>), CatalogError> {
    let (mut images, mut repositories) = (Vec::new(), BTreeMap::new());
    for name in &provider.profile().images {
        let row = CATALOG
            .images
            .get(name)
            .ok_or(CatalogError::Data("images"))?;
        images.push(LabImage {
            provider,
            reference: &row.reference,
            registry: provider.registry(),
            repository: &row.repository,
            tag: &row.tag,
            login: provider.profile().login.as_deref(),
        });
        let repository = repositories.entry(row.repository.clone()).or_default();
        row.build(repository, |fault| {
            faults.iter().any(|spec| spec.strikes(provider, fault))
        })?;
        if !provider.profile().referrers {
            repository.tag_referrers();
        }
    }
    Ok((images, repositories))
}

impl Repository {
    pub(super) fn add(&mut self, blob: Arc<StoredBlob>) {
        self.blobs.insert(blob.digest.clone(), blob);
    }

    /// Lists what refers to a manifest under a tag, as clients do where the registry does not list
    /// it (OCI distribution-spec, "Referrers Tag Schema").
    fn tag_referrers(&mut self) {
        let manifests = self.blobs.values().filter(|blob| blob.is_manifest());
        let lists: Vec<_> = manifests
            .map(|blob| {
                (
                    blob.digest.replace(':', "-"),
                    self.referrers(&blob.digest, None),
                )
            })
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(tag, entries)| (tag, index(ImageFormat::Oci, &entries)))
            .collect();
        for (tag, list) in lists {
            self.add(list.clone());
            self.tags.insert(tag, list);
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    images: HashMap<String, ImageRow>,
    layers: HashMap<String, LayerRow>,
}

/// One image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageRow {
    repository: String,
    tag: String,
    reference: String,
    format: ImageFormat,
    /// In which spelling the tag stands for a list of platforms; for the image itself without it.
    index: Option<IndexSpelling>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    layers: Vec<String>,
    /// What belongs to it, and artifacts that are no image.
    #[serde(default)]
    documents: Vec<DocumentRow>,
    /// What is in its texts, and what was there in the release before.
    #[serde(default)]
    before: Vec<(String, String)>,
    #[serde(default)]
    config: String,
}

/// A manifest that is no image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DocumentRow {
    /// Its tag; `index` for an entry of the list, of which there is one for each platform, `referrers`
    /// for what has each platform's image as its subject, `attested` for what has that entry.
    place: String,
    artifact_type: Option<String>,
    #[serde(default = "empty_type")]
    config_type: String,
    #[serde(default = "empty_config")]
    config: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    blobs: Vec<BlobRow>,
}

/// A blob of such a manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlobRow {
    r#type: String,
    #[serde(default)]
    text: String,
    /// What the text holds in base64, as `${payload}`.
    #[serde(default)]
    payload: String,
    /// A layer's bytes in the place of a text.
    layer: Option<String>,
    /// So many bytes after the text.
    #[serde(default)]
    noise: usize,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IndexSpelling {
    Compact,
    Pretty,
    /// A list in which the list of platforms stands.
    Nested,
}

impl ImageRow {
    fn build(
        &'static self,
        repository: &mut Repository,
        has: impl Fn(Fault) -> bool,
    ) -> Result<(), CatalogError> {
        let stale = has(Fault::StaleMirror);
        let has_platforms = !self.platforms.is_empty();
        let nobodys = (has_platforms && has(Fault::NoPlatform)).then_some("mips64le");
        let own = self.platforms.iter().map(String::as_str);
        let images = own
            .take(if nobodys.is_some() {
                0
            } else {
                self.platforms.len()
            })
            .chain(nobodys)
            .map(|processor| self.platform(ImagePlatform::linux(processor), stale))
            .collect::<Result<Vec<_>, _>>()?;
        let mut entries: Vec<_> = images.iter().map(PlatformImage::entry).collect();
        let mut tags = Vec::new();
        // What a build says of each image.
        let mut attested: Vec<Option<Arc<StoredBlob>>> = vec![None; images.len()];
        for row in &self.documents {
            let artifact = [None];
            let about: Vec<_> = images.iter().map(Some).collect();
            let about = if about.is_empty() {
                &artifact
            } else {
                about.as_slice()
            };
            for (at, image) in about.iter().enumerate() {
                let subject = match row.place.as_str() {
                    "attested" => attested.get(at).cloned().flatten(),
                    _ => image.map(|image| image.manifest.clone()),
                };
                let made = row.build(*image, subject)?;
                match made.text(&row.place) {
                    place if place == "index" => {
                        entries.push(made.entry());
                        if let Some(attested) = attested.get_mut(at) {
                            *attested = Some(made.manifest.clone());
                        }
                    }
                    place if place == "referrers" || place == "attested" => {}
                    tag => tags.push((tag, made.manifest.clone())),
                }
                made.blobs
                    .into_iter()
                    .chain([made.manifest])
                    .for_each(|blob| repository.add(blob));
            }
        }
        let top = match (&images[..], self.index) {
            ([first, ..], _) if has(Fault::Schema1) => {
                Some(schema1(&self.repository, &self.tag, first)?)
            }
            (_, Some(IndexSpelling::Compact)) => Some(compact_index(self.format, &entries)),
            (_, Some(IndexSpelling::Pretty)) => Some(index(self.format, &entries)),
            (_, Some(IndexSpelling::Nested)) => {
                let inner = index(self.format, &entries);
                repository.add(inner.clone());
                Some(index(self.format, &[inner.descriptor()]))
            }
            ([first, ..], None) => Some(first.manifest.clone()),
            ([], None) => None,
        };
        for image in images {
            let own = [image.config, image.manifest];
            image
                .layers
                .into_iter()
                .chain(own)
                .for_each(|blob| repository.add(blob));
        }
        tags.extend(top.map(|top| (self.tag.clone(), top)));
        for (tag, manifest) in tags {
            repository.add(manifest.clone());
            repository.tags.insert(tag, manifest);
        }
        Ok(())
    }

    fn platform(
        &self,
        platform: ImagePlatform,
        stale: bool,
    ) -> Result<PlatformImage, CatalogError> {
        let text = |text: &str| {
            let text = template::fill(text, &|name| platform.fact(name)).unwrap_or_default();
            let before = self.before.iter().filter(|_| stale);
            before.fold(text, |text, (now, before)| text.replace(now, before))
        };
        let layers = self
            .layers
            .iter()
            .map(|name| Ok(layer(name)?.build(text)?))
            .collect::<Result<Vec<_>, CatalogError>>()?;
        let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.diff_id).collect();
        let config = self
            .config
            .replace("${diff-ids}", &json!(diff_ids).to_string());
        let mut config: Value = serde_json::from_str(&text(&config))?;
        // A processor without variants has no such member.
        if let Some(members) = config.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        Ok(PlatformImage::new(
            platform,
            self.format,
            config.to_string(),
            &layers,
        ))
    }
}

/// A manifest that is no image, with what it is made of.
struct BuiltDocument<'a> {
    image: Option<&'a PlatformImage>,
    subject: Option<Arc<StoredBlob>>,
    diff_ids: Value,
    blobs: Vec<Arc<StoredBlob>>,
    manifest: Arc<StoredBlob>,
}

impl DocumentRow {
    fn build<'a>(
        &'static self,
        image: Option<&'a PlatformImage>,
        subject: Option<Arc<StoredBlob>>,
    ) -> Result<BuiltDocument<'a>, CatalogError> {
        let manifest = StoredBlob::new(BlobKind::Manifest, ImageFormat::Oci.manifest(), "");
        let mut built = BuiltDocument {
            image,
            subject,
            diff_ids: json!([]),
            blobs: Vec::new(),
            manifest,
        };
        let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
        for row in &self.blobs {
            let bytes = if let Some(name) = &row.layer {
                layer(name)?.build(|text| built.text(text))?.bytes
            } else {
                let payload = BASE64.encode(built.text(&row.payload).as_bytes());
                let text = built.text(&row.text.replace("${payload}", &payload));
                [text.into_bytes(), noise(&row.r#type, row.noise)]
                    .concat()
                    .into()
            };
            let last = layers.len() + 1 == self.blobs.len();
            let blob = StoredBlob::new(BlobKind::Layer { last }, &*row.r#type, bytes);
            layers.push(noted(blob.descriptor(), &row.annotations));
            diff_ids.push(json!(blob.digest));
            built.blobs.push(blob);
        }
        built.diff_ids = diff_ids.into();
        let config = built.text(&self.config);
        let config = StoredBlob::new(BlobKind::Config, &*self.config_type, config);
        let refers = matches!(self.place.as_str(), "referrers" | "attested");
        let subject = built.subject.as_ref().filter(|_| refers);
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": ImageFormat::Oci.manifest(),
            "artifactType": self.artifact_type,
            "config": config.descriptor(),
            "layers": layers,
            "subject": subject.map(|subject| subject.descriptor()),
        });
        if let Some(members) = document.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let bytes = ImageFormat::Oci.pretty(&noted(document, &self.annotations));
        built.manifest = StoredBlob::new(BlobKind::Manifest, ImageFormat::Oci.manifest(), bytes);
        built.blobs.push(config);
        Ok(built)
    }
}

impl BuiltDocument<'_> {
    /// A text with what there is to know of the image that it is about.
    fn text(&self, text: &str) -> String {
        let fact = |name: &str| {
            let digest = self.subject.as_ref().map(|subject| &*subject.digest);
            match name {
                "digest" => digest.map(str::to_owned),
                "hex" => Some(digest?.split_once(':')?.1.to_owned()),
                "diff-ids" => Some(self.diff_ids.to_string()),
                _ => self.image?.platform.fact(name),
            }
        };
        template::fill(text, &fact).unwrap_or_default()
    }

    /// What a list says of a build's attestation.
    fn entry(&self) -> Value {
        let mut entry = self.manifest.descriptor();
        entry["annotations"] = json!({
            "vnd.docker.reference.digest": self.text("${digest}"),
            "vnd.docker.reference.type": "attestation-manifest",
        });
        entry["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
        entry
    }
}

fn layer(name: &str) -> Result<&'static LayerRow, CatalogError> {
    CATALOG.layers.get(name).ok_or(CatalogError::Data("layers"))
}

fn empty_type() -> String {
    "application/vnd.oci.empty.v1+json".to_owned()
}

fn empty_config() -> String {
    "{}".to_owned()
}

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| toml::from_str(include_str!("data/images.toml")).unwrap_or_default());

/// A small image with two layers.
#[cfg(test)]
pub(super) fn sample() -> PlatformImage {
    let row = CATALOG.images.get("alpine-curl").unwrap();
    row.platform(ImagePlatform::linux("amd64"), false).unwrap()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::Value;

    use super::super::digest::{sha256, sha512};
    use super::*;

    fn json(blob: &StoredBlob) -> Value {
        serde_json::from_slice(&blob.bytes).unwrap()
    }

    /// The repository of a provider's image, and what its tag stands for.
    fn only(provider: Provider, faults: &[FaultSpec]) -> (Repository, Arc<StoredBlob>) {
        let (images, mut repositories) = build(provider, faults).unwrap();
        let repository = repositories.remove(images[0].repository).unwrap();
        let top = repository.tags[images[0].tag].clone();
        (repository, top)
    }

    #[test]
    fn the_data_are_read() {
        toml::from_str::<Catalog>(include_str!("data/images.toml")).unwrap();
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
        for &provider in Provider::ALL {
            let (repository, top) = only(provider, &[]);
            let document = json(&top);
            let manifests = match document.get("manifests") {
                Some(entries) => entries
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|entry| {
                        let blob = &repository.blobs[entry["digest"].as_str().unwrap()];
                        assert_eq!(entry["size"], blob.bytes.len());
                        let inner = json(blob);
                        match inner.get("manifests") {
                            Some(list) => {
                                repository.blobs[list[0]["digest"].as_str().unwrap()].clone()
                            }
                            None => blob.clone(),
                        }
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

    fn check_manifest(repository: &Repository, manifest: &Value) {
        let fetch = |descriptor: &Value| {
            let blob = &repository.blobs[descriptor["digest"].as_str().unwrap()];
            assert_eq!(descriptor["size"], blob.bytes.len());
            assert_eq!(descriptor["mediaType"], blob.media_type);
            let digests = [sha256(&blob.bytes), sha512(&blob.bytes)];
            assert!(digests.contains(&blob.digest));
            blob.clone()
        };
        let config = json(&fetch(&manifest["config"]));
        // An attestation, a chart and a model are no image.
        if config["os"] != "linux" {
            manifest["layers"]
                .as_array()
                .unwrap()
                .iter()
                .for_each(|blob| drop(fetch(blob)));
            return;
        }
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!(diff_ids.len(), layers.len());
        for (layer, diff_id) in layers.iter().zip(diff_ids) {
            let mut tar = Vec::new();
            let layer = fetch(layer);
            if layer.media_type.ends_with("zstd") {
                tar = zstd::stream::decode_all(&layer.bytes[..]).unwrap();
            } else {
                flate2::read::MultiGzDecoder::new(&layer.bytes[..])
                    .read_to_end(&mut tar)
                    .unwrap();
            }
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
            let (_, ours) = only(provider, &[]);
            assert_eq!(platforms(&json(&ours)), platforms(&captured), "{provider}");
            assert_eq!(
                ours.bytes.len(),
                body.len(),
                "{provider}: the same spelling"
            );
        }
    }

    #[test]
    fn the_mirror_has_docker_hubs_image_unless_it_is_stale() {
        let tagged = |provider, faults: &[FaultSpec]| only(provider, faults).1.digest.clone();
        let stale = ["stale-mirror".parse().unwrap()];
        let hub = tagged(Provider::Hub, &stale);
        assert_eq!(tagged(Provider::Mirror, &[]), hub);
        assert_ne!(tagged(Provider::Mirror, &stale), hub);
    }

    #[test]
    fn alpine_curl_starts_with_alpines_layer() {
        let alpine = CATALOG.images["alpine"]
            .platform(ImagePlatform::linux("amd64"), false)
            .unwrap();
        assert_eq!(sample().layers[0].digest, alpine.layers[0].digest);
    }
}
