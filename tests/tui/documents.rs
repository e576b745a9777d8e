//! Documentation that is made from the program.

use std::fmt::Write as _;
use std::path::PathBuf;

use pullscope::tui::keymap::{ALL, BINDINGS, GROUPS, Place, shown};
use pullscope::words::{Lang, say};

/// Compares a file of the repository with what the program makes of it; with
/// `PULLSCOPE_UPDATE_DOCS=1` in the environment it is written anew.
pub(crate) fn hold(path: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "{} is out of date: PULLSCOPE_UPDATE_DOCS=1 cargo test --test tui",
        path.display()
    );
}

#[test]
fn the_page_of_keys() {
    let mut page = String::from(
        "# Keys\n\n\
         Keys of the live view, `pullscope`, `pullscope view` and `pullscope demo`. This page is made \
         from the\ntable in `src/tui/keymap.rs`; `?` shows the same in the program.\n",
    );
    for group in GROUPS {
        let _ = write!(
            page,
            "\n## {}\n\n| Key | Where | What it does |\n|---|---|---|\n",
            say(group, Lang::En)
        );
        for binding in BINDINGS.iter().filter(|binding| binding.group == *group) {
            let keys = binding.keys.iter().map(|key| format!("`{}`", shown(key)));
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                keys.collect::<Vec<_>>().join(" "),
                where_of(binding.places),
                binding.help(Lang::En).replace('|', "\\|")
            );
        }
    }
    hold("docs/reference/keys.md", &page);
}

fn where_of(places: &[Place]) -> String {
    if places == ALL {
        return "everywhere".to_owned();
    }
    let word = |place: &Place| match place {
        Place::List => "list",
        Place::Detail => "exchange",
        Place::Pull => "pull",
        Place::Page => "other pages",
    };
    places.iter().map(word).collect::<Vec<_>>().join(", ")
}
