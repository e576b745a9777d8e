//! What a web page says, where one comes in the place of a registry's answer.

use super::json;

/// Longer texts are cut: enough to see whose page it is.
const MOST: usize = 300;
/// No more of a page is looked at.
const LOOKED_AT: usize = 16 * 1024;

/// The words of a page on one line, its title first; `None` when it is no page for people, or an
/// empty one.
pub(super) fn text(bytes: &[u8], is_html: bool) -> Option<Box<str>> {
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let page = String::from_utf8_lossy(start);
    let page = page.trim_start_matches('\u{feff}').trim_start();
    let tag = page.get(..9).unwrap_or(page).to_ascii_lowercase();
    let begins_so = tag.starts_with("<html") || tag.starts_with("<!doctype");
    if !is_html && !begins_so || json::is_bare(bytes) {
        return None;
    }
    let words = words(page);
    let cut = words.char_indices().nth(MOST).map(|(end, _)| end);
    let words = cut.and_then(|end| words.get(..end)).unwrap_or(&words);
    (!words.is_empty()).then(|| words.into())
}

/// What stands outside of tags, scripts and styles.
fn words(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let lower = after.get(..6).unwrap_or(after).to_ascii_lowercase();
        let end = ["script", "style"]
            .into_iter()
            .find(|name| lower.starts_with(name));
        rest = match end {
            Some(name) => skip_element(after, name),
            None => after.split_once('>').map_or("", |(_, rest)| rest),
        };
    }
    text.push_str(rest);
    for (entity, character) in ENTITIES {
        text = text.replace(entity, character);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What follows the end tag of an element.
fn skip_element<'a>(inside: &'a str, name: &str) -> &'a str {
    let lower = inside.to_ascii_lowercase();
    let end = lower.find(&format!("</{name}")).unwrap_or(lower.len());
    let rest = inside.get(end..).unwrap_or_default();
    rest.split_once('>').map_or("", |(_, rest)| rest)
}

const ENTITIES: [(&str, &str); 6] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_of_a_page_are_read() {
        let page = "<!DOCTYPE html>\n<html><head><title>Sign&nbsp;in</title>\
                    <style>p { color: red }</style><SCRIPT>if (a < b) { x() }</SCRIPT></head>\
                    <body><h1>Acme &amp; Co</h1>\n<p>Please  log in.</body></html>";
        let read = |is_html| text(page.as_bytes(), is_html);
        assert_eq!(
            read(false).as_deref(),
            Some("Sign in Acme & Co Please log in.")
        );
        assert_eq!(read(true), read(false));
    }

    #[test]
    fn what_is_no_page_has_no_words() {
        for other in [
            "",
            "{\"token\":\"<html>\"}",
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
            "<html></html>",
        ] {
            assert_eq!(text(other.as_bytes(), false), None, "{other}");
        }
        // quay.io answers `/v2/` so.
        assert_eq!(text(b"true\n", true), None);
        assert_eq!(text(b"not true", true).as_deref(), Some("not true"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            text(&bytes, true);
        }

        #[test]
        fn no_more_is_quoted_than_needed(page in "[<>a-c/é ]{0,2000}") {
            let read = text(page.as_bytes(), true).unwrap_or_default();
            prop_assert!(read.chars().count() <= MOST);
        }
    }
}
