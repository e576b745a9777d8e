//! What describes an image: the index, the manifest, the configuration.

use ratatui::text::Span;

use super::Subject;
use crate::base::text::{exact, fit, middle, size};
use crate::pulls::{Blob, BlobState};
use crate::registry::{Descriptor, Document, ImageConfig, Index, Manifest, Schema1};
use crate::tui::theme::Role;
use crate::tui::view::list::{percent, ratio};
use crate::tui::view::names;
use crate::tui::view::pen::{Pen, Sheet};

pub(super) fn index(subject: &Subject<'_>, index: &Index, sheet: &mut Sheet) {
    identity(subject, sheet, index.media_type.as_str());
    let pen = sheet.pen;
    sheet.blank();
    let wide = sheet.width >= 100;
    let (platform, digest, bytes, artifact) = (20, 13, 11, 14);
    let mut head = vec![
        pen.fit(Role::Dim, "   PLATFORM", platform + 3),
        pen.fit(Role::Dim, "MANIFEST", digest),
        pen.right(Role::Dim, "SIZE", bytes),
        Span::raw("  "),
    ];
    if wide {
        head.push(pen.fit(Role::Dim, "ARTIFACT", artifact));
    }
    head.push(pen.put(Role::Dim, "FETCHED"));
    sheet.push(head);
    let fetched = fetched_manifest(subject);
    for entry in &index.manifests {
        let chosen = fetched
            .as_ref()
            .is_some_and(|(digest, _)| entry.digest.as_ref() == Some(digest));
        let role = if entry.is_attestation() {
            Role::Dim
        } else {
            Role::Text
        };
        let mut line = vec![
            pen.put(Role::Good, if chosen { " ▶ " } else { "   " }),
            pen.fit(
                if chosen { Role::Title } else { role },
                names::platform(entry.platform.as_ref()),
                platform,
            ),
            pen.fit(Role::Info, short(entry), digest),
            pen.right(
                role,
                entry.size.map_or_else(|| "-".to_owned(), exact),
                bytes,
            ),
            Span::raw("  "),
        ];
        if wide {
            let artifact_name = if entry.is_attestation() {
                "attestation"
            } else {
                entry.artifact_type.as_deref().unwrap_or("image")
            };
            line.push(pen.fit(Role::Dim, artifact_name, artifact));
        }
        if let (Some((_, at)), true) = (&fetched, chosen) {
            line.push(pen.put(Role::Good, format!("exchange {at} ✓")));
            let client = subject
                .pull
                .map(|pull| pull.client.label())
                .unwrap_or_default();
            line.push(pen.put(Role::Good, format!("   ← chosen by {client}")));
        } else {
            line.push(pen.put(Role::Faint, "-"));
            if let Some(about) = entry.attests() {
                line.push(pen.put(Role::Dim, format!("   for {}", about.short())));
            }
        }
        sheet.push(line);
        problems(sheet, entry);
    }
    annotations(sheet, &index.annotations);
    if let Some(manifest) = subject
        .pull
        .and_then(|pull| pull.image.manifest)
        .and_then(|id| subject.store.entry(id))
        && let Some(Document::Manifest(manifest)) = &manifest.reading.document
    {
        layers(subject, manifest, sheet);
    }
}

/// The manifest that was fetched after the index, and at which place of the pull.
fn fetched_manifest(subject: &Subject<'_>) -> Option<(crate::registry::Digest, usize)> {
    let pull = subject.pull?;
    let id = pull.image.manifest?;
    let entry = subject.store.entry(id)?;
    let digests = &entry.reading.digests;
    let digest = digests
        .requested
        .clone()
        .or_else(|| digests.stated.clone())
        .or_else(|| digests.computed.clone())?;
    let at = pull.steps.iter().position(|step| step.exchange == id)?;
    Some((digest, at + 1))
}

pub(super) fn manifest(subject: &Subject<'_>, manifest: &Manifest, sheet: &mut Sheet) {
    identity(subject, sheet, manifest.media_type.as_str());
    if let Some(artifact) = manifest.artifact() {
        sheet.value("artifact", Role::Warn, artifact);
    }
    if let Some(about) = &manifest.subject {
        sheet.value("subject", Role::Info, &short(about));
    }
    layers(subject, manifest, sheet);
    for problem in &manifest.problems {
        sheet.value("problem", Role::Bad, problem);
    }
    annotations(sheet, &manifest.annotations);
}

/// The configuration and the layers, with how far each got.
fn layers(subject: &Subject<'_>, manifest: &Manifest, sheet: &mut Sheet) {
    let pen = sheet.pen;
    let total = manifest.layers_size();
    let config = manifest.config.as_ref();
    sheet.blank();
    sheet.push(vec![
        pen.put(
            Role::Title,
            format!(
                " {}",
                crate::base::text::count(manifest.layers.len(), "layer")
            ),
        ),
        pen.put(Role::Dim, format!("   Σ compressed {}", size(total))),
    ]);
    let wide = sheet.width >= 100;
    let mut head = vec![pen.put(Role::Dim, "    # "), pen.fit(Role::Dim, "BLOB", 13)];
    if wide {
        head.push(pen.fit(Role::Dim, "MEDIA TYPE", 26));
    }
    head.extend([
        pen.right(Role::Dim, "COMPRESSED", 11),
        pen.put(
            Role::Dim,
            format!("  {}", fit("RECEIVED", if wide { 22 } else { 15 })),
        ),
        pen.put(Role::Dim, "SHA-256"),
    ]);
    sheet.push(head);
    for (at, descriptor) in config.into_iter().chain(&manifest.layers).enumerate() {
        let number = if config.is_some() && at == 0 {
            "cfg".to_owned()
        } else {
            (at + usize::from(config.is_none())).to_string()
        };
        let blob = subject.pull.and_then(|pull| {
            pull.blobs
                .iter()
                .find(|blob| blob.digest.is_some() && blob.digest == descriptor.digest)
        });
        let mut line = vec![
            pen.right(Role::Dim, number, 5),
            Span::raw(" "),
            pen.fit(Role::Info, short(descriptor), 13),
        ];
        if wide {
            line.push(pen.fit(Role::Dim, middle(descriptor.media_type.short(), 25), 26));
        }
        line.push(pen.right(
            Role::Text,
            descriptor.size.map_or_else(|| "-".to_owned(), size),
            11,
        ));
        line.push(Span::raw("  "));
        line.extend(progress(pen, blob, if wide { 16 } else { 9 }));
        sheet.push(line);
        problems(sheet, descriptor);
    }
}

/// How far a blob got: a bar and a verdict.
pub(in super::super) fn progress(
    pen: Pen,
    blob: Option<&Blob>,
    columns: usize,
) -> Vec<Span<'static>> {
    let Some(blob) = blob else {
        return vec![pen.put(Role::Faint, "-")];
    };
    let (role, verdict) = state_words(blob.state);
    let quiet = matches!(
        blob.state,
        BlobState::Queued
            | BlobState::AlreadyPresent
            | BlobState::Unasked
            | BlobState::Inline
            | BlobState::Foreign
            | BlobState::Mounted
    );
    if quiet {
        return vec![pen.put(role, verdict)];
    }
    let total = blob.size.unwrap_or(blob.received);
    let bar_role = if matches!(blob.state, BlobState::Failed | BlobState::Mismatch) {
        Role::Bad
    } else {
        Role::Receive
    };
    let mut spans = pen
        .bar(bar_role, ratio(blob.received, total), columns)
        .to_vec();
    spans.push(pen.put(Role::Dim, format!("{:>4}% ", percent(blob.received, total))));
    spans.push(pen.put(role, verdict));
    if blob.resumed {
        spans.push(pen.put(Role::Warn, "  resumed"));
    }
    spans
}

/// How far a blob got, in words.
pub(in super::super) fn state_words(state: BlobState) -> (Role, &'static str) {
    match state {
        BlobState::Queued => (Role::Dim, "queued"),
        BlobState::Downloading => (Role::Receive, "… on its way"),
        BlobState::Verified => (Role::Good, "✓ match"),
        BlobState::Whole => (Role::Text, "whole, not hashed"),
        BlobState::Mismatch => (Role::Bad, "✗ digest mismatch"),
        BlobState::Failed => (Role::Bad, "✗ not whole"),
        BlobState::AlreadyPresent => (Role::Dim, "already present: never requested"),
        BlobState::Unasked => (Role::Dim, "never requested"),
        BlobState::Inline => (Role::Dim, "in the manifest itself"),
        BlobState::Foreign => (Role::Dim, "outside the registry"),
        BlobState::Pushed => (Role::Good, "✓ pushed"),
        BlobState::Mounted => (Role::Good, "✓ the registry had it"),
    }
}

/// Media type, size and digests.
fn identity(subject: &Subject<'_>, sheet: &mut Sheet, stated: &str) {
    let pen = sheet.pen;
    let reading = &subject.entry.reading;
    let digests = &reading.digests;
    sheet.labels(8);
    if let Some(digest) = digests
        .requested
        .as_ref()
        .or(digests.stated.as_ref())
        .or(digests.computed.as_ref())
    {
        sheet.value("digest", Role::Info, &digest.to_string());
    }
    let media = if stated.is_empty() {
        reading.content_type.as_str()
    } else {
        stated
    };
    let mut line = vec![pen.put(Role::Text, media)];
    if subject.exchange.received > 0 {
        line.push(pen.put(Role::Dim, format!("  {}", exact(subject.exchange.received))));
    }
    match digests.agree() {
        Some(true) => line.push(pen.put(Role::Good, "  header = body ✓")),
        Some(false) => line.push(pen.put(Role::Bad, "  the digest does not match the body ✗")),
        None => {}
    }
    sheet.field("type", line);
}

pub(super) fn schema1(subject: &Subject<'_>, schema1: &Schema1, sheet: &mut Sheet) {
    identity(subject, sheet, "");
    sheet.heading_with(
        "Manifest of schema 1",
        "the format of 2014, which few registries still serve",
    );
    sheet.value(
        "name",
        Role::Text,
        &format!("{}:{}", schema1.name, schema1.tag),
    );
    sheet.value("arch", Role::Text, &schema1.architecture);
    sheet.value("signed", Role::Text, &schema1.signatures.to_string());
    for layer in schema1.layers.iter().rev() {
        sheet.value("layer", Role::Info, &short(layer));
    }
}

pub(super) fn config(subject: &Subject<'_>, sheet: &mut Sheet) {
    let Some(config) = &subject.entry.reading.config else {
        return;
    };
    identity(subject, sheet, "");
    runs(config, sheet);
    sheet.heading_with(
        "Built by",
        &format!("{} steps, oldest first", config.history.len()),
    );
    let pen = sheet.pen;
    for step in &config.history {
        let layer = step
            .layer
            .map_or_else(String::new, |at| format!("layer {}", at + 1));
        let command = step
            .created_by
            .trim_start_matches("/bin/sh -c ")
            .trim_start_matches("#(nop) ")
            .trim();
        let room = sheet.width.saturating_sub(14);
        sheet.push(vec![
            pen.right(Role::Info, layer, 10),
            Span::raw("  "),
            pen.put(
                Role::Text,
                crate::base::text::cut(&crate::base::text::clean(command), room),
            ),
        ]);
    }
    if !config.diff_ids.is_empty() {
        sheet.heading_with("Layers once unpacked", "diff_ids, lowest first");
        let room = sheet.width.saturating_sub(4);
        for id in &config.diff_ids {
            sheet.push(vec![pen.put(
                Role::Info,
                format!("  {}", middle(&crate::base::text::clean(id), room)),
            )]);
        }
    }
}

fn runs(config: &ImageConfig, sheet: &mut Sheet) {
    sheet.heading("The image");
    sheet.labels(11);
    sheet.value("platform", Role::Text, &config.platform.to_string());
    if let Some(created) = config.created {
        sheet.value(
            "created",
            Role::Text,
            &created.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        );
    }
    if let Some(author) = &config.author {
        sheet.value("author", Role::Text, author);
    }
    let list = [("entrypoint", &config.entrypoint), ("cmd", &config.cmd)];
    for (label, words) in list {
        if !words.is_empty() {
            sheet.value(label, Role::Text, &words.join(" "));
        }
    }
    for (label, text) in [("user", &config.user), ("workdir", &config.working_dir)] {
        if !text.is_empty() {
            sheet.value(label, Role::Text, text);
        }
    }
    for variable in &config.env {
        sheet.value("env", Role::Text, variable);
    }
    for (name, value) in &config.labels {
        sheet.value("label", Role::Dim, &format!("{name}={value}"));
    }
}

fn annotations(sheet: &mut Sheet, annotations: &std::collections::BTreeMap<String, String>) {
    if annotations.is_empty() {
        return;
    }
    sheet.heading("Annotations");
    for (name, value) in annotations {
        sheet.text(Role::Dim, 2, &format!("{name}={value}"));
    }
}

fn problems(sheet: &mut Sheet, descriptor: &Descriptor) {
    for problem in &descriptor.problems {
        sheet.text(Role::Bad, 6, problem);
    }
}

fn short(descriptor: &Descriptor) -> String {
    descriptor
        .digest
        .as_ref()
        .map_or_else(|| "-".to_owned(), crate::registry::Digest::short)
}
