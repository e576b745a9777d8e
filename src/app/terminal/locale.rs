//! What the terminal can show, by the environment.

/// Whether the locale is UTF-8.
pub(in crate::app) fn is_utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(set)
        .unwrap_or_default();
    locale
        .to_ascii_lowercase()
        .replace('-', "")
        .contains("utf8")
}
