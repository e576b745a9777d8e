//! Which route of the registry API a request is for (OCI distribution-spec 1.1, "Endpoints").

use percent_encoding::percent_decode_str;
use serde::Serialize;
use url::Url;

use super::reference::is_repository;
use super::{Digest, Reference};

/// A route and what it is asked for.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The route.
    pub route: Route,
    /// The repository; `None` for the routes without one.
    pub repository: Option<String>,
    /// `?ns=`: the registry a mirror is asked to stand in for (containerd).
    pub namespace: Option<String>,
}

/// The routes.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Route {
    /// `/v2/`: is this a registry, and must one log in?
    Ping,
    /// `/v2/<name>/manifests/<reference>`.
    Manifest(Reference),
    /// `/v2/<name>/blobs/<digest>`.
    Blob(Reference),
    /// `/v2/<name>/blobs/uploads/`: begins an upload.
    UploadStart {
        /// `digest=`: the whole blob comes with this request.
        digest: Option<Reference>,
        /// `mount=`: the blob is to be taken from another repository.
        mount: Option<Reference>,
        /// `from=`: that repository.
        from: Option<String>,
    },
    /// `/v2/<name>/blobs/uploads/<session>`: continues or closes an upload.
    Upload {
        /// `digest=`: closes the upload.
        digest: Option<Reference>,
    },
    /// `/v2/<name>/tags/list`.
    Tags(Page),
    /// `/v2/<name>/referrers/<digest>`.
    Referrers {
        /// The manifest asked about.
        subject: Reference,
        /// `artifactType=`.
        artifact_type: Option<String>,
    },
    /// `/v2/_catalog`.
    Catalog(Page),
}

/// Which part of a list is asked for.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page {
    /// `n=`: how many entries at most.
    pub limit: Option<u64>,
    /// `last=`: only entries after this one.
    pub last: Option<String>,
}

impl Endpoint {
    /// Reads the path and query of a URL; `None` when it is no route of the API.
    ///
    /// The API stands at the root of its host. A prefix before `/v2/`, as some registries use,
    /// is accepted only where everything after it is well-formed: the paths of object stores
    /// also hold `/v2/…/blobs/`.
    pub fn read(url: &Url) -> Option<Self> {
        let path = percent_decode_str(url.path()).decode_utf8_lossy();
        if let Some(rest) = path.strip_prefix("/v2/") {
            return Self::after_v2(url, rest);
        }
        if path == "/v2" {
            return Some(Self::ping(url));
        }
        let (_, rest) = path.split_once("/v2/")?;
        Self::after_v2(url, rest).filter(Self::is_well_formed)
    }

    fn after_v2(url: &Url, rest: &str) -> Option<Self> {
        if rest.is_empty() {
            return Some(Self::ping(url));
        }
        let (name, route) = split_route(url, rest)?;
        Some(Self {
            route,
            repository: name.map(str::to_owned),
            namespace: query(url, "ns"),
        })
    }

    fn ping(url: &Url) -> Self {
        Self {
            route: Route::Ping,
            repository: None,
            namespace: query(url, "ns"),
        }
    }

    /// Whether the repository's name and the reference follow the grammar of the spec.
    pub fn is_well_formed(&self) -> bool {
        let name_fits = self.repository.as_deref().is_none_or(is_repository);
        let malformed = |reference: &Reference| matches!(reference, Reference::Malformed { .. });
        let reference_fits = match &self.route {
            Route::Manifest(reference) | Route::Blob(reference) => !malformed(reference),
            Route::Referrers { subject, .. } => !malformed(subject),
            _ => true,
        };
        name_fits && reference_fits
    }

    /// The manifest or blob this is about.
    pub fn reference(&self) -> Option<&Reference> {
        match &self.route {
            Route::Manifest(reference) | Route::Blob(reference) => Some(reference),
            Route::Upload { digest } => digest.as_ref(),
            Route::UploadStart { digest, mount, .. } => digest.as_ref().or(mount.as_ref()),
            Route::Referrers { subject, .. } => Some(subject),
            Route::Ping | Route::Tags(_) | Route::Catalog(_) => None,
        }
    }
}

impl Route {
    /// Whether this asks for a list of referrers for which that tag stands in.
    pub(crate) fn falls_back_on(&self, tag: &Reference) -> bool {
        let Self::Referrers { subject, .. } = self else {
            return false;
        };
        let name = |digest: &Digest| digest.to_string().replacen(':', "-", 1);
        tag.tag().is_some() && subject.digest().map(name).as_deref() == tag.tag()
    }
}

/// Splits at the last marker, since a repository's name may hold any of them.
fn split_route<'a>(url: &Url, rest: &'a str) -> Option<(Option<&'a str>, Route)> {
    if rest.trim_end_matches('/') == "_catalog" {
        return Some((None, Route::Catalog(page(url))));
    }
    if let Some(name) = rest.strip_suffix("/tags/list") {
        return Some((Some(name), Route::Tags(page(url))));
    }
    let markers = ["/manifests/", "/blobs/", "/referrers/"];
    let (at, marker) = markers
        .into_iter()
        .filter_map(|marker| Some((rest.rfind(marker)?, marker)))
        .max()?;
    let (name, tail) = rest.split_at_checked(at)?;
    let tail = tail.strip_prefix(marker)?;
    let digest = |key| query(url, key).map(|text| Reference::read_digest(&text));
    let route = match (marker, tail) {
        ("/manifests/", _) => Route::Manifest(Reference::read(tail)),
        ("/blobs/", "uploads" | "uploads/") => Route::UploadStart {
            digest: digest("digest"),
            mount: digest("mount"),
            from: query(url, "from"),
        },
        ("/blobs/", _) if tail.starts_with("uploads/") => Route::Upload {
            digest: digest("digest"),
        },
        ("/blobs/", _) => Route::Blob(Reference::read_digest(tail)),
        _ => Route::Referrers {
            subject: Reference::read_digest(tail),
            artifact_type: query(url, "artifactType"),
        },
    };
    Some((Some(name), route))
}

fn page(url: &Url) -> Page {
    Page {
        limit: query(url, "n").and_then(|n| n.parse().ok()),
        last: query(url, "last"),
    }
}

/// The first query parameter of this name, decoded.
pub(super) fn query(url: &Url, key: &str) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e";

    fn read(path: &str) -> Option<Endpoint> {
        Endpoint::read(&Url::parse(&format!("https://r.example{path}")).unwrap())
    }

    fn route(path: &str) -> Route {
        read(path).unwrap().route
    }

    #[test]
    fn a_tag_may_stand_in_for_a_list_of_referrers() {
        let list = route(&format!("/v2/a/referrers/sha256:{HEX}"));
        let tag = |text: &str| Reference::read(text);
        assert!(list.falls_back_on(&tag(&format!("sha256-{HEX}"))));
        assert!(!list.falls_back_on(&tag(&format!("sha256-{HEX}.sig"))));
        assert!(!list.falls_back_on(&tag(&format!("sha256:{HEX}"))));
        assert!(!route("/v2/").falls_back_on(&tag(&format!("sha256-{HEX}"))));
    }

    #[test]
    fn every_route_of_the_spec() {
        let digest = Reference::read(&format!("sha256:{HEX}"));
        assert_eq!(route("/v2/"), Route::Ping);
        assert_eq!(route("/v2"), Route::Ping);
        assert_eq!(
            route("/v2/a/b/manifests/3.20"),
            Route::Manifest(Reference::Tag("3.20".into()))
        );
        assert_eq!(
            route(&format!("/v2/a/blobs/sha256:{HEX}")),
            Route::Blob(digest.clone())
        );
        assert_eq!(
            route(&format!(
                "/v2/a/blobs/uploads/?mount=sha256%3A{HEX}&from=b/c"
            )),
            Route::UploadStart {
                digest: None,
                mount: Some(digest.clone()),
                from: Some("b/c".into())
            }
        );
        assert_eq!(
            route(&format!(
                "/v2/a/blobs/uploads/42?digest=sha256:{HEX}&_state=x"
            )),
            Route::Upload {
                digest: Some(digest.clone())
            }
        );
        assert_eq!(
            route("/v2/a/tags/list?n=10&last=x"),
            Route::Tags(Page {
                limit: Some(10),
                last: Some("x".into())
            })
        );
        assert_eq!(
            route(&format!("/v2/a/referrers/sha256:{HEX}?artifactType=x%2Fy")),
            Route::Referrers {
                subject: digest,
                artifact_type: Some("x/y".into())
            }
        );
        assert_eq!(route("/v2/_catalog"), Route::Catalog(Page::default()));
    }

    #[test]
    fn a_name_may_hold_the_markers() {
        let endpoint = read("/v2/a/blobs/manifests/tags/manifests/v1").unwrap();
        assert_eq!(
            endpoint.repository.as_deref(),
            Some("a/blobs/manifests/tags")
        );
    }

    #[test]
    fn a_mirror_is_told_whom_it_stands_in_for() {
        let endpoint = read("/v2/library/alpine/manifests/latest?ns=docker.io").unwrap();
        assert_eq!(endpoint.namespace.as_deref(), Some("docker.io"));
    }

    #[test]
    fn a_prefix_is_accepted_and_an_object_store_is_not() {
        let endpoint = read("/artifactory/api/docker/hub/v2/a/manifests/1").unwrap();
        assert_eq!(endpoint.repository.as_deref(), Some("a"));
        assert_eq!(
            read(&format!(
                "/registry-v2/docker/registry/v2/blobs/sha256/a2/{HEX}/data"
            )),
            None
        );
        assert_eq!(read("/v2/token?service=r"), None);
        assert_eq!(read("/"), None);
    }

    #[test]
    fn a_malformed_reference_keeps_its_text() {
        let endpoint = read("/v2/a/blobs/sha256:XYZ").unwrap();
        assert!(!endpoint.is_well_formed());
        assert_eq!(endpoint.reference().unwrap().to_string(), "sha256:XYZ");
    }

    proptest! {
        #[test]
        fn any_path_is_read(path in "(/(v2|a|manifests|blobs|uploads|tags|list|%[0-9A-F]{2}|é)){0,8}/?") {
            read(&path);
        }
    }
}
