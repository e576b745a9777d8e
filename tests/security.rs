//! `docs/security.md` promises nothing without a test.

use std::fs;
use std::path::Path;

const PROMISES: usize = 25;

#[test]
fn every_promise_names_files_and_each_has_a_test_of_its_number() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=PROMISES).collect::<Vec<_>>());
    for (row, number) in rows.iter().zip(numbers) {
        assert!(row[1].len() > 40, "{number} promises nothing: {}", row[1]);
        let files: Vec<_> = row[2]
            .split('`')
            .filter(|part| part.contains('/'))
            .collect();
        assert!(!files.is_empty(), "{number} has no tests");
        for file in files {
            let source = fs::read_to_string(root.join(file)).unwrap();
            let test = format!("fn security_{number:02}_");
            assert!(source.contains(&test), "{file} has no test {test}");
        }
    }
}
