//! Faults on demand: what can go wrong between a client and a registry.

use std::fmt;
use std::str::FromStr;

use super::{Provider, provider::UnknownProvider};

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $providers:expr, $what:literal;)+) => {
        /// One way a provider of the lab can misbehave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $(#[doc = $what] $(#[$doc])* $variant,)+
        }

        impl Fault {
            /// All of them, in the order help texts list them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name used on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One line on what the lab does then.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }

            /// The providers it can strike.
            pub fn providers(self) -> &'static [Provider] {
                match self { $(Self::$variant => $providers,)+ }
            }
        }
    };
}

const EVERY: &[Provider] = &Provider::ALL;
const WITH_TOKENS: &[Provider] = &[Provider::Hub, Provider::Gcr, Provider::Quay];
const WITH_SIGNED_URLS: &[Provider] = &[Provider::Hub, Provider::Mirror, Provider::Quay];
const WITH_INDEX: &[Provider] = &[Provider::Hub, Provider::Mirror, Provider::Gcr];
const MIRROR: &[Provider] = &[Provider::Mirror];

faults! {
    RateLimit = "rate-limit", EVERY,
        "manifests answer 429 with the rate limit's headers";
    ExpiredUrl = "expired-url", WITH_SIGNED_URLS,
        "redirects lead to a signed URL that has already expired";
    CorruptLayer = "corrupt-layer", EVERY,
        "one byte in the middle of each layer is changed";
    TruncatedLayer = "truncated-layer", EVERY,
        "each layer's download breaks off half-way, twice, and then comes whole";
    SlowLayer = "slow-layer", EVERY,
        "an image's last layer trickles";
    WrongScope = "wrong-scope", WITH_TOKENS,
        "tokens grant another repository than the one asked for";
    SkewedClock = "skewed-clock", EVERY,
        "the token server's clock (the mirror's own) is an hour ahead";
    MissingDigest = "missing-digest", EVERY,
        "manifests come without Docker-Content-Digest";
    Head405 = "head-405", EVERY,
        "HEAD of a manifest answers 405 Method Not Allowed";
    RedirectHttp = "redirect-http", EVERY,
        "redirects lead to http:// instead of https://";
    StaleMirror = "stale-mirror", MIRROR,
        "the mirror's tags point to an older image than Docker Hub's";
    Mirror404 = "mirror-404", MIRROR,
        "the mirror knows no manifest";
    Mirror500 = "mirror-500", MIRROR,
        "the mirror's manifests answer 500";
    NoPlatform = "no-platform", WITH_INDEX,
        "the image exists for linux/mips64le only";
    BlockPage = "block-page", EVERY,
        "a filter answers manifest requests with an HTML page";
    Schema1 = "schema1", EVERY,
        "tags answer with a schema 1 manifest, whatever the client accepts";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
    #[error("unknown fault '{name}' (known faults: {})", names())]
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
        let fault = Fault::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| FaultError::Unknown {
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

fn names() -> String {
    list(Fault::ALL)
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
