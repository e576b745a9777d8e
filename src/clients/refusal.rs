//! Commands that would not go through a proxy that only they are told of.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Why a command is not run, and what to run instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as a sentence.
    pub reason: String,
    /// What to run instead.
    pub instead: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. Run this instead:\n  {}", self.reason, self.instead)
    }
}

/// Whether this command's requests would be made by someone else, or without our variables.
/// `version` is what a program says of itself.
pub fn of(command: &[OsString], version: &dyn Fn(&OsStr) -> String) -> Option<Refusal> {
    judge(command, "", version)
}

fn judge(
    command: &[OsString],
    before: &str,
    version: &dyn Fn(&OsStr) -> String,
) -> Option<Refusal> {
    let program = command.first()?;
    let words = command.iter().skip(1);
    let args: Vec<_> = words
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let name = Path::new(program).file_name()?.to_str()?;
    let daemon = |verb: &str, why: &str, client: &str, variable: &str| Refusal {
        reason: format!("`{name} {verb}` is done by {why}"),
        instead: format!(
            "sudo pullscope setup {client} && {variable}{before}{}",
            line(command)
        ),
    };
    match name {
        "docker" | "docker.exe" => {
            let verb = daemons_work(&args)?;
            let builds = verb.contains("build") || verb.contains("bake");
            let why = if builds {
                "the Docker daemon, which does not see the environment of this command, and by \
                 this command, which fetches the tokens unless it is told not to"
            } else {
                "the Docker daemon, which does not see the environment of this command"
            };
            let variable = if builds {
                "BUILDKIT_NO_CLIENT_TOKEN=1 "
            } else {
                ""
            };
            let is_podman = version(program).contains("podman");
            (!is_podman).then(|| daemon(&verb, why, "docker", variable))
        }
        "nerdctl" => {
            let verb = daemons_work(&args)?;
            let told = version(program);
            let told = told.trim().rsplit(' ').next().unwrap_or_default();
            let mut parts = told.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
            let older = (parts.next(), parts.next()) < (Some(2), Some(3));
            let why = if !older {
                "containerd, which does not see the environment of this command"
            } else if rustix::process::geteuid().is_root() {
                return None;
            } else {
                "a program in a network namespace of its own, where this proxy cannot be reached"
            };
            Some(daemon(&verb, why, "containerd", ""))
        }
        "crictl" => Some(daemon(
            &daemons_work(&args)?,
            "the container runtime, which does not see the environment of this command",
            "containerd",
            "",
        )),
        "ctr" if version(program).contains("containerd/v2") => {
            let verb = daemons_work(&args)?;
            let mut local = command.to_vec();
            let is_verb = |word: &OsString| word == "pull" || word == "push";
            local.insert(command.iter().position(is_verb)? + 1, "--local".into());
            (!args.iter().any(|arg| arg.starts_with("--local"))).then(|| Refusal {
                reason: format!(
                    "`ctr {verb}` of containerd 2 is done by the daemon, unless told --local"
                ),
                instead: format!("{before}pullscope exec -- {}", line(&local)),
            })
        }
        "sudo" | "doas" => {
            let mut values = 0;
            let inner = command.iter().skip(1).skip_while(|word| {
                let word = word.to_string_lossy();
                let is_value = std::mem::take(&mut values) > 0;
                values = usize::from(OF_SUDO.split(' ').any(|option| option == word));
                is_value || word.starts_with('-')
            });
            let inner: Vec<OsString> = inner.cloned().collect();
            let outer = command.len() - inner.len();
            let before = line(command.iter().take(outer)) + " ";
            judge(&inner, &before, version).or_else(|| {
                (!keeps_environment(&args)).then(|| Refusal {
                    reason: format!(
                        "{name} clears the environment, and the proxy and the CA are in it"
                    ),
                    instead: format!("{name} pullscope exec -- {}", line(&inner)),
                })
            })
        }
        _ => None,
    }
}

/// The subcommand, when a daemon does what it asks for.
fn daemons_work(args: &[String]) -> Option<String> {
    let mut words = positional(args);
    let first = words.next()?;
    match first {
        "pull" | "push" | "run" | "create" | "build" | "login" | "search" => Some(first.to_owned()),
        "image" | "images" | "i" | "compose" | "buildx" | "builder" | "stack" | "service"
        | "plugin" => {
            let second = words.next()?;
            matches!(
                second,
                "pull" | "push" | "up" | "run" | "build" | "bake" | "create" | "deploy" | "install"
            )
            .then(|| format!("{first} {second}"))
        }
        _ => None,
    }
}

/// The arguments that are neither options nor values of docker's global options.
fn positional(args: &[String]) -> impl Iterator<Item = &str> {
    let mut skip = false;
    args.iter().map(String::as_str).filter(move |arg| {
        if std::mem::take(&mut skip) {
            return false;
        }
        skip = WITH_VALUE.split(' ').any(|option| option == *arg);
        !arg.starts_with('-')
    })
}

fn keeps_environment(args: &[String]) -> bool {
    args.iter()
        .take_while(|arg| arg.starts_with('-'))
        .any(|arg| {
            let short = !arg.starts_with("--") && arg.contains('E');
            short || arg.starts_with("--preserve-env")
        })
}

/// A command as a POSIX shell takes it.
fn line<'a>(words: impl IntoIterator<Item = &'a OsString>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Options of sudo that are followed by a value.
const OF_SUDO: &str = "-u -g -h -p -C -r -t -T -U -D -R";
/// Global options of docker and nerdctl that are followed by a value.
const WITH_VALUE: &str = "--config -c --context -H --host -l --log-level --tlscacert --tlscert \
    --tlskey -n --namespace -a --address --snapshotter --hosts-dir -f --file -p --project-name \
    --profile --env-file --builder";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Option<Refusal> {
        let words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
        of(&words, &|_| "1.0".to_owned())
    }

    #[test]
    fn what_a_daemon_does_is_refused_with_the_right_command() {
        for line in [
            "docker pull alpine",
            "/usr/bin/docker --context x pull alpine",
            "docker -H unix:///s image pull alpine",
            "docker compose -f c.yaml up",
            "docker run -it alpine",
        ] {
            let refusal = refusal(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                refusal.instead,
                format!("sudo pullscope setup docker && {line}")
            );
            assert!(refusal.reason.contains("daemon"), "{}", refusal.reason);
        }
        for version in ["nerdctl version 2.3.0\n", "nerdctl version 2.2.2\n"] {
            let words = ["nerdctl", "-n", "k8s.io", "pull", "alpine"].map(OsString::from);
            let refused = of(&words, &|_| version.to_owned());
            // Older ones pull by themselves, and only root's can be led anywhere.
            if version.contains("2.2") && rustix::process::geteuid().is_root() {
                assert_eq!(refused, None);
            } else {
                assert!(refused.unwrap().instead.contains("setup containerd"));
            }
        }
    }

    #[test]
    fn what_the_client_does_itself_is_not() {
        for line in [
            "docker manifest inspect alpine",
            "docker buildx imagetools inspect alpine",
            "docker version",
            "docker",
            "skopeo inspect docker://alpine",
            "podman pull alpine",
            "crane pull docker",
            "sudo -E ctr images pull x",
            "sudo -nE ctr images pull x",
            "sudo --preserve-env=HTTPS_PROXY ctr images pull x",
            "crictl images",
        ] {
            assert_eq!(refusal(line), None, "{line}");
        }
        let words = ["docker", "pull", "alpine"].map(OsString::from);
        assert_eq!(of(&words, &|_| "podman version 4.3.1".to_owned()), None);
    }

    /// `BuildKit` in dockerd fetches the blobs, the command the tokens.
    #[test]
    fn a_build_is_of_two_halves() {
        for line in [
            "docker buildx build .",
            "docker build .",
            "docker buildx bake",
        ] {
            let refusal = refusal(line).unwrap_or_else(|| panic!("{line}"));
            let instead =
                format!("sudo pullscope setup docker && BUILDKIT_NO_CLIENT_TOKEN=1 {line}");
            assert_eq!(refusal.instead, instead);
            assert!(
                refusal.reason.contains("fetches the tokens"),
                "{}",
                refusal.reason
            );
        }
    }

    #[test]
    fn ctr_of_containerd_2_and_crictl_leave_pulls_to_the_daemon() {
        let ask = |line: &str, version: &str| {
            let words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            of(&words, &|_| version.to_owned())
        };
        let two = "ctr github.com/containerd/containerd/v2 v2.1.4";
        let pull = "ctr -n k8s.io images pull docker.io/library/alpine:3";
        let local = "ctr -n k8s.io images pull --local docker.io/library/alpine:3";
        let refused = ask(pull, two).unwrap();
        assert_eq!(refused.instead, format!("pullscope exec -- {local}"));
        let refused = ask(&format!("sudo -n {pull}"), two).unwrap();
        assert_eq!(
            refused.instead,
            format!("sudo -n pullscope exec -- {local}")
        );
        assert_eq!(ask(local, two), None);
        assert_eq!(ask("ctr images ls", two), None);
        assert_eq!(
            ask(pull, "ctr github.com/containerd/containerd 1.6.20~ds1"),
            None
        );
        let refused = ask("crictl pull alpine", "crictl version 1.31").unwrap();
        assert!(
            refused
                .instead
                .starts_with("sudo pullscope setup containerd && crictl")
        );
    }

    #[test]
    fn what_sudo_runs_is_judged_first() {
        for (line, instead) in [
            (
                "sudo docker pull alpine",
                "sudo pullscope setup docker && sudo docker pull alpine",
            ),
            (
                "sudo -E docker pull x",
                "sudo pullscope setup docker && sudo -E docker pull x",
            ),
            (
                "sudo -u root skopeo list-tags x",
                "sudo pullscope exec -- skopeo list-tags x",
            ),
        ] {
            assert_eq!(refusal(line).unwrap().instead, instead);
        }
        assert_eq!(refusal("sudo -E skopeo list-tags x"), None);
    }

    #[test]
    fn sudo_goes_outside() {
        let refusal = refusal("sudo -n ctr images pull x").unwrap();
        assert_eq!(refusal.instead, "sudo pullscope exec -- ctr images pull x");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        let quote = |text: &str| quoted(OsStr::new(text));
        assert_eq!(quote("docker://alpine:3.20"), "docker://alpine:3.20");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b;$c"), "'a b;$c'");
    }
}
