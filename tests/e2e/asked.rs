//! What each of today's clients asks a registry for, beside what it asked when that was recorded
//! (`tests/data/clients`).
//!
//! `PULLSCOPE_UPDATE_CLIENTS=1 cargo test --test e2e modern` records anew.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;

use pullscope::har;
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Entry, Store};
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use url::Url;

/// The parts of a query that are the same each time.
const LASTING: &[&str] = &[
    "client_id",
    "digest",
    "from",
    "last",
    "mount",
    "n",
    "ns",
    "offline_token",
    "scope",
    "service",
];

/// One request, without what differs from run to run and from machine to machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Ask {
    url: String,
    method: String,
    /// What it was for, or what it came to.
    kind: String,
    status: u16,
    /// `Name: value`, in their order.
    headers: Vec<String>,
}

/// Compares what a trace holds with the record of this client.
#[track_caller]
pub(crate) fn assert_as_recorded(client: &str, what: &str, trace: &Path) {
    compare(client, what, &told(&asks(trace, |_| ())));
}

/// The same for what is made anew each time: digests and sizes differ.
#[track_caller]
pub(crate) fn assert_alike(client: &str, what: &str, trace: &Path) {
    let alike = |ask: &mut Ask| {
        if let Some((before, digest)) = ask.url.split_once("sha256:") {
            let after = digest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            ask.url = format!("{before}sha256:…{after}");
        }
        ask.headers
            .retain(|header| !header.starts_with("Content-Length: "));
    };
    compare(client, what, &told(&asks(trace, alike)));
}

#[track_caller]
fn compare(client: &str, what: &str, now: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/clients")
        .join(client);
    let file = folder.join(format!("{what}.json"));
    if env::var_os("PULLSCOPE_UPDATE_CLIENTS").is_some() {
        fs::create_dir_all(&folder).expect("the checkout is writable");
        fs::write(&file, now).expect("the checkout is writable");
    }
    let recorded =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let diff = TextDiff::from_lines(&*recorded, now);
    let shown = diff
        .unified_diff()
        .header("recorded", "asked now")
        .to_string();
    assert!(
        recorded == now,
        "{client} asks otherwise than recorded:\n{shown}"
    );
}

/// The requests of a trace. From the first for a blob on they run beside each other: which of them meets
/// a 401 is chance, and so is their order.
fn asks(trace: &Path, prepare: impl Fn(&mut Ask)) -> Vec<Ask> {
    let mut document = har::read(trace).expect("it was just written");
    let store = Store::of_trace(std::mem::take(&mut document.trace), &InMemoryOnly);
    let mut asks: Vec<_> = store.entries().map(ask).collect();
    asks.iter_mut().for_each(prepare);
    let first = asks.iter().position(|ask| ask.url.contains("/blobs/"));
    let beside: BTreeSet<_> = asks.drain(first.unwrap_or(asks.len())..).collect();
    asks.extend(beside.into_iter().filter(|ask| ask.status != 401));
    asks
}

fn ask(entry: &Entry) -> Ask {
    let exchange = &entry.exchange;
    let request = exchange.request.as_ref().expect("it was asked");
    let head = &request.head;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = head
        .fields()
        .map(|field| header(&text(field.name), &text(field.value)));
    Ask {
        url: lasting(&request.url),
        method: text(head.method().expect("it has one")),
        kind: entry.kind.to_string(),
        status: exchange
            .response
            .as_ref()
            .and_then(|response| response.head.status())
            .unwrap_or(0),
        headers: headers.collect(),
    }
}

fn header(name: &str, value: &str) -> String {
    let value = match name.to_ascii_lowercase().as_str() {
        "authorization" => format!("{} …", value.split(' ').next().unwrap_or_default()),
        "traceparent" | "x-meta-source-client" => "…".to_owned(),
        "referer" => lasting(value),
        "user-agent" => value.split(' ').map(product).collect::<Vec<_>>().join(" "),
        _ => value.to_owned(),
    };
    format!("{name}: {value}")
}

/// A word of `User-Agent`, without what it says of the machine and of the Go that built it.
fn product(word: &str) -> String {
    match word.split_once('/') {
        Some((name @ ("go" | "kernel" | "git-commit" | "arch"), _)) => format!("{name}/…"),
        _ => word.to_owned(),
    }
}

/// A URL without what servers made for this one time.
fn lasting(url: &str) -> String {
    let mut url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    let pairs: Vec<_> = url
        .query_pairs()
        .map(|(name, value)| {
            let lasts = LASTING.contains(&&*name);
            format!("{name}={}", if lasts { &*value } else { "…" })
        })
        .collect();
    url.set_query(None);
    let plain = match url.as_str().split_once("/blobs/uploads/") {
        Some((before, id)) if !id.is_empty() => format!("{before}/blobs/uploads/…"),
        _ => url.to_string(),
    };
    if pairs.is_empty() {
        return plain;
    }
    format!("{plain}?{}", pairs.join("&"))
}

fn told(asks: &[Ask]) -> String {
    let mut text = serde_json::to_string_pretty(asks).expect("it is plain");
    text.push('\n');
    text
}
