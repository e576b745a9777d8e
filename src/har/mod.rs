//! HAR 1.2, the archive format that browsers and proxies exchange.
//!
//! [`export`] and [`write()`] turn a trace into a file that the common readers open; [`read`]
//! takes such a file, or anybody else's, back in. What HAR has no words for stands in custom
//! fields, whose names begin with `_`: above all each entry's `_pullscope`, from which an
//! exchange is rebuilt without loss (see `facts`).

mod certificate;
mod connect;
mod content;
mod cookie;
mod entries;
mod entry;
mod error;
mod export;
#[doc(hidden)]
pub mod facts;
mod foreign;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod growing;
mod import;
mod json_text;
mod lenient;
#[doc(hidden)]
pub mod model;
mod moment;
mod oddity;
mod options;
mod read;
mod said_error;
mod text;
mod tls_error;
mod warning;
mod writer;

pub use error::HarError;
pub use export::{Written, export, export_parts, write};
pub use growing::GrowingHar;
pub use oddity::{Oddity, OddityCount};
pub use options::WriteOptions;
pub use read::{HarDocument, read};
pub use warning::ReaderWarning;
