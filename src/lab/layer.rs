//! Layers: small, deterministic, and real enough to be unpacked.

use std::io::{self, Write};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::digest::sha256;

/// One layer: a gzipped tar, and the digest of the tar.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// The gzip.
    pub(super) bytes: Bytes,
    /// Digest of what is in the gzip, as the config's `rootfs.diff_ids` has it.
    pub(super) diff_id: String,
}

/// A layer in the making.
pub(super) struct LayerBuilder {
    tar: Builder<Vec<u8>>,
    created: u64,
}

impl LayerBuilder {
    /// An empty layer whose files were all modified at `created`, in seconds since 1970.
    pub(super) fn new(created: u64) -> Self {
        Self {
            tar: Builder::new(Vec::new()),
            created,
        }
    }

    /// Adds directories, given with spaces between them, parents before children.
    pub(super) fn directories(mut self, paths: &str) -> io::Result<Self> {
        for path in paths.split(' ') {
            let mode = if path == "tmp" { 0o1777 } else { 0o755 };
            self.append(EntryType::Directory, &format!("{path}/"), mode, &[])?;
        }
        Ok(self)
    }

    /// Adds a file.
    pub(super) fn file(mut self, path: &str, content: &[u8]) -> io::Result<Self> {
        self.append(EntryType::Regular, path, 0o644, content)?;
        Ok(self)
    }

    /// Adds a file of `size` bytes that look random and depend on `seed` alone.
    pub(super) fn bulk(self, path: &str, seed: &str, size: usize) -> io::Result<Self> {
        self.file(path, &noise(seed, size))
    }

    /// Ends the tar and compresses it.
    pub(super) fn finish(self) -> io::Result<Layer> {
        let tar = self.tar.into_inner()?;
        // Stored, not deflated: the content would not shrink, and so the digests do not depend
        // on a compressor's version.
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::none());
        gzip.write_all(&tar)?;
        Ok(Layer {
            bytes: gzip.finish()?.into(),
            diff_id: sha256(&tar),
        })
    }

    fn append(&mut self, kind: EntryType, path: &str, mode: u32, data: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.created);
        header.set_size(u64::try_from(data.len()).unwrap_or(u64::MAX));
        self.tar.append_data(&mut header, path, data)
    }
}

/// `SplitMix64`, started from the seed's digest.
fn noise(seed: &str, size: usize) -> Vec<u8> {
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
        LayerBuilder::new(1_590_787_186)
            .directories("etc tmp")
            .and_then(|layer| layer.file("etc/motd", b"hello\n"))
            .and_then(|layer| layer.bulk("etc/bulk", "a seed", 100_000))
            .and_then(LayerBuilder::finish)
            .unwrap()
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
