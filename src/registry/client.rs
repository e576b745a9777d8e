//! Who is asking, from the `User-Agent` field.

use serde::Serialize;

use super::Platform;

/// A container client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Client {
    /// Its name: `docker`, `containerd`, `skopeo`; empty when it does not say.
    pub name: String,
    /// Its version, as it states it.
    pub version: String,
    /// Its platform, where it states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Client {
    /// Reads a `User-Agent` value (RFC 9110 section 10.1.5).
    pub fn read(user_agent: &str) -> Self {
        let products = user_agent
            .split_whitespace()
            .filter_map(|word| word.split_once('/'));
        let (name, version) = match products.clone().next() {
            Some((name, version)) => (name, version),
            None => (user_agent.trim(), ""),
        };
        let value = |key: &str| products.clone().find(|(k, _)| *k == key).map(|(_, v)| v);
        let platform = value("os")
            .zip(value("arch"))
            .map(|(os, architecture)| Platform::new(os, architecture));
        // regctl names its library, then itself, then its version.
        let (name, version) = match (name, version) {
            ("regclient", program) => {
                let comment = user_agent.split_once('(').map_or("", |(_, rest)| rest);
                (program, comment.trim_end_matches(')'))
            }
            other => other,
        };
        let name = match name {
            // What podman, buildah and older skopeo share.
            "containers" => "containers/image",
            // The library's default, which names no program.
            "Go-http-client" => "",
            other => other,
        };
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            platform,
        }
    }

    /// Name and version, or `unknown client`.
    pub fn label(&self) -> String {
        match (self.name.as_str(), self.version.as_str()) {
            ("", _) => "unknown client".to_owned(),
            (name, "") => name.to_owned(),
            (name, version) => format!("{name} {version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_seen_in_the_wild() {
        let docker = Client::read(
            "docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1 os/linux arch/amd64 \
             UpstreamClient(Docker-Client/20.10.24+dfsg1 \\(linux\\))",
        );
        assert_eq!(docker.label(), "docker 20.10.24+dfsg1");
        assert_eq!(docker.platform, Some(Platform::new("linux", "amd64")));
        let label = |text: &str| Client::read(text).label();
        assert_eq!(label("containerd/1.6.20~ds1"), "containerd 1.6.20~ds1");
        assert_eq!(
            label("containers/5.23.1 (github.com/containers/image)"),
            "containers/image 5.23.1"
        );
        assert_eq!(label("regclient/regctl (v0.11.7)"), "regctl v0.11.7");
        assert_eq!(label("Go-http-client/1.1"), "unknown client");
        assert_eq!(label(""), "unknown client");
        assert_eq!(label("curl"), "curl");
    }
}
