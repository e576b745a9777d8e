//! Faults on demand: what can go wrong between a client and a registry.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;
use strum::{EnumMessage as _, VariantArray as _};

use super::Provider;
use super::answer::Answer;
use super::provider::{UnknownProvider, list};

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
    /// each redirect of a blob leads to another host than the one before
    MovingHost,
    /// manifests answer 503 with a page
    Unavailable,
    /// blobs answer 504 with the page of a load balancer
    GatewayTimeout,
    /// what refers to a manifest, by list or by tag, is answered with 500
    #[strum(serialize = "referrers-500")]
    Referrers500,
    /// what refers to a manifest, by list or by tag, is answered with 400 and a page
    #[strum(serialize = "referrers-400")]
    Referrers400,
    /// several ranges at once are answered with 501
    #[strum(serialize = "ranges-501")]
    Ranges501,
    /// several ranges at once are answered with 400
    #[strum(serialize = "ranges-400")]
    Ranges400,
    /// several ranges at once are answered with 416
    #[strum(serialize = "ranges-416")]
    Ranges416,
    /// several ranges at once are answered with everything
    RangesIgnored,
    /// a proxy refuses uploads as too large
    PushTooLarge,
    /// an upload is accepted without a word of where it goes on
    PushNoLocation,
    /// an upload goes on at http:// instead of https://
    PushHttpLocation,
    /// a finished upload is not known
    PushBlobUnknown,
    /// a pushed manifest is said to be invalid
    PushManifestInvalid,
    /// a pushed manifest is said to name what is not there
    PushManifestUnknown,
    /// the pushed tag must not be overwritten
    PushImmutable,
    /// the repository to push to does not exist
    PushNoRepository,
    /// pushed manifests are too many
    PushThrottled,
    /// the registry takes no pushes
    PushReadOnly,
    /// a push would exceed what the project may store
    PushQuota,
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
        let row = self.row().map(|row| row.providers.as_slice());
        row.filter(|only| !only.is_empty()).unwrap_or(Provider::ALL)
    }

    /// Whether only a push meets it.
    pub fn is_of_push(self) -> bool {
        self.name().starts_with("push-")
    }

    /// What it does beside what the code asks for by its name.
    pub(super) fn row(self) -> Option<&'static FaultRow> {
        ROWS.get(self.name())
    }
}

/// What a fault strikes, and what is answered there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct FaultRow {
    /// Whom it can strike; none is all.
    providers: Vec<Provider>,
    /// Method and place, or the place alone.
    on: String,
    /// Before a token is asked for.
    early: bool,
    status: String,
    code: String,
    message: String,
    detail: Option<String>,
    /// Fields beside the usual ones.
    fields: Vec<String>,
    /// A whole answer, of whoever stands between client and registry.
    page: Option<String>,
}

impl FaultRow {
    /// What is answered to a request in a place, if it strikes there.
    pub(super) fn answer(
        &'static self,
        method: &str,
        place: &str,
        early: bool,
    ) -> Option<(Answer, Option<&'static str>)> {
        let (only, on) = self.on.split_once(' ').unwrap_or((method, &self.on));
        if (only, on, early) != (method, place, self.early) {
            return None;
        }
        let refusal =
            Answer::refusal(&self.status, &self.code, &self.message).detail(&json!(self.detail));
        let fields = self
            .fields
            .iter()
            .filter_map(|field| field.split_once(": "));
        let answer = fields.fold(refusal, |answer, (name, value)| answer.field(name, value));
        Some((answer, self.page.as_deref()))
    }
}

static ROWS: LazyLock<HashMap<String, FaultRow>> =
    LazyLock::new(|| toml::from_str(include_str!("data/faults.toml")).unwrap_or_default());

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
    /// Whether it is this fault, ordered for this provider.
    pub fn strikes(self, provider: Provider, fault: Fault) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back_for_each_of_its_providers() {
        for &fault in Fault::ALL {
            let everywhere: FaultSpec = fault.name().parse().unwrap();
            for &provider in Provider::ALL {
                let possible = fault.providers().contains(&provider);
                assert_eq!(everywhere.strikes(provider, fault), possible);
                let one = format!("{provider}:{fault}").parse::<FaultSpec>();
                assert_eq!(one.is_ok(), possible, "{provider}:{fault}");
            }
        }
    }

    #[test]
    fn every_row_is_of_a_fault() {
        let rows: HashMap<String, FaultRow> =
            toml::from_str(include_str!("data/faults.toml")).unwrap();
        for name in rows.keys() {
            assert!(name.parse::<Fault>().is_ok(), "{name}");
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
        assert!(error("nobody:rate-limit").starts_with("unknown provider 'nobody'"));
        assert_eq!(
            error("gcr:expired-url"),
            "fault 'expired-url' cannot strike gcr, only hub, mirror, quay, hub-2026, ghcr, gar, \
             ecr, ecr-public, acr, gitlab, quay-2026"
        );
        assert!(error("").starts_with("unknown fault ''"));
    }
}
