//! Commands that start containers, which would get the proxy of a command that ends before they do.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::environment::PROXY;

/// Has a command of podman not hand its proxy on to containers; whether it would have. They get the
/// proxy that they would have got without ours.
pub fn keep_from_proxy(
    command: &mut Vec<OsString>,
    inherited: impl Fn(&str) -> Option<OsString>,
) -> bool {
    let program = command
        .first()
        .map(|program| Path::new(program).file_name());
    let program = program.flatten().and_then(OsStr::to_str);
    if !matches!(program, Some("podman" | "buildah")) {
        return false;
    }
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let is_verb = |word: &OsString| VERBS.split(' ').any(|verb| *word == *verb);
    let stated = command
        .iter()
        .any(|word| text(word).starts_with("--http-proxy"));
    let groups = command.iter().skip(1).take(2);
    let Some(at) = groups.clone().position(is_verb).filter(|_| !stated) else {
        return false;
    };
    let starts = command
        .get(at + 1)
        .is_some_and(|verb| verb == "run" || verb == "create");
    let own = PROXY
        .iter()
        .filter_map(|name| Some((name, inherited(name)?)));
    let mut flags = vec![OsString::from("--http-proxy=false")];
    for (name, value) in own {
        let flag = if starts { "--env" } else { "--build-arg" };
        flags.push(format!("{flag}={name}={}", value.to_string_lossy()).into());
    }
    command.splice(at + 2..at + 2, flags);
    true
}

/// The commands that start containers, to keep them or to build an image.
const VERBS: &str = "run create build bud";

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(line: &str, proxy: Option<&str>) -> (bool, String) {
        let mut words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let inherited = |name: &str| proxy.filter(|_| name == "HTTPS_PROXY").map(OsString::from);
        let done = keep_from_proxy(&mut words, inherited);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        (done, words.join(" "))
    }

    #[test]
    fn containers_of_podman_do_not_get_a_proxy_that_ends() {
        for (line, expected) in [
            (
                "podman run -it alpine",
                "podman run --http-proxy=false -it alpine",
            ),
            (
                "/usr/bin/podman create a",
                "/usr/bin/podman create --http-proxy=false a",
            ),
            (
                "podman container run a",
                "podman container run --http-proxy=false a",
            ),
            ("buildah bud .", "buildah bud --http-proxy=false ."),
        ] {
            assert_eq!(changed(line, None), (true, expected.to_owned()));
        }
        for line in [
            "podman pull run",
            "podman run --http-proxy a",
            "docker run a",
            "podman",
        ] {
            let line = line.replace("pull run", "pull x");
            assert_eq!(changed(&line, None), (false, line.clone()));
        }
    }

    #[test]
    fn they_keep_the_proxy_that_they_would_have_had() {
        let corp = Some("http://corp:3128");
        assert_eq!(
            changed("podman run a", corp).1,
            "podman run --http-proxy=false --env=HTTPS_PROXY=http://corp:3128 a"
        );
        assert_eq!(
            changed("podman build .", corp).1,
            "podman build --http-proxy=false --build-arg=HTTPS_PROXY=http://corp:3128 ."
        );
    }
}
