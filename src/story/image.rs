//! An image's configuration.

use super::block::cell;
use super::label as say;
use super::{Block, Cell, Label, Span, Table};
use crate::registry::ImageConfig;
use crate::words::Lang;

/// What an image runs and how its layers were made.
pub(super) fn config(config: &ImageConfig, lang: Lang) -> Vec<Block> {
    let mut pairs: Vec<(Span, Cell)> = Vec::new();
    let mut add = |label: Label, text: String| {
        if !text.is_empty() {
            pairs.push((label.dim(lang), cell(text)));
        }
    };
    add(say::PLATFORM, config.platform.to_string());
    add(
        say::CREATED,
        config.created.map(|at| at.to_string()).unwrap_or_default(),
    );
    add(say::ENTRYPOINT, words(&config.entrypoint));
    add(say::CMD, words(&config.cmd));
    add(say::USER, config.user.clone());
    add(say::WORKDIR, config.working_dir.clone());
    for variable in config.env.iter().take(MOST_LINES) {
        add(say::ENV, variable.clone());
    }
    let mut blocks = vec![Block::Pairs(pairs)];
    if !config.diff_ids.is_empty() {
        blocks.push(Block::Table(layers(config, lang)));
    }
    blocks
}

fn layers(config: &ImageConfig, lang: Lang) -> Table {
    let head = [(say::LAYER, false), (say::HISTORY, false)];
    let layers = config.diff_ids.iter().take(MOST_LINES);
    Table {
        head: head.map(|(label, right)| (label.dim(lang), right)).to_vec(),
        rows: layers
            .enumerate()
            .map(|(at, _)| {
                let maker = config.maker(at).map_or("-", |step| step.created_by.trim());
                let maker = maker.strip_prefix("/bin/sh -c ").unwrap_or(maker);
                let maker = maker.strip_prefix("#(nop) ").unwrap_or(maker).trim();
                let line = maker.split_whitespace().collect::<Vec<_>>().join(" ");
                vec![
                    cell(format!("{} {}", say::LAYER.of(lang), at + 1)),
                    cell(line),
                ]
            })
            .collect(),
    }
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
