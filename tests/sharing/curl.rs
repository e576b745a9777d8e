//! The curl commands, run against the lab that the trace was recorded from.

use std::process::Command;
use std::time::Duration;

use pullscope::exchange::Bodies;
use pullscope::export::curl;
use pullscope::har;
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Entry, Store};
use pullscope::story::Telling;
use pullscope::words::Lang;

use crate::program::{Lab, PULLSCOPE};

/// The script as a text.
pub(crate) fn script<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    telling: &Telling<'_>,
    bodies: &dyn Bodies,
) -> String {
    let mut text = Vec::new();
    curl::write(entries, telling, bodies, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_commands_get_the_same_statuses_from_the_lab() {
    if Command::new("curl").arg("--version").output().is_err() {
        let required = std::env::var_os("PULLSCOPE_E2E").is_some_and(|value| value == "required");
        assert!(!required, "curl is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("demo.har");
    let demo = Command::new(PULLSCOPE)
        .args(["demo", "-o"])
        .arg(&trace)
        .env("HOME", folder.path())
        .output()
        .unwrap();
    assert!(demo.status.success(), "{demo:?}");
    let document = har::read(&trace).unwrap();
    let store = Store::of_trace(document.trace.clone(), &InMemoryOnly);
    assert_eq!(store.pulls().len(), 4);
    let telling = Telling {
        store: &store,
        lang: Lang::En,
        now: None,
    };
    let lab = Lab::start(folder.path());
    let mut statuses = Vec::new();
    for entry in store.entries() {
        statuses.push(entry.reading.status.unwrap());
    }
    let script = script(store.entries(), &telling, &document);
    let got = run(&script, &lab);
    let expected: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    assert_eq!(got, expected, "{script}");
    assert!(statuses.contains(&401) && statuses.contains(&307) && statuses.len() > 20);
    let tokens = store
        .entries()
        .filter(|entry: &&Entry| entry.reading.token_answer.is_some());
    assert!(tokens.count() >= 3);
}

/// Runs the script with a curl that leads to the lab and notes each status.
fn run(script: &str, lab: &Lab) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let curl = folder.path().join("curl");
    let connect: Vec<_> = lab
        .routes
        .iter()
        .map(|route| format!("--connect-to {route}"))
        .collect();
    // The status goes to a file of its own, by curl's standard error.
    let wrapper = format!(
        "#!/bin/sh\nexec /usr/bin/curl --max-time 30 --noproxy '*' --cacert '{}' {} \
         --stderr \"$NOTED.err\" --trace-ascii - \"$@\" --trace-ascii \"$NOTED.$$\" ",
        lab.ca.display(),
        connect.join(" ")
    );
    std::fs::write(&curl, wrapper).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&curl, mode).unwrap();
    let file = folder.path().join("script.sh");
    std::fs::write(&file, script).unwrap();
    let noted = folder.path().join("noted");
    let started = std::time::Instant::now();
    let output = Command::new("sh")
        .arg(&file)
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("NOTED", &noted)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(started.elapsed() < Duration::from_secs(600));
    let mut traces: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|ext| ext.to_str());
            extension.is_some_and(|ext| ext.parse::<u32>().is_ok())
        })
        .collect();
    traces.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    traces
        .iter()
        .map(|path| {
            let trace = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            let lines = trace
                .lines()
                .filter_map(|line| line.split_once("HTTP/1.1 "));
            let status = lines.filter(|(before, _)| before.starts_with("0000: "));
            // The last one is the server's: a proxy's would come before.
            let mut status = status.map(|(_, rest)| rest.chars().take(3).collect::<String>());
            status.next_back().unwrap_or_default()
        })
        .collect()
}
