//! Taking secrets out of a capture before anything else sees it.
//!
//! A [`Redactor`] accompanies one capture session, and everything recorded passes through it:
//!
//! 1. **By place.** The structured model says where a secret stands: in an `Authorization`
//!    field, in a `Signature=` parameter of a URL, under `"access_token"` in a body. It is
//!    replaced in place; names, order, layout and everything around it stay. What a name means is
//!    one rule for all places. Some secrets have a mark of their own and need no name.
//! 2. **By content.** Whatever was recognised, now or in an earlier event, is replaced wherever
//!    else it stands: as it is, percent-encoded, HTML- or JSON-escaped, or inside base64.
//!
//! The replacement is `REDACTED-` and six hex digits of an HMAC under a key that only this
//! session knows, so that "the same token as before" stays visible. Of a JWT (RFC 7519) only the
//! signature goes: header and claims can still be read, but nobody can use it.
//!
//! Redacting what was already redacted changes nothing. Sizes and digests are never touched:
//! they are those of the original.
//!
//! Limits, on purpose:
//! - A secret that passes in a place nobody can recognise *before* it passes in one that can be
//!   recognised stays where it stood the first time: events are written as they come. A trace that
//!   is whole is learnt from before any of it is cleaned.
//! - A secret of fewer than six bytes, a bare number of fewer than ten digits and a word of the
//!   protocol itself (`docker`, `latest`) are replaced where they stand but not spread: they
//!   would tear holes into everything else. One of fewer than sixteen bytes is spread only
//!   where it stands as a word of its own.
//! - User names and accounts are replaced where they stand and never spread, because they are
//!   so often the first part of a repository's name.

mod bare_url;
mod base64;
mod clean;
mod field;
mod find;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod head;
mod json;
mod jwt;
mod kind;
mod layer;
mod lesson;
mod line;
mod mark;
mod multipart;
mod name;
mod part;
mod placeholder;
mod query;
mod redactor;
mod replacement;
mod rule;
mod scheme;
mod secrets;
mod shape;
mod spread;
mod taken;
mod url_parts;
mod xml;

pub use bare_url::url;
pub use redactor::Redactor;
pub use taken::Taken;
