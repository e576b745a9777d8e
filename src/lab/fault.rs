//! Faults on demand: what can go wrong between a client and a registry.

use std::fmt;
use std::str::FromStr;

use strum::{EnumMessage as _, VariantArray as _};

use super::{Provider, provider::UnknownProvider};

/// One way a provider of the lab can misbehave.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// manifests answer 429 with the rate limit's headers
    RateLimit,
    /// redirects lead to a signed URL that has already expired
    ExpiredUrl,
    /// one byte in the middle of each layer is changed
    CorruptLayer,
    /// each layer's download breaks off half-way, twice, and then comes whole
    TruncatedLayer,
    /// an image's last layer trickles
    SlowLayer,
    /// tokens grant another repository than the one asked for
    WrongScope,
    /// the token server's clock (the mirror's own) is an hour ahead
    SkewedClock,
    /// manifests come without Docker-Content-Digest
    MissingDigest,
    /// HEAD of a manifest answers 405 Method Not Allowed
    #[strum(serialize = "head-405")]
    Head405,
    /// redirects lead to http:// instead of https://
    RedirectHttp,
    /// the mirror's tags point to an older image than Docker Hub's
    StaleMirror,
    /// the mirror knows no manifest
    #[strum(serialize = "mirror-404")]
    Mirror404,
    /// the mirror's manifests answer 500
    #[strum(serialize = "mirror-500")]
    Mirror500,
    /// the image exists for linux/mips64le only
    NoPlatform,
    /// a filter answers manifest requests with an HTML page
    BlockPage,
    /// tags answer with a schema 1 manifest, whatever the client accepts
    Schema1,
}

impl Fault {
    /// All of them, in the order help texts list them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// One line on what the lab does then, as it stands above.
    pub fn describe(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// The providers it can strike.
    pub fn providers(self) -> &'static [Provider] {
        use Provider::{Gcr, Hub, Mirror, Quay};
        match self {
            Self::StaleMirror | Self::Mirror404 | Self::Mirror500 => &[Mirror],
            Self::WrongScope => &[Hub, Gcr, Quay],
            Self::ExpiredUrl => &[Hub, Mirror, Quay],
            Self::NoPlatform => &[Hub, Mirror, Gcr],
            _ => &Provider::ALL,
        }
    }
}

/// A fault, and the one provider it strikes or all that it can.
///
/// On the command line: `slow-layer`, or `hub:slow-layer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultSpec {
    /// `None` is every provider the fault can strike.
    pub provider: Option<Provider>,
    /// What goes wrong.
    pub fault: Fault,
}

/// A fault specification that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// There is no such fault.
    #[error("unknown fault '{name}' (known faults: {})", list(Fault::ALL))]
    Unknown {
        /// What stood there.
        name: String,
    },
    /// There is no such provider.
    #[error(transparent)]
    Provider(#[from] UnknownProvider),
    /// The fault cannot strike this provider.
    #[error("fault '{fault}' cannot strike {provider}, only {}", list(fault.providers()))]
    Impossible {
        /// Which fault.
        fault: Fault,
        /// Where.
        provider: Provider,
    },
}

impl FaultSpec {
    pub(super) fn strikes(self, provider: Provider, fault: Fault) -> bool {
        self.fault == fault
            && match self.provider {
                Some(only) => only == provider,
                None => fault.providers().contains(&provider),
            }
    }
}

impl FromStr for FaultSpec {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, name) = match text.split_once(':') {
            Some((provider, name)) => (Some(provider.parse::<Provider>()?), name),
            None => (None, text),
        };
        let fault: Fault = name.parse().map_err(|_| FaultError::Unknown {
            name: name.to_owned(),
        })?;
        match provider {
            Some(provider) if !fault.providers().contains(&provider) => {
                Err(FaultError::Impossible { fault, provider })
            }
            provider => Ok(Self { provider, fault }),
        }
    }
}

fn list(items: &[impl fmt::Display]) -> String {
    let names: Vec<_> = items.iter().map(ToString::to_string).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back_for_each_of_its_providers() {
        for &fault in Fault::ALL {
            let everywhere: FaultSpec = fault.name().parse().unwrap();
            for provider in Provider::ALL {
                let possible = fault.providers().contains(&provider);
                assert_eq!(everywhere.strikes(provider, fault), possible);
                let one = format!("{provider}:{fault}").parse::<FaultSpec>();
                assert_eq!(one.is_ok(), possible, "{provider}:{fault}");
            }
        }
    }

    #[test]
    fn a_fault_of_one_provider_spares_the_others() {
        let spec: FaultSpec = "quay:slow-layer".parse().unwrap();
        assert!(spec.strikes(Provider::Quay, Fault::SlowLayer));
        assert!(!spec.strikes(Provider::Hub, Fault::SlowLayer));
        assert!(!spec.strikes(Provider::Quay, Fault::RateLimit));
    }

    #[test]
    fn mistakes_are_named_with_what_exists() {
        let error = |text: &str| text.parse::<FaultSpec>().unwrap_err().to_string();
        assert!(error("slow").starts_with("unknown fault 'slow' (known faults: rate-limit, "));
        assert!(error("ghcr:rate-limit").starts_with("unknown provider 'ghcr'"));
        assert_eq!(
            error("gcr:expired-url"),
            "fault 'expired-url' cannot strike gcr, only hub, mirror, quay"
        );
        assert!(error("").starts_with("unknown fault ''"));
    }
}
