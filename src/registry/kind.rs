//! What an exchange is for, in one word.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::words::worded;

/// What an exchange is for, or what it came to. It reads in any case, and writes itself as its
/// word.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
#[non_exhaustive]
pub enum Kind {
    /// `/v2/` answered without asking for credentials.
    Ping,
    /// A 401: the registry asks for credentials.
    Challenge,
    /// A token was asked for and given.
    Token,
    /// A HEAD on a manifest: which digest does the tag have?
    Resolve,
    /// A list of manifests.
    Index,
    /// One manifest.
    Manifest,
    /// The configuration of an image.
    Config,
    /// A layer of an image.
    Layer,
    /// A blob of which no manifest says what it is.
    Blob,
    /// A HEAD on a blob: is it there?
    Exists,
    /// The registry sends the client elsewhere for the bytes.
    Redirect,
    /// The bytes from where a redirect led.
    Cdn,
    /// A blob on its way to the registry.
    Upload,
    /// A manifest on its way to the registry.
    Publish,
    /// Something is deleted.
    Delete,
    /// The tags of a repository.
    Tags,
    /// What refers to a manifest: signatures, bills of materials.
    Referrers,
    /// The repositories of a registry.
    Catalog,
    /// An answer of 4xx or 5xx, or none at all.
    Error,
    /// Something else.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;
}

worded! {
    Kind: "kind" [name];
}
