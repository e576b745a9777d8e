//! Fuzz target: what clients send to the lab.

/// A request.
pub(crate) fn request(bytes: &[u8]) {
    super::request::fuzz(bytes);
}
