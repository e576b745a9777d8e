//! What to do by hand, for every client: lines to copy.

use std::path::Path;

use super::trust_dir::TRUST_DIR;
use super::unit::IN_CLUSTER;
use crate::config::ClientName;

/// The recipe for a client: a proxy's URL, the CA's certificate, and a bundle of the system's
/// roots with it.
pub fn recipe(client: ClientName, proxy: &str, ca: &Path, bundle: &Path) -> String {
    let text = match client {
        ClientName::Docker => service(DOCKER, "docker.service", ""),
        ClientName::Containerd => service(CONTAINERD, "containerd.service", ""),
        ClientName::Crio => service(SERVICE, "crio.service", IN_CLUSTER),
        ClientName::K3s => service(K3S, "k3s.service", IN_CLUSTER),
        ClientName::Kubernetes => service(KUBERNETES, "containerd.service", IN_CLUSTER),
        ClientName::Buildkit => service(BUILDKIT, "buildkit.service", ""),
        ClientName::Podman => command(PODMAN, "podman pull docker.io/library/busybox"),
        ClientName::Skopeo => command(SKOPEO, "skopeo inspect docker://docker.io/library/busybox"),
        ClientName::Crane => command(COMMAND, "crane manifest docker.io/library/busybox"),
        ClientName::Oras => command(ORAS, "oras manifest fetch docker.io/library/busybox:latest"),
        ClientName::Helm => command(
            HELM,
            "helm pull oci://registry-1.docker.io/bitnamicharts/nginx",
        ),
        ClientName::Curl => include_str!("recipes/curl.txt").to_owned(),
        ClientName::DockerDesktop => include_str!("recipes/docker-desktop.txt").to_owned(),
        ClientName::GithubActions => include_str!("recipes/github-actions.txt").to_owned(),
    };
    text.replace("{trust-dir}", TRUST_DIR)
        .replace("{proxy}", proxy)
        .replace("{ca}", &ca.display().to_string())
        .replace("{bundle}", &bundle.display().to_string())
}

/// A recipe for a daemon: its unit, and what it must reach without a proxy.
fn service(text: &str, unit: &str, except: &str) -> String {
    let mut no_proxy = String::new();
    if !except.is_empty() {
        no_proxy = format!("Environment=NO_PROXY={except}\n");
    }
    text.replace("{service}", SERVICE)
        .replace("{unit}", unit)
        .replace("{no-proxy}", &no_proxy)
}

/// A recipe for a program that is started anew for each pull.
fn command(text: &str, line: &str) -> String {
    let text = text.replace("{command}", COMMAND);
    text.replace("{line}", line)
}

const SERVICE: &str = include_str!("recipes/service.txt");
const COMMAND: &str = include_str!("recipes/command.txt");
const DOCKER: &str = include_str!("recipes/docker.txt");
const CONTAINERD: &str = include_str!("recipes/containerd.txt");
const K3S: &str = include_str!("recipes/k3s.txt");
const KUBERNETES: &str = include_str!("recipes/kubernetes.txt");
const BUILDKIT: &str = include_str!("recipes/buildkit.txt");
const PODMAN: &str = include_str!("recipes/podman.txt");
const SKOPEO: &str = include_str!("recipes/skopeo.txt");
const ORAS: &str = include_str!("recipes/oras.txt");
const HELM: &str = include_str!("recipes/helm.txt");

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_client_has_a_recipe_with_its_facts() {
        for client in ClientName::value_variants() {
            let text = recipe(
                *client,
                "http://127.0.0.1:9",
                Path::new("/ca.pem"),
                Path::new("/bundle.pem"),
            );
            assert!(text.ends_with('\n') && text.lines().count() >= 2, "{text}");
            let own = *client == ClientName::GithubActions || text.contains("8642");
            assert!(own || text.contains("http://127.0.0.1:9"), "{text}");
        }
    }
}
