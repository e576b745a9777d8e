//! An image's configuration.

use super::block::cell;
use super::digest::short;
use super::{Block, Cell, Span, Table, naming};
use crate::registry::{Digest, ImageConfig};
use crate::words::Lang;
use crate::words::{Phrase, phrase};

/// What an image runs and how its layers were made.
pub(super) fn config(config: &ImageConfig, lang: Lang) -> Vec<Block> {
    let mut pairs: Vec<(Span, Cell)> = Vec::new();
    let mut add = |label: Phrase, text: String| {
        if !text.is_empty() {
            pairs.push((label.dim(lang), cell(text)));
        }
    };
    add(phrase("label.platform"), config.platform.to_string());
    add(
        phrase("image.created"),
        config.created.map(|at| at.to_string()).unwrap_or_default(),
    );
    add(
        phrase("image.author"),
        config.author.clone().unwrap_or_default(),
    );
    add(phrase("image.entrypoint"), words(&config.entrypoint));
    add(phrase("image.cmd"), words(&config.cmd));
    add(phrase("image.user"), config.user.clone());
    add(phrase("image.workdir"), config.working_dir.clone());
    for variable in config.env.iter().take(MOST_LINES) {
        add(phrase("image.env"), variable.clone());
    }
    for (name, value) in config.labels.iter().take(MOST_LINES) {
        add(phrase("image.label"), format!("{name}={value}"));
    }
    let mut blocks = vec![Block::Pairs(pairs)];
    if !config.diff_ids.is_empty() || !config.history.is_empty() {
        blocks.push(Block::Table(steps(config, lang)));
    }
    blocks
}

/// The steps that built the image, oldest first; steps without a layer changed its settings.
fn steps(config: &ImageConfig, lang: Lang) -> Table {
    let head = [
        Span::label("image.layer", lang),
        Span::label("image.unpacked", lang),
        Span::label("image.history", lang),
    ];
    let row = |layer: Option<usize>, maker: &str| {
        let name = layer.map_or_else(|| "-".to_owned(), |at| naming::layer(at + 1, lang));
        let id = layer.and_then(|at| config.diff_ids.get(at));
        let id = id.and_then(|id| id.parse::<Digest>().ok());
        vec![cell(name), short(id.as_ref()), cell(made_by(maker))]
    };
    let said = config.history.iter().take(MOST_LINES);
    let unsaid = 0..config.diff_ids.len().min(MOST_LINES);
    let unsaid = unsaid.filter(|at| config.maker(*at).is_none());
    let rows = said.map(|step| row(step.layer, &step.created_by));
    Table {
        head: head.map(|name| (name, false)).to_vec(),
        rows: rows.chain(unsaid.map(|at| row(Some(at), "-"))).collect(),
    }
}

fn made_by(maker: &str) -> String {
    let maker = maker.trim();
    let maker = maker.strip_prefix("/bin/sh -c ").unwrap_or(maker);
    let maker = maker.strip_prefix("#(nop) ").unwrap_or(maker);
    maker.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A command as JSON has it, which shows where its words end.
fn words(words: &[String]) -> String {
    if words.is_empty() {
        return String::new();
    }
    serde_json::to_string(words).unwrap_or_default()
}

/// More variables or layers than these are not listed.
const MOST_LINES: usize = 200;
