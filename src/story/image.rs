//! An image's configuration.

use super::block::cell;
use super::{Block, Cell, Span, Table};
use crate::registry::ImageConfig;
use crate::words::{Lang, Phrase, phrase, say};

/// What an image runs and how its layers were made.
pub(super) fn config(config: &ImageConfig, lang: Lang) -> Vec<Block> {
    let mut pairs: Vec<(Span, Cell)> = Vec::new();
    let mut add = |label: Phrase, text: String| {
        if !text.is_empty() {
            pairs.push((Span::dim(label.of(lang)), cell(text)));
        }
    };
    add(phrase("label.platform"), config.platform.to_string());
    add(
        phrase("image.created"),
        config.created.map(|at| at.to_string()).unwrap_or_default(),
    );
    add(phrase("image.entrypoint"), words(&config.entrypoint));
    add(phrase("image.cmd"), words(&config.cmd));
    add(phrase("image.user"), config.user.clone());
    add(phrase("image.workdir"), config.working_dir.clone());
    for variable in config.env.iter().take(MOST_LINES) {
        add(phrase("image.env"), variable.clone());
    }
    let mut blocks = vec![Block::Pairs(pairs)];
    if !config.diff_ids.is_empty() {
        blocks.push(Block::Table(layers(config, lang)));
    }
    blocks
}

fn layers(config: &ImageConfig, lang: Lang) -> Table {
    let head = [
        (phrase("image.layer"), false),
        (phrase("image.history"), false),
    ];
    let layers = config.diff_ids.iter().take(MOST_LINES);
    Table {
        head: head
            .map(|(label, right)| (Span::dim(label.of(lang)), right))
            .to_vec(),
        rows: layers
            .enumerate()
            .map(|(at, _)| {
                let maker = config.maker(at).map_or("-", |step| step.created_by.trim());
                let maker = maker.strip_prefix("/bin/sh -c ").unwrap_or(maker);
                let maker = maker.strip_prefix("#(nop) ").unwrap_or(maker).trim();
                let line = maker.split_whitespace().collect::<Vec<_>>().join(" ");
                vec![
                    cell(format!("{} {}", say("image.layer", lang), at + 1)),
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
