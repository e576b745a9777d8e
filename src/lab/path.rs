//! The endpoints of the registry API (OCI distribution-spec, "Endpoints") that the lab has.

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegistryPath<'a> {
    /// `/v2/`
    Base,
    /// Something in the repository of this name.
    In(&'a str, What<'a>),
}

/// What is asked of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// A manifest by tag or digest.
    Manifest(&'a str),
    /// A blob by digest.
    Blob(&'a str),
    /// The list of tags.
    Tags,
    /// What refers to the manifest of this digest.
    Referrers(&'a str),
    /// The uploads, or one of them.
    Uploads(Option<&'a str>),
}

impl<'a> RegistryPath<'a> {
    /// What is asked for, in the word of the faults' table.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Base => "base",
            // A tag that stands in for the list.
            Self::In(_, What::Manifest(reference)) if reference.starts_with("sha256-") => {
                "referrers"
            }
            Self::In(_, What::Manifest(_)) => "manifest",
            Self::In(_, What::Blob(_)) => "blob",
            Self::In(_, What::Tags) => "tags",
            Self::In(_, What::Referrers(_)) => "referrers",
            Self::In(_, What::Uploads(_)) => "upload",
        }
    }

    /// Reads a path without its query. A name may hold slashes, and words such as `blobs`: the
    /// last such word counts.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let rest = match path.strip_prefix("/v2") {
            Some("" | "/") => return Some(Self::Base),
            Some(rest) => rest.strip_prefix('/')?,
            None => return None,
        };
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::In(name, What::Tags));
        }
        if let Some(name) = rest.trim_end_matches('/').strip_suffix("/blobs/uploads") {
            return Some(Self::In(name, What::Uploads(None)));
        }
        let (before, reference) = rest.rsplit_once('/')?;
        if let Some(name) = before.strip_suffix("/blobs/uploads") {
            return Some(Self::In(name, What::Uploads(Some(reference))));
        }
        let (name, word) = before.rsplit_once('/')?;
        match word {
            _ if name.is_empty() || reference.is_empty() => None,
            "manifests" => Some(Self::In(name, What::Manifest(reference))),
            "blobs" => Some(Self::In(name, What::Blob(reference))),
            "referrers" => Some(Self::In(name, What::Referrers(reference))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_the_last_word() {
        let of = RegistryPath::of;
        assert_eq!(of("/v2/"), Some(RegistryPath::Base));
        assert_eq!(of("/v2"), Some(RegistryPath::Base));
        assert_eq!(
            of("/v2/a/manifests/b"),
            Some(RegistryPath::In("a", What::Manifest("b")))
        );
        assert_eq!(
            of("/v2/a/blobs/b/blobs/sha256:c"),
            Some(RegistryPath::In("a/blobs/b", What::Blob("sha256:c")))
        );
        assert_eq!(
            of("/v2/a/b/tags/list"),
            Some(RegistryPath::In("a/b", What::Tags))
        );
        assert_eq!(
            of("/v2/a/b/referrers/sha256:c"),
            Some(RegistryPath::In("a/b", What::Referrers("sha256:c")))
        );
        for begun in ["/v2/a/b/blobs/uploads/", "/v2/a/b/blobs/uploads"] {
            assert_eq!(
                of(begun),
                Some(RegistryPath::In("a/b", What::Uploads(None)))
            );
        }
        assert_eq!(
            of("/v2/a/blobs/uploads/c"),
            Some(RegistryPath::In("a", What::Uploads(Some("c"))))
        );
        for path in [
            "",
            "/",
            "/v1/",
            "/v2x",
            "/v2/manifests/b",
            "/v2/a/manifests/",
            "/v2/_catalog",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
