//! What is shipped beside the program agrees with it: the unit, the image, the examples, and
//! what the program prints for shells and manuals.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::{CommandFactory as _, Parser as _};
use pullscope::config::Cli;

#[path = "e2e/components.rs"]
mod components;
#[path = "e2e/roster.rs"]
mod roster;

use components::{available, program};

#[test]
fn systemd_accepts_the_unit() {
    let unit = file("packaging/systemd/pullscope.service");
    if !available(&["systemd-analyze"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pullscope.service");
    // It looks for the program, which is not installed.
    let own = env!("CARGO_BIN_EXE_pullscope");
    fs::write(&path, unit.replace("/usr/bin/pullscope", own)).unwrap();
    let verified = Command::new(program("systemd-analyze"))
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<_> = said
        .lines()
        .filter(|line| line.contains("pullscope.service"))
        .collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn kubernetes_schemas_accept_the_examples() {
    let target = Path::new(env!("CARGO_BIN_EXE_pullscope"))
        .ancestors()
        .nth(2)
        .unwrap();
    let validate = target.join("readers/venv/bin/kubernetes-validate");
    if !available(&[validate.to_str().unwrap()]) {
        return;
    }
    let check = |path: &Path| {
        Command::new(&validate)
            .arg("--strict")
            .arg(path)
            .output()
            .unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    for name in ["daemonset.yaml", "sidecar.yaml"] {
        let text = file(&format!("examples/k8s/{name}"));
        let path = dir.path().join(name);
        fs::write(&path, &text).unwrap();
        let checked = check(&path);
        assert!(checked.status.success(), "{name}: {checked:?}");
        // It would have noticed.
        fs::write(&path, text.replace("restartPolicy", "restartPolice")).unwrap();
        let noticed = !check(&path).status.success();
        assert_eq!(noticed, text.contains("restartPolicy"), "{name}");
    }
}

#[test]
fn the_commands_that_are_shipped_are_ones_that_there_are() {
    let unit = file("packaging/systemd/pullscope.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    parse(start.split_whitespace());

    let image = file("Dockerfile");
    let cmd = image
        .lines()
        .find_map(|line| line.strip_prefix("CMD "))
        .unwrap();
    let words: Vec<String> = serde_json::from_str(cmd).unwrap();
    parse(
        ["pullscope"]
            .into_iter()
            .chain(words.iter().map(String::as_str)),
    );

    for example in ["daemonset.yaml", "sidecar.yaml"] {
        let text = file(&format!("examples/k8s/{example}"));
        let args = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("args: ["))
            .unwrap();
        let words = args
            .trim_end_matches(']')
            .split(", ")
            .map(|word| word.trim_matches('"'));
        parse(["pullscope"].into_iter().chain(words));
    }
    // Every line of the action and of the guides that begins with the program's name.
    let mut lines = 0;
    for path in [
        "action.yml",
        "packaging/README.md",
        "examples/k8s/README.md",
        "packaging/deb.sh",
        "packaging/archive.sh",
    ] {
        for line in file(path).lines() {
            let line = line
                .trim()
                .trim_start_matches("nohup ")
                .trim_start_matches("sudo ");
            let Some(rest) = line.strip_prefix("pullscope ") else {
                continue;
            };
            let words = rest.split(['#', '>', '<', '&', ';']).next().unwrap();
            let words = words
                .split_whitespace()
                .map(|word| match word.trim_matches('"') {
                    "$client" => "docker",
                    "DIR" => "dir",
                    word => word,
                });
            parse(["pullscope"].into_iter().chain(words));
            lines += 1;
        }
    }
    assert!(lines >= 6, "{lines}");
}

fn parse<'a>(words: impl Iterator<Item = &'a str>) {
    let words: Vec<_> = words.collect();
    Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
}

#[test]
fn every_command_has_a_manual_page_and_a_completion() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().to_str().unwrap();
    assert!(pullscope(&["man", "--dir", pages]).status.success());
    let names: Vec<_> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    assert!(names.len() >= 9);
    for name in &names {
        let page = fs::read_to_string(dir.path().join(format!("pullscope-{name}.1")));
        assert!(page.unwrap().contains(".SH SYNOPSIS"), "{name}");
    }
    let whole = text(pullscope(&["man"]));
    assert!(whole.contains(".TH pullscope 1"), "{whole}");
    for shell in ["bash", "zsh", "fish"] {
        let completions = text(pullscope(&["completions", shell]));
        for name in &names {
            assert!(completions.contains(name.as_str()), "{shell}: {name}");
        }
    }
    let missing = pullscope(&["man", "--dir", "/no/such/directory"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/no/such/directory"));
}

#[test]
fn the_configuration_file_is_below_the_environment_and_what_is_wrong_with_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("pullscope/config.toml");
    fs::create_dir(config.parent().unwrap()).unwrap();
    let run = |args: &[&str], env: Option<(&str, &str)>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pullscope"));
        command
            .args(args)
            .env("HOME", dir.path())
            .env("XDG_CONFIG_HOME", dir.path())
            .env_remove("SUDO_UID")
            .env_remove("PULLSCOPE_PROXY");
        command.envs(env).output().unwrap()
    };
    let path = text(run(&["config", "path"], None));
    assert_eq!(Path::new(path.trim_end()), config);
    let shown = |args: &[&str], env| text(run(args, env));

    fs::write(&config, "proxy = \"http://127.0.0.1:1001\"\n").unwrap();
    let print = ["setup", "--print", "curl"];
    assert!(shown(&print, None).contains("http://127.0.0.1:1001"));
    let env = Some(("PULLSCOPE_PROXY", "http://127.0.0.1:1002"));
    assert!(shown(&print, env).contains("http://127.0.0.1:1002"));
    let flag = [
        "setup",
        "--print",
        "curl",
        "--proxy",
        "http://127.0.0.1:1003",
    ];
    assert!(shown(&flag, env).contains("http://127.0.0.1:1003"));

    fs::write(&config, "listne = \"127.0.0.1:1\"\n").unwrap();
    for (args, code) in [(&["record"][..], 2), (&["exec", "--", "true"][..], 125)] {
        let refused = run(args, None);
        assert_eq!(refused.status.code(), Some(code));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("did you mean \"listen\"?") && said.contains("config.toml"),
            "{said}"
        );
    }
    // What helps to mend it works all the same.
    let template = shown(&["config", "template"], None);
    assert!(
        template.contains("\n#listen = \"127.0.0.1:8642\"\n"),
        "{template}"
    );
    let other = dir.path().join("other.toml");
    fs::write(&other, &template).unwrap();
    let none = Some(("PULLSCOPE_CONFIG", other.to_str().unwrap()));
    assert!(run(&["setup", "--print", "curl"], none).status.success());
}

fn pullscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .args(args)
        .env("PULLSCOPE_CONFIG", "")
        .output()
        .unwrap()
}

fn text(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn file(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
