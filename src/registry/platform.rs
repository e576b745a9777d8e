//! Platforms (OCI image-spec, image-index.md).

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::json;

/// An operating system and a processor.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Platform {
    /// The operating system, in Go's words: `linux`, `windows`.
    pub os: String,
    /// The processor, in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// The processor's variant, such as `v8`.
    pub variant: Option<String>,
    /// The operating system's version; Windows only.
    pub os_version: Option<String>,
}

impl Platform {
    /// An operating system and a processor without a variant.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..Self::default()
        }
    }

    /// Reads a `platform` object, or the top level of an image configuration.
    pub(crate) fn read(value: &Value) -> Self {
        Self {
            os: json::text(value, "os").unwrap_or_default(),
            architecture: json::text(value, "architecture").unwrap_or_default(),
            variant: json::text(value, "variant").filter(|v| !v.is_empty()),
            os_version: json::text(value, "os.version"),
        }
    }

    /// The platform this program was built for, in Go's words.
    pub fn of_this_machine() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        let os = match std::env::consts::OS {
            // Containers on a Mac run in a Linux machine.
            "macos" => "linux",
            other => other,
        };
        Self::new(os, architecture)
    }

    /// The platform of containers on this machine: Linux on its processor.
    pub fn of_a_container() -> Self {
        Self::new("linux", &Self::of_this_machine().architecture)
    }

    /// Whether it is the `unknown/unknown` that attestations carry.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether something for `self` is what a client on `wanted` looks for: the same system and
    /// processor. Variants order by capability, which clients weigh differently.
    pub fn suits(&self, wanted: &Self) -> bool {
        self.os == wanted.os && self.architecture == wanted.architecture
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
