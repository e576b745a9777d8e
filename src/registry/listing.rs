//! Lists of tags and of repositories (OCI distribution-spec, "Listing tags"; Docker registry API,
//! "Listing Repositories").

use serde::Serialize;

use super::json;

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// How many names the page holds.
    pub count: usize,
    /// The names in order, at most [`Listing::MOST`] of them.
    pub names: Vec<String>,
}

impl Listing {
    /// More names are counted and not kept.
    pub const MOST: usize = 1_000;

    /// Reads `{"tags": […]}` or `{"repositories": […]}`; `None` when it is neither. `null`, as
    /// some registries write for an empty list, is one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let value = json::read(bytes).ok()?;
        let key = ["tags", "repositories"].into_iter().find(|key| {
            value
                .get(key)
                .is_some_and(|list| list.is_array() || list.is_null())
        })?;
        let mut names = json::texts(&value, key);
        let count = names.len();
        names.truncate(Self::MOST);
        Some(Self { count, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_repositories() {
        let page = Listing::read(br#"{"name":"a","tags":["1","2",3]}"#).unwrap();
        assert_eq!((page.count, page.names), (2, vec!["1".into(), "2".into()]));
        let page = Listing::read(br#"{"repositories":["a/b"]}"#).unwrap();
        assert_eq!(page.names, ["a/b"]);
        assert_eq!(Listing::read(br#"{"tags":null}"#), Some(Listing::default()));
        assert_eq!(Listing::read(br#"{"tags":"x"}"#), None);
        assert_eq!(Listing::read(b"<html>"), None);
    }

    #[test]
    fn a_long_page_is_counted() {
        let tags: Vec<_> = (0..5_000).map(|n| n.to_string()).collect();
        let page = serde_json::json!({ "tags": tags }).to_string();
        let page = Listing::read(page.as_bytes()).unwrap();
        assert_eq!((page.count, page.names.len()), (5_000, Listing::MOST));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            Listing::read(&bytes);
        }
    }
}
