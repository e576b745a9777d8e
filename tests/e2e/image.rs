//! A small real image, made by hand: two gzip layers and a Docker schema 2 manifest.

use std::fs;
use std::io::Write as _;

use aws_lc_rs::digest;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::components::program;

/// The media type of [`Image::manifest`].
pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The same in the names of OCI.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Some content and its digest.
#[derive(Clone)]
pub(crate) struct Blob {
    pub(crate) bytes: Bytes,
    /// `sha256:…`
    pub(crate) digest: String,
}

/// An image as a registry stores it.
pub(crate) struct Image {
    pub(crate) config: Blob,
    pub(crate) layers: Vec<Blob>,
    pub(crate) manifest: Blob,
}

/// An image beside a statement of how it was made, and the index of the two, as BuildKit makes them.
pub(crate) struct Attested {
    pub(crate) image: Image,
    pub(crate) index: Blob,
    /// The statement's manifest, its configuration and itself.
    pub(crate) attestation: [Blob; 3],
}

impl Attested {
    pub(crate) fn new(image: Image) -> Self {
        let subject = image
            .manifest
            .digest
            .trim_start_matches("sha256:")
            .to_owned();
        let statement = Blob::json(&json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [{"name": "pkg:docker/tiny@1.0?platform=linux%2Famd64", "digest": {"sha256": subject}}],
            "predicate": {"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1"},
        }));
        let config = Blob::json(&json!({
            "architecture": "unknown", "os": "unknown", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [statement.digest]},
        }));
        let mut layer = statement.descriptor("application/vnd.in-toto+json");
        layer["annotations"] =
            json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
        let manifest = Blob::json(&json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer],
        }));
        let mut runs = image.manifest.descriptor(MANIFEST);
        runs["platform"] = json!({"architecture": "amd64", "os": "linux"});
        let mut says = manifest.descriptor(OCI_MANIFEST);
        says["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        says["annotations"] = json!({
            "vnd.docker.reference.digest": image.manifest.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        let index = Blob::json(&json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [runs, says],
        }));
        Self {
            image,
            index,
            attestation: [manifest, config, statement],
        }
    }
}

impl Image {
    /// busybox in one layer, a file of its own in the other.
    pub(crate) fn busybox() -> Self {
        let busybox = fs::read(program("busybox")).expect("busybox is readable");
        Self::of(&[
            tar("bin/busybox", 0o755, &busybox),
            tar("etc/motd", 0o644, b"pulled through pullscope\n"),
        ])
    }

    /// Layers of about these sizes, compressed, that are the same on every machine.
    pub(crate) fn plain(layers: &[usize]) -> Self {
        let tar =
            |(number, size): (usize, &usize)| tar(&format!("data/{number}"), 0o644, &noise(*size));
        let tars: Vec<_> = layers.iter().enumerate().map(tar).collect();
        Self::of(&tars)
    }

    /// One layer of this size.
    pub(crate) fn large(size: usize) -> Self {
        let block = noise(1 << 20);
        let content = block.repeat(size.div_ceil(block.len()));
        Self::packed(&[tar("data/large", 0o644, &content)], Compression::none())
    }

    fn of(tars: &[Vec<u8>]) -> Self {
        Self::packed(tars, Compression::fast())
    }

    fn packed(tars: &[Vec<u8>], compression: Compression) -> Self {
        let layers = tars.iter().map(|tar| Blob::new(gzip(tar, compression)));
        let layers: Vec<_> = layers.collect();
        let diff_ids: Vec<_> = tars.iter().map(|tar| sha256(tar)).collect();
        let config = Blob::json(&json!({
            "architecture": "amd64", "os": "linux",
            "config": {"Cmd": ["/bin/busybox", "cat", "/etc/motd"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created_by": "busybox"}, {"created_by": "motd"}],
        }));
        let manifest = Blob::json(&json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": layers.iter().map(|l| l.descriptor(LAYER)).collect::<Vec<_>>(),
        }));
        Self {
            config,
            layers,
            manifest,
        }
    }

    /// Everything a client fetches as a blob.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &Blob> {
        std::iter::once(&self.config).chain(&self.layers)
    }
}

impl Blob {
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            digest: sha256(&bytes),
            bytes,
        }
    }

    fn json(value: &Value) -> Self {
        Self::new(value.to_string())
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "size": self.bytes.len(), "digest": self.digest})
    }
}

/// The digest of some bytes, `sha256:…`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    let hex: Vec<_> = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

/// A tar archive (POSIX ustar) of one file and its folder.
pub(crate) fn tar(path: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let folder = path.split_once('/').map_or("", |(folder, _)| folder);
    let mut archive = ustar_header(&format!("{folder}/"), 0o755, 0, b'5');
    archive.extend(ustar_header(path, mode, content.len(), b'0'));
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

/// Bytes that do not compress (xorshift64).
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .flatten()
        .take(length)
        .collect()
}

fn ustar_header(path: &str, mode: u32, size: usize, kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, path);
    put(100, &format!("{mode:07o}"));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    // The checksum is taken with spaces in its own place.
    put(148, "        ");
    put(156, &char::from(kind).to_string());
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn gzip(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), compression);
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
