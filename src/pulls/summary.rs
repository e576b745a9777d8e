//! The image of a pull: which manifest is the one the client chose, and what its parts are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::arrived::is_no_manifest;
use super::ask::{Ask, failed, shows_login};
use super::causes::Trail;
use super::observed::Observed;
use crate::pulls::{ImageSteps, Part, Purpose};
use crate::registry::media_type::Class;
use crate::registry::{Descriptor, Digest, Document, Platform, Reference};

/// What a pull's documents say.
pub(super) struct Image<'a> {
    /// The reference that was asked for first.
    pub(super) reference: Option<Reference>,
    /// What it stands for.
    pub(super) digest: Option<Digest>,
    index: Option<usize>,
    chosen: Option<Chosen<'a>>,
    /// Every other manifest.
    others: Vec<Chosen<'a>>,
    /// Digests of indexes.
    indexes: Vec<Digest>,
    /// What each blob is, and which manifest names it.
    parts: HashMap<Digest, (Part, Option<Digest>)>,
    /// What the indexes say of each manifest.
    entries: HashMap<&'a Digest, &'a Arc<Descriptor>>,
}

/// One manifest.
struct Chosen<'a> {
    at: usize,
    digest: Option<Digest>,
    config: Option<&'a Arc<Descriptor>>,
    /// Lowest first.
    layers: Vec<&'a Arc<Descriptor>>,
}

impl<'a> Image<'a> {
    pub(super) fn of(members: &[Observed<'a>], trail: &Trail) -> Self {
        // The children of a list are pushed before it.
        let tagged = members.iter().rev().find_map(|m| {
            let is_put = m.reading.method == "PUT" && m.reading.succeeded();
            asked(*m).filter(|reference| is_put && reference.digest().is_none())
        });
        let reference = tagged.or_else(|| members.iter().find_map(|m| asked(*m)));
        let mut image = Self {
            digest: reference
                .as_ref()
                .and_then(|reference| stands_for(members, reference)),
            reference,
            index: None,
            chosen: None,
            others: Vec::new(),
            indexes: Vec::new(),
            parts: HashMap::new(),
            entries: HashMap::new(),
        };
        let mut manifests = Vec::new();
        for (at, member) in members.iter().enumerate() {
            match &member.reading.document {
                Some(Document::Index(index)) => {
                    image.index.get_or_insert(at);
                    image.indexes.extend(digest_of(*member));
                    let entries = index.manifests.iter();
                    let entries = entries.filter_map(|d| Some((d.digest.as_ref()?, d)));
                    image.entries.extend(entries);
                }
                Some(document) => manifests.extend(Chosen::read(at, *member, document)),
                None => {}
            }
        }
        manifests.retain(|manifest| {
            let about = members.get(manifest.at).and_then(|m| asked_here(*m));
            about.is_none_or(|reference| !reference.is_auxiliary())
        });
        let is_image = |m: &Chosen<'_>| {
            let entry = m.digest.as_ref().and_then(|d| image.entries.get(d));
            entry.is_none_or(|entry| !entry.is_attestation())
        };
        let asked: HashSet<&Digest> = trail.blobs.iter().flatten().collect();
        let wanted = |m: &Chosen<'_>| m.blobs().any(|digest| asked.contains(digest));
        let chosen = manifests
            .iter()
            .position(|m| is_image(m) && wanted(m))
            .or_else(|| manifests.iter().position(is_image));
        image.chosen = chosen.map(|at| manifests.remove(at));
        image.others = manifests;
        image.number_parts();
        image
    }

    fn number_parts(&mut self) {
        for manifest in self.chosen.iter().chain(&self.others) {
            let count = manifest.layers.len();
            for (layer, number) in manifest.layers.iter().zip(1..) {
                if let Some(digest) = &layer.digest {
                    let part = (Part::Layer { number, count }, manifest.digest.clone());
                    self.parts.entry(digest.clone()).or_insert(part);
                }
            }
            if let Some(digest) = manifest.config.and_then(|c| c.digest.as_ref()) {
                let part = (Part::Config, manifest.digest.clone());
                self.parts.insert(digest.clone(), part);
            }
        }
    }

    /// What an index says of the manifest that an exchange is about, or that names its blob.
    pub(super) fn entry(
        &self,
        member: Observed<'_>,
        blob: Option<&Digest>,
    ) -> Option<&'a Arc<Descriptor>> {
        let manifest = match blob {
            Some(blob) => self.parts.get(blob)?.1.clone(),
            None => self.stands_for(&asked_here(member)?).cloned(),
        }?;
        self.entries.get(&manifest).copied()
    }

    /// What a blob is.
    pub(super) fn part(&self, blob: &Digest) -> Option<Part> {
        self.parts.get(blob).map(|(part, _)| *part)
    }

    /// Which manifest an exchange is about.
    pub(super) fn document_part(&self, member: Observed<'_>) -> Option<Part> {
        let about = asked_here(member)?;
        let document = match &member.reading.document {
            Some(Document::Index(_)) => Some(Part::Index),
            Some(Document::Manifest(_) | Document::Schema1(_)) => Some(Part::Manifest),
            _ => None,
        };
        document.or_else(|| {
            let digest = self.stands_for(&about)?;
            let manifests = self.chosen.iter().chain(&self.others);
            if self.indexes.contains(digest) {
                Some(Part::Index)
            } else {
                let mut known = manifests.filter_map(|m| m.digest.as_ref());
                known.any(|d| d == digest).then_some(Part::Manifest)
            }
        })
    }

    fn stands_for<'b>(&'b self, about: &'b Reference) -> Option<&'b Digest> {
        let is_first = Some(about) == self.reference.as_ref();
        let first = self.digest.as_ref().filter(|_| is_first);
        first.or_else(|| about.digest())
    }

    /// The configuration and the layers of the chosen manifest.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = (Part, &'a Arc<Descriptor>)> {
        self.chosen.iter().flat_map(Chosen::descriptors)
    }

    /// Those of the other manifests.
    pub(super) fn other_descriptors(&self) -> impl Iterator<Item = (Part, &'a Arc<Descriptor>)> {
        self.others.iter().flat_map(Chosen::descriptors)
    }

    /// Whether a manifest of an image or artifact was read or sent.
    pub(super) fn is_known(&self) -> bool {
        self.chosen.is_some()
    }

    /// The exchange that answered for the image.
    pub(super) fn source(&self) -> Option<usize> {
        self.chosen.as_ref().map(|c| c.at).or(self.index)
    }

    /// The platform that the chosen manifest is for; `None` also where several were taken.
    pub(super) fn platform(&self, members: &[Observed<'_>], trail: &Trail) -> Option<Platform> {
        let chosen = self.chosen.as_ref()?;
        let platform = |manifest: &Chosen<'_>| {
            let entry = self.entries.get(manifest.digest.as_ref()?)?;
            let own = entry.platform.clone();
            own.filter(|own| !entry.is_attestation() && !own.is_unknown())
        };
        let own = platform(chosen);
        let mut others = self.others.iter().filter_map(platform);
        if others.any(|other| own != Some(other)) {
            return None;
        }
        if own.is_some() {
            return own;
        }
        let config = self.config(members, trail)?;
        let platform = &members.get(config)?.reading.config.as_ref()?.platform;
        (!platform.os.is_empty()).then(|| platform.clone())
    }

    /// The exchange that brought the chosen manifest's configuration.
    fn config(&self, members: &[Observed<'_>], trail: &Trail) -> Option<usize> {
        let digest = self.chosen.as_ref()?.config?.digest.as_ref()?;
        let about = |at: &usize| trail.blobs.get(*at) == Some(&Some(digest.clone()));
        let all = members
            .iter()
            .map(|m| m.reading)
            .enumerate()
            .filter(|(at, _)| about(at));
        let mut brought = all.filter(|(_, one)| one.method == "GET" && one.succeeded());
        let read = brought.clone().find(|(_, one)| one.config.is_some());
        read.or_else(|| brought.next_back()).map(|(at, _)| at)
    }

    /// The exchanges that described the image.
    pub(super) fn steps(&self, members: &[Observed<'_>], trail: &Trail) -> ImageSteps {
        let id = |at: usize| members.get(at).map(|m| m.exchange.id);
        ImageSteps {
            index: self.index.and_then(id),
            manifest: self.chosen.as_ref().and_then(|c| id(c.at)),
            config: self.config(members, trail).and_then(id),
        }
    }
}

impl<'a> Chosen<'a> {
    fn read(at: usize, member: Observed<'a>, document: &'a Document) -> Option<Self> {
        let digest = digest_of(member);
        match document {
            Document::Manifest(manifest) => Some(Self {
                at,
                digest,
                config: manifest.config.as_ref(),
                layers: manifest.layers.iter().collect(),
            }),
            Document::Schema1(schema1) => Some(Self {
                at,
                digest,
                config: None,
                layers: schema1.layers.iter().rev().collect(),
            }),
            Document::Index(_) | Document::Unreadable { .. } => None,
        }
    }

    fn descriptors(&self) -> impl Iterator<Item = (Part, &'a Arc<Descriptor>)> + use<'a> {
        let count = self.layers.len();
        let config = self.config.map(|config| (Part::Config, config));
        let layers = self.layers.clone().into_iter().zip(1..);
        config
            .into_iter()
            .chain(layers.map(move |(layer, number)| (Part::Layer { number, count }, layer)))
    }

    fn blobs(&self) -> impl Iterator<Item = &'a Digest> {
        self.descriptors().filter_map(|(_, d)| d.digest.as_ref())
    }
}

/// The manifest reference that a request names, unless it is about an image instead of one.
fn asked(member: Observed<'_>) -> Option<Reference> {
    asked_here(member).filter(|reference| !reference.is_auxiliary())
}

fn asked_here(member: Observed<'_>) -> Option<Reference> {
    match Ask::of(member) {
        Ask::Manifest(reference) | Ask::Change(reference) => Some(reference),
        _ => None,
    }
}

/// The digest of the manifest that an exchange is about.
fn digest_of(member: Observed<'_>) -> Option<Digest> {
    let digests = &member.reading.digests;
    [&digests.computed, &digests.stated, &digests.requested]
        .into_iter()
        .find_map(Clone::clone)
}

/// The digest that the answers to a reference give it.
fn stands_for(members: &[Observed<'_>], reference: &Reference) -> Option<Digest> {
    if let Some(digest) = reference.digest() {
        return Some(digest.clone());
    }
    let answers = members.iter().filter(|member| {
        let reading = member.reading;
        let is_good = reading.succeeded() || reading.status == Some(304);
        is_good
            && (reading.method != "GET" || !is_no_manifest(**member))
            && reading.content_type.class() != Class::Html
            && asked_here(**member).as_ref() == Some(reference)
    });
    let mut digests = answers.filter_map(|member| {
        let digests = &member.reading.digests;
        digests.computed.clone().or_else(|| digests.stated.clone())
    });
    digests.next()
}

/// What the client was up to.
pub(super) fn purpose(members: &[Observed<'_>], image: &Image<'_>, trail: &Trail) -> Purpose {
    let any = |test: &dyn Fn(Observed<'_>) -> bool| members.iter().any(|m| test(*m));
    if any(&|m| m.reading.is_upload()) {
        return Purpose::Push;
    }
    if any(&|m| m.reading.method == "DELETE") {
        return Purpose::Delete;
    }
    let begins = |m: &Observed<'_>| matches!(Ask::of(*m), Ask::Ping | Ask::Token);
    if members.iter().all(begins) && any(&shows_login) {
        return Purpose::Login;
    }
    let reads = any(&|m| matches!(Ask::of(m), Ask::Manifest(_) | Ask::Blob(_)));
    let lists = any(&|m| matches!(Ask::of(m), Ask::Tags { .. } | Ask::Catalog | Ask::Referrers));
    if !reads && lists {
        return Purpose::List;
    }
    let mut blobs = trail.blobs.iter().flatten();
    let bulk = blobs.any(|blob| image.part(blob) != Some(Part::Config));
    // These look at an image only to have it: where no layer is asked for, all are there.
    let pulls = any(&|m| ["docker", "containerd", "cri-o"].contains(&&*m.reading.client.name));
    let read = any(&|m| matches!(Ask::of(m), Ask::Manifest(_)) && m.reading.succeeded());
    // What failed or is not over may have been a pull to be.
    let blob_failed = members.iter().zip(&trail.blobs).any(|(member, blob)| {
        blob.is_some() && failed(*member) && member.reading.status != Some(401)
    });
    let open = any(&|m| m.exchange.ended.is_none());
    if bulk || pulls || lists || !read || blob_failed || open {
        Purpose::Pull
    } else {
        Purpose::Inspect
    }
}
