//! What the story tells, on the screen: blocks in, lines out. It decides nothing but colours.

use ratatui::text::Span as Styled;

use super::colours;
use super::pen::{self, Sheet};
use crate::story::text::{self, Line, Look};
use crate::story::{Block, Cell, Span, Table, Tone};
use crate::tui::theme::Role;

impl Sheet {
    /// Blocks one below the other.
    pub(crate) fn told(&mut self, blocks: &[Block]) {
        self.told_at(blocks, 0);
    }

    fn told_at(&mut self, blocks: &[Block], depth: usize) {
        for (at, block) in blocks.iter().enumerate() {
            let first_inside = at == 0 && depth > 0;
            match block {
                Block::Inset(inside) => self.told_at(inside, depth + 1),
                Block::Heading(_) => {
                    if !first_inside {
                        self.blank();
                    }
                    self.laid_out(block, depth + 1);
                }
                Block::Table(_) if at > 0 => {
                    self.blank();
                    self.laid_out(block, depth + 2);
                }
                Block::Paragraph(_) if at > 0 && depth == 0 => {
                    self.blank();
                    self.laid_out(block, depth + 2);
                }
                _ => self.laid_out(block, depth + 2),
            }
        }
    }

    fn laid_out(&mut self, block: &Block, indent: usize) {
        let look = Look {
            width: self.width,
            ascii: false,
        };
        let columns = match self.width {
            100.. => 16,
            _ => 6,
        };
        let block = with_bars(block, columns);
        for line in text::blocks(std::slice::from_ref(&block), look, indent) {
            let spans = self.spans(&line);
            self.push(spans);
        }
    }

    /// One line of the story in colours.
    pub(crate) fn spans(&self, line: &Line) -> Vec<Styled<'static>> {
        let mut spans = Vec::new();
        for span in line {
            let mut rest = span.text();
            while let Some(first) = rest.chars().next() {
                let role = |c| role(span.tone, c);
                let end = rest.find(|c| role(c) != role(first));
                let (run, behind) = rest.split_at(end.unwrap_or(rest.len()));
                spans.push(self.pen.put(role(first), run));
                rest = behind;
            }
        }
        spans
    }
}

/// How a character of a text is coloured.
fn role(tone: Tone, c: char) -> Role {
    match (tone, c) {
        (_, EMPTY) => Role::Faint,
        (Tone::Good | Tone::Warn | Tone::Bad, _) => colours::tone(tone),
        (_, FULL) => Role::Receive,
        _ => colours::tone(tone),
    }
}

/// The block with a bar of so many columns wherever it speaks of a part of a whole.
fn with_bars(block: &Block, columns: usize) -> Block {
    let cell = |cell: &Cell| with_bar(cell, columns);
    match block {
        Block::Pairs(pairs) => {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| (name.clone(), cell(value)));
            Block::Pairs(pairs.collect())
        }
        Block::Table(table) => {
            let rows = table.rows.iter();
            Block::Table(Table {
                head: table.head.clone(),
                rows: rows.map(|row| row.iter().map(cell).collect()).collect(),
            })
        }
        other => other.clone(),
    }
}

fn with_bar(cell: &Cell, columns: usize) -> Cell {
    let Some((share, tone)) = cell.iter().find_map(|span| Some((span.share?, span.tone))) else {
        return cell.clone();
    };
    let failed = cell.iter().any(|span| span.tone == Tone::Bad);
    let tone = match tone {
        _ if failed => Tone::Bad,
        Tone::Good | Tone::Warn => tone,
        _ => Tone::Plain,
    };
    let full = pen::filled(share, columns);
    let bar = [
        Span::new(FULL.to_string().repeat(full), tone),
        Span::dim(EMPTY.to_string().repeat(columns - full)),
        Span::plain(" "),
    ];
    bar.into_iter().chain(cell.iter().cloned()).collect()
}

const FULL: char = '█';
const EMPTY: char = '░';
