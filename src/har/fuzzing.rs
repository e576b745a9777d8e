//! Fuzz targets: archives from elsewhere, and certificates that servers present.

use super::certificate;
use super::json_text::JsonText;
use super::read::{HarDocument, read_from};

/// A HAR.
pub(crate) fn document(bytes: &[u8]) {
    let mut document = HarDocument::default();
    let Ok(text) = JsonText::of(std::io::Cursor::new(bytes.to_vec())) else {
        return;
    };
    if read_from(text, &mut document).is_ok() {
        let mut ids: Vec<_> = document
            .trace
            .exchanges
            .iter()
            .map(|exchange| exchange.id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), document.trace.exchanges.len());
    }
}

/// A certificate, DER.
pub(crate) fn certificate(bytes: &[u8]) {
    let described = certificate::describe(bytes);
    assert_eq!(certificate::der(&described).as_deref(), Some(bytes));
}
