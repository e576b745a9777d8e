//! The examples, run as their readers run them.

use std::process::Command;

#[test]
fn record_tells_each_request_of_a_pull_and_no_secret() {
    let told = run("record", &[]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "1: GET https://registry-1.docker.io/v2/");
    assert_eq!(lines[1], "1: answered 401");
    assert_eq!(lines[2], "1: over, with 87 bytes of content");
    for part in [
        "GET https://auth.docker.io/token?scope=",
        "GET https://registry-1.docker.io/v2/library/alpine/manifests/latest",
        ": answered 307",
        "GET https://production.cloudflare.docker.com/",
        "-REDACTED-",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let [begun, over] = [": GET ", ": over, "].map(|what| told.matches(what).count());
    assert_eq!((begun, over), (8, 8), "{told}");
    assert!(lines[24].starts_with("pulled sha256:"), "{told}");
}

#[test]
fn decode_tells_pulls_steps_and_findings() {
    let told = run("decode", &[]);
    for part in [
        "pull alpine:latest: failed\n",
        "  1 registry-1.docker.io wants a token before it answers",
        "  2 The client asks auth.docker.io for a token",
        "  3 With the token it has got, the client goes on.",
        "  ! Token does not allow this\n",
        "    token access: repository:library/alpine-other:pull\n",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn lab_tells_how_it_is_reached_and_ends() {
    let told = run("lab", &["0", "rate-limit"]);
    for part in [
        "hub: alpine\n",
        "--connect-to registry-1.docker.io:443:127.0.0.1:",
        "quay: quay.io/watchdogpolska/alpine-curl\n",
        "pullscope record --upstream-ca ",
        "The lab ends in 0 seconds.\n",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

/// What an example prints. Cargo has built it already where all tests are run.
fn run(name: &str, args: &[&str]) -> String {
    let out = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--example", name, "--"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{name}: {error}");
    String::from_utf8(out.stdout).unwrap()
}
