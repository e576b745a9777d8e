//! What a text is, which says how secrets stand in it.

use super::rule::FieldRule;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// One URL or request target and nothing else.
    Url,
    /// An `application/x-www-form-urlencoded` body.
    Form,
    /// The address of a proxy, or the target of a CONNECT request.
    Authority,
    /// The value of a header field.
    Field(FieldRule),
    /// Anything: JSON, HTML, XML, a sentence.
    Text,
}
