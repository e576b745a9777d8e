//! The registries of 2026, asked by the lab's client as today's clients ask: nothing is found in
//! healthy pulls and pushes, and under each fault that fault and no other.

use pullscope::lab::client::{ClientProfile, Puller};
use pullscope::lab::{Era, Fault, LabImage, Provider};
use pullscope::pulls::State;
use pullscope::registry::Kind;
use pullscope::store::Store;
use pullscope::story::{Telling, decoded};
use pullscope::words::Lang;

use crate::findings::{observed, unexpected};

const CLIENTS: [&str; 6] = [
    "docker-19.03",
    "docker-20.10",
    "docker-29",
    "containerd-2",
    "containerd-2-chunked",
    "podman-5",
];

/// What is found of a healthy pull that is no fault.
fn remarks(provider: Provider, client: &str) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    // Its tokens say nothing of how long they hold.
    if provider == Provider::Ghcr {
        remarks.push("short-token");
    }
    match (provider, client) {
        // The chart is smaller than a chunk.
        (Provider::Harbor, _) => {}
        (_, "containerd-2-chunked") => remarks.push("chunked-fetch"),
        // Its store takes one range alone.
        (Provider::Ghcr, "podman-5") => remarks.push("multi-range-refused"),
        (Provider::EcrPublic | Provider::QuayToday, "podman-5") => remarks.push("lazy-pull"),
        _ => {}
    }
    remarks
}

/// The store after a pull, and whether the client got the image.
async fn pulled(faults: &[&str], provider: Provider, client: &str) -> (Store, bool) {
    let profile: ClientProfile = client.parse().unwrap();
    let mut good = false;
    let pull = async |puller: Puller, image: LabImage| {
        good = puller.speaking(profile).pull(&image, &|_| {}).await.is_ok();
    };
    let store = Box::pin(observed(faults, provider, pull)).await;
    (store, good)
}

async fn pushed(faults: &[&str], provider: Provider) -> (Store, bool) {
    let mut good = false;
    let push = async |puller: Puller, image: LabImage| {
        good = puller.push(&image, &|_| {}).await.is_ok();
    };
    let store = Box::pin(observed(faults, provider, push)).await;
    (store, good)
}

/// A blob that is not there yet is no refusal of the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_marked_by_what_it_opened() {
    let used = async |faults: &[&str]| {
        let (store, _) = pushed(faults, Provider::Harbor).await;
        let telling = Telling::of(&store, Lang::En);
        let token = store.entries().find(|entry| entry.kind == Kind::Token);
        let told = format!(
            "{:?}",
            decoded(token.unwrap(), store.pulls().first(), &telling)
        );
        let answers = store.entries().filter(|entry| entry.kind == Kind::Exists);
        let there_not = answers.filter(|entry| entry.reading.status == Some(404));
        assert!(there_not.count() > 0, "{told}");
        told.matches('✗').count()
    };
    assert_eq!(used(&[]).await, 0);
    assert!(used(&["push-too-large"]).await > 0);
}

/// How the first pull of a store stands.
fn state(store: &Store) -> Option<State> {
    store.pulls().first().map(|pull| pull.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_gets_every_image() {
    let mut wrong = Vec::new();
    for provider in Era::Today.providers() {
        for client in CLIENTS {
            let what = format!("{client} at {provider}");
            let (store, good) = pulled(&[], provider, client).await;
            let mut expected = remarks(provider, client);
            // How much of a part arrives before it is cut off depends on the machine.
            if client == "containerd-2-chunked"
                && store.all_findings().any(|f| f.rule == "over-fetch")
            {
                expected.push("over-fetch");
            }
            wrong.extend(unexpected(&what, &store, &expected));
            let fails = (provider, client) == (Provider::Ghcr, "podman-5");
            let stands = if fails {
                State::Failed
            } else {
                State::Complete
            };
            if good == fails || state(&store) != Some(stands) || store.pulls().len() != 1 {
                wrong.push(format!("{what}: {good}, {:?}", state(&store)));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_taken_by_all_that_take_pushes() {
    let mut wrong = Vec::new();
    for provider in Era::Today.providers() {
        let (store, good) = pushed(&[], provider).await;
        if provider == Provider::EcrPublic {
            assert!(!good);
            continue;
        }
        wrong.extend(unexpected(provider.name(), &store, &remarks(provider, "")));
        if !good || state(&store) != Some(State::Complete) {
            wrong.push(format!("{provider}: {good}, {:?}", state(&store)));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_pushes_is_found() {
    let mut wrong = Vec::new();
    for &fault in Fault::ALL.iter().filter(|fault| fault.is_of_push()) {
        for &provider in fault.providers() {
            let (store, good) = pushed(&[fault.name()], provider).await;
            let expected = match fault {
                Fault::PushHttpLocation => "redirect-downgrade",
                Fault::PushThrottled => "rate-limited",
                _ => "push-refused",
            };
            let what = format!("{provider}:{fault}");
            wrong.extend(unexpected(&what, &store, &[expected]));
            // The address without TLS is taken.
            if good != (fault == Fault::PushHttpLocation) {
                wrong.push(format!("{what}: {good}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Faults that strike more than one time's registries are tried by `findings` at those of 2020.
#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_pulls_is_found() {
    let mut wrong = Vec::new();
    for &fault in Fault::ALL.iter().filter(|fault| !fault.is_of_push()) {
        let today = |provider: &&Provider| provider.era() == Era::Today;
        for &provider in fault.providers().iter().filter(today) {
            let Some((client, expected, fails)) = expected(fault, provider) else {
                continue;
            };
            let what = format!("{provider}:{fault}");
            let (store, good) = pulled(&[fault.name()], provider, client).await;
            let mut all = expected.to_vec();
            // What comes in the place of everything comes before the token.
            let remarks = remarks(provider, "").into_iter();
            all.extend(remarks.filter(|_| fault != Fault::BlockPage));
            wrong.extend(unexpected(&what, &store, &all));
            if good == fails {
                wrong.push(format!("{what}: {good}, {:?}", state(&store)));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Which client meets a fault, what is found then, and whether the pull fails; `None` for what is tried
/// at the registries of 2020 alone, by what those do in the same way.
fn expected(
    fault: Fault,
    provider: Provider,
) -> Option<(&'static str, &'static [&'static str], bool)> {
    let is_opaque = matches!(provider, Provider::Ghcr | Provider::Gar);
    Some(match fault {
        Fault::MovingHost => ("docker-29", &[], false),
        Fault::Unavailable | Fault::GatewayTimeout => ("containerd-2", &["server-error"], true),
        Fault::Referrers500 => ("docker-29", &["server-error"], true),
        Fault::Referrers400 => ("docker-29", &["bad-request"], true),
        Fault::Ranges501 | Fault::Ranges416 => ("podman-5", &["multi-range-refused"], true),
        // It fetches all of the layer then.
        Fault::Ranges400 => ("podman-5", &["chunked-fetch", "multi-range-refused"], false),
        Fault::RangesIgnored => ("podman-5", &["chunked-fetch", "range-ignored"], false),
        Fault::RateLimit => ("docker-29", &["rate-limited"], true),
        Fault::ExpiredUrl => ("docker-29", &["signed-url-expired"], true),
        // What a recording keeps of a layer is its SHA-256.
        Fault::CorruptLayer if provider == Provider::Gitlab => ("docker-29", &[], true),
        Fault::CorruptLayer => ("docker-29", &["digest-mismatch"], true),
        // What an opaque token allows, only the registry knows.
        Fault::WrongScope if is_opaque => ("docker-29", &["denied"], true),
        Fault::WrongScope => ("docker-29", &["scope-mismatch"], true),
        Fault::MissingDigest => ("containerd-2", &["missing-dcd"], false),
        Fault::Head405 => ("containerd-2", &["head-405"], false),
        // Artifacts are for every platform.
        Fault::NoPlatform => ("docker-29", &["no-platform"], true),
        Fault::BlockPage => ("containerd-2", &["manifest-type"], true),
        _ if fault.providers().iter().all(|p| p.era() == Era::Today) => {
            panic!("say what is to be found under {fault}")
        }
        _ => return None,
    })
}

/// A request as its client's record has it: method, what it is for, whether it is permitted, and its
/// fields but for what differs from one image to the next.
fn request(method: &str, url: &str, fields: &[(String, String)]) -> (String, Vec<String>) {
    let kind = [
        "/manifests/sha256-",
        "/manifests/",
        "/referrers/",
        "/blobs/sha256:",
        "/token",
    ];
    let kind = kind
        .iter()
        .find(|part| url.contains(**part))
        .unwrap_or(&"elsewhere");
    let told = fields.iter().map(|(name, value)| match name.as_str() {
        // The type that was announced is that of the image.
        "Accept" if value.ends_with(", */*") && method == "GET" => format!("{name}: …, */*"),
        "Host" | "User-Agent" | "Authorization" | "Referer" => name.clone(),
        _ => format!("{name}: {value}"),
    });
    (format!("{method} {kind}"), told.collect())
}

/// Each request that the real client sent has one of ours that is alike, field by field.
#[tokio::test(flavor = "multi_thread")]
async fn docker_29_and_containerd_2_speak_as_recorded() {
    for (client, record) in [
        (
            "docker-29",
            include_str!("../data/clients/docker-29/attested.json"),
        ),
        (
            "docker-29",
            include_str!("../data/clients/docker-29/pull.json"),
        ),
        (
            "containerd-2",
            include_str!("../data/clients/containerd-2/pull.json"),
        ),
    ] {
        let (store, _) = pulled(&[], Provider::HubToday, client).await;
        let ours: std::collections::BTreeSet<_> = store
            .entries()
            .filter_map(|entry| {
                let sent = entry.exchange.request.as_ref()?;
                let head = sent.head.parse();
                let fields: Vec<_> = head
                    .fields()
                    .iter()
                    .map(|field| {
                        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                        (text(field.name), text(field.value))
                    })
                    .collect();
                let method = String::from_utf8_lossy(sent.head.method()?).into_owned();
                Some(request(&method, &sent.url, &fields))
            })
            .collect();
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        for recorded in record.as_array().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let fields = recorded["headers"].as_array().unwrap().iter();
            let fields: Vec<_> = fields
                .map(|field| match field.as_str() {
                    Some(line) => line.split_once(": ").unwrap(),
                    None => panic!("{field}"),
                })
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let theirs = request(&text(&recorded["method"]), &text(&recorded["url"]), &fields);
            assert!(
                ours.contains(&theirs),
                "{client}: {theirs:#?} is none of {ours:#?}"
            );
        }
    }
}
