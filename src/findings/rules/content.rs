//! Whether what arrived is what was promised: digests, sizes, encodings.

use crate::exchange::{Body, Side};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::pulls::BlobState;
use crate::registry::digest::DigestProblem;
use crate::registry::media_type::{Class, Compression};
use crate::registry::{Digest, Magic};
use crate::words::figures::bytes;

/// The content's digest is not the one asked for.
pub(super) fn digest_mismatch(scene: &Scene<'_>) -> Option<Found> {
    let wrong = hits(scene.unexplained(), |at, one| {
        let (asked, computed) = (scene.asked(at)?, one.reading.digests.computed.as_ref()?);
        let is_alike = asked.algorithm() == computed.algorithm() && !is_encoded(one, asked);
        (is_alike && asked != computed).then_some((asked, computed))
    });
    let (_, one, (asked, computed)) = *wrong.first()?;
    let found = Found::about(scene, one, "digest-mismatch", Severity::Error)
        .fact("asked", asked.short())
        .fact("got", computed.short());
    Some(
        wrong
            .iter()
            .fold(found, |found, (_, one, (asked, computed))| {
                let found = found.at(one, "requested digest", asked);
                found.at(one, "digest of the content", computed)
            }),
    )
}

/// `Docker-Content-Digest` is not the digest of the body.
pub(super) fn dcd_mismatch(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        let computed = one.reading.digests.computed.as_ref()?;
        let body_is_wrong = scene.asked(at).is_some_and(|asked| asked != computed);
        let stated = misstated(one, computed).filter(|_| !body_is_wrong)?;
        Some(
            Found::about(scene, one, "dcd-mismatch", Severity::Error)
                .header(one, DIGEST_FIELD)
                .at(one, "digest of the content", computed)
                .fact("stated", stated)
                .fact("got", computed.short()),
        )
    })
}

const DIGEST_FIELD: &str = "Docker-Content-Digest";

/// What the field says in the place of the right digest: another one, or none at all.
fn misstated(one: &Seen<'_>, computed: &Digest) -> Option<String> {
    if let Some(stated) = &one.reading.digests.stated {
        let differs = stated != computed && stated.algorithm() == computed.algorithm();
        return differs.then(|| stated.short());
    }
    let text = one.reading.misstated_digest.as_deref()?;
    match text.parse::<Digest>() {
        // There are more algorithms than we can compute.
        Ok(_) | Err(DigestProblem::UnknownAlgorithm) => None,
        Err(_) => Some(text.to_owned()),
    }
}

/// A transfer ended before all of it had arrived.
pub(super) fn truncated(scene: &Scene<'_>) -> Option<Found> {
    let short = hits(scene.seen.iter().enumerate(), |at, one| {
        shortfall(scene, at, one)
    });
    let (_, one, (received, promised, _)) = *short.first()?;
    let fails = short.iter().any(|(at, ..)| !arrived_later(scene, *at));
    let found = Found::about(scene, one, "truncated", Severity::error_if(fails))
        .fact("case", if promised.is_some() { "" } else { "open" })
        .fact("received", bytes(received))
        .fact("promised", bytes(promised.unwrap_or_default()));
    Some(
        short
            .iter()
            .fold(found, |found, (_, one, (received, promised, field))| {
                let found = found.at(one, "bytes received", received);
                promised
                    .iter()
                    .fold(found, |found, promised| found.at(one, field, promised))
            }),
    )
}

/// What arrived and what should have, when that is less.
fn shortfall(
    scene: &Scene<'_>,
    at: usize,
    one: &Seen<'_>,
) -> Option<(u64, Option<u64>, &'static str)> {
    let reading = one.reading;
    if !one.succeeded() || one.is_head() || reading.is_upload() {
        return None;
    }
    let received = one.exchange.received;
    if one.exchange.cut_by() == Some(Side::Upstream) {
        let promised = reading.content_length;
        return Some((received, promised, "response header Content-Length"));
    }
    // Framed without a length, a body that is cut short looks whole.
    if !one.is_complete() || reading.content_length.is_some() || one.status() != Some(200) {
        return None;
    }
    let decoded = measured(one)?.decoded_size?;
    let stated = scene.stated_size(scene.asked(at)?)?;
    (decoded < stated).then_some((decoded, Some(stated), "descriptor size"))
}

/// Whether what broke off in one exchange arrived whole by later ones.
fn arrived_later(scene: &Scene<'_>, at: usize) -> bool {
    let Some(asked) = scene.asked(at) else {
        return scene.recovered(at);
    };
    let blobs = scene.pull.map_or(&[][..], |pull| pull.blobs.as_slice());
    let verified = blobs.iter().any(|blob| {
        blob.digest.as_ref() == Some(asked)
            && matches!(blob.state, BlobState::Verified | BlobState::Whole)
    });
    verified || scene.whole_later(at)
}

/// The length is not the one in the descriptor.
pub(super) fn size_mismatch(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        let reading = one.reading;
        if one.status() != Some(200) || reading.content_encoding.is_some() || reading.is_upload() {
            return None;
        }
        let whole = measured(one).filter(|body| body.complete && !one.is_head());
        let length = reading.content_length.or(whole.map(|body| body.size));
        let (length, stated) = length.zip(scene.stated_size(scene.asked(at)?))?;
        if length == stated {
            return None;
        }
        Some(
            Found::about(scene, one, "size-mismatch", Severity::Error)
                .at(one, "response length", length)
                .at(one, "descriptor size", stated)
                .fact("length", bytes(length))
                .fact("stated", bytes(stated)),
        )
    })
}

/// A blob comes in another form than its media type says.
pub(super) fn blob_encoding(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        if !one.is_get() || !one.succeeded() || !scene.is_blob(at) {
            return None;
        }
        let found = Found::about(scene, one, "blob-encoding", Severity::Warning);
        if let Some(coding) = &one.reading.content_encoding {
            let found = found.header(one, "Content-Encoding").fact("coding", coding);
            return Some(found.fact("stated", "-").fact("shown", "-"));
        }
        let (stated, shown) = disguise(scene, at, one)?;
        let found = found
            .at(one, "first bytes", shown)
            .at(one, "descriptor mediaType", &stated)
            .fact("case", "magic");
        Some(
            found
                .fact("coding", "-")
                .fact("stated", stated)
                .fact("shown", shown),
        )
    })
}

/// The media type that a blob's first bytes give the lie to, and what they show.
fn disguise(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<(String, &'static str)> {
    let magic = one.reading.magic?;
    let asked = scene.asked(at)?;
    let blobs = scene.pull?.blobs.iter();
    let mut descriptors = blobs.filter_map(|blob| blob.descriptor.as_ref());
    let descriptor = descriptors.find(|found| found.digest.as_ref() == Some(asked))?;
    let shown = match magic {
        Magic::Gzip => "gzip",
        Magic::Zstd => "zstd",
        Magic::Json => "JSON",
        Magic::Html => "HTML",
    };
    let fits = match descriptor.media_type.class() {
        Class::Config | Class::Empty => magic == Magic::Json,
        Class::Layer { compression, .. } => match compression {
            Compression::Gzip => magic == Magic::Gzip,
            Compression::Zstd => magic == Magic::Zstd,
            // A tar file begins with the name of its first entry.
            Compression::None => !matches!(magic, Magic::Gzip | Magic::Zstd),
            Compression::Unknown => true,
        },
        _ => true,
    };
    (!fits).then(|| (descriptor.media_type.to_string(), shown))
}

/// A body whose size was measured. Other tools' files leave bodies out, sizes and all.
fn measured<'a>(one: &Seen<'a>) -> Option<&'a Body> {
    let body = one.exchange.response_body.as_ref();
    body.filter(|body| body.sha256.is_some())
}

/// Whether the content has the right digest as it was sent, before its encoding was undone.
fn is_encoded(one: &Seen<'_>, asked: &Digest) -> bool {
    let body: Option<&Body> = one.exchange.response_body.as_ref();
    let encoded = body.and_then(|body| body.encoded_sha256.as_deref());
    encoded.is_some_and(|hex| hex == asked.hex())
}
