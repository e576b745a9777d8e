//! Builds small stories of requests and answers, and asks what is wrong with them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use pullscope::exchange::{
    Authority, Body, Capture, Connection, ConnectionId, Ending, Exchange, ExchangeId, Failure,
    Fidelity, HandshakeFailed, Omission, RawHead, Rejection, RequestHead, ResponseHead,
    ResponseOrigin, Side, Timings, TlsSession, Trace, Tunnel, TunnelId, TunnelKind, Upstream,
    Verification,
};
use pullscope::findings::{Finding, Severity};
use pullscope::pulls::{Pull, State};
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Filter, Store};
use pullscope::story::{explain, explain_alone};
use pullscope::words::FindingText;
use pullscope::words::Lang;
use serde_json::{Value, json};

pub(crate) const DOCKER: &str = "docker/28.2.0 go/go1.24 os/linux arch/amd64";
pub(crate) const SKOPEO: &str = "skopeo/1.18.0";
pub(crate) const HUB: &str = "https://registry-1.docker.io/v2/library/alpine";
pub(crate) const AUTH: &str = "https://auth.docker.io/token";
pub(crate) const CDN: &str = "https://cdn.example/data";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A session that is being told, and the time in it.
pub(crate) struct Scenario {
    user_agent: &'static str,
    pub(crate) now: Timestamp,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) handshakes: Vec<HandshakeFailed>,
    pub(crate) tunnels: Vec<Tunnel>,
}

/// What was found.
pub(crate) struct Verdict {
    pub(crate) pulls: Vec<Pull>,
    /// Of all pulls, and of what belongs to none.
    pub(crate) findings: Vec<Finding>,
}

impl Scenario {
    /// A client by its `User-Agent`.
    pub(crate) fn new(user_agent: &'static str) -> Self {
        Self {
            user_agent,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
            exchanges: Vec::new(),
            handshakes: Vec::new(),
            tunnels: Vec::new(),
        }
    }

    pub(crate) fn docker() -> Self {
        Self::new(DOCKER)
    }

    /// The time in the story, as `Date` has it.
    pub(crate) fn date(&self, offset: i64) -> String {
        let moment = self.now + jiff::SignedDuration::from_secs(offset);
        moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// The time in the story, in seconds since 1970.
    pub(crate) fn epoch(&self, offset: i64) -> i64 {
        self.now.as_second() + offset
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// A request and its answer, which takes a tenth of a second.
    pub(crate) fn ask(&mut self, method: &str, url: &str) -> Telling<'_> {
        let id = ExchangeId(self.exchanges.len() as u64 + 1);
        let target = url::Url::parse(url).unwrap();
        let path = &target[url::Position::BeforePath..];
        let mut exchange = Exchange::new(id, self.now, connection(id.0, self.now));
        exchange.request = Some(RequestHead {
            url: url.to_owned(),
            head: head(
                &format!("{method} {path} HTTP/1.1"),
                &[("User-Agent", self.user_agent)],
            ),
            fidelity: Fidelity::Exact,
        });
        exchange.request_body = Some(Body {
            complete: true,
            ..Body::default()
        });
        self.exchanges.push(exchange);
        self.now += Duration::from_millis(100);
        Telling { scenario: self }.answer(200).body("", b"")
    }

    pub(crate) fn get(&mut self, url: &str) -> Telling<'_> {
        self.ask("GET", url)
    }

    /// `/v2/` asks for a token.
    pub(crate) fn challenge(&mut self) -> &mut Self {
        let realm = format!(r#"Bearer realm="{AUTH}",service="registry.docker.io""#);
        self.get("https://registry-1.docker.io/v2/")
            .answer(401)
            .header("WWW-Authenticate", &realm);
        self
    }

    /// A token for pulling from the Hub, with claims changed as wished.
    pub(crate) fn token(&mut self, changes: &Value) -> String {
        let mut claims = json!({
            "aud": "registry.docker.io", "sub": "", "iat": self.epoch(0),
            "nbf": self.epoch(-300), "exp": self.epoch(300), "jti": self.exchanges.len(),
            "access": [{"type": "repository", "name": "library/alpine", "actions": ["pull"]}],
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let token = jwt(&claims);
        self.give(&json!({"token": token, "expires_in": 300}));
        token
    }

    /// The token server's answer.
    pub(crate) fn give(&mut self, answer: &Value) -> Telling<'_> {
        let date = self.date(0);
        self.get(&format!(
            "{AUTH}?service=registry.docker.io&scope=repository%3Alibrary%2Falpine%3Apull"
        ))
        .header("Date", &date)
        .body("application/json", answer.to_string().as_bytes())
    }

    /// The manifest of the image, and what it names.
    pub(crate) fn manifest(&mut self, image: &Image) -> Telling<'_> {
        self.get(&format!("{HUB}/manifests/latest"))
            .header("Docker-Content-Digest", &sha256(&image.manifest))
            .body(MANIFEST, &image.manifest)
    }

    /// A blob by way of the CDN.
    pub(crate) fn blob(&mut self, blob: &[u8]) -> Telling<'_> {
        self.redirect(blob);
        self.download(blob)
    }

    /// The registry's redirect for a blob.
    pub(crate) fn redirect(&mut self, blob: &[u8]) -> Telling<'_> {
        let digest = sha256(blob);
        self.get(&format!("{HUB}/blobs/{digest}"))
            .answer(307)
            .header("Location", &format!("{CDN}/{digest}"))
    }

    /// The CDN's answer.
    pub(crate) fn download(&mut self, blob: &[u8]) -> Telling<'_> {
        self.get(&format!("{CDN}/{}", sha256(blob)))
            .body("application/octet-stream", blob)
    }

    /// A whole pull without fault.
    pub(crate) fn pull(&mut self, image: &Image) {
        self.challenge();
        let token = self.token(&json!({}));
        self.manifest(image).bearer(&token);
        for blob in &image.blobs {
            self.redirect(blob).bearer(&token);
            self.download(blob);
        }
    }

    /// A client refuses our certificate for a host.
    pub(crate) fn refuse(&mut self, host: &str, user_agent: &str, rejection: Rejection) {
        self.refuse_after(host, user_agent, None, rejection);
    }

    /// The same, of an address that called itself something before.
    pub(crate) fn refuse_after(
        &mut self,
        host: &str,
        user_agent: &str,
        earlier: Option<&str>,
        rejection: Rejection,
    ) {
        let mut connection = connection(1_000 + self.handshakes.len() as u64, self.now);
        connection.target = Some(Authority {
            host: host.to_owned(),
            port: 443,
        });
        let start = format!("CONNECT {host}:443 HTTP/1.1");
        connection.connect_head = Some(head(&start, &[("User-Agent", user_agent)]));
        self.handshakes.push(HandshakeFailed {
            connection,
            at: self.now,
            rejection,
            process: None,
            earlier: earlier.map(str::to_owned),
        });
        self.wait(1);
    }

    /// A tunnel that was passed on unread.
    pub(crate) fn tunnel(&mut self, host: &str) {
        let mut connection = connection(2_000 + self.tunnels.len() as u64, self.now);
        connection.target = Some(Authority {
            host: host.to_owned(),
            port: 443,
        });
        self.tunnels.push(Tunnel {
            id: TunnelId(self.tunnels.len() as u64 + 1),
            connection,
            kind: TunnelKind::Passthrough,
            upstream: None,
            sent: 0,
            received: 0,
            timings: Timings::default(),
            ended: Some((self.now, Ending::Complete)),
        });
    }

    /// A client finishes TLS and leaves without a request after so many seconds.
    pub(crate) fn leave(&mut self, host: &str, user_agent: &str, seconds: u64) {
        self.tunnel(host);
        let tunnel = self.tunnels.last_mut().unwrap();
        let start = format!("CONNECT {host}:443 HTTP/1.1");
        let connection = &mut tunnel.connection;
        connection.connect_head = Some(head(&start, &[("User-Agent", user_agent)]));
        connection.tls = Some(Arc::new(TlsSession {
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
            alpn: None,
            offered: Vec::new(),
        }));
        tunnel.kind = TunnelKind::Unused;
        tunnel.ended = Some((self.now + Duration::from_secs(seconds), Ending::Complete));
    }

    /// What was told so far.
    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Groups, judges and explains it all.
    pub(crate) fn verdict(&self) -> Verdict {
        judge(&self.exchanges, &self.handshakes, &self.tunnels)
    }

    /// The rules that find something, in the order of their words.
    pub(crate) fn rules(&self) -> Vec<&'static str> {
        let rules: BTreeSet<_> = self.verdict().findings.iter().map(|f| f.rule).collect();
        rules.into_iter().collect()
    }

    /// The only finding, with its severity and sentence.
    pub(crate) fn only(&self, rule: &str) -> (Severity, String) {
        let verdict = self.verdict();
        let [finding] = verdict.findings.as_slice() else {
            panic!("not one finding: {:#?}", verdict.findings);
        };
        assert_eq!(finding.rule, rule);
        assert!(!finding.evidence.is_empty(), "{finding:#?}");
        (finding.severity, finding.sentence(Lang::En))
    }
}

/// Groups, judges and explains exchanges; every sentence there is to say is said once, in both
/// languages.
pub(crate) fn judge(
    exchanges: &[Exchange],
    handshakes: &[HandshakeFailed],
    tunnels: &[Tunnel],
) -> Verdict {
    let trace = Trace {
        exchanges: exchanges.to_vec(),
        handshakes: handshakes.to_vec(),
        tunnels: tunnels.to_vec(),
        ..Trace::default()
    };
    let store = Store::of_trace(trace, &InMemoryOnly);
    let pulls = store.pulls().to_vec();
    let errors: Filter = "severity:error".parse().unwrap();
    for pull in &pulls {
        // What `--fail-on severity:error` asks.
        let mut entries = pull.steps.iter().map(|step| store.entry(step.exchange));
        let fails = entries.any(|entry| errors.matches(entry.unwrap(), &store));
        match pull.state {
            State::Failed => assert!(fails, "{pull:#?} failed and passes"),
            State::Complete => assert!(!fails, "{pull:#?} is complete and fails"),
            _ => {}
        }
        let found = store.findings_of(pull.id);
        let has_error = found.iter().any(|one| one.severity == Severity::Error);
        match pull.state {
            State::Failed => assert!(has_error, "{pull:#?} failed without a reason"),
            State::Complete => assert!(!has_error, "complete with {found:#?}"),
            _ => {}
        }
        for step in &pull.steps {
            let reading = &store.entry(step.exchange).unwrap().reading;
            for lang in [Lang::En, Lang::Zh] {
                assert_ne!(explain(step, reading, pull, lang), "");
            }
        }
    }
    for one in store.loose() {
        assert_ne!(explain_alone(one.kind, &one.reading, Lang::Zh), "");
    }
    let findings: Vec<_> = store.all_findings().cloned().collect();
    for finding in &findings {
        assert_all_facts(finding);
        for lang in [Lang::En, Lang::Zh] {
            assert_ne!(finding.title(lang), "");
            assert_ne!(finding.sentence(lang), "");
            assert_ne!(finding.fix(lang), "");
        }
        assert!(finding.link().starts_with("https://"));
    }
    Verdict { pulls, findings }
}

/// Whichever sentence of its rule a finding has, it could fill all of them.
fn assert_all_facts(finding: &Finding) {
    let texts = FindingText::find(finding.rule)
        .unwrap_or_else(|| panic!("{} has no words in src/words/findings.toml", finding.rule));
    for (case, text) in texts.sentences.iter().chain(&texts.fixes) {
        for placeholder in text.placeholders(Lang::En) {
            let name = placeholder.split(':').next();
            let stated = finding.facts.iter().any(|(key, _)| Some(*key) == name);
            assert!(stated, "{} {case}: no {placeholder}", finding.rule);
        }
    }
}

/// The latest exchange, while it is being told.
pub(crate) struct Telling<'a> {
    scenario: &'a mut Scenario,
}

impl Telling<'_> {
    fn exchange(&mut self) -> &mut Exchange {
        self.scenario.exchanges.last_mut().unwrap()
    }

    fn ends(&mut self, ending: Ending) {
        let now = self.scenario.now;
        self.exchange().ended = Some((now, ending));
    }

    /// Answers with this status and no fields.
    pub(crate) fn answer(mut self, status: u16) -> Self {
        let at = self.scenario.now;
        self.exchange().response = Some(ResponseHead {
            at,
            head: head(&format!("HTTP/1.1 {status} X"), &[]),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        });
        self.ends(Ending::Complete);
        self
    }

    /// Adds a field to the response.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let response = self.exchange().response.as_mut().unwrap();
        response.head = with(&response.head, name, value);
        self
    }

    /// Adds a field to the request.
    pub(crate) fn sends(mut self, name: &str, value: &str) -> Self {
        let request = self.exchange().request.as_mut().unwrap();
        request.head = with(&request.head, name, value);
        self
    }

    /// Sends this token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.sends("Authorization", &format!("Bearer {token}"))
    }

    /// A whole body, kept unless it is binary.
    pub(crate) fn body(mut self, content_type: &str, bytes: &[u8]) -> Self {
        let size = bytes.len() as u64;
        let exchange = self.exchange();
        exchange.received = size;
        exchange.response_body = Some(Body {
            size,
            decoded_size: Some(size),
            sha256: Some(hex(bytes)),
            complete: true,
            capture: match bytes.first() {
                None => Capture::Empty,
                Some(byte) if byte.is_ascii() => Capture::Memory {
                    bytes: Bytes::copy_from_slice(bytes),
                },
                Some(_) => Capture::Omitted {
                    reason: Omission::Blob,
                },
            },
            ..Body::default()
        });
        if content_type.is_empty() {
            return self;
        }
        self.header("Content-Type", content_type)
            .header("Content-Length", &size.to_string())
    }

    /// The registry's way to report an error.
    pub(crate) fn error(self, code: &str) -> Self {
        let body = json!({"errors": [{"code": code, "message": "no"}]}).to_string();
        self.body("application/json", body.as_bytes())
    }

    /// The object store's way to report an error.
    pub(crate) fn xml(self, code: &str, message: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        self.body("application/xml", body.as_bytes())
    }

    /// It breaks off after so many bytes.
    pub(crate) fn cut(mut self, by: Side, received: u64) -> Self {
        self.ends(Ending::Aborted {
            by,
            detail: "reset".to_owned(),
        });
        let exchange = self.exchange();
        exchange.received = received;
        let body = exchange.response_body.as_mut().unwrap();
        body.size = received;
        body.sha256 = None;
        body.complete = false;
        self
    }

    /// No answer comes.
    pub(crate) fn fails(mut self, reason: Failure) -> Self {
        let exchange = self.exchange();
        exchange.response = None;
        exchange.response_body = None;
        self.ends(Ending::Failed {
            reason,
            detail: "connection refused".to_owned(),
        });
        self
    }

    /// What our verification of the server's certificate said.
    pub(crate) fn verified(mut self, verification: Verification) -> Self {
        self.exchange().upstream = Some(Arc::new(Upstream {
            verification: Some(verification),
            ..Upstream::default()
        }));
        self
    }

    /// The server's address.
    pub(crate) fn at(mut self, address: &str) -> Self {
        self.exchange().upstream = Some(Arc::new(Upstream {
            address: Some(address.parse().unwrap()),
            ..Upstream::default()
        }));
        self
    }

    /// It takes so many seconds to the first byte, and from there to the last. From the request to
    /// the end it is 0.1 s more.
    pub(crate) fn takes(mut self, wait: u64, receive: u64) -> Self {
        let (wait, receive) = (Duration::from_secs(wait), Duration::from_secs(receive));
        let timings = &mut self.exchange().timings;
        timings.wait = Some(wait);
        timings.receive = Some(receive);
        self.scenario.now += wait + receive;
        self.ends(Ending::Complete);
        self
    }

    /// It is still under way.
    pub(crate) fn open(mut self) {
        let exchange = self.exchange();
        exchange.ended = None;
        exchange.response_body = None;
    }

    /// Changes the exchange as one likes.
    pub(crate) fn change(mut self, change: impl FnOnce(&mut Exchange)) -> Self {
        change(self.exchange());
        self
    }
}

/// An image of a configuration and some layers.
pub(crate) struct Image {
    pub(crate) manifest: Vec<u8>,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Image {
    pub(crate) fn new(layers: u8) -> Self {
        Self::of(
            (0..layers)
                .map(|number| vec![0xff, number, 1, 2, 3, 4])
                .collect(),
        )
    }

    /// An image of these layers.
    pub(crate) fn of(layers: Vec<Vec<u8>>) -> Self {
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}});
        let blobs: Vec<_> = [config.to_string().into_bytes()]
            .into_iter()
            .chain(layers)
            .collect();
        let descriptor = |blob: &Vec<u8>, media_type: &str| json!({"mediaType": media_type, "digest": sha256(blob), "size": blob.len()});
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor(&blobs[0], CONFIG),
            "layers": blobs[1..].iter().map(|b| descriptor(b, LAYER)).collect::<Vec<_>>(),
        });
        Self {
            manifest: manifest.to_string().into_bytes(),
            blobs,
        }
    }

    /// An index of this image for one platform, and its attestation.
    pub(crate) fn index(&self, architecture: &str) -> Vec<u8> {
        let digest = sha256(&self.manifest);
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": MANIFEST, "digest": digest, "size": self.manifest.len(),
             "platform": {"os": "linux", "architecture": architecture}},
            {"mediaType": MANIFEST, "digest": sha256(b"x"), "size": 1,
             "platform": {"os": "unknown", "architecture": "unknown"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        ]})
        .to_string()
        .into_bytes()
    }
}

pub(crate) fn jwt(claims: &Value) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let header = part(r#"{"alg":"RS256","kid":"k"}"#);
    format!("{header}.{}.REDACTED-0011aa", part(&claims.to_string()))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn connection(id: u64, opened: Timestamp) -> Connection {
    Connection {
        id: ConnectionId(id),
        client: "127.0.0.1:40000".parse().unwrap(),
        opened,
        target: None,
        connect_head: None,
        connect_fidelity: Fidelity::Exact,
        sni: None,
        tls: None,
        handshake: None,
    }
}

fn head(start: &str, fields: &[(&str, &str)]) -> RawHead {
    let mut text = format!("{start}\r\n");
    for (name, value) in fields {
        text.extend([name, ": ", value, "\r\n"]);
    }
    RawHead::new(text + "\r\n")
}

fn with(head: &RawHead, name: &str, value: &str) -> RawHead {
    let bytes = head.as_bytes();
    let mut text = bytes[..bytes.len() - 2].to_vec();
    text.extend(format!("{name}: {value}\r\n\r\n").into_bytes());
    RawHead::new(text)
}
