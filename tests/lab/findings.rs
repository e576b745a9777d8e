//! What is found when the embedded client pulls from the lab through pullscope: nothing in
//! healthy pulls, and under each fault that fault and no other.

use std::collections::BTreeSet;
use std::time::Duration;

use pullscope::lab::client::Puller;
use pullscope::lab::{Era, Fault, LabImage, Provider};
use pullscope::proxy::ca::CaFiles;
use pullscope::proxy::{Proxy, RootCertificate, Settings};
use pullscope::registry::Platform;
use pullscope::store::Store;
use tokio::time::timeout;

use crate::support::Fixture;

/// Longer than anything in here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is to be found under a fault at a provider; `None` where only another client shows it.
fn expected(fault: Fault, provider: Provider) -> Option<&'static [&'static str]> {
    Some(match fault {
        Fault::RateLimit => &["rate-limited"],
        Fault::ExpiredUrl => &["signed-url-expired"],
        Fault::CorruptLayer => &["digest-mismatch"],
        Fault::TruncatedLayer => &["resumed", "truncated"],
        Fault::SlowLayer if provider == Provider::Quay => &["slow-blob"],
        // It takes its time, and is the same everywhere.
        Fault::SlowLayer => return None,
        // What an opaque token allows, only the registry knows.
        Fault::WrongScope if provider == Provider::Gcr => &["denied"],
        Fault::WrongScope => &["scope-mismatch"],
        Fault::SkewedClock => &["clock-skew"],
        Fault::MissingDigest => &["missing-dcd"],
        Fault::RedirectHttp => &["redirect-downgrade"],
        // This client sends no HEAD (dockerd does), and nothing in a pull shows that there is a newer
        // image elsewhere.
        Fault::Head405 | Fault::StaleMirror => &[],
        Fault::Mirror500 => &["server-error"],
        Fault::Mirror404 => &["not-found"],
        Fault::NoPlatform => &["no-platform"],
        Fault::BlockPage => &["manifest-type"],
        Fault::Schema1 => &["schema1"],
        // The others are tried by the clients that meet them, in `today`.
        new => panic!("say what is to be found under {new}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_and_no_other() {
    for &fault in Fault::ALL {
        let providers = fault.providers().iter().copied();
        for provider in providers.filter(|provider| provider.era() == Era::Article) {
            let Some(expected) = expected(fault, provider) else {
                continue;
            };
            let store = pulled(&[fault.name()], provider).await;
            assert_found(&format!("{provider}:{fault}"), &store, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_pull_gives_no_finding() {
    for provider in Era::Article.providers() {
        let store = pulled(&[], provider).await;
        assert_found(provider.name(), &store, &[]);
        assert_eq!(store.pulls().len(), 1, "{provider}");
    }
}

/// The store after a pull through a proxy of ours.
async fn pulled(faults: &[&str], provider: Provider) -> Store {
    let get = async |puller: Puller, image: LabImage| {
        // Most faults end it; what it says is tested elsewhere.
        let _ = puller.pull(&image, &|_| {}).await;
    };
    Box::pin(observed(faults, provider, get)).await
}

/// The store after something was done through a proxy of ours.
pub(crate) async fn observed(
    faults: &[&str],
    provider: Provider,
    doing: impl AsyncFnOnce(Puller, LabImage),
) -> Store {
    let fixture = Fixture::of(provider.era(), faults).await;
    let dir = tempfile::tempdir().unwrap();
    let identity = CaFiles::new(dir.path().join("ca")).open().unwrap();
    let ca = identity.pem().to_owned();
    let mut settings = Settings::new(([127, 0, 0, 1], 0).into());
    let routes = fixture.lab.routes();
    settings.connect_to = routes
        .iter()
        .map(|route| route.to_string().parse().unwrap())
        .collect();
    settings.upstream_roots = RootCertificate::from_pem(fixture.lab.ca_pem()).unwrap();
    let (proxy, mut changes) = Proxy::start(settings, identity).unwrap();
    let puller = Puller::new(proxy.address(), &ca, Platform::of_a_container()).unwrap();
    let mut store = Store::default();
    let done = async {
        doing(puller, fixture.image(provider)).await;
        proxy.shutdown(Duration::from_secs(10)).await;
    };
    let observed = changes.follow(done, |event| store.apply(event));
    timeout(PATIENCE, observed).await.expect("an end in time");
    store
}

fn assert_found(what: &str, store: &Store, expected: &[&str]) {
    assert_eq!(unexpected(what, store, expected), None);
}

/// What was found instead of what was expected, if it was anything else.
pub(crate) fn unexpected(what: &str, store: &Store, expected: &[&str]) -> Option<String> {
    let all: Vec<_> = store.all_findings().collect();
    let rules: BTreeSet<_> = all.iter().map(|finding| finding.rule).collect();
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    (rules != expected).then(|| format!("{what}: {rules:?}, not {expected:?}"))
}
