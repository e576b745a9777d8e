//! An image's configuration.

use super::block::cell;
use super::digest::short;
use super::labelled::Labelled;
use super::{Block, Table, naming};
use crate::registry::{Digest, ImageConfig};
use crate::words::Lang;

/// What an image runs and how its layers were made.
pub(super) fn config(config: &ImageConfig, lang: Lang) -> Vec<Block> {
    let mut fields = Labelled::new(lang);
    fields.text("label.platform", config.platform.to_string());
    fields.texts("image.created", config.created.map(|at| at.to_string()));
    fields.texts("image.author", config.author.as_deref());
    fields.text("image.entrypoint", words(&config.entrypoint));
    fields.text("image.cmd", words(&config.cmd));
    fields.text("image.user", &config.user);
    fields.text("image.workdir", &config.working_dir);
    for variable in config.env.iter().take(MOST_LINES) {
        fields.text("image.env", variable);
    }
    for (name, value) in config.labels.iter().take(MOST_LINES) {
        fields.text("image.label", format!("{name}={value}"));
    }
    let mut blocks = fields.blocks();
    if !config.diff_ids.is_empty() || !config.history.is_empty() {
        blocks.push(Block::Table(steps(config, lang)));
    }
    blocks
}

/// The steps that built the image, oldest first; steps without a layer changed its settings.
fn steps(config: &ImageConfig, lang: Lang) -> Table {
    let head = ["image.layer", "image.unpacked", "image.history"];
    let row = |layer: Option<usize>, maker: &str| {
        let name = layer.map_or_else(|| "-".to_owned(), |at| naming::layer(at + 1, lang));
        let id = layer.and_then(|at| config.diff_ids.get(at));
        let id = id.and_then(|id| id.parse::<Digest>().ok());
        [cell(name), short(id.as_ref()), cell(made_by(maker))]
    };
    let said = config.history.iter().take(MOST_LINES);
    let unsaid = 0..config.diff_ids.len().min(MOST_LINES);
    let unsaid = unsaid.filter(|at| config.maker(*at).is_none());
    let rows = said.map(|step| row(step.layer, &step.created_by));
    let rows = rows.chain(unsaid.map(|at| row(Some(at), "-")));
    Table::of(head.map(|name| (name, false)), rows, lang)
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
