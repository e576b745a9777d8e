//! Exchanges of every kind that matters to a HAR, and how they look on the wire.

use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pullscope::exchange::{
    Authority, Body, Capture, Connection, ConnectionId, Ending, Exchange, ExchangeId, Failure,
    Fidelity, HandshakeFailed, Omission, RawHead, Rejection, RequestHead, ResponseHead,
    ResponseOrigin, Side, SocketId, Timings, TlsSession, Trace, Tunnel, TunnelId, TunnelKind,
    Upstream, Verification,
};

/// A trace with one exchange of every kind, two tunnels and a rejected handshake.
pub(crate) fn trace() -> Trace {
    let mut trace = Trace {
        exchanges: exchanges(),
        tunnels: vec![
            tunnel(1, TunnelKind::Passthrough, Ending::Complete),
            tunnel(2, TunnelKind::Opaque, failed(Failure::Dns, "no such host")),
        ],
        handshakes: vec![HandshakeFailed {
            connection: connection(900, "r.example", 443),
            at: time(901),
            rejection: Rejection::alert(48),
            process: None,
            earlier: None,
        }],
        secrets_kept: false,
        ..Trace::default()
    };
    trace.sort();
    trace
}

fn exchanges() -> Vec<Exchange> {
    let json = "application/json";
    let text = "text/plain";
    let mut list = Vec::new();
    let mut add = |exchange: Exchange| list.push(exchange);

    add(Sample::new(1, "GET", "/v2/")
        .head("Host: r.example\r\nAccept: */*")
        .answer(
            "401 Unauthorized",
            &format!("Content-Type: {json}"),
            &memory(br#"{"errors":[{"code":"UNAUTHORIZED","message":"\u003cno\u003e <b>"}]}"#),
        ));
    add(Sample::new(2, "GET", "/binary").answer(
        "200 OK",
        "Content-Type: application/octet-stream",
        &memory(&(0..=255).collect::<Vec<u8>>()),
    ));
    let plain = br#"{"schemaVersion":2,"note":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
    add(Sample::new(3, "GET", "/gzip").answer(
        "200 OK",
        "Content-Type: application/json\r\nContent-Encoding: gzip",
        &Body {
            size: 60,
            ..memory(plain)
        },
    ));
    add(Sample::new(4, "POST", "/token")
        .head("Host: r.example\r\nContent-Type: application/x-www-form-urlencoded")
        .sends(&memory(b"grant_type=password&scope=repository%3Aa%3Apull"))
        .answer(
            "200 OK",
            "Content-Type: application/json; charset=utf-8\r\nSet-Cookie: a=b; Path=/; Secure",
            &memory("{\"greeting\":\"gr\u{fc}n\"}".as_bytes()),
        ));
    add(Sample::new(5, "PUT", "/upload?digest=sha256:ab")
        .head("Host: r.example\r\nContent-Type: application/octet-stream")
        .sends(&memory(&[0, 159, 146, 150]))
        .answer("201 Created", "Content-Length: 0", &empty()));
    add(Sample::new(6, "GET", "/v2/a/blobs/sha256:00").answer(
        "307 Temporary Redirect",
        "Location: https://cdn.example/a?X=1&Y=%20\r\nContent-Length: 0",
        &empty(),
    ));
    add(Sample::new(7, "HEAD", "/v2/a/manifests/latest").answer(
        "200 OK",
        "Content-Type: application/vnd.oci.image.index.v1+json\r\nContent-Length: 1234",
        &empty(),
    ));
    add(Sample::new(8, "DELETE", "/x").answer("204 No Content", "", &empty()));
    add(Sample::new(9, "GET", "/etag")
        .head("Host: r.example\r\nIf-None-Match: \"a\"")
        .answer("304 Not Modified", "ETag: \"a\"", &empty()));

    let mut cut = Sample::new(10, "GET", "/v2/a/blobs/sha256:01").answer(
        "200 OK",
        "Content-Length: 9999",
        &Body {
            complete: false,
            sha256: None,
            ..omitted(5_000, Omission::Blob)
        },
    );
    cut.ended = Some((
        time(20),
        aborted(Side::Upstream, "closed after 5000 of 9999 bytes"),
    ));
    add(cut);
    let mut part = Sample::new(11, "GET", "/part").answer(
        "200 OK",
        &format!("Content-Type: {text}\r\nContent-Length: 99"),
        &Body {
            complete: false,
            sha256: None,
            ..memory(b"the first part")
        },
    );
    part.ended = Some((time(21), aborted(Side::Client, "")));
    add(part);
    let mut no_answer = Sample::new(12, "GET", "/nowhere");
    no_answer.ended = Some((time(22), failed(Failure::Dns, "no such host: r.example")));
    no_answer.upstream = Some(Arc::default());
    add(no_answer);

    add(Sample::new(13, "GET", "/v2/a/blobs/sha256:02").answer(
        "200 OK",
        "Content-Type: application/octet-stream",
        &omitted(1 << 33, Omission::Blob),
    ));
    let mut odd = Sample::new(14, "GET", "/odd");
    odd.request.as_mut().unwrap().head = RawHead::new(b"GET /odd HTTP/1.1\r\nHost: r.example\r\nX-Latin: gr\xfcn\r\nX-Nul: a\0b\r\nx-empty:\r\n\r\n");
    add(odd.answer(
        "200",
        "Content-Type: text/html; charset=utf-8\r\nServer: \u{1f433}",
        &memory("<b>\u{1f433}</b>".as_bytes()),
    ));
    add(Sample::new(15, "GET", "/accept").head("Host: r.example\r\nAccept: a/1\r\naccept: a/2\r\nACCEPT: a/3\r\nAccept: a/3\r\nCookie: c=1; d=2")
        .answer("200 OK", "Www-Authenticate: Bearer realm=\"a\"\r\nWWW-Authenticate: Basic\r\nContent-Length: 0", &empty()));

    let mut six = Sample::new(16, "GET", "/v2/");
    six.connection = connection(16, "2001:db8::1", 5_000);
    six = six.head("Host: [2001:db8::1]:5000");
    six.request.as_mut().unwrap().url = "https://[2001:db8::1]:5000/v2/".into();
    Arc::make_mut(six.upstream.as_mut().unwrap()).address =
        Some("[2001:db8::1]:5000".parse().unwrap());
    add(six.answer(
        "200 OK",
        "Content-Length: 2\r\nContent-Type: application/json",
        &memory(b"{}"),
    ));

    let mut headless = Sample::new(17, "GET", "/");
    headless.request = None;
    headless.request_body = None;
    headless.upstream = None;
    headless.ended = Some((time(23), failed(Failure::BadRequest, "bare \0 in the head")));
    add(headless);

    let mut chunked = Sample::new(18, "GET", "/chunked").answer(
        "200 OK",
        "Transfer-Encoding: chunked\r\nTrailer: X-Sum",
        &Body {
            trailers: vec![("X-Sum".into(), "\u{ff}1".into())],
            ..memory(b"chunks")
        },
    );
    chunked.response.as_mut().unwrap().interim = vec![RawHead::new(
        *b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    )];
    add(chunked);
    let mut plain_http = Sample::new(19, "GET", "/plain");
    plain_http.connection.target = None;
    plain_http.connection.tls = None;
    plain_http.connection.sni = None;
    plain_http.connection.connect_head = None;
    let request = plain_http.request.as_mut().unwrap();
    request.url = "http://r.example/plain?a=1&b=%00".into();
    request.fidelity = Fidelity::Regrouped;
    let upstream = Arc::make_mut(plain_http.upstream.as_mut().unwrap());
    upstream.via = Some("http://proxy.example:3128".to_owned());
    upstream.tls = None;
    upstream.certificates = Arc::default();
    upstream.verification = None;
    upstream.reused = true;
    plain_http.timings.dns = None;
    plain_http.timings.connect = None;
    plain_http.timings.ssl = None;
    plain_http.redacted = true;
    add(plain_http.answer(
        "200 OK",
        &format!("Content-Type: {text}"),
        &memory("gr\u{fc}n".as_bytes()),
    ));

    let mut broken = Sample::new(20, "G\u{1}T", "/");
    broken.request.as_mut().unwrap().url = "https://r.example/a b|c\u{e9}".into();
    broken.response = None;
    let mut broken = broken.answer(
        "400 Bad Request",
        "Content-Type: text/plain",
        &memory(b"no"),
    );
    broken.response.as_mut().unwrap().origin = ResponseOrigin::Pullscope;
    broken.ended = Some((time(24), failed(Failure::BadRequest, "a control character")));
    add(broken);

    let mut open = Sample::new(21, "GET", "/open").answer("200 OK", "Content-Length: 5", &empty());
    open.response_body = None;
    open.ended = Some((
        time(25),
        aborted(Side::Capture, "capture ended before the response completed"),
    ));
    add(open);
    add(Sample::new(22, "PATCH", "/v2/a/blobs/uploads/1")
        .sends(&omitted(1 << 20, Omission::Blob))
        .answer("202 Accepted", "Content-Length: 0", &empty()));
    add(Sample::new(23, "POST", "/zipped")
        .head("Host: r.example\r\nContent-Type: application/json\r\nContent-Encoding: gzip")
        .sends(&Body {
            size: 22,
            ..memory(br#"{"a":1}"#)
        })
        .answer(
            "200 OK",
            "Content-Encoding: br\r\nContent-Type: text/plain",
            &Body {
                size: 4,
                decoded_size: None,
                sha256: None,
                ..omitted(4, Omission::Undecodable)
            },
        ));
    list
}

/// A body that is in memory, whole.
pub(crate) fn memory(bytes: &[u8]) -> Body {
    let size = bytes.len() as u64;
    Body {
        size,
        decoded_size: Some(size),
        sha256: Some(sha256(bytes)),
        complete: true,
        capture: Capture::Memory {
            bytes: Bytes::copy_from_slice(bytes),
        },
        ..Body::default()
    }
}

/// The digest of these bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let hex = |byte: &u8| [byte >> 4, byte & 15].map(|n| char::from_digit(n.into(), 16).unwrap());
    digest.as_ref().iter().flat_map(hex).collect()
}

fn empty() -> Body {
    Body {
        sha256: Some(sha256(b"")),
        decoded_size: Some(0),
        complete: true,
        ..Body::default()
    }
}

fn omitted(size: u64, reason: Omission) -> Body {
    Body {
        size,
        decoded_size: Some(size),
        sha256: Some("ab".repeat(32)),
        complete: true,
        capture: Capture::Omitted { reason },
        ..Body::default()
    }
}

/// Makes an exchange step by step.
struct Sample;

impl Sample {
    #[expect(clippy::new_ret_no_self, reason = "it begins an exchange")]
    fn new(id: u64, method: &str, target: &str) -> Exchange {
        let mut exchange =
            Exchange::new(ExchangeId(id), time(id), connection(id, "r.example", 443));
        exchange.request = Some(RequestHead {
            url: format!("https://r.example{target}"),
            head: RawHead::new(format!(
                "{method} {target} HTTP/1.1\r\nHost: r.example\r\n\r\n"
            )),
            fidelity: Fidelity::Exact,
        });
        exchange.request_body = Some(empty());
        let upstream = Upstream {
            socket: SocketId(id),
            address: Some("192.0.2.1:443".parse().unwrap()),
            local: Some("192.0.2.9:50000".parse().unwrap()),
            tls: Some(tls("h2")),
            certificates: [certificate(), b"no certificate".to_vec()].into(),
            verification: Some(Verification::Overridden {
                reason: "self-signed".to_owned(),
            }),
            ..Upstream::default()
        };
        exchange.upstream = Some(upstream.into());
        exchange.timings = Timings {
            blocked: None,
            dns: Some(Duration::from_micros(1_234)),
            connect: Some(Duration::from_micros(30_100)),
            ssl: Some(Duration::from_micros(20_001)),
            send: Some(Duration::from_micros(7)),
            wait: Some(Duration::from_millis(100)),
            receive: Some(Duration::from_micros(3)),
        };
        exchange.ended = Some((time(id + 1), Ending::Complete));
        exchange
    }
}

/// The steps.
trait Steps {
    fn head(self, fields: &str) -> Self;
    fn sends(self, body: &Body) -> Self;
    fn answer(self, status: &str, fields: &str, body: &Body) -> Self;
}

impl Steps for Exchange {
    fn head(mut self, fields: &str) -> Self {
        let request = self.request.as_mut().unwrap();
        let start = String::from_utf8(request.head.start_line().to_vec()).unwrap();
        request.head = RawHead::new(format!("{start}\r\n{fields}\r\n\r\n"));
        self
    }

    fn sends(mut self, body: &Body) -> Self {
        self.sent = body.size;
        self.request_body = Some(body.clone());
        self
    }

    fn answer(mut self, status: &str, fields: &str, body: &Body) -> Self {
        let fields = if fields.is_empty() {
            String::new()
        } else {
            format!("{fields}\r\n")
        };
        self.response = Some(ResponseHead {
            at: time(self.id.0),
            head: RawHead::new(format!("HTTP/1.1 {status}\r\n{fields}\r\n")),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        });
        self.received = body.size;
        self.response_body = Some(body.clone());
        self
    }
}

fn tunnel(id: u64, kind: TunnelKind, ending: Ending) -> Tunnel {
    Tunnel {
        id: TunnelId(id),
        connection: connection(800 + id, "other.example", 8443),
        kind,
        upstream: Some(Upstream {
            address: Some("192.0.2.2:8443".parse().unwrap()),
            socket: SocketId(800 + id),
            ..Upstream::default()
        }),
        sent: 517,
        received: 1 << 20,
        timings: Timings {
            connect: Some(Duration::from_millis(5)),
            ..Timings::default()
        },
        ended: Some((time(810), ending)),
    }
}

fn connection(id: u64, host: &str, port: u16) -> Connection {
    let target = Authority {
        host: host.to_owned(),
        port,
    };
    Connection {
        id: ConnectionId(id),
        client: "127.0.0.1:40000".parse().unwrap(),
        opened: time(id),
        connect_head: Some(RawHead::new(format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: docker/20.10\r\n\r\n"
        ))),
        connect_fidelity: Fidelity::Regrouped,
        sni: Some(host.to_owned()),
        target: Some(target),
        tls: Some(tls("http/1.1").into()),
        handshake: Some(Duration::from_micros(1_500)),
    }
}

fn tls(alpn: &str) -> TlsSession {
    TlsSession {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS13_AES_128_GCM_SHA256".to_owned(),
        alpn: Some(alpn.to_owned()),
        offered: Vec::new(),
    }
}

fn certificate() -> Vec<u8> {
    static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let names = ["r.example".to_owned()];
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(names).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    });
    CERTIFICATE.clone()
}

fn aborted(by: Side, detail: &str) -> Ending {
    Ending::Aborted {
        by,
        detail: detail.to_owned(),
    }
}

fn failed(reason: Failure, detail: &str) -> Ending {
    Ending::Failed {
        reason,
        detail: detail.to_owned(),
    }
}

/// So many seconds after the capture began, with nanoseconds that HAR has no place for.
fn time(seconds: u64) -> Timestamp {
    let start: Timestamp = "2026-03-01T10:00:00.123456789Z".parse().unwrap();
    start + SignedDuration::from_secs(i64::try_from(seconds).unwrap())
}
