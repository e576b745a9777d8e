//! What to do by hand, for every client: lines to copy.

use std::path::Path;

use super::trust_dir::TRUST_DIR;
use crate::config::ClientName;

/// The recipe for a client: a proxy's URL, the CA's certificate, and a bundle of the system's
/// roots with it.
#[expect(clippy::too_many_lines, reason = "one recipe for each client")]
pub fn recipe(client: ClientName, proxy: &str, ca: &Path, bundle: &Path) -> String {
    let (ca, bundle) = (ca.display(), bundle.display());
    let service = |unit: &str, more: &str| {
        format!(
            "# The daemon does the pulling, so the daemon needs the proxy and the CA.\n\
             sudo install -D -m 644 {ca} {TRUST_DIR}/pullscope.pem\n\
             sudo install -d /etc/systemd/system/{unit}.d\n\
             sudo tee /etc/systemd/system/{unit}.d/zz-pullscope.conf > /dev/null <<'EOF'\n\
             [Service]\n\
             Environment=HTTPS_PROXY={proxy}\n\
             Environment=HTTP_PROXY={proxy}\n\
             {more}\
             Environment=SSL_CERT_DIR=/etc/ssl/certs:{TRUST_DIR}\n\
             EOF\n\
             sudo systemctl daemon-reload\n\
             sudo systemctl restart {unit}\n\
             # Undo:\n\
             sudo rm /etc/systemd/system/{unit}.d/zz-pullscope.conf {TRUST_DIR}/pullscope.pem\n\
             sudo systemctl daemon-reload\n\
             sudo systemctl restart {unit}\n"
        )
    };
    let by_environment = |command: &str| {
        format!(
            "# One command, with a proxy of its own and nothing to undo:\n\
             pullscope exec -- {command}\n\
             # Or with a pullscope that runs already:\n\
             HTTPS_PROXY={proxy} SSL_CERT_FILE={bundle} {command}\n"
        )
    };
    let cluster = "Environment=NO_PROXY=localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,\
                   192.168.0.0/16,.svc,.cluster.local\n";
    match client {
        ClientName::Docker => format!(
            "{}\n\
             # Without systemd (containers, WSL, Alpine's OpenRC, a dockerd started by hand):\n\
             HTTPS_PROXY={proxy} HTTP_PROXY={proxy} SSL_CERT_DIR=/etc/ssl/certs:{TRUST_DIR} dockerd\n\
             # \"proxies\" in /etc/docker/daemon.json win over the environment from 23.0 on.\n",
            service("docker.service", "")
        ),
        ClientName::Containerd => format!(
            "{}\n\
             # Without systemd: the same three variables in containerd's environment, or by\n\
             # registry, for the CA alone:\n\
             sudo install -D -m 644 {ca} /etc/containerd/certs.d/_default/ca.crt\n\
             # where [plugins.\"io.containerd.grpc.v1.cri\".registry] has\n\
             #   config_path = \"/etc/containerd/certs.d\"\n\
             # ctr of containerd 1 pulls by itself:\n\
             sudo pullscope exec -- ctr images pull docker.io/library/busybox:latest\n\
             # ctr of containerd 2 leaves it to the daemon, unless told --local.\n",
            service("containerd.service", "")
        ),
        ClientName::Crio => service("crio.service", cluster),
        ClientName::K3s => format!(
            "{}\
             # On a node that is an agent the unit is k3s-agent.service.\n",
            service("k3s.service", cluster)
        ),
        ClientName::Buildkit => format!(
            "# BuildKit inside dockerd: pullscope setup docker.\n\
             # In buildx's container driver (network=host, so that it reaches the proxy):\n\
             cat > buildkitd.toml <<'EOF'\n\
             [registry.\"docker.io\"]\n\
             ca = [\"{ca}\"]\n\
             EOF\n\
             docker buildx create --name traced --driver docker-container \\\n    \
             --driver-opt network=host --driver-opt env.HTTPS_PROXY={proxy} \\\n    \
             --buildkitd-config buildkitd.toml\n\
             docker buildx build --builder traced .\n\
             # Undo:\n\
             docker buildx rm traced\n\
             \n\
             # As a service of its own:\n{}",
            service("buildkit.service", "")
        ),
        ClientName::Podman => format!(
            "{}\
             # The CA for one registry, for good (docker.io covers all of Docker Hub's hosts):\n\
             sudo install -D -m 644 {ca} /etc/containers/certs.d/docker.io/ca.crt\n\
             # Undo:\n\
             sudo rm /etc/containers/certs.d/docker.io/ca.crt\n",
            by_environment("podman pull docker.io/library/busybox")
        ),
        ClientName::Skopeo => format!(
            "{}\
             # Or, for the CA alone: --cert-dir DIR (inspect), --src-cert-dir DIR (copy), where DIR\n\
             # has the certificate as ca.crt.\n",
            by_environment("skopeo inspect docker://docker.io/library/busybox")
        ),
        ClientName::Crane => by_environment("crane manifest docker.io/library/busybox"),
        ClientName::Oras => format!(
            "{}# Or: HTTPS_PROXY={proxy} oras … --ca-file {ca}\n",
            by_environment("oras manifest fetch docker.io/library/busybox:latest")
        ),
        ClientName::Helm => format!(
            "{}# Or: HTTPS_PROXY={proxy} helm … --ca-file {ca}\n",
            by_environment("helm pull oci://registry-1.docker.io/bitnamicharts/nginx")
        ),
        ClientName::Curl => format!(
            "pullscope exec -- curl https://registry-1.docker.io/v2/\n\
             # Or with a pullscope that runs already:\n\
             curl --proxy {proxy} --cacert {ca} https://registry-1.docker.io/v2/\n"
        ),
        ClientName::Kubernetes => kubernetes(proxy, &service("containerd.service", cluster)),
        ClientName::DockerDesktop => DESKTOP.to_owned(),
        ClientName::GithubActions => GITHUB.to_owned(),
    }
}

fn kubernetes(proxy: &str, node: &str) -> String {
    format!(
        "# The kubelet asks the node's container runtime to pull, so each node's runtime needs\n\
         # the proxy and the CA. For a test, one node is enough: run pullscope on it\n\
         # (packaging/systemd/pullscope.service, or examples/k8s/), cordon the others, and:\n\
         {node}\
         # CRI-O: crio.service. k3s: k3s.service, or k3s-agent.service. kind:\n\
         #   docker exec NODE sh -c '…', with {proxy} replaced by an address of the host that\n\
         #   the node's container reaches.\n"
    )
}

const DESKTOP: &str = include_str!("docker-desktop.txt");
const GITHUB: &str = include_str!("github-actions.txt");

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
