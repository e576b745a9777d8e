//! The documentation's table of clients is made from `clients.toml`, and what it claims is tried.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::same;

#[derive(Deserialize)]
struct Table {
    program: Vec<Program>,
    client: Vec<Client>,
}

#[derive(Deserialize)]
struct Program {
    name: String,
    version: String,
    when: String,
    calls: Option<[String; 2]>,
}

#[derive(Deserialize)]
struct Client {
    name: String,
    program: Option<String>,
    version: Option<String>,
    pull: String,
    push: String,
    http: String,
    needs: String,
    tests: Vec<String>,
    page: String,
}

#[test]
fn the_page_of_clients_is_its_table() {
    let table = table();
    let mut page = String::from(
        "# Clients\n\n\
         <!-- Made from tests/clients/clients.toml by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test docs`. -->\n\n\
         What is tried with real registries behind pullscope, and by which test of `tests/e2e`. pullscope \
         speaks HTTP/1.1;\na client that offers HTTP/2 gets that, and the trace has what it offered. \
         Those marked ¹ take long to build:\n`tests/long.sh clients` tries them, `tests/run.sh` all others.\n\n\
         | client | version | pulls | pushes | HTTP | what pullscope needs | tried by |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for client in &table.client {
        let tests: Vec<_> = client
            .tests
            .iter()
            .map(|test| format!("`{test}`"))
            .collect();
        let long = if table.is_long(client) { "¹" } else { "" };
        let _ = writeln!(
            page,
            "| [{}](../{}){long} | {} | {} | {} | {} | {} | {} |",
            client.name,
            client.page,
            table.version(client),
            client.pull,
            client.push,
            client.http,
            client.needs,
            tests.join(", "),
        );
    }
    page.push_str(
        "\n`exec` is [`pullscope exec -- COMMAND`](../howto/exec.md): no root, and nothing on the system \
         changes. Other clients\nthat speak HTTP by a proxy and can be told of a CA work as well; the pages \
         say how.\n",
    );
    same("docs/reference/clients.md", &page);
}

#[test]
fn the_readme_names_the_clients_of_the_table() {
    const MARK: &str = "<!-- clients: made from tests/clients/clients.toml -->\n";
    let table = table();
    let names = table
        .client
        .iter()
        .map(|client| format!("{} ({})", client.name, table.version(client)));
    let names: Vec<_> = names.collect();
    let text = format!(
        "Tried by the tests: {}. [What each of them needs](docs/reference/clients.md).",
        names.join(", ")
    );
    let text = textwrapped(&text);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (before, rest) = readme.split_once(MARK).unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    same("README.md", &format!("{before}{MARK}{text}\n\n{after}"));
}

#[test]
fn every_test_that_the_table_names_is_one_and_every_program_is_run() {
    let table = table();
    let read = |file: &str| fs::read_to_string(root().join("tests/e2e").join(file)).unwrap();
    for client in &table.client {
        assert!(!client.tests.is_empty(), "{}", client.name);
        for test in &client.tests {
            let (file, name) = test.split_once("::").unwrap();
            let named = format!("#[test]\nfn {name}()");
            let text = read(&format!("{file}.rs")).replace("#[rustfmt::skip]\n", "");
            let ignored =
                format!("#[test]\n#[ignore = \"tests/long.sh clients runs it\"]\nfn {name}()");
            let wanted = if table.is_long(client) {
                &ignored
            } else {
                &named
            };
            assert!(text.contains(wanted), "{test}");
        }
        assert!(
            root().join("docs").join(&client.page).exists(),
            "{}",
            client.page
        );
    }
    let sources = fs::read_dir(root().join("tests/e2e")).unwrap();
    let sources: Vec<_> = sources
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let names: BTreeSet<_> = table.program.iter().map(|program| &*program.name).collect();
    assert_eq!(names.len(), table.program.len(), "a name stands for two");
    for program in &table.program {
        let need = format!("\"go:{}\"", program.name);
        assert!(
            sources.iter().any(|text| text.contains(&need)),
            "no test runs {}",
            program.name
        );
        assert!(matches!(&*program.when, "ci" | "long"), "{}", program.name);
    }
}

impl Table {
    fn program(&self, client: &Client) -> Option<&Program> {
        let name = client.program.as_ref()?;
        let found = self.program.iter().find(|program| program.name == *name);
        Some(found.unwrap_or_else(|| panic!("no program {name}")))
    }

    fn is_long(&self, client: &Client) -> bool {
        self.program(client)
            .is_some_and(|program| program.when == "long")
    }

    fn version<'a>(&'a self, client: &'a Client) -> &'a str {
        let built = self.program(client).map(|program| match &program.calls {
            Some([_, own]) => &**own,
            None => &*program.version,
        });
        let version = built
            .or(client.version.as_deref())
            .expect("it has a version");
        version.trim_start_matches('v')
    }
}

/// Broken into lines as the rest of the page is.
fn textwrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 110 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn table() -> Table {
    toml::from_str(include_str!("clients.toml")).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
