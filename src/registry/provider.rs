//! Who runs a registry, or which program it is: a label for people, never a rule.

use super::Challenge;
use crate::exchange::ParsedHead;

/// The provider's word by its host; `None` for a host of nobody we know.
pub(crate) fn of(authority: &str) -> Option<&'static str> {
    let host = authority.split(':').next().unwrap_or_default();
    PROVIDERS
        .iter()
        .find(|(_, hosts)| hosts.iter().any(|pattern| fits(pattern, host)))
        .map(|(word, _)| *word)
}

/// `.example.org` is any host below it, anything else the host itself.
fn fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('.') {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.')),
        None => host == pattern,
    }
}

/// The program that answers, as far as the answer shows it: the registries that people run
/// themselves have hosts of any name.
pub(super) fn shown(head: &ParsedHead<'_>, challenges: &[Challenge]) -> Option<&'static str> {
    let has = |name| head.values(name).next().is_some();
    let server = head.text("server").unwrap_or_default();
    let names = |key: &str, value: &str| challenges.iter().any(|c| c.param(key) == Some(value));
    if has("x-jfrog-version") || has("x-artifactory-id") || server.starts_with("Artifactory") {
        Some("artifactory")
    } else if server.starts_with("Nexus/") || names("realm", "Sonatype Nexus Repository Manager") {
        Some("nexus")
    } else if names("service", "harbor-registry") || has("x-harbor-csrf-token") {
        Some("harbor")
    } else if names("service", "container_registry") {
        Some("gitlab")
    } else {
        None
    }
}

/// The words, and the hosts of each; those without hosts are known by what they answer.
pub(crate) const PROVIDERS: &[(&str, &[&str])] = &[
    ("hub", &["docker.io", ".docker.io", ".docker.com"]),
    ("gcr", &["gcr.io", ".gcr.io", ".pkg.dev", "registry.k8s.io"]),
    ("ghcr", &["ghcr.io", ".githubusercontent.com"]),
    ("quay", &["quay.io", ".quay.io"]),
    ("ecr", &["public.ecr.aws", ".amazonaws.com"]),
    ("acr", &[".azurecr.io"]),
    ("mcr", &["mcr.microsoft.com", ".mcr.microsoft.com"]),
    (
        "gitlab",
        &["gitlab.com", ".gitlab.com", ".gitlab-static.net"],
    ),
    ("aliyun", &[".aliyuncs.com"]),
    ("tencent", &[".tencentyun.com", ".myqcloud.com"]),
    ("harbor", &[]),
    ("artifactory", &[".jfrog.io"]),
    ("nexus", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_their_provider() {
        assert_eq!(of("registry-1.docker.io"), Some("hub"));
        assert_eq!(of("quay.io:443"), Some("quay"));
        assert_eq!(of("europe-docker.pkg.dev"), Some("gcr"));
        assert_eq!(of("notdocker.io"), None);
        assert_eq!(of(""), None);
    }
}
