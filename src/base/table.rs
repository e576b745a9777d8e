//! Tables kept as text beside the code that reads them: a row a line, `|` between its cells.

/// The rows of a table, without blank lines and comments (`#`); a cell that is missing is empty.
pub(crate) fn rows<const N: usize>(
    text: &'static str,
) -> impl Iterator<Item = [&'static str; N]> + Clone {
    let lines = text.lines().map(str::trim);
    let rows = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    })
}

/// The rows of a table of one column.
pub(crate) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    rows(text).map(|[line]| line)
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_are_cells_without_comments() {
        let text = "# two rows\na b | c\n\n  d\n";
        assert!(super::rows(text).eq([["a b", "c"], ["d", ""]]));
        assert!(super::lines(text).eq(["a b", "d"]));
    }
}
