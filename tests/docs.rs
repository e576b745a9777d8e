//! The pages that are made from the program agree with it, and links lead somewhere.
//!
//! `PULLSCOPE_UPDATE_DOCS=1 cargo test --test docs` writes the pages anew.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

#[path = "clients/page.rs"]
mod clients_page;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use pullscope::config::{Cli, template};

#[test]
fn the_page_of_commands_is_the_command_line() {
    let mut page = String::from(
        "# Commands\n\n\
         <!-- Made from the command line by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test docs`. -->\n",
    );
    let root = Cli::command();
    command(&mut page, &root, "");
    same("docs/reference/commands.md", &page);
}

#[test]
fn the_page_of_the_configuration_is_its_template() {
    let text = template(&Cli::command());
    let page = format!(
        "# Configuration\n\n\
         <!-- Made from the command line by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test docs`. -->\n\n\
         `pullscope config path` says where the file goes: `$XDG_CONFIG_HOME/pullscope/config.toml`, \
         which is\n`~/.config/pullscope/config.toml` mostly; under sudo that of the user who called it. \
         `PULLSCOPE_CONFIG`\nnames another file; empty, none is read.\n\n\
         A flag wins over its environment variable, that over the file, and the file over what is \
         built in.\nKeys are the long names of flags. A key that there is not is refused. This is what \
         `pullscope config\ntemplate` prints:\n\n```toml\n{text}```\n"
    );
    same("docs/reference/config.md", &page);
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = pages(root);
    let mut dead = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(path)
            };
            if !target.exists() || !(anchor.is_empty() || has_anchor(&target, anchor)) {
                dead.push(format!(
                    "{}: {link}",
                    page.strip_prefix(root).unwrap().display()
                ));
            }
        }
    }
    assert!(pages.len() > 15, "{pages:?}");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn every_command_that_the_documentation_tells_to_run_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut commands = 0;
    for page in pages(root) {
        let text = fs::read_to_string(&page).unwrap();
        let shell = text.split("```sh\n").skip(1);
        let blocks = shell.filter_map(|rest| rest.split("```").next());
        for line in blocks.flat_map(str::lines) {
            let line = line.trim().trim_start_matches("sudo ");
            let Some(rest) = line.strip_prefix("pullscope ") else {
                continue;
            };
            let words = shlex::split(rest.trim_end_matches('\\'))
                .unwrap_or_else(|| panic!("{}: {line}: a quote is open", page.display()));
            // What follows the command is not ours.
            let own = words
                .iter()
                .map(String::as_str)
                .take_while(|word| !word.starts_with(['>', '|', ';', '&']) && *word != "2>");
            let own = own.map(|word| if word == "CLIENT" { "docker" } else { word });
            let words: Vec<_> = ["pullscope"].into_iter().chain(own).collect();
            Cli::command()
                .try_get_matches_from(&words)
                .unwrap_or_else(|error| panic!("{}: {line}: {error}", page.display()));
            commands += 1;
        }
    }
    assert!(commands > 40, "{commands}");
}

/// `src/proxy/door.rs:receive` names a function, `src/store/model.rs:Store` a type, and
/// `src/words/steps.toml` a file.
#[test]
fn every_place_in_the_code_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    let mut missing = Vec::new();
    for page in ["docs/architecture.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        for place in places(&text) {
            named += 1;
            if !stands(root, place) {
                missing.push(format!("{page}: {place}"));
            }
        }
    }
    assert!(named > 60, "{named}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(!stands(root, "src/lib.rs:nowhere") && !stands(root, "src/nowhere.rs"));
}

#[test]
fn the_book_has_every_page() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: Vec<_> = links(&summary).collect();
    for folder in ["", "howto"] {
        for entry in fs::read_dir(docs.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let page = Path::new(folder).join(&name);
            let page = page.to_str().unwrap();
            if Path::new(&name).extension().is_some_and(|end| end == "md") && name != "SUMMARY.md" {
                assert!(listed.contains(&page), "{page} is not in SUMMARY.md");
            }
        }
    }
}

/// Every page that is documentation.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = vec![root.join("README.md"), root.join("certs/README.md")];
    let mut folders = vec![
        root.join("docs"),
        root.join("examples"),
        root.join("packaging"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// What stands in backquotes and begins with a folder of the project.
fn places(text: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 7] = [
        "src/",
        "tests/",
        "docs/",
        "examples/",
        "benches/",
        "fuzz/",
        ".ci/",
    ];
    let quoted = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|place| FOLDERS.iter().any(|folder| place.starts_with(folder)))
}

/// Whether there is such a file, and in it such an item.
fn stands(root: &Path, place: &str) -> bool {
    let (path, item) = place.split_once(':').unwrap_or((place, ""));
    let path = root.join(path.split(' ').next().unwrap_or(path));
    if item.is_empty() {
        return path.exists();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let item = item.rsplit("::").next().unwrap_or(item);
    let kinds = [
        "fn", "struct", "enum", "trait", "type", "const", "static", "mod",
    ];
    let mut heads = kinds.iter().map(|kind| format!("{kind} {item}"));
    heads.any(|head| {
        text.match_indices(&head).any(|(at, _)| {
            let after = text
                .get(at + head.len()..)
                .and_then(|rest| rest.chars().next());
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    })
}

/// The targets of links to files, and not to the web.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://") && !link.contains(' ') && !link.is_empty())
}

fn has_anchor(page: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(page).unwrap();
    text.lines().any(|line| {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() {
            return false;
        }
        let slug: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        slug == anchor
    })
}

fn command(page: &mut String, this: &Command, path: &str) {
    let path = format!("{path} {}", this.get_name());
    let path = path.trim();
    let about = this.get_long_about().or_else(|| this.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, "\n## `{path}`\n\n{}\n", sentence(&about));
    let args: Vec<_> = this
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
        .collect();
    if !args.is_empty() {
        page.push_str("\n| | |\n|---|---|\n");
        for arg in args {
            let _ = writeln!(page, "| {} | {} |", name(arg), explanation(arg));
        }
    }
    for inner in this.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        command(page, inner, path);
    }
}

fn name(arg: &Arg) -> String {
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = match arg.get_value_names() {
        Some(names) if takes => format!(" {}", names.join(" ")),
        _ => String::new(),
    };
    let flag = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => return format!("`{}`", value.trim().replace('|', "\\|")),
    };
    format!("`{flag}{value}`").replace('|', "\\|")
}

fn explanation(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let mut text = sentence(&help.map(ToString::to_string).unwrap_or_default());
    let values: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if takes && !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    let default: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if takes && !default.is_empty() {
        let _ = write!(text, " Default: `{}`.", default.join(" "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(text, " Environment: `{}`.", variable.to_string_lossy());
    }
    text.replace('|', "\\|")
}

fn sentence(text: &str) -> String {
    let text = text
        .replace("\n\n", " ")
        .replace('\n', " ")
        .replace('<', "&lt;");
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn same(path: &str, expected: &str) {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
        fs::write(&file, expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "{path} is not what the program says: PULLSCOPE_UPDATE_DOCS=1 cargo test --test docs"
    );
}
