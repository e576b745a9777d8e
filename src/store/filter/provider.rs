//! Who runs a registry, by its host: a label for people, never a rule.

/// The provider's word; `None` for a host of nobody we know.
pub(super) fn of(authority: &str) -> Option<&'static str> {
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

pub(super) const PROVIDERS: &[(&str, &[&str])] = &[
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
