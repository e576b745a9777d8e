//! What an exchange is for, in one word.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What an exchange is for, or what it came to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its word, as filters and exports write it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// `/v2/` answered without asking for credentials.
    Ping = "ping",
    /// A 401: the registry asks for credentials.
    Challenge = "challenge",
    /// A token was asked for and given.
    Token = "token",
    /// A HEAD on a manifest: which digest does the tag have?
    Resolve = "resolve",
    /// A list of manifests.
    Index = "index",
    /// One manifest.
    Manifest = "manifest",
    /// The configuration of an image.
    Config = "config",
    /// A layer of an image.
    Layer = "layer",
    /// A blob of which no manifest says what it is.
    Blob = "blob",
    /// A HEAD on a blob: is it there?
    Exists = "exists",
    /// The registry sends the client elsewhere for the bytes.
    Redirect = "redirect",
    /// The bytes from where a redirect led.
    Cdn = "cdn",
    /// A blob on its way to the registry.
    Upload = "upload",
    /// A manifest on its way to the registry.
    Publish = "publish",
    /// Something is deleted.
    Delete = "delete",
    /// The tags of a repository.
    Tags = "tags",
    /// What refers to a manifest: signatures, bills of materials.
    Referrers = "referrers",
    /// The repositories of a registry.
    Catalog = "catalog",
    /// An answer of 4xx or 5xx, or none at all.
    Error = "error",
    /// Something else.
    Other = "other",
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(word))
            .copied()
            .ok_or(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
