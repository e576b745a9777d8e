//! Documentation that is made from the program.

use std::path::PathBuf;

/// Compares a file of the repository with what the program makes of it; with
/// `PULLSCOPE_REWRITE=1` in the environment it is written anew.
pub(crate) fn hold(path: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PULLSCOPE_REWRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "{} is out of date: PULLSCOPE_REWRITE=1 cargo test --test tui",
        path.display()
    );
}

#[test]
fn the_page_of_keys() {
    hold(
        "docs/reference/keys.md",
        &pullscope::tui::keymap::markdown(),
    );
}
