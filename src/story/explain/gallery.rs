//! One step for each sentence: none is out of reach, and each is filled in both languages.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::explain;
use super::step::{StepScene, tell};
use crate::exchange::{Ending, Failure, Side};
use crate::pulls::{BlobState, ImageSteps, Part, Pull, PullId, Purpose, State, Step, Totals, Why};
use crate::registry::{
    Authorization, Challenge, Client, Descriptor, Digest, Document, Endpoint, Fingerprint,
    ImageConfig, Kind, Listing, Platform, Reading, Redirect, ReportedError, TokenAnswer,
    TokenRequest,
};
use crate::words::{Lang, rows};

const HEX: &str = "a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e";

/// An exchange that got this answer and is over.
fn reading(method: &str, path: &str, status: u16) -> Reading {
    let url = url::Url::parse(&format!("https://r.example{path}")).unwrap();
    Reading {
        method: method.to_owned().into(),
        authority: "r.example".into(),
        endpoint: Endpoint::read(&url).map(Arc::new),
        url: Some(url.into()),
        status: Some(status),
        ending: Some(Ending::Complete),
        ..Reading::default()
    }
}

fn blob(method: &str, status: u16) -> Reading {
    reading(method, &format!("/v2/a/blobs/sha256:{HEX}"), status)
}

fn tag(method: &str, status: u16) -> Reading {
    reading(method, "/v2/a/manifests/latest", status)
}

fn sent(scheme: &str) -> Authorization {
    Authorization {
        scheme: scheme.into(),
        fingerprint: Fingerprint::of("t"),
    }
}

fn pull(purpose: Purpose, index: bool) -> Pull {
    let started: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
    Pull {
        id: PullId(1),
        purpose,
        client: Client::default(),
        registry: "r.example".to_owned(),
        mirrors: Vec::new(),
        repository: "a".to_owned(),
        reference: None,
        digest: None,
        platform: Some(Platform::new("linux", "amd64")),
        started,
        ended: Some(started),
        state: State::Complete,
        decided_by: None,
        steps: Vec::new(),
        image: ImageSteps {
            index: index.then_some(crate::exchange::ExchangeId(1)),
            ..ImageSteps::default()
        },
        blobs: vec![crate::pulls::Blob {
            part: Some(Part::Config),
            digest: Some(digest),
            descriptor: Some(Descriptor::default().into()),
            state: BlobState::Verified,
            resumed: false,
            received: 0,
            pieces: Vec::new(),
            again: 0,
            size: None,
            took: Some(Duration::ZERO),
            exchanges: Vec::new(),
        }],
        totals: Totals::default(),
        critical_path: Vec::new(),
    }
}

/// Everything told so far, in one language.
struct Gallery {
    lang: Lang,
    text: String,
}

impl Gallery {
    fn add(&mut self, kind: Kind, reading: &Reading) {
        self.add_in(kind, reading, None, None, None);
    }

    fn add_in(
        &mut self,
        kind: Kind,
        reading: &Reading,
        pull: Option<&Pull>,
        part: Option<Part>,
        why: Option<Why>,
    ) {
        let scene = StepScene {
            kind,
            part,
            why,
            entry: None,
            reading,
            pull,
        };
        self.tell(&tell(&scene, self.lang));
    }

    fn tell(&mut self, told: &str) {
        assert_ne!(told, "");
        self.text.push_str(told);
        self.text.push('\n');
    }
}

fn fill(gallery: &mut Gallery) {
    challenges(gallery);
    tokens(gallery);
    manifests(gallery);
    blobs(gallery);
    pushes(gallery);
    lists(gallery);
    errors(gallery);
    endings(gallery);
}

fn challenges(gallery: &mut Gallery) {
    gallery.add(Kind::Ping, &reading("GET", "/v2/", 200));
    let scope = "Bearer realm=\"https://t.example/token\",scope=\"repository:a:pull\"";
    for (challenge, scheme) in [
        ("Bearer realm=\"https://t.example/token\"", None),
        (scope, None),
        (scope, Some("Bearer")),
        (
            "Bearer realm=\"x\",error=\"insufficient_scope\"",
            Some("Bearer"),
        ),
        ("Bearer realm=\"x\",error=\"invalid_token\"", Some("Bearer")),
        ("Bearer realm=\"x\"", Some("Basic")),
        ("Bearer error=\"access_denied\"", None),
        ("Negotiate, NTLM", None),
        ("Basic realm=\"r\"", None),
        ("Basic realm=\"r\"", Some("Basic")),
        ("", None),
    ] {
        let mut reading = reading("GET", "/v2/", 401);
        reading.challenges = Challenge::read_all([challenge.as_bytes()]).into();
        reading.authorization = scheme.map(sent);
        gallery.add(Kind::Challenge, &reading);
        reading.page = Some("Sign in".into());
        gallery.add(Kind::Challenge, &reading);
    }
}

fn tokens(gallery: &mut Gallery) {
    let jwt = |access: serde_json::Value| {
        let part = |value: serde_json::Value| {
            data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes())
        };
        let claims = json!({"access": access, "iat": 0, "exp": 300});
        json!({"token": format!("{}.{}.x", part(json!({})), part(claims))})
    };
    let granted = |name: &str| json!([{"type": "repository", "name": name, "actions": ["pull"]}]);
    for (authorization, query, answer) in [
        (None, "scope=repository:a:pull", Some(jwt(granted("a")))),
        (
            Some("Basic x"),
            "scope=repository:a:pull",
            Some(jwt(granted("b"))),
        ),
        (
            Some("Bearer x"),
            "scope=repository:a:pull",
            Some(jwt(json!([]))),
        ),
        (
            None,
            "scope=repository:a:pull",
            Some(json!({"token": "opaque"})),
        ),
        (
            None,
            "service=r",
            Some(json!({"token": "opaque", "expires_in": 60})),
        ),
        (None, "grant_type=refresh_token", None),
    ] {
        let path = format!("/token?{query}");
        let mut reading = reading("GET", &path, 200);
        let url = reading.url.clone().unwrap();
        reading.token_request = TokenRequest::read("GET", &url, authorization, None).map(Box::new);
        reading.token_answer = answer
            .and_then(|answer| TokenAnswer::read(answer.to_string().as_bytes()).map(Arc::new));
        gallery.add(Kind::Token, &reading);
        if reading.token_answer.is_none() {
            reading.unseen = true;
            gallery.add(Kind::Token, &reading);
        }
    }
    let mut reading = reading("GET", "/token?service=r", 200);
    let url = reading.url.clone().unwrap();
    reading.token_request = TokenRequest::read("GET", &url, None, None).map(Box::new);
    reading.page = Some("Sign in".into());
    gallery.add(Kind::Token, &reading);
    reading.status = Some(403);
    gallery.add(Kind::Error, &reading);
}

fn manifests(gallery: &mut Gallery) {
    let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
    let mut head = tag("HEAD", 200);
    gallery.add(Kind::Resolve, &head);
    head.digests.stated = Some(digest.clone());
    gallery.add(Kind::Resolve, &head);
    head.digests.requested = Some(digest);
    gallery.add(Kind::Resolve, &head);
    let platform = json!({"platform": {"os": "linux", "architecture": "amd64"}});
    let unknown = json!({"platform": {"os": "unknown", "architecture": "unknown"}});
    let layer = json!({"size": 1});
    let image = "application/vnd.oci.image.config.v1+json";
    let with = pull(Purpose::Pull, true);
    let without = pull(Purpose::Pull, false);
    for document in [
        json!({"manifests": []}),
        json!({"manifests": [platform, unknown]}),
        json!({"manifests": [platform, platform]}),
        json!({"config": {"mediaType": image, "size": 1}, "layers": [layer, layer]}),
        json!({"config": {"mediaType": image}, "layers": [layer]}),
        json!({"artifactType": "a/b", "layers": [layer]}),
        json!({"artifactType": "a/b", "layers": [layer, layer]}),
        json!({"fsLayers": [{}]}),
        json!([]),
    ] {
        let mut reading = tag("GET", 200);
        reading.document = Some(Document::read(document.to_string().as_bytes()));
        gallery.add(Kind::Manifest, &reading);
        for pull in [&with, &without] {
            let part = Some(Part::Manifest);
            gallery.add_in(Kind::Manifest, &reading, Some(pull), part, None);
        }
    }
    for status in [200, 304] {
        let reading = tag("GET", status);
        gallery.add_in(Kind::Manifest, &reading, None, None, Some(Why::Resolve));
    }
    attestation(gallery);
}

/// An index, and what it names as an attestation.
fn attestation(gallery: &mut Gallery) {
    let entry = json!({
        "digest": format!("sha256:{HEX}"),
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    });
    let step = Step {
        exchange: crate::exchange::ExchangeId(1),
        kind: Kind::Manifest,
        part: Some(Part::Manifest),
        entry: Some(Descriptor::read(&entry).into()),
        cause: None,
    };
    let mut whole = pull(Purpose::Pull, true);
    whole.platform = None;
    whole.steps.push(step.clone());
    let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json"});
    let layers = json!([{"size": 1}]);
    for document in [
        json!({"config": config, "layers": layers}),
        json!({"manifests": [entry]}),
    ] {
        let mut reading = tag("GET", 200);
        reading.document = Some(Document::read(document.to_string().as_bytes()));
        gallery.tell(&explain(&step, &reading, &whole, gallery.lang));
        let platform = json!({"platform": {"os": "linux", "architecture": "amd64"}});
        let step = Step {
            entry: Some(Descriptor::read(&platform).into()),
            ..step.clone()
        };
        gallery.tell(&explain(&step, &reading, &whole, gallery.lang));
    }
}

fn blobs(gallery: &mut Gallery) {
    for location in [
        "https://cdn.example/x",
        "/elsewhere",
        "http://cdn.example/x?Expires=1&Signature=s&Key-Pair-Id=k",
    ] {
        let mut reading = blob("GET", 307);
        let url = reading.url.clone().unwrap();
        reading.redirect = Redirect::read(307, &url, location).map(Box::new);
        gallery.add(Kind::Redirect, &reading);
    }
    for (from, location) in [
        ("https", "/v2/elsewhere/"),
        ("http", "https://r.example/v2/"),
    ] {
        let mut ping = reading("GET", "/v2/", 301);
        let url = url::Url::parse(&format!("{from}://r.example/v2/")).unwrap();
        ping.redirect = Redirect::read(301, &url, location).map(Box::new);
        ping.url = Some(url.into());
        gallery.add(Kind::Redirect, &ping);
    }
    let whole = pull(Purpose::Pull, true);
    let mut reading = blob("GET", 206);
    reading.range = Some("bytes=3-".into());
    reading.config = ImageConfig::read(br#"{"os":"linux","rootfs":{}}"#).map(Arc::new);
    let (right, wrong) = (HEX.to_owned(), "0".repeat(64));
    for (status, digest) in [(206, &right), (206, &wrong), (200, &right), (200, &wrong)] {
        reading.status = Some(status);
        reading.digests.computed = Digest::from_sha256_hex(digest);
        for (kind, scheme) in [
            (Kind::Config, None),
            (Kind::Cdn, None),
            (Kind::Cdn, Some("Bearer")),
        ] {
            reading.authorization = scheme.map(sent);
            let part = Some(Part::Config);
            gallery.add_in(kind, &reading, Some(&whole), part, Some(Why::Retry));
        }
    }
    for why in [Why::Token, Why::Resolve, Why::Index, Why::Manifest] {
        let mut asked = blob("GET", 200);
        asked.digests.requested = Digest::from_sha256_hex(HEX);
        gallery.add_in(Kind::Blob, &asked, None, None, Some(why));
    }
    let why = Some(Why::Resolve);
    gallery.add_in(Kind::Manifest, &tag("GET", 200), None, None, why);
    gallery.add(Kind::Exists, &blob("HEAD", 200));
    let push = pull(Purpose::Push, false);
    gallery.add_in(Kind::Exists, &blob("HEAD", 200), Some(&push), None, None);
    gallery.add(Kind::Other, &reading_of_nothing());
}

fn reading_of_nothing() -> Reading {
    reading("GET", "/", 200)
}

fn pushes(gallery: &mut Gallery) {
    let uploads = "/v2/a/blobs/uploads/";
    let mount = format!("{uploads}?mount=sha256:{HEX}&from=b");
    for (method, path, status) in [
        ("POST", uploads, 202),
        ("POST", &mount, 201),
        ("POST", &mount, 202),
        ("PATCH", "/v2/a/blobs/uploads/7", 202),
        ("PUT", "/v2/a/blobs/uploads/7?digest=sha256:0", 201),
        ("GET", "/v2/a/blobs/uploads/7", 204),
        ("DELETE", "/v2/a/blobs/uploads/7", 204),
    ] {
        gallery.add(Kind::Upload, &reading(method, path, status));
    }
    for location in ["https://r.example/up", "http://r.example/up"] {
        let mut begun = reading("POST", uploads, 202);
        begun.location = Some(location.into());
        gallery.add(Kind::Upload, &begun);
    }
    gallery.add(Kind::Publish, &tag("PUT", 201));
    gallery.add(Kind::Delete, &tag("DELETE", 202));
}

fn lists(gallery: &mut Gallery) {
    let mut tags = reading("GET", "/v2/a/tags/list", 200);
    tags.next_page = Some("https://r.example/v2/a/tags/list?last=x".into());
    tags.listing = Listing::read(br#"{"tags":["latest"]}"#).map(Box::new);
    gallery.add_in(Kind::Tags, &tags, None, None, Some(Why::Page));
    let path = format!("/v2/a/referrers/sha256:{HEX}");
    gallery.add(Kind::Referrers, &reading("GET", &path, 200));
    gallery.add(Kind::Catalog, &reading("GET", "/v2/_catalog", 200));
}

fn errors(gallery: &mut Gallery) {
    let push = pull(Purpose::Push, false);
    let referrers = format!("/v2/a/referrers/sha256:{HEX}");
    for reading in [
        tag("GET", 401),
        tag("GET", 403),
        tag("GET", 404),
        blob("HEAD", 404),
        tag("HEAD", 404),
        reading("GET", &referrers, 404),
        tag("HEAD", 405),
        tag("GET", 418),
        tag("GET", 429),
        tag("GET", 503),
        tag("GET", 501),
        part("bytes=0-1,3-4", 501),
        part("bytes=3-", 416),
        reading("PUT", "/v2/a/blobs/uploads/7", 413),
        reading("PUT", "/v2/a/blobs/uploads/7", 416),
    ] {
        let errors = vec![ReportedError {
            code: "DENIED".to_owned(),
            message: "no".to_owned(),
            detail: None,
        }]
        .into();
        let reading = Reading { errors, ..reading };
        gallery.add_in(Kind::Error, &reading, Some(&push), None, None);
    }
}

fn part(range: &str, status: u16) -> Reading {
    Reading {
        range: Some(range.into()),
        ..blob("GET", status)
    }
}

fn endings(gallery: &mut Gallery) {
    for reason in [
        Failure::BadRequest,
        Failure::HeadTooLarge,
        Failure::Misdirected,
        Failure::RequestTimeout,
        Failure::Loop,
        Failure::Forbidden,
        Failure::Overload,
        Failure::Dns,
        Failure::Connect,
        Failure::UpstreamProxy,
        Failure::Tls,
        Failure::Timeout,
        Failure::BadResponse,
        Failure::NoResponse,
        Failure::Unspecified,
        Failure::Internal,
    ] {
        let detail = "what was seen".to_owned();
        let mut reading = tag("GET", 502);
        reading.ending = Some(Ending::Failed { reason, detail });
        gallery.add(Kind::Error, &reading);
    }
    for by in [
        Side::Client,
        Side::Upstream,
        Side::Shutdown,
        Side::Capture,
        Side::File,
    ] {
        let detail = "reset".to_owned();
        let mut reading = blob("GET", 200);
        reading.ending = Some(Ending::Aborted { by, detail });
        gallery.add(Kind::Blob, &reading);
    }
    let mut open = blob("GET", 200);
    open.ending = None;
    gallery.add(Kind::Blob, &open);
    open.status = None;
    gallery.add(Kind::Blob, &open);
    gallery.add(Kind::Other, &Reading::default());
}

#[test]
fn no_sentence_is_out_of_reach() {
    for lang in [Lang::En, Lang::Zh] {
        let mut gallery = Gallery {
            lang,
            text: String::new(),
        };
        fill(&mut gallery);
        let tables = [
            "step",
            "count",
            "failure.told",
            "side.told",
            "credentials.told",
        ];
        for (name, text) in tables.into_iter().flat_map(rows) {
            // The longest run of words between placeholders is telling enough.
            let words = text.of(lang).split(['{', '}']).step_by(2);
            let words = words.max_by_key(|words| words.len()).unwrap();
            assert!(gallery.text.contains(words), "{name}: {words}");
        }
        assert!(!gallery.text.contains(['{', '}']), "{}", gallery.text);
    }
}
