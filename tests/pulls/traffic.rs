//! Writes traffic: exchanges as a live capture would have announced them.

use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::Timestamp;
use pullscope::exchange::{
    Body, Capture, Connection, ConnectionId, End, Ending, Event, ExchangeId, Failure, Fidelity,
    Omission, RawHead, RequestHead, ResponseHead, ResponseOrigin, Side, Timings,
};
use pullscope::store::Store;

/// What docker calls itself.
pub(crate) const DOCKER: &str = "docker/24.0.5 go/go1.20 os/linux arch/amd64";
/// What podman, buildah and older skopeo call themselves.
pub(crate) const PODMAN: &str = "containers/5.23.1 (github.com/containers/image)";
/// What containerd calls itself.
pub(crate) const CONTAINERD: &str = "containerd/1.6.20";

/// One exchange to be.
#[derive(Clone, Debug)]
pub(crate) struct X {
    method: &'static str,
    url: String,
    agent: &'static str,
    address: &'static str,
    connection: u64,
    request: Vec<(String, String)>,
    request_body: Vec<u8>,
    at: u64,
    took: u64,
    status: Option<u16>,
    response: Vec<(String, String)>,
    body: Content,
    ending: Option<Ending>,
    open: bool,
}

/// The content of an answer.
#[derive(Clone, Debug)]
enum Content {
    /// In memory.
    Text(Vec<u8>),
    /// Only its digest and size are known.
    Bulk(Vec<u8>),
    /// Only its size is known.
    Unknown(u64),
    /// Several ranges, which complete this.
    Several(Vec<u8>, Vec<(u64, u64)>),
}

/// The exchanges of a session.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    exchanges: Vec<X>,
}

impl X {
    fn new(method: &'static str, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            agent: DOCKER,
            address: "127.0.0.1:40000",
            connection: 0,
            request: Vec::new(),
            request_body: Vec::new(),
            at: 0,
            took: 10,
            status: Some(200),
            response: Vec::new(),
            body: Content::Text(Vec::new()),
            ending: None,
            open: false,
        }
    }

    pub(crate) fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    pub(crate) fn head(url: &str) -> Self {
        Self::new("HEAD", url)
    }

    pub(crate) fn method(method: &'static str, url: &str) -> Self {
        Self::new(method, url)
    }

    /// Who asks.
    pub(crate) fn by(mut self, agent: &'static str) -> Self {
        self.agent = agent;
        self
    }

    /// From which address.
    pub(crate) fn from(mut self, address: &'static str) -> Self {
        self.address = address;
        self
    }

    /// On which connection.
    pub(crate) fn on(mut self, connection: u64) -> Self {
        self.connection = connection;
        self
    }

    /// When, in milliseconds since the beginning.
    pub(crate) fn at(mut self, at: u64) -> Self {
        self.at = at;
        self
    }

    /// For how many milliseconds; 10 otherwise.
    pub(crate) fn took(mut self, took: u64) -> Self {
        self.took = took;
        self
    }

    /// The same, later.
    pub(crate) fn later(mut self, milliseconds: u64) -> Self {
        self.at += milliseconds;
        self
    }

    /// The same with another host.
    pub(crate) fn moved(mut self, from: &str, to: &str) -> Self {
        self.url = self.url.replace(from, to);
        self
    }

    /// What is answered; 200 otherwise.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(crate) fn asks(mut self, name: &str, value: &str) -> Self {
        self.request.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn says(mut self, name: &str, value: &str) -> Self {
        self.response.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this token.
    pub(crate) fn token(self, token: &str) -> Self {
        self.asks("Authorization", &format!("Bearer {token}"))
    }

    /// A body that is kept.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.body = Content::Text(text.as_bytes().to_vec());
        self
    }

    /// A body of which only the digest is kept.
    pub(crate) fn bulk(mut self, text: &str) -> Self {
        self.body = Content::Bulk(text.as_bytes().to_vec());
        self
    }

    /// Several ranges in a body that was measured and not kept; with them all of this is there.
    pub(crate) fn several(mut self, whole: &str, ranges: &[(u64, u64)]) -> Self {
        self.body = Content::Several(whole.as_bytes().to_vec(), ranges.to_vec());
        self
    }

    /// A body of which only the size is known.
    pub(crate) fn unknown(mut self, size: u64) -> Self {
        self.body = Content::Unknown(size);
        self
    }

    /// What the client sends.
    pub(crate) fn sends(mut self, text: &str) -> Self {
        self.request_body = text.as_bytes().to_vec();
        self
    }

    /// Cut off by the server after this many bytes.
    pub(crate) fn cut(mut self, bytes: u64) -> Self {
        self.body = Content::Unknown(bytes);
        self.ending = Some(Ending::Aborted {
            by: Side::Upstream,
            detail: "closed".to_owned(),
        });
        self
    }

    /// Cut off by the client after this many bytes.
    pub(crate) fn killed(mut self, bytes: u64) -> Self {
        self = self.cut(bytes);
        self.ending = Some(Ending::Aborted {
            by: Side::Client,
            detail: "closed".to_owned(),
        });
        self
    }

    /// Never answered.
    pub(crate) fn fails(mut self) -> Self {
        self.status = None;
        self.ending = Some(Ending::Failed {
            reason: Failure::Connect,
            detail: "refused".to_owned(),
        });
        self
    }

    /// Still going on, with this many bytes so far.
    pub(crate) fn open(mut self, bytes: u64) -> Self {
        self.open = true;
        self.body = Content::Unknown(bytes);
        self
    }

    /// A 401 that sends to a token server.
    pub(crate) fn challenge(self, realm: &str) -> Self {
        let value = format!("Bearer realm=\"{realm}\",service=\"r\"");
        self.status(401).says("WWW-Authenticate", &value)
    }

    pub(crate) fn redirect(self, target: &str) -> Self {
        self.status(307).says("Location", target)
    }

    fn events(&self, id: u64) -> Vec<Event> {
        let id = ExchangeId(id);
        let at = moment(self.at);
        let mut events = vec![
            Event::Opened {
                id,
                at,
                connection: Box::new(self.connection(at)),
            },
            Event::RequestHead {
                id,
                request: RequestHead {
                    url: self.url.clone(),
                    head: self.request_head(),
                    fidelity: Fidelity::Exact,
                },
            },
        ];
        let (body, complete) = (self.response_body(), self.ending.is_none());
        if let Some(status) = self.status.filter(|_| !self.open || body.size > 0) {
            events.push(Event::ResponseHead {
                id,
                response: ResponseHead {
                    at: moment(self.at + self.took / 2),
                    head: head(&format!("HTTP/1.1 {status} Status"), &self.response),
                    interim: Vec::new(),
                    origin: ResponseOrigin::Upstream,
                },
            });
        }
        if body.size > 0 {
            events.push(Event::Progress {
                id,
                sent: 0,
                received: if self.open { body.size } else { body.size / 2 },
            });
        }
        if !self.open {
            let ending = self.ending.clone().unwrap_or(Ending::Complete);
            events.push(Event::Ended {
                id,
                end: Box::new(End {
                    at: moment(self.at + self.took),
                    ending,
                    timings: Timings::default(),
                    upstream: None,
                    request_body: Some(memory(&self.request_body)),
                    response_body: self.status.map(|_| Body { complete, ..body }),
                    redacted: false,
                }),
            });
        }
        events
    }

    fn connection(&self, at: Timestamp) -> Connection {
        Connection {
            id: ConnectionId(self.connection),
            client: self.address.parse().unwrap(),
            opened: at,
            target: None,
            connect_head: None,
            connect_fidelity: Fidelity::Exact,
            sni: None,
            tls: None,
            handshake: None,
        }
    }

    fn request_head(&self) -> RawHead {
        let url = url::Url::parse(&self.url).unwrap();
        let target = &url[url::Position::BeforePath..];
        let mut fields = vec![
            ("Host".to_owned(), url.host_str().unwrap().to_owned()),
            ("User-Agent".to_owned(), self.agent.to_owned()),
        ];
        fields.extend(self.request.clone());
        head(&format!("{} {target} HTTP/1.1", self.method), &fields)
    }

    fn response_body(&self) -> Body {
        match &self.body {
            Content::Text(bytes) => memory(bytes),
            Content::Bulk(bytes) => Body {
                capture: Capture::Omitted {
                    reason: Omission::Blob,
                },
                ..memory(bytes)
            },
            Content::Several(whole, ranges) => Body {
                size: 1_000,
                decoded_size: Some(1_000),
                sha256: Some(hex(b"parts and their heads")),
                assembled_sha256: Some(hex(whole)),
                parts: ranges.clone(),
                capture: Capture::Omitted {
                    reason: Omission::Blob,
                },
                ..Body::default()
            },
            Content::Unknown(size) => Body {
                size: *size,
                decoded_size: Some(*size),
                capture: Capture::Omitted {
                    reason: Omission::Blob,
                },
                ..Body::default()
            },
        }
    }
}

impl Traffic {
    pub(crate) fn of(exchanges: impl IntoIterator<Item = X>) -> Self {
        let mut traffic = Self::default();
        traffic.add(exchanges);
        traffic
    }

    pub(crate) fn add(&mut self, exchanges: impl IntoIterator<Item = X>) {
        self.exchanges.extend(exchanges);
        self.exchanges.sort_by_key(|x| x.at);
    }

    /// The events, exchange by exchange; these are numbered by their start.
    pub(crate) fn events(&self) -> Vec<Event> {
        let numbered = self.exchanges.iter().zip(1..);
        numbered.flat_map(|(x, id)| x.events(id)).collect()
    }

    pub(crate) fn store(&self) -> Store {
        let mut store = Store::default();
        store.extend(self.events());
        store
    }
}

/// This many milliseconds after the beginning.
pub(crate) fn moment(milliseconds: u64) -> Timestamp {
    Timestamp::from_second(1_600_000_000).unwrap() + Duration::from_millis(milliseconds)
}

fn memory(bytes: &[u8]) -> Body {
    let size = bytes.len() as u64;
    Body {
        size,
        decoded_size: Some(size),
        sha256: Some(hex(bytes)),
        complete: true,
        capture: if bytes.is_empty() {
            Capture::Empty
        } else {
            Capture::Memory {
                bytes: Bytes::copy_from_slice(bytes),
            }
        },
        ..Body::default()
    }
}

fn head(start: &str, fields: &[(String, String)]) -> RawHead {
    let fields = fields.iter();
    let fields = fields.fold(String::new(), |text, (name, value)| {
        format!("{text}{name}: {value}\r\n")
    });
    RawHead::new(format!("{start}\r\n{fields}\r\n"))
}

fn hex(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let digest = digest.as_ref().iter();
    digest.fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The digest of some content.
pub(crate) fn digest_of(text: &str) -> String {
    format!("sha256:{}", hex(text.as_bytes()))
}

/// Docker's type of a configuration.
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's type of a layer.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's type of a manifest.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's type of a list.
const INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The configuration of the image with this name.
pub(crate) fn config(image: &str) -> String {
    format!(
        r#"{{"architecture":"arm64","os":"linux","config":{{"Cmd":["{image}"]}},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#
    )
}

/// A descriptor.
pub(crate) fn descriptor(kind: &str, text: &str, more: &str) -> String {
    format!(
        r#"{{"mediaType":"{kind}","size":{},"digest":"{}"{more}}}"#,
        text.len(),
        digest_of(text)
    )
}

/// A manifest of an image with this name and these layers.
pub(crate) fn manifest(image: &str, layers: &[&str]) -> String {
    let layers: Vec<_> = layers.iter().map(|l| descriptor(LAYER, l, "")).collect();
    manifest_of(&descriptor(CONFIG, &config(image), ""), &layers)
}

/// A manifest of these descriptors.
pub(crate) fn manifest_of(config: &str, layers: &[String]) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{config},"layers":[{}]}}"#,
        layers.join(",")
    )
}

/// A list of manifests, for these processors.
pub(crate) fn index(entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(architecture, manifest)| {
            let platform =
                format!(r#","platform":{{"os":"linux","architecture":"{architecture}"}}"#);
            descriptor(MANIFEST, manifest, &platform)
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
        entries.join(",")
    )
}

/// A whole pull of `r.example/NAME:latest` by docker, ten exchanges from `at` on: `/v2/`, token,
/// HEAD, index, manifest, then configuration and layer, each by a redirect, the layer's later.
pub(crate) fn pull(name: &str, at: u64) -> Vec<X> {
    let base = format!("https://r.example/v2/{name}");
    let layer = format!("the layer of {name}");
    let amd64 = manifest(name, &[&layer]);
    let list = index(&[("arm64", "{}"), ("amd64", &amd64)]);
    let token = format!("t-{name}-{at}");
    let cdn = |text: &str| format!("https://cdn.example/{}?at={at}", digest_of(text));
    let blob = |text: &str| {
        X::get(&format!("{base}/blobs/{}", digest_of(text)))
            .token(&token)
            .redirect(&cdn(text))
    };
    vec![
        X::get("https://r.example/v2/")
            .challenge("https://auth.example/token")
            .at(at),
        X::get(&format!(
            "https://auth.example/token?service=r&scope=repository:{name}:pull"
        ))
        .text(&format!(r#"{{"token":"{token}"}}"#))
        .at(at + 20),
        X::head(&format!("{base}/manifests/latest"))
            .token(&token)
            .says("Docker-Content-Digest", &digest_of(&list))
            .at(at + 40),
        X::get(&format!("{base}/manifests/{}", digest_of(&list)))
            .token(&token)
            .text(&list)
            .at(at + 60),
        X::get(&format!("{base}/manifests/{}", digest_of(&amd64)))
            .token(&token)
            .text(&amd64)
            .at(at + 80),
        blob(&config(name)).at(at + 100),
        blob(&layer).at(at + 101),
        X::get(&cdn(&config(name))).text(&config(name)).at(at + 120),
        X::get(&cdn(&layer)).bulk(&layer).took(500).at(at + 121),
    ]
}
