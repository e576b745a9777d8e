//! Screens as pictures.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Pixels of a cell.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 14.0;
const BACKGROUND: &str = "#0d1117";
const FOREGROUND: &str = "#e6edf3";

/// A buffer as an SVG image, with a title for readers who do not see it.
pub(crate) fn picture(buffer: &Buffer, title: &str) -> String {
    let (width, height) = (
        f64::from(buffer.area.width) * CELL.0,
        f64::from(buffer.area.height) * CELL.1,
    );
    let (outer, tall) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {outer:.0} {tall:.0}\" \
         font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n",
        escape(title)
    );
    for y in 0..buffer.area.height {
        line(&mut svg, buffer, y);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The runs of a line that look alike.
fn line(svg: &mut String, buffer: &Buffer, y: u16) {
    let mut x = 0;
    while x < buffer.area.width {
        let first = &buffer[(x, y)];
        let mut text = String::new();
        let start = x;
        while x < buffer.area.width && same(first, &buffer[(x, y)]) {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
        }
        run(svg, first, &text, start, x, y);
    }
}

fn run(svg: &mut String, style: &Cell, text: &str, start: u16, end: u16, y: u16) {
    let (left, top) = (
        MARGIN + f64::from(start) * CELL.0,
        MARGIN + f64::from(y) * CELL.1,
    );
    let width = f64::from(end - start) * CELL.0;
    let reversed = style.modifier.contains(Modifier::REVERSED);
    let (mut fg, mut bg) = (colour(style.fg, FOREGROUND), colour(style.bg, BACKGROUND));
    if reversed {
        std::mem::swap(&mut fg, &mut bg);
    }
    if bg != BACKGROUND {
        writeln!(svg, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{bg}\"/>", CELL.1).unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let weight = if style.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let lead = text.len() - text.trim_start().len();
    let left = left + columns(lead) * CELL.0;
    let shown = text.trim();
    let length = columns(unicode_width::UnicodeWidthStr::width(shown)) * CELL.0;
    writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" xml:space=\"preserve\" fill=\"{fg}\"{weight}>{}</text>",
        top + 13.5,
        escape(shown)
    )
    .unwrap();
}

/// A number of columns, of which there are few.
fn columns(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap())
}

fn same(a: &Cell, b: &Cell) -> bool {
    (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

fn colour(colour: Color, plain: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Reset => plain.to_owned(),
        other => panic!("pictures are in true colour, not {other:?}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
