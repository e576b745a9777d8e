//! Tables in Markdown.

/// Rows under a heading, as Markdown whose columns stand under each other.
pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, heading: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            rows: vec![heading.iter().map(|&cell| cell.to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(crate) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = format!("\n### {}\n\n", self.title);
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column == 0 {
                        format!("| {cell:<width$} ")
                    } else {
                        format!("| {cell:>width$} ")
                    }
                });
            text.extend(cells);
            text.push_str("|\n");
            if index == 0 {
                let rule = widths.iter().enumerate().map(|(column, &width)| {
                    let dashes = "-".repeat(width);
                    let end = if column == 0 { '-' } else { ':' };
                    format!("|-{dashes}{end}")
                });
                text.extend(rule);
                text.push_str("|\n");
            }
        }
        text
    }
}
