//! The command line of what deals with clients: running, setting up and checking them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use strum::IntoStaticStr;

use super::proxy_args::ProxyArgs;

/// `pullscope exec`.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    /// Write the trace as a HAR to this file.
    #[arg(short, long, value_name = "FILE.har", default_value = "pullscope.har")]
    pub output: PathBuf,

    /// Show the live view while the command runs; its own output follows when you leave.
    #[arg(long)]
    pub tui: bool,

    /// Exit with 4 when an exchange passes this filter, such as `is:error | severity:error`
    /// (docs/reference/filters.md).
    #[arg(long, value_name = "FILTER")]
    pub fail_on: Option<String>,

    /// How the proxy reaches servers, and what it keeps.
    #[command(flatten)]
    pub proxy: ProxyArgs,

    /// The command to run, with its arguments.
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

/// A container client, as the command line names it. Names that people type for the same setting
/// are understood too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the name of a program")]
pub enum ClientName {
    #[value(alias = "dockerd")]
    Docker,
    #[value(alias = "nerdctl")]
    Containerd,
    #[value(alias = "buildah")]
    Podman,
    #[value(aliases = ["buildkitd", "buildx"])]
    Buildkit,
    K3s,
    #[value(alias = "cri-o")]
    Crio,
    Skopeo,
    Crane,
    Oras,
    Helm,
    Curl,
    #[value(aliases = ["k8s", "kubelet"])]
    Kubernetes,
    DockerDesktop,
    DockerRootless,
    DockerSnap,
    RancherDesktop,
    Colima,
    Lima,
    Minikube,
    Kind,
    K3d,
    #[value(alias = "wsl2")]
    Wsl,
    #[value(aliases = ["npx", "node"])]
    Npm,
    Java,
    Wget,
    GithubActions,
}

impl ClientName {
    /// The name, as it is typed.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// `pullscope setup`.
#[derive(Args, Clone, Debug)]
pub struct SetupArgs {
    /// The client. docker, containerd, podman, buildkit, k3s and crio are set up; for the others
    /// there are lines to copy.
    #[arg(value_enum, value_name = "CLIENT")]
    pub client: ClientName,

    /// Restore what was there before, byte for byte.
    #[arg(long, conflicts_with = "print")]
    pub undo: bool,

    /// Print what to do by hand, and change nothing.
    #[arg(long)]
    pub print: bool,

    #[command(flatten)]
    pub proxy: ClientProxyArg,

    /// Trust this certificate (PEM) instead of your own CA's: that of a pullscope which runs as
    /// a service, from `http://127.0.0.1:8642/ca.pem`.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// How to go about it.
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Args, Clone, Debug)]
#[expect(missing_docs, reason = "clap would show it as the help of the command")]
pub struct ChangeArgs {
    /// Show what would be changed, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,

    /// Change the machine whose files are below this directory, and restart nothing. For
    /// packaging and tests.
    #[arg(long, value_name = "DIR", hide = true)]
    pub root: Option<PathBuf>,
}

/// `pullscope config`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a file with every key in it, commented out.
    Template,
    /// Print where the file is looked for. `PULLSCOPE_CONFIG` names another.
    Path,
}

/// Where the client finds pullscope.
#[derive(Args, Clone, Debug)]
pub struct ClientProxyArg {
    /// The proxy that the client is to use.
    #[arg(
        long = "proxy",
        id = "proxy",
        value_name = "URL",
        default_value = "http://127.0.0.1:8642",
        env = "PULLSCOPE_PROXY",
        value_parser = proxy_url
    )]
    pub url: String,
}

/// `pullscope doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The client to look at; without one, what is here.
    #[arg(value_enum, value_name = "CLIENT")]
    pub client: Option<ClientName>,

    #[command(flatten)]
    pub proxy: ClientProxyArg,

    /// Look for this certificate (PEM) instead of your own CA's, as for setup.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Print the checks as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The URL of an HTTP proxy, with nothing in it that a unit file or a shell could misread.
fn proxy_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .ok_or_else(|| "give http://HOST:PORT".to_owned())?;
    let rest = rest.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~[]:@%!*+,=".contains(c);
    let port = rest.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) if rest.chars().all(plain) => Ok(format!("http://{rest}")),
        _ => Err("give http://HOST:PORT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_named_as_clap_names_them() {
        for client in ClientName::value_variants() {
            let name = client.to_possible_value().unwrap();
            assert_eq!(name.get_name(), client.name());
        }
    }

    #[test]
    fn clients_are_known_by_the_programs_people_type() {
        for (typed, client) in [
            ("dockerd", ClientName::Docker),
            ("nerdctl", ClientName::Containerd),
            ("buildah", ClientName::Podman),
            ("buildx", ClientName::Buildkit),
            ("cri-o", ClientName::Crio),
            ("k8s", ClientName::Kubernetes),
        ] {
            assert_eq!(ClientName::from_str(typed, false), Ok(client));
        }
    }

    #[test]
    fn a_proxy_is_a_url_with_a_port() {
        let ok = |text: &str| proxy_url(text).ok();
        assert_eq!(
            ok("http://127.0.0.1:8642/").as_deref(),
            Some("http://127.0.0.1:8642")
        );
        assert!(ok("http://user:pass@[::1]:1").is_some());
        for bad in [
            "127.0.0.1:8642",
            "https://x:1",
            "http://x",
            "http://x:0",
            "http://x:99999",
            "http://x\n:1",
            "http://x;y:1",
        ] {
            assert!(ok(bad).is_none(), "{bad}");
        }
    }
}
