//! Who runs a registry, or which program it is: a label for people, never a rule.

use std::sync::LazyLock;

use super::Challenge;
use crate::base::table::rows;
use crate::exchange::ParsedHead;

/// The provider's word by its host; `None` for a host of nobody we know.
pub(crate) fn of(authority: &str) -> Option<&'static str> {
    let host = authority.split(':').next().unwrap_or_default();
    find(|place, sign| {
        place == "Host"
            && match sign.strip_prefix('.') {
                Some(domain) => host
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.')),
                None => host == sign,
            }
    })
}

/// The program that answers, as far as the answer shows it: the registries that people run
/// themselves have hosts of any name.
pub(super) fn shown(head: &ParsedHead<'_>, challenges: &[Challenge]) -> Option<&'static str> {
    let server = head.text("server").unwrap_or_default();
    find(|place, sign| match place {
        "Host" => false,
        "Server" => server.starts_with(sign),
        "Field" => head.values(sign).next().is_some(),
        name => challenges.iter().any(|c| c.param(name) == Some(sign)),
    })
}

fn find(fits: impl Fn(&str, &str) -> bool) -> Option<&'static str> {
    let mut rows = SIGNS.iter();
    rows.find_map(|[word, place, sign]| fits(place, sign).then_some(*word))
}

/// Word, place and sign.
pub(crate) static SIGNS: LazyLock<Vec<[&str; 3]>> =
    LazyLock::new(|| rows(include_str!("providers.txt")).collect());

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
