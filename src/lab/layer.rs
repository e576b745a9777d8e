//! Layers: small, deterministic, and real enough to be unpacked.

use std::collections::BTreeMap;
use std::io::{self, Write};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use serde::Deserialize;
use serde_json::json;
use tar::{Builder, EntryType, Header};

use super::digest::sha256;

/// One layer: a compressed tar, and the digest of the tar.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// The compressed tar.
    pub(super) bytes: Bytes,
    /// Digest of what is in it, as the config's `rootfs.diff_ids` has it.
    pub(super) diff_id: String,
    pub(super) compression: LayerCompression,
    /// Whether manifests name it by its SHA-512 digest.
    pub(super) sha512: bool,
    /// What manifests say of it beside.
    pub(super) annotations: BTreeMap<String, String>,
}

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LayerCompression {
    #[default]
    Gzip,
    /// gzip, a member for each file, and a table of them at the end.
    Estargz,
    Zstd,
    /// Zstandard, a frame for each file, and a table of them at the end.
    ZstdChunked,
}

/// What a layer is made of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LayerRow {
    /// When all its files were modified, in seconds since 1970.
    created: u64,
    /// With spaces between them, parents before children.
    directories: String,
    /// Path and text.
    #[serde(default)]
    files: toml::Table,
    /// Path and size of files whose bytes look random and depend on `seed` alone.
    #[serde(default)]
    noise: toml::Table,
    #[serde(default)]
    seed: String,
    #[serde(default)]
    compression: LayerCompression,
    #[serde(default)]
    sha512: bool,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl LayerCompression {
    /// As its media type has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip | Self::Estargz => "gzip",
            Self::Zstd | Self::ZstdChunked => "zstd",
        }
    }

    /// Stored, not shrunk: the content would not shrink, and so the digests do not depend on a
    /// compressor's version.
    fn compress(self, tar: &[u8], extra: &[u8]) -> io::Result<Vec<u8>> {
        if self.name() == "zstd" {
            return zstd::stream::encode_all(tar, 1);
        }
        let builder = GzBuilder::new();
        let builder = if extra.is_empty() {
            builder
        } else {
            builder.extra(extra)
        };
        let mut gzip = builder.write(Vec::new(), Compression::none());
        gzip.write_all(tar)?;
        gzip.finish()
    }
}

impl LayerRow {
    /// The layer; `text` puts facts into its texts.
    pub(super) fn build(&self, text: impl Fn(&str) -> String) -> io::Result<Layer> {
        let mut tar = Builder::new(Vec::new());
        // Where each file begins.
        let mut starts: Vec<(String, usize)> = Vec::new();
        for path in self.directories.split_whitespace() {
            let mode = if path == "tmp" { 0o1777 } else { 0o755 };
            let path = format!("{path}/");
            self.append(&mut tar, EntryType::Directory, &path, mode, &[])?;
        }
        let mut file = |path: &str, data: &[u8]| {
            starts.push((path.to_owned(), tar.get_ref().len()));
            self.append(&mut tar, EntryType::Regular, path, 0o644, data)
        };
        for (path, content) in &self.files {
            file(path, text(content.as_str().unwrap_or_default()).as_bytes())?;
        }
        for (path, size) in &self.noise {
            let size = size.as_integer().and_then(|size| size.try_into().ok());
            file(path, &noise(&text(&self.seed), size.unwrap_or_default()))?;
        }
        let mut layer = Layer {
            bytes: Bytes::new(),
            diff_id: String::new(),
            compression: self.compression,
            sha512: self.sha512,
            annotations: self.annotations.clone(),
        };
        let mut note = |key: &str, value: String| layer.annotations.insert(key.to_owned(), value);
        let (bytes, tar) = match self.compression {
            LayerCompression::Gzip | LayerCompression::Zstd => {
                let tar = tar.into_inner()?;
                (self.compression.compress(&tar, &[])?, tar)
            }
            LayerCompression::ZstdChunked => {
                let tar = tar.into_inner()?;
                let (mut bytes, table) = self.pieces(&tar, &starts)?;
                let packed = self.compression.compress(&table, &[])?;
                note(
                    "io.github.containers.zstd-chunked.manifest-checksum",
                    sha256(&packed),
                );
                let (at, length) = (bytes.len() + 8, packed.len());
                let position = format!("{at}:{length}:{}:1", table.len());
                note(
                    "io.github.containers.zstd-chunked.manifest-position",
                    position,
                );
                // A skippable frame (RFC 8878 section 3.1.2).
                bytes.extend_from_slice(&0x184D_2A50_u32.to_le_bytes());
                bytes.extend_from_slice(&u32::try_from(length).unwrap_or_default().to_le_bytes());
                bytes.extend(packed);
                (bytes, tar)
            }
            LayerCompression::Estargz => {
                let (mut bytes, table) = self.pieces(tar.get_ref(), &starts)?;
                note("containerd.io/snapshot/stargz/toc.digest", sha256(&table));
                let before = tar.get_ref().len();
                self.append(
                    &mut tar,
                    EntryType::Regular,
                    "stargz.index.json",
                    0o644,
                    &table,
                )?;
                let tar = tar.into_inner()?;
                let (at, rest) = (bytes.len(), tar.get(before..).unwrap_or_default());
                bytes.extend(self.compression.compress(rest, &[])?);
                // The footer says where the table is.
                let place = [b"SG\x16\0", format!("{at:016x}STARGZ").as_bytes()].concat();
                bytes.extend(self.compression.compress(&[], &place)?);
                (bytes, tar)
            }
        };
        (layer.bytes, layer.diff_id) = (bytes.into(), sha256(&tar));
        Ok(layer)
    }

    /// A tar compressed file by file, and the table of where each begins and ends.
    fn pieces(&self, tar: &[u8], starts: &[(String, usize)]) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([tar.len()]);
        let first = starts.first().map_or(tar.len(), |(_, at)| *at);
        let mut bytes = self
            .compression
            .compress(tar.get(..first).unwrap_or_default(), &[])?;
        let mut entries = Vec::new();
        for ((name, start), end) in starts.iter().zip(ends) {
            let offset = bytes.len();
            let piece = tar.get(*start..end).unwrap_or_default();
            bytes.extend(self.compression.compress(piece, &[])?);
            entries.push(json!({
                "type": "reg", "name": name, "size": piece.len(),
                "offset": offset, "endOffset": bytes.len(),
            }));
        }
        let table = json!({ "version": 1, "entries": entries }).to_string();
        Ok((bytes, table.into_bytes()))
    }

    fn append(
        &self,
        tar: &mut Builder<Vec<u8>>,
        kind: EntryType,
        path: &str,
        mode: u32,
        data: &[u8],
    ) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.created);
        header.set_size(u64::try_from(data.len()).unwrap_or(u64::MAX));
        tar.append_data(&mut header, path, data)
    }
}

/// `SplitMix64`, started from the seed's digest.
pub(super) fn noise(seed: &str, size: usize) -> Vec<u8> {
    let start = digest(&SHA256, seed.as_bytes());
    let start = start.as_ref().first_chunk().copied().unwrap_or_default();
    let mut state = u64::from_be_bytes(start);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn layer() -> Layer {
        let row: LayerRow = toml::from_str(
            r#"
            created = 1590787186
            directories = "etc tmp"
            files = { "etc/motd" = "hello\n" }
            noise = { "etc/bulk" = 100000 }
            seed = "a seed"
            "#,
        )
        .unwrap();
        row.build(str::to_owned).unwrap()
    }

    #[test]
    fn a_layer_unpacks_to_what_went_in() {
        let layer = layer();
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&layer.bytes[..])
            .read_to_end(&mut tar)
            .unwrap();
        assert_eq!(sha256(&tar), layer.diff_id);
        let mut archive = tar::Archive::new(&tar[..]);
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                (path, entry.header().mode().unwrap(), entry.size())
            })
            .collect();
        let expected = [
            ("etc/", 0o755, 0),
            ("tmp/", 0o1777, 0),
            ("etc/motd", 0o644, 6),
        ];
        for ((path, mode, size), entry) in expected.into_iter().zip(&entries) {
            assert_eq!(*entry, (path.to_owned(), mode, size));
        }
        assert_eq!(entries[3], ("etc/bulk".to_owned(), 0o644, 100_000));
    }

    #[test]
    fn a_layer_is_the_same_in_every_process() {
        let word = noise("a seed", 8);
        assert_eq!(data_encoding::HEXLOWER.encode(&word), "f8eac655f383c2d8");
        assert_eq!(
            layer().diff_id,
            "sha256:843f01646356d172625cd5aa6a457950ca95181b8f230a6fe707c15162228a9b"
        );
        assert_eq!(
            sha256(&layer().bytes),
            "sha256:15cb4820e6f4d9d5d687965f700d32d3ebe316daea18fc2a76c3fb2d157f8811"
        );
    }
}
