//! Whether the claims of a token carry secrets of their own.

use super::kind::SecretKind;
use super::query::{self, Mode};
use super::{json, layer, placeholder, url_parts};

/// Whether claims name something secret by a parameter, a member or a URL's user.
pub(super) fn name_a_secret(claims: &[u8]) -> bool {
    let mut found = false;
    layer::each(claims, |bytes, _| {
        let mut seen = Vec::new();
        query::find(bytes, Mode::Prose, &mut seen);
        url_parts::find(bytes, &mut seen);
        json::find(bytes, &mut seen);
        found |= seen.iter().any(|candidate| {
            let value = bytes.get(candidate.range.clone()).unwrap_or_default();
            candidate.kind != SecretKind::Identity && !value.is_empty() && !placeholder::is(value)
        });
    });
    found
}
