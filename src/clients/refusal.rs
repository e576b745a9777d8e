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
/// `is_podman` tells whether a program is podman under another name.
pub fn of(command: &[OsString], is_podman: impl Fn(&OsStr) -> bool) -> Option<Refusal> {
    let program = command.first()?;
    let args: Vec<_> = command
        .iter()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let name = Path::new(program).file_name()?.to_str()?;
    match name {
        "docker" | "docker.exe" if is_podman(program) => None,
        "docker" | "docker.exe" => {
            let verb = daemons_work(&args)?;
            Some(Refusal {
                reason: format!(
                    "`docker {verb}` is done by the Docker daemon, which does not see the \
                     environment of this command"
                ),
                instead: format!("sudo pullscope setup docker && {}", line(command)),
            })
        }
        "nerdctl" => {
            let verb = daemons_work(&args)?;
            Some(Refusal {
                reason: format!(
                    "`nerdctl {verb}` takes its registry settings from containerd's, and \
                     rootless it runs in a network namespace where this proxy cannot be reached"
                ),
                instead: format!("sudo pullscope setup containerd && {}", line(command)),
            })
        }
        "sudo" | "doas" if !keeps_environment(&args) => Some(Refusal {
            reason: format!("{name} clears the environment, and the proxy and the CA are in it"),
            instead: format!("{name} pullscope exec -- {}", after_options(command)),
        }),
        _ => None,
    }
}

/// The subcommand, when a daemon does what it asks for.
fn daemons_work(args: &[String]) -> Option<String> {
    let mut words = positional(args);
    let first = words.next()?;
    match first {
        "pull" | "push" | "run" | "create" | "build" | "login" | "search" => Some(first.to_owned()),
        "image" | "compose" | "buildx" | "builder" | "stack" | "service" | "plugin" => {
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

fn after_options(command: &[OsString]) -> String {
    let words = command.iter().skip(1);
    line(words.skip_while(|word| word.to_string_lossy().starts_with('-')))
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

/// Global options of docker and nerdctl that are followed by a value.
const WITH_VALUE: &str = "--config -c --context -H --host -l --log-level --tlscacert --tlscert \
    --tlskey -n --namespace -a --address --snapshotter --hosts-dir -f --file -p --project-name \
    --profile --env-file --builder";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Option<Refusal> {
        let words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
        of(&words, |_| false)
    }

    #[test]
    fn what_a_daemon_does_is_refused_with_the_right_command() {
        for line in [
            "docker pull alpine",
            "/usr/bin/docker --context x pull alpine",
            "docker -H unix:///s image pull alpine",
            "docker compose -f c.yaml up",
            "docker buildx build .",
            "docker run -it alpine",
        ] {
            let refusal = refusal(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                refusal.instead,
                format!("sudo pullscope setup docker && {line}")
            );
            assert!(refusal.reason.contains("daemon"), "{}", refusal.reason);
        }
        let nerdctl = refusal("nerdctl -n k8s.io pull alpine").unwrap();
        assert!(nerdctl.instead.contains("setup containerd"));
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
        ] {
            assert_eq!(refusal(line), None, "{line}");
        }
        let words = ["docker", "pull", "alpine"].map(OsString::from);
        assert_eq!(of(&words, |_| true), None);
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
