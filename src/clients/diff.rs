//! What changes in a file, shown to people.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use similar::TextDiff;

use crate::base::hex;
use crate::base::printable::printable_lines;

/// The unified diff of one file; `None` stands for no file. Empty when nothing changes.
pub fn diff(path: &Path, from: Option<&[u8]>, to: Option<&[u8]>) -> String {
    if from == to {
        return String::new();
    }
    let side = |letter: char, content: Option<&[u8]>| match content {
        Some(_) => format!("{letter}{}", path.display()),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (shown(from), shown(to));
    let changes = TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(&side('a', from), &side('b', to))
        .to_string();
    if changes.is_empty() {
        // Bytes that are no text, or an empty file that appears or goes.
        return format!("--- {}\n+++ {}\n", side('a', from), side('b', to));
    }
    // What a file holds must not steer the terminal.
    printable_lines(&changes).into_owned()
}

/// What a file holds, as text; of a certificate by itself, only which it is.
fn shown(content: Option<&[u8]>) -> String {
    let content = content.unwrap_or_default();
    match CertificateDer::from_pem_slice(content) {
        Ok(der) if content.starts_with(b"-----BEGIN") => {
            format!(
                "(a certificate with the SHA-256 fingerprint {})\n",
                hex::fingerprint(&der)
            )
        }
        _ => String::from_utf8_lossy(content).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_new_changed_and_removed_files() {
        let path = Path::new("/etc/x.conf");
        assert_eq!(
            diff(path, None, Some(b"one\n")),
            "--- /dev/null\n+++ b/etc/x.conf\n@@ -0,0 +1 @@\n+one\n"
        );
        assert_eq!(
            diff(path, Some(b"one\n"), Some(b"two\n")),
            "--- a/etc/x.conf\n+++ b/etc/x.conf\n@@ -1 +1 @@\n-one\n+two\n"
        );
        assert_eq!(
            diff(path, Some(b"one\n"), None),
            "--- a/etc/x.conf\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
        );
        assert_eq!(diff(path, Some(b"one"), Some(b"one")), "");
        assert_eq!(
            diff(path, None, Some(b"")),
            "--- /dev/null\n+++ b/etc/x.conf\n"
        );
    }

    #[test]
    fn a_diff_does_not_steer_the_terminal() {
        let shown = diff(Path::new("/x"), None, Some(b"\x1b[31mred\n"));
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}
