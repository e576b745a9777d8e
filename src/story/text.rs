//! A story laid out in columns, for a terminal or a file.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::{Block, Cell, PullStory, Span, StepStory, Table, Telling};
use crate::base::text;
use crate::words::say;

/// How text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether our own signs are to be ASCII.
    pub ascii: bool,
}

/// One line: pieces of text side by side.
pub type Line = Vec<Span>;

/// A pull's story.
pub fn pull(story: &PullStory, telling: &Telling<'_>, look: Look) -> Vec<Line> {
    let lang = telling.lang;
    let mut lines = blocks(&story.overview, look, 2);
    lines.push(Line::new());
    lines.extend(steps(&story.steps, look));
    if !story.blobs.is_empty() {
        lines.extend(blocks(&story.blobs, look, 0));
        lines.push(Line::new());
    }
    if story.findings.is_empty() {
        lines.push(adapt(std::slice::from_ref(&story.without_findings), look));
    } else {
        let findings = Block::under(say("label.findings", lang), story.findings.clone());
        lines.extend(blocks(&findings, look, 0));
    }
    lines
}

/// Steps: a line each, with the explanation and what it holds below.
pub fn steps(steps: &[StepStory], look: Look) -> Vec<Line> {
    let rows: Vec<Vec<Cell>> = steps
        .iter()
        .map(|step| {
            let number = vec![Span::dim(step.number.to_string())];
            let cells = std::iter::once(number).chain(step.head.iter().cloned());
            cells.map(|cell| adapt(&cell, look)).collect()
        })
        .collect();
    let widths = widths(&rows, look.width);
    let right = [true, false, false, false, false, true, true];
    let mut lines = Vec::new();
    for (step, row) in steps.iter().zip(&rows) {
        lines.push(trimmed(row_line(row, &widths, &right, look)));
        let explanation = vec![Span::plain(super::shorten(&step.explanation))];
        lines.extend(wrap(&adapt(&explanation, look), look.width, STEP_INDENT));
        lines.extend(blocks(&step.decoded, look, STEP_INDENT + 2));
        lines.push(Line::new());
    }
    lines
}

/// Blocks one below the other, each line set in by `indent` columns.
pub fn blocks(blocks: &[Block], look: Look, indent: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 && matches!(block, Block::Table(_)) {
            lines.push(Line::new());
        }
        match block {
            Block::Heading(cell) | Block::Paragraph(cell) => {
                lines.extend(wrap(&adapt(cell, look), look.width, indent));
            }
            Block::Pairs(pairs) => lines.extend(self::pairs(pairs, look, indent)),
            Block::Table(table) => lines.extend(self::table(table, look, indent)),
            Block::Verbatim(text) => lines.extend(text.lines().map(|line| {
                let line = line.trim_end_matches('\r').replace('\t', "    ");
                trimmed(set_in(adapt(&[Span::plain(line)], look), indent))
            })),
            Block::Inset(inside) => lines.extend(self::blocks(inside, look, indent + 2)),
        }
    }
    lines
}

/// Names in a column of their own; long values wrap beside it. A name that repeats is not.
fn pairs(pairs: &[(Span, Cell)], look: Look, indent: usize) -> Vec<Line> {
    let names: Vec<_> = pairs
        .iter()
        .map(|(name, _)| adapt(std::slice::from_ref(name), look))
        .collect();
    let column = names
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or_default();
    let beside = indent + column + 2;
    let mut lines = Vec::new();
    let mut before: Option<&Line> = None;
    for (name, (_, value)) in names.iter().zip(pairs) {
        let shown = if before == Some(name) {
            Line::new()
        } else {
            name.clone()
        };
        before = Some(name);
        let mut first = padded(shown, column + 2, false);
        let mut wrapped = wrap(&adapt(value, look), look.width, beside).into_iter();
        let line = wrapped.next().unwrap_or_default();
        first.extend(line.into_iter().skip(1));
        lines.push(trimmed(set_in(first, indent)));
        lines.extend(wrapped);
    }
    lines
}

fn table(table: &Table, look: Look, indent: usize) -> Vec<Line> {
    let head: Vec<Cell> = table
        .head
        .iter()
        .map(|(name, _)| adapt(std::slice::from_ref(name), look))
        .collect();
    let right: Vec<bool> = table.head.iter().map(|(_, right)| *right).collect();
    let body = table.rows.iter();
    let body = body.map(|row| row.iter().map(|cell| adapt(cell, look)).collect());
    let rows: Vec<Vec<Cell>> = std::iter::once(head).chain(body).collect();
    let widths = widths(&rows, look.width.saturating_sub(indent));
    rows.iter()
        .map(|row| trimmed(set_in(row_line(row, &widths, &right, look), indent)))
        .collect()
}

/// The columns' widths: as wide as their widest field, and where that is too much the widest
/// columns give.
fn widths(rows: &[Vec<Cell>], available: usize) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![0; count];
    for row in rows {
        for (column, cell) in widths.iter_mut().zip(row) {
            *column = width(cell).max(*column);
        }
    }
    let gaps = count.saturating_sub(1) * GAP;
    loop {
        let total = widths.iter().sum::<usize>() + gaps;
        let over = total.saturating_sub(available);
        let Some(widest) = widths
            .iter_mut()
            .max()
            .filter(|w| over > 0 && **w > NARROWEST)
        else {
            return widths;
        };
        *widest -= 1;
    }
}

fn row_line(row: &[Cell], widths: &[usize], right: &[bool], look: Look) -> Line {
    let mut line = Line::new();
    for (at, (cell, column)) in row.iter().zip(widths).enumerate() {
        if at > 0 {
            line.push(Span::plain(" ".repeat(GAP)));
        }
        let cell = cut(cell, *column, look);
        line.extend(padded(cell, *column, right.get(at) == Some(&true)));
    }
    line
}

/// Text no wider than `room`: what is too long loses its middle.
fn cut(cell: &[Span], room: usize, look: Look) -> Cell {
    let long = width(cell);
    if long <= room {
        return cell.to_vec();
    }
    // The longest piece gives.
    let Some(longest) = (0..cell.len()).max_by_key(|at| cell.get(*at).map(|s| s.text().width()))
    else {
        return Cell::new();
    };
    let mut cell = cell.to_vec();
    if let Some(span) = cell.get_mut(longest) {
        let keep = span.text().width().saturating_sub(long - room);
        *span = Span::new(middle(span.text(), keep, look), span.tone);
    }
    cell
}

fn middle(text: &str, room: usize, look: Look) -> String {
    if look.ascii {
        return text::middle(text, room.saturating_sub(1)).replace('…', "..");
    }
    text::middle(text, room)
}

/// Text broken into lines at spaces, and between characters where a word is too long or its
/// script has no spaces. Every line begins with a span of `indent` spaces.
fn wrap(cell: &[Span], width: usize, indent: usize) -> Vec<Line> {
    let room = width.saturating_sub(indent).max(NARROWEST);
    let text: String = cell.iter().map(Span::text).collect();
    let lines = text::lines(&text, room).into_iter();
    lines.map(|line| set_in(part(cell, line), indent)).collect()
}

/// What stands in this range of all spans' text.
fn part(cell: &[Span], range: Range<usize>) -> Line {
    let mut part = Line::new();
    let mut at = 0;
    for span in cell {
        let end = at + span.text().len();
        let inside = range.start.max(at)..range.end.min(end);
        if !inside.is_empty() {
            let text = span.text().get(inside.start - at..inside.end - at);
            part.push(Span::new(text.unwrap_or_default(), span.tone));
        }
        at = end;
    }
    part
}

fn set_in(mut line: Line, indent: usize) -> Line {
    line.insert(0, Span::plain(" ".repeat(indent)));
    line
}

fn padded(mut line: Line, column: usize, right: bool) -> Line {
    let space = Span::plain(" ".repeat(column.saturating_sub(width(&line))));
    if right {
        line.insert(0, space);
    } else {
        line.push(space);
    }
    line
}

/// Without the spaces at its end.
fn trimmed(mut line: Line) -> Line {
    while let Some(last) = line.pop() {
        let text = last.text().trim_end_matches(' ');
        if !text.is_empty() {
            line.push(Span::new(text, last.tone));
            break;
        }
    }
    line
}

fn width(cell: &[Span]) -> usize {
    cell.iter().map(|span| span.text().width()).sum()
}

/// Our own signs in ASCII where that is wanted. Anything else stays as it is.
fn adapt(cell: &[Span], look: Look) -> Cell {
    if !look.ascii {
        return cell.to_vec();
    }
    cell.iter()
        .map(|span| {
            let mut text = String::with_capacity(span.text().len());
            for c in span.text().chars() {
                match SIGNS.iter().find(|(sign, _)| *sign == c) {
                    Some((_, plain)) => text.push_str(plain),
                    None => text.push(c),
                }
            }
            Span::new(text, span.tone)
        })
        .collect()
}

/// What stands for our signs.
const SIGNS: &[(char, &str)] = &[
    ('…', ".."),
    ('✓', "ok"),
    ('✗', "BAD"),
    ('→', "->"),
    ('←', "<-"),
    ('↑', "up"),
    ('↓', "down"),
    ('·', "-"),
];
/// Columns between fields.
const GAP: usize = 2;
/// Columns do not get narrower than this.
const NARROWEST: usize = 8;
/// Columns by which the parts of a step are set in.
const STEP_INDENT: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(line: &Line) -> String {
        line.iter().map(Span::text).collect()
    }

    const LOOK: Look = Look {
        width: 40,
        ascii: false,
    };

    #[test]
    fn text_wraps_at_spaces_and_between_wide_characters() {
        let lines = |said: &str| -> Vec<_> {
            let lines = wrap(&[Span::plain(said)], 14, 2);
            lines.iter().map(text).collect()
        };
        assert_eq!(lines("one two three four"), ["  one two", "  three four"]);
        assert_eq!(
            lines("清单列出了镜像。配置"),
            ["  清单列出了镜", "  像。配置"]
        );
        assert_eq!(lines("0123456789abcdef"), ["  0123456789ab", "  cdef"]);
        assert_eq!(lines(""), ["  "]);
    }

    #[test]
    fn columns_line_up_and_give() {
        let table = Table {
            head: vec![(Span::dim("名称"), false), (Span::dim("n"), true)],
            rows: vec![
                vec![vec![Span::plain("a")], vec![Span::plain("1,638 B")]],
                vec![vec![Span::plain("x".repeat(60))], vec![Span::plain("2 B")]],
            ],
        };
        let lines = super::table(&table, LOOK, 1);
        let lines: Vec<_> = lines.iter().map(text).collect();
        assert_eq!(lines[0], format!(" 名称{}n", " ".repeat(34)));
        assert_eq!(lines[1], format!(" a{}1,638 B", " ".repeat(31)));
        assert_eq!(
            lines[2],
            format!(" {}…{}      2 B", "x".repeat(15), "x".repeat(14))
        );
    }

    #[test]
    fn signs_have_their_ascii() {
        let look = Look {
            ascii: true,
            ..LOOK
        };
        let line = adapt(&[Span::plain("9c36…a1f0 ✓ → é")], look);
        assert_eq!(text(&line), "9c36..a1f0 ok -> é");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_look(said in "[a-z 中文。\u{301}]{0,200}", width in 20usize..80) {
            for line in wrap(&[Span::plain(&said)], width, 4) {
                prop_assert!(text(&line).width() <= width, "{line:?}");
            }
            let room = NARROWEST;
            let cell = cut(&[Span::plain(&said)], room, LOOK);
            prop_assert!(super::width(&cell) <= room);
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(said: String) {
            let shown = Span::plain(&said);
            let wanted: String = shown.text().split(' ').collect();
            let lines = wrap(&[shown], 20, 0);
            let got: String = lines.iter().map(text).collect::<String>().split(' ').collect();
            prop_assert_eq!(got, wanted);
        }
    }
}
