//! Whatever is on the wire, judging and explaining it comes to an end without a panic.

use bytes::Bytes;
use proptest::prelude::*;
use pullscope::exchange::{Body, Capture, Ending, Exchange, Failure, RawHead, Rejection, Side};
use pullscope::pulls::State;

use crate::scenario::{Image, Scenario, sha256};

const URLS: &[&str] = &[
    "https://r.example/v2/",
    "https://r.example/v2/a/manifests/latest",
    "https://r.example/v2/a/manifests/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "https://r.example/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "https://r.example/v2/a/blobs/uploads/",
    "https://r.example/v2/a/blobs/uploads/7?digest=sha256:zz",
    "https://r.example/v2/a/tags/list?n=1",
    "https://r.example/v2/a/referrers/sha256:0",
    "https://r.example/v2/_catalog",
    "https://m.example/v2/a/manifests/latest?ns=r.example",
    "https://t.example/token?service=r&scope=repository:a:pull",
    "https://cdn.example/x?Expires=1&Signature=s&Key-Pair-Id=k",
    "http://10.0.0.1/x",
];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"];
const STATUSES: &[u16] = &[
    200, 201, 202, 206, 302, 307, 400, 401, 403, 404, 405, 429, 500,
];
const TYPES: &[&str] = &[
    "",
    "text/html",
    "application/json",
    "application/octet-stream",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
];

fn field() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "Date",
        "Location",
        "WWW-Authenticate",
        "Docker-Content-Digest",
        "Content-Encoding",
        "Content-Length",
        "Content-Range",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "Retry-After",
        "Warning",
        "Link",
        "Age",
    ]);
    let value = prop_oneof![
        "[ -~]{0,40}",
        prop::sample::select(URLS.to_vec()).prop_map(str::to_owned),
        Just("Sun, 01 Mar 2026 12:00:00 GMT".to_owned()),
        Just("Bearer realm=\"https://t.example/token\",error=\"invalid_token\"".to_owned()),
        Just("5;w=0".to_owned()),
        Just("299 - \"{host} {\"".to_owned()),
    ];
    (name, value).prop_map(|(name, value)| (name.to_owned(), value))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let image = Image::new(2);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(image.manifest.clone()),
        Just(image.index("mips64le")),
        Just(image.blobs[0].clone()),
        Just(br#"{"token":"t","expires_in":-5}"#.to_vec()),
        Just(br#"{"errors":[{"code":"DENIED","message":"{x}"}]}"#.to_vec()),
        Just(b"<Error><Code>ExpiredToken</Code></Error>".to_vec()),
    ]
}

#[derive(Clone, Debug)]
struct Turn {
    method: &'static str,
    url: &'static str,
    status: u16,
    media_type: &'static str,
    request: Option<(&'static str, &'static str)>,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    fate: u8,
    pause: u16,
}

fn turn() -> impl Strategy<Value = Turn> {
    let request = prop::option::of(prop::sample::select(vec![
        ("Authorization", "Bearer t"),
        ("Authorization", "Basic x"),
        ("Range", "bytes=3-"),
        ("Range", "nonsense"),
        ("Referer", "https://r.example/v2/"),
    ]));
    (
        prop::sample::select(METHODS.to_vec()),
        prop::sample::select(URLS.to_vec()),
        prop::sample::select(STATUSES.to_vec()),
        prop::sample::select(TYPES.to_vec()),
        request,
        prop::collection::vec(field(), 0..4),
        body(),
        any::<u8>(),
        0..2_000_u16,
    )
        .prop_map(
            |(method, url, status, media_type, request, fields, body, fate, pause)| Turn {
                method,
                url,
                status,
                media_type,
                request,
                fields,
                body,
                fate,
                pause,
            },
        )
}

fn tell(story: &mut Scenario, turn: &Turn) {
    story.wait(turn.pause.into());
    let mut told = story
        .ask(turn.method, turn.url)
        .answer(turn.status)
        .body(turn.media_type, &turn.body);
    for (name, value) in &turn.fields {
        told = told.header(name, value);
    }
    if let Some((name, value)) = turn.request {
        told = told.sends(name, value);
    }
    match turn.fate {
        0..=19 => told.open(),
        20..=49 => drop(told.cut(Side::Upstream, 1)),
        50..=69 => drop(told.cut(Side::Client, 1)),
        70..=89 => drop(told.fails(Failure::Tls)),
        90..=119 => drop(told.takes(7, u64::from(turn.fate))),
        _ => {}
    }
    if turn.fate.is_multiple_of(16) {
        story.refuse(
            "r.example",
            "Go-http-client/1.1",
            Rejection::alert(turn.fate),
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Building the verdict says every sentence in both languages, and a fact that is missing
    /// is a panic there.
    #[test]
    fn any_story_is_judged(turns in prop::collection::vec(turn(), 1..12)) {
        let mut story = Scenario::docker();
        for turn in &turns {
            tell(&mut story, turn);
        }
        let verdict = story.verdict();
        let graver = |pair: &[pullscope::findings::Finding]| pair[0].severity >= pair[1].severity;
        if verdict.pulls.len() == 1 {
            let steps = verdict.pulls[0].steps.len();
            prop_assert!(steps != turns.len() || verdict.findings.windows(2).all(graver));
        }
    }
}

/// What may become of an exchange that went well.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Status(u16),
    NoAnswer(Failure),
    Cut(Side),
    Page,
    Empty,
}

fn fault() -> impl Strategy<Value = Fault> {
    let failures = [
        Failure::Dns,
        Failure::Connect,
        Failure::Tls,
        Failure::NoResponse,
    ];
    let sides = [Side::Client, Side::Upstream, Side::Capture];
    prop_oneof![
        prop::sample::select(STATUSES).prop_map(Fault::Status),
        prop::sample::select(failures.to_vec()).prop_map(Fault::NoAnswer),
        prop::sample::select(sides.to_vec()).prop_map(Fault::Cut),
        Just(Fault::Page),
        Just(Fault::Empty),
    ]
}

fn strike(exchange: &mut Exchange, fault: Fault) {
    // Where no answer came, there is none to be spoilt.
    if exchange.response.is_none() {
        return;
    }
    let at = exchange.ended.take().map_or(exchange.started, |(at, _)| at);
    let content = |bytes: &'static [u8]| {
        Some(Body {
            size: bytes.len() as u64,
            complete: true,
            capture: Capture::Memory {
                bytes: Bytes::from_static(bytes),
            },
            ..Body::default()
        })
    };
    let mut answer = |start: &str| {
        if let Some(response) = &mut exchange.response {
            response.head = RawHead::new(format!("HTTP/1.1 {start}\r\n\r\n"));
        }
    };
    let mut ending = Ending::Complete;
    match fault {
        Fault::Status(status) => {
            answer(&format!("{status} X"));
            exchange.response_body = content(b"");
        }
        Fault::Page => {
            answer("200 OK\r\nContent-Type: text/html");
            exchange.response_body = content(b"<html>Please log in</html>");
        }
        Fault::Empty => exchange.response_body = content(b""),
        Fault::NoAnswer(reason) => {
            exchange.response = None;
            exchange.response_body = None;
            ending = Ending::Failed {
                reason,
                detail: "gone".to_owned(),
            };
        }
        Fault::Cut(by) => {
            ending = Ending::Aborted {
                by,
                detail: "cut".to_owned(),
            }
        }
    }
    exchange.ended = Some((at, ending));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A pull that failed has an error, one that is complete has none, and `--fail-on
    /// severity:error` agrees: `Scenario::verdict` holds that of whatever it judges.
    #[test]
    fn a_pull_with_faults_is_judged_by_how_it_ended(
        layers in 1..4_u8,
        faults in prop::collection::vec((any::<prop::sample::Index>(), fault()), 0..3),
    ) {
        let mut story = Scenario::docker();
        story.pull(&Image::new(layers));
        for (at, fault) in &faults {
            let at = at.index(story.exchanges.len());
            strike(&mut story.exchanges[at], *fault);
        }
        let verdict = story.verdict();
        prop_assert!(!verdict.pulls.is_empty());
        if faults.is_empty() {
            prop_assert_eq!(verdict.pulls[0].state, State::Complete);
        }
    }
}

#[test]
fn a_long_story_is_judged() {
    let image = Image::new(200);
    let mut story = Scenario::docker();
    for _ in 0..10 {
        story.pull(&image);
    }
    assert!(sha256(&image.manifest).starts_with("sha256:"));
    assert_eq!(story.rules(), ["duplicate"; 0]);
}

/// Rules that look back and forth must not do so for each exchange anew.
#[test]
fn a_long_story_of_failures_is_judged() {
    let mut story = Scenario::docker();
    for number in 0..4_000_u16 {
        let url = format!("https://r.example/hop/{number}");
        let next = format!("https://r.example/hop/{}", number + 1);
        story.get(&url).answer(302).header("Location", &next);
        let status = STATUSES[usize::from(number) % STATUSES.len()];
        story
            .get("https://r.example/v2/a/manifests/latest")
            .answer(status);
    }
    let verdict = story.verdict();
    assert!(!verdict.pulls.is_empty());
}
