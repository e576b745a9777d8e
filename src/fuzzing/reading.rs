//! Fuzz targets: what people write, or paste.

use jiff::Timestamp;

use crate::export::transcript;
use crate::har;
use crate::store::Filter;

/// A filter: what it is written as reads back as the same.
pub(crate) fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Filter>() {
        Ok(filter) => {
            let written = filter.to_string();
            assert_eq!(written.parse::<Filter>().ok(), Some(filter), "{written}");
        }
        Err(mistake) => {
            assert!(mistake.span.end <= text.len());
            mistake.caret(&text);
        }
    }
}

/// A transcript: what was written of it reads back as the same number of exchanges.
pub(crate) fn transcript(bytes: &[u8]) {
    let imported = transcript::read(bytes, Timestamp::UNIX_EPOCH);
    let bodies = har::HarDocument::default();
    let mut written = Vec::new();
    let exchanges = &imported.trace.exchanges;
    transcript::write(exchanges, &bodies, &mut written).expect("a vector takes everything");
    let again = transcript::read(&written, Timestamp::UNIX_EPOCH);
    assert_eq!(again.trace.exchanges.len(), exchanges.len());
}
