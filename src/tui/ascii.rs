//! The same screen for terminals that have no more than ASCII.

use ratatui::buffer::Buffer;

/// Replaces every character beyond ASCII by one that stands for it, column by column.
pub(super) fn reduce(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.is_ascii() {
            let stand_in = symbol.chars().next().map_or(' ', stand_in);
            cell.set_char(stand_in);
        }
    }
}

fn stand_in(c: char) -> char {
    match c {
        '─' | '╌' | '–' | '━' | '▏' => '-',
        '│' | '▐' | '┆' => '|',
        '┼' | '╪' | '├' | '└' | '┌' | '┐' | '┘' | '┬' | '┴' | '✓' => '+',
        '▶' | '▸' | '→' | '›' | '▷' | '»' => '>',
        '◀' | '←' | '◁' | '«' => '<',
        '▾' | '▼' | '↓' => 'v',
        '↑' | '▲' | '⏎' => '^',
        '█' | '▓' | '■' => '#',
        '▒' | '═' => '=',
        '░' | '·' | '•' => '.',
        '●' | '◆' | '★' => '*',
        '○' | '◇' => 'o',
        '✗' | '×' => 'x',
        '…' => '~',
        '◐' => '%',
        '“' | '”' => '"',
        '’' | '‘' => '\'',
        'Σ' => 'S',
        'Δ' => 'd',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn columns_stay() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        buffer.set_string(0, 0, "a→b 仓 ✓", Style::new());
        reduce(&mut buffer);
        let line: String = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(line, "a>b ?  +  ");
    }
}
