//! The platform that is wanted, and those that are offered.

use std::fmt;

use serde::Deserialize;

/// An operating system and a processor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TargetPlatform {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor in Go's names, such as `amd64`.
    pub architecture: String,
    /// The processor's variant, such as `v8`; in a wish, `None` is any.
    pub variant: Option<String>,
}

impl TargetPlatform {
    /// The platform of containers on this machine: Linux on the processor this was built for.
    pub fn native() -> Self {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", None),
            "x86" => ("386", None),
            "aarch64" => ("arm64", None),
            "arm" => ("arm", Some("v7")),
            "powerpc64" => ("ppc64le", None),
            other => (other, None),
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }

    pub(super) fn is_served_by(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl fmt::Display for TargetPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
