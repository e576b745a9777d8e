//! Secrets planted into realistic traffic, searched for in everything that comes out.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pullscope::exchange::{
    Ending, Event, Exchange, ExchangeId, Failure, HandshakeFailed, Rejection, Side, Timings,
    Tunnel, TunnelId, TunnelKind, Upstream,
};
use pullscope::redact::Redactor;

use crate::traffic::{Talk, body, connection, everything};

const HUB_SIGNATURE: &str = "kq3XhQd7pN-2yVb_tG8sLw9ZcRfEuJmA1oP4iD6xS5HnTgBvKzYr0WlMjCaFeUqO";
const GCR_TOKEN: &str = "AJAD5v0sN9g4glsFyOye+8YbmfHPUlCS4/hSi9DSa+uPAzpqFV/VLFREmvXg==";
const PASSWORD: &str = "c0rrect h&rse \"b<ttery\"/st+ple%ä";
const REFRESH: &str = "kas9Da81Dfa8-refresh-ykQ0hX2";
const CLOUDFRONT: &str = "ETFKe7k0WMPM5AgJ4qbT9CIq-v4Bl1XrUfOa1WiGwAYo4ZQC~gO9VPX1wfo__";
const KEY_PAIR: &str = "APKAJ67PQLWGCSP66DGA";
const GOOG_SIGNATURE: &str = "5d2f1b8a9c3e7f60415d2f1b8a9c3e7f60415d2f1b8a9c3e7f60415d2f1b8a9c";
const ACCESS_KEY: &str = "ASIAIOSFODNN7EXAMPLE";
const AMZ_SIGNATURE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const AMZ_SESSION: &str = "IQoJb3JpZ2luX2VjEHkaCXVzLWVhc3QtMSJHMEUCIQDk/x9+Yz7w==";
const OSS_KEY: &str = "LTAI4G6zf8H9RhDWxXfrrhkr";
const OSS_SIGNATURE: &str = "/NOGZkZMkQOgkhYcaRm+1e5JX7w=";
const COOKIE: &str = "d04ebe20bc6d7e2a107b72a8235eeb2d01597904266";
const IDENTITY_TOKEN: &str = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d";
const PROXY_PASSWORD: &str = "s3cr3t!pr0xy";
const UPLOAD_STATE: &str = "rZ9yq7Vn2mTkX0cLwPbH5sJdEoUiGaFyNvCrQxBz";
const DOWNLOAD: &str = "AF7xhJ2kQ9wLmN4pRsT6vXyZ";
const CLIENT_IP: &str = "203.0.113.77";

const SECRETS: [&str; 18] = [
    HUB_SIGNATURE,
    GCR_TOKEN,
    PASSWORD,
    REFRESH,
    CLOUDFRONT,
    KEY_PAIR,
    GOOG_SIGNATURE,
    ACCESS_KEY,
    AMZ_SIGNATURE,
    AMZ_SESSION,
    OSS_KEY,
    OSS_SIGNATURE,
    COOKIE,
    IDENTITY_TOKEN,
    PROXY_PASSWORD,
    UPLOAD_STATE,
    DOWNLOAD,
    CLIENT_IP,
];

#[test]
fn no_planted_secret_survives_in_any_form() {
    let mut redactor = Redactor::new();
    let mut text = String::new();
    for event in conversation() {
        let planted = SECRETS
            .iter()
            .any(|secret| survives(&everything(&event), secret));
        let after = redactor.event(event.clone());
        assert_eq!(planted, after != event, "{}", everything(&after));
        assert_eq!(redactor.event(after.clone()), after, "not idempotent");
        text.push_str(&everything(&after));
        text.push('\n');
    }
    for secret in SECRETS {
        assert!(!survives(&text, secret), "{secret} in {text}");
    }
    for kept in KEPT {
        assert!(text.contains(kept), "{kept} is gone from {text}");
    }
}

/// What tells the story and must stay.
const KEPT: [&str; 27] = [
    r#"Www-Authenticate: Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/alpine:pull\""#,
    "scope=repository%3Alibrary%2Falpine%3Apull&service=registry.docker.io",
    "\"expires_in\":300",
    "\"issued_at\":\"2020-08-20T06:17:42Z\"",
    "grant_type=password&service=hub",
    "&access_type=offline&client_id=docker",
    "Authorization: Basic REDACTED-",
    "Proxy-Authorization: Basic REDACTED-",
    "Authorization: Bearer REDACTED-",
    "Expires=1597905310",
    "X-Goog-Algorithm=GOOG4-RSA-SHA256",
    "X-Goog-Expires=900",
    "X-Amz-Date=20200820T061741Z",
    "X-Amz-Expires=1200",
    "X-Amz-SignedHeaders=host",
    "verify=1597907265-REDACTED-",
    "x-amz-request-id: 02DD1574BF2664F6",
    "<RequestId>02DD1574BF2664F6</RequestId>",
    "<Code>SignatureDoesNotMatch</Code>",
    "Docker-Content-Digest: sha256:a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e",
    "ratelimit-remaining: 20;w=21600",
    "Set-Cookie: __cfduid=REDACTED-",
    "; path=/; HttpOnly",
    "/artifacts-downloads/namespaces/p/repositories/r/downloads/REDACTED-",
    "/v2/alice/app/blobs/uploads/7e1f?_state=REDACTED-",
    "CONNECT registry.example:443 HTTP/1.1",
    "http://REDACTED-",
];

#[test]
fn a_jwt_keeps_header_and_claims_and_is_three_parts_still() {
    let mut redactor = Redactor::new();
    let jwt = hub_jwt();
    let (story, _) = jwt.rsplit_once('.').unwrap();
    let body = redactor.text(&format!(r#"{{"token":"{jwt}"}}"#));
    let token = body.split('"').nth(3).unwrap();
    assert!(token.starts_with(&format!("{story}.REDACTED-")), "{token}");
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(
        redactor.text(&format!("Bearer {jwt}")),
        format!("Bearer {token}")
    );
}

#[test]
fn the_same_secret_has_the_same_name_everywhere() {
    let mut redactor = Redactor::new();
    let name = |text: &str| {
        let at = text.find("REDACTED-").unwrap();
        text.get(at..at + 15).unwrap().to_owned()
    };
    let body = redactor.text(&format!(r#"{{"token":"{GCR_TOKEN}"}}"#));
    let field = redactor.text(&format!("Authorization: Bearer {GCR_TOKEN}"));
    let query = redactor.text(&format!("https://r/?token={}", percent(GCR_TOKEN)));
    assert_eq!(name(&body), name(&field));
    assert_eq!(name(&body), name(&query));
    let other = redactor.text(r#"{"token":"some-other-token"}"#);
    assert_ne!(name(&body), name(&other));
    assert_ne!(
        name(&body),
        name(&Redactor::new().text(&body.replace(&name(&body), GCR_TOKEN)))
    );
}

#[test]
fn an_ended_exchange_is_marked_when_any_step_was_redacted() {
    let quiet = Talk::get(1, "https://r.example/v2/", "", "HTTP/1.1 200 OK", "{}");
    let telling = Talk::get(
        2,
        "https://r.example/v2/?token=abc",
        "",
        "HTTP/1.1 200 OK",
        "{}",
    );
    let mut redactor = Redactor::new();
    let mut marks = Vec::new();
    // Their steps come interleaved.
    let steps = |talk: &Talk| talk.events("", None, Ending::Complete);
    for (a, b) in steps(&quiet).into_iter().zip(steps(&telling)) {
        for event in [a, b] {
            if let Event::Ended { id, end } = redactor.event(event) {
                marks.push((id.0, end.redacted));
            }
        }
    }
    assert_eq!(marks, [(1, false), (2, true)]);
    assert_eq!(
        format!("{redactor:?}"),
        "Redactor { secrets: 0, open: 0, .. }"
    );
}

#[test]
fn a_record_from_elsewhere_is_redacted_as_a_whole() {
    // The body comes last and gives away what the head holds.
    let talk = Talk::post(
        9,
        "https://r.example/login?hint=hunter2",
        "application/json",
        r#"{"username":"alice","password":"hunter2"}"#,
        "{}",
    );
    let mut exchange = Exchange::new(ExchangeId(9), Timestamp::UNIX_EPOCH, connection(""));
    for event in talk.events("", None, Ending::Complete) {
        exchange.apply(event);
    }
    let mut redactor = Redactor::new();
    let after = redactor.exchange(exchange);
    assert!(after.redacted);
    let url = &after.request.as_ref().unwrap().url;
    assert!(
        url.starts_with("https://r.example/login?hint=REDACTED-"),
        "{url}"
    );
    assert!(!survives(
        &serde_json::to_string(&after).unwrap(),
        "hunter2"
    ));
    assert_eq!(redactor.exchange(after.clone()), after);
}

#[test]
fn trailers_and_odd_spellings_are_no_hiding_place() {
    let mut talk = Talk::get(1, "https://r.example/", "", "HTTP/1.1 200 OK", "x");
    talk.request = b"GET / HTTP/1.1\r\nauthorization\t: Bearer\r\n abcdefgh12345678\r\nCOOKIE:s=\xff\xfe-latin-1-value\r\n\r\n".to_vec();
    let mut events = talk.events("", None, Ending::Complete);
    if let Some(Event::Ended { end, .. }) = events.last_mut() {
        end.response_body = Some(pullscope::exchange::Body {
            trailers: vec![
                (
                    "X-Amz-Security-Token".into(),
                    "trailing-token-\u{ff}".into(),
                ),
                ("X-Checksum".into(), "abc".into()),
            ],
            ..body(b"x")
        });
    }
    let mut redactor = Redactor::new();
    let text: String = events
        .into_iter()
        .map(|event| everything(&redactor.event(event)))
        .collect();
    for secret in ["abcdefgh12345678", "latin-1-value", "trailing-token"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(
        text.contains(r"authorization\t: Bearer\r\n REDACTED-"),
        "{text}"
    );
    assert!(text.contains("COOKIE:s=REDACTED-") && text.contains(r#"["X-Checksum","abc"]"#));
}

/// Whether a secret stands in a text: as it is, percent-encoded, escaped for HTML or JSON, or in
/// base64 at any alignment.
fn survives(text: &str, secret: &str) -> bool {
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![
        secret.to_owned(),
        percent(secret),
        percent(secret).to_lowercase(),
        percent(secret).replace("%20", "+"),
        secret.replace(' ', "+"),
        html.replace('"', "\\\""),
        html,
        json.trim_matches('"').to_owned(),
    ];
    for skip in 0..3 {
        // What the bytes before and after do not change.
        let bytes = [&b"\0\0"[..skip], secret.as_bytes()].concat();
        let whole = bytes.len() / 3 * 3;
        let first = usize::from(skip > 0) * 4;
        for engine in [&BASE64, &BASE64URL_NOPAD] {
            let encoded = engine.encode(&bytes[..whole]);
            forms.push(encoded.get(first..).unwrap().to_owned());
        }
    }
    forms.iter().any(|form| text.contains(form.as_str()))
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn hub_jwt() -> String {
    let part = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
    format!(
        "{}.{}.{HUB_SIGNATURE}",
        part(r#"{"typ":"JWT","alg":"RS256","kid":"BWM4"}"#),
        part(
            r#"{"access":[{"type":"repository","name":"library/alpine","actions":["pull"]}],"aud":"registry.docker.io","exp":1597904562,"sub":""}"#
        )
    )
}

fn conversation() -> Vec<Event> {
    let proxy_login = BASE64.encode(format!("bob:{PROXY_PASSWORD}").as_bytes());
    let connect = format!(
        "CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\nProxy-Authorization: Basic {proxy_login}\r\n\r\n"
    );
    let via = format!("http://bob:{PROXY_PASSWORD}@proxy.example:3128");
    let mut events = Vec::new();
    for talk in [google(), hub(), amazon(), others()].into_iter().flatten() {
        let ending = match talk.id % 3 {
            0 => Ending::Failed {
                reason: Failure::UpstreamProxy,
                detail: format!("{via} refused"),
            },
            1 => Ending::Aborted {
                by: Side::Upstream,
                detail: format!("cut off after token {GCR_TOKEN}, {}", hub_jwt()),
            },
            _ => Ending::Complete,
        };
        events.extend(talk.events(&connect, Some(&via), ending));
    }
    events.push(Event::Tunnel(Box::new(Tunnel {
        id: TunnelId(1),
        connection: connection(&connect),
        kind: TunnelKind::Passthrough,
        upstream: Some(Upstream {
            via: Some(via.clone()),
            ..Upstream::default()
        }),
        sent: 1,
        received: 2,
        timings: Timings::default(),
        ended: None,
    })));
    events.push(Event::HandshakeFailed(Box::new(HandshakeFailed {
        connection: connection(&connect),
        at: Timestamp::UNIX_EPOCH,
        process: None,
        earlier: Some(format!("agent/{proxy_login}")),
        rejection: Rejection::Protocol {
            detail: format!("saw Basic {proxy_login}"),
        },
    })));
    events
}

/// Docker Hub: a login with a password, tokens, and the password in all sorts of answers.
fn hub() -> Vec<Talk> {
    let jwt = hub_jwt();
    let login = BASE64.encode(format!("alice:{PASSWORD}").as_bytes());
    let html = PASSWORD
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let json = serde_json::to_string(PASSWORD).unwrap();
    let config = BASE64.encode(
        format!(r#"{{"username":"alice","password":{json},"identitytoken":"{IDENTITY_TOKEN}"}}"#)
            .as_bytes(),
    );
    vec![
        Talk::get(
            1,
            "https://registry-1.docker.io/v2/",
            "",
            "HTTP/1.1 401 Unauthorized\r\nWww-Authenticate: Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/alpine:pull\"",
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#,
        ),
        Talk::get(
            2,
            "https://auth.docker.io/token?account=alice&scope=repository%3Alibrary%2Falpine%3Apull&service=registry.docker.io",
            &format!("Authorization: Basic {login}\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json",
            &format!(
                r#"{{"token":"{jwt}","access_token":"{jwt}","expires_in":300,"issued_at":"2020-08-20T06:17:42Z"}}"#
            ),
        ),
        Talk::post(
            3,
            "https://auth.docker.io/token",
            "application/x-www-form-urlencoded",
            &format!(
                "grant_type=password&service=hub&username=alice&password={}&refresh_token={REFRESH}&access_type=offline&client_id=docker",
                percent(PASSWORD).replace("%20", "+")
            ),
            &format!(
                r#"{{"details":"incorrect password {}, that is {html}, that is {}","refresh_token":"{REFRESH}"}}"#,
                json.trim_matches('"'),
                BASE64.encode(format!("x{PASSWORD}").as_bytes())
            ),
        ),
        Talk::get(
            4,
            "https://registry-1.docker.io/v2/library/alpine/blobs/sha256:a24b",
            &format!("Authorization: Bearer {jwt}\r\nX-Registry-Auth: {config}\r\n"),
            &format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://production.cloudflare.docker.com/data?verify=1597907265-{}\r\nDocker-Content-Digest: sha256:a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e\r\nSet-Cookie: __cfduid={COOKIE}; path=/; HttpOnly\r\ndocker-ratelimit-source: {CLIENT_IP}\r\nratelimit-remaining: 20;w=21600",
                percent(CLOUDFRONT)
            ),
            &format!("<p>{html} of {CLIENT_IP} and {IDENTITY_TOKEN}</p>"),
        ),
        Talk::get(
            5,
            "https://registry-1.docker.io/v2/",
            &format!(
                "Cookie: lang=en; __cfduid={COOKIE}\r\nReferer: https://r/?q={}\r\n",
                percent(PASSWORD)
            ),
            "HTTP/1.1 200 OK",
            &format!("you sent {login} and {config}"),
        ),
    ]
}

/// Google: an opaque token, signed storage URLs in JSON, and a secret in a path.
fn google() -> Vec<Talk> {
    vec![
        Talk::get(
            6,
            "https://gcr.io/v2/token?scope=repository%3Ap%2Fr%3Apull&service=gcr.io",
            "",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json",
            &format!(
                r#"{{"expires_in":43200,"token":"{}"}}"#,
                GCR_TOKEN.replace('=', r"\u003d")
            ),
        ),
        Talk::get(
            7,
            "https://gcr.io/v2/p/r/blobs/sha256:1",
            &format!("Authorization: Bearer {GCR_TOKEN}\r\n"),
            &format!(
                "HTTP/1.1 302 Found\r\nLocation: /artifacts-downloads/namespaces/p/repositories/r/downloads/{DOWNLOAD}"
            ),
            &format!(
                r#"{{"mediaLink":"https:\/\/storage.googleapis.com\/b\/o?X-Goog-Algorithm=GOOG4-RSA-SHA256\u0026X-Goog-Credential={}%2F20200820%2Fauto\u0026X-Goog-Expires=900\u0026X-Goog-Signature={GOOG_SIGNATURE}","seen":"{}"}}"#,
                ACCESS_KEY,
                percent(GCR_TOKEN)
            ),
        ),
        Talk::get(
            8,
            &format!(
                "https://gcr.io/artifacts-downloads/namespaces/p/repositories/r/downloads/{DOWNLOAD}"
            ),
            "",
            "HTTP/1.1 404 Not Found",
            &format!("no such file: {DOWNLOAD}"),
        ),
    ]
}

/// Amazon: signed URLs, and the error page that repeats everything.
fn amazon() -> Vec<Talk> {
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}%2F20200820%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20200820T061741Z&X-Amz-Expires=1200&X-Amz-Security-Token={}&X-Amz-SignedHeaders=host",
        percent(AMZ_SESSION)
    );
    vec![Talk::get(
        10,
        &format!(
            "https://prod-starport.s3.amazonaws.com/x?{query}&X-Amz-Signature={AMZ_SIGNATURE}"
        ),
        "",
        "HTTP/1.1 403 Forbidden\r\nx-amz-request-id: 02DD1574BF2664F6\r\nContent-Type: application/xml",
        &format!(
            "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId><SignatureProvided>{AMZ_SIGNATURE}</SignatureProvided><CanonicalRequest>GET\n/x\n{}\nhost:s3</CanonicalRequest><RequestId>02DD1574BF2664F6</RequestId></Error>",
            query.replace('&', "&amp;")
        ),
    )]
}

/// Quay, Aliyun, and an upload with a state of its own.
fn others() -> Vec<Talk> {
    let signed = format!(
        "https://cdn02.quay.io/c3?Expires=1597905310&Signature={CLOUDFRONT}&Key-Pair-Id={KEY_PAIR}"
    );
    let oss = format!(
        "https://acs.oss-cn-hangzhou.aliyuncs.com/data?Expires=1597905310&OSSAccessKeyId={OSS_KEY}&Signature={}",
        percent(OSS_SIGNATURE)
    );
    let html = signed.replace('&', "&amp;");
    vec![
        Talk::get(
            11,
            "https://quay.io/v2/a/b/blobs/sha256:c3",
            "",
            &format!(
                "HTTP/1.1 302 FOUND\r\nLocation: {signed}\r\nContent-Type: text/html; charset=utf-8"
            ),
            &format!("<p>You should be redirected: <a href=\"{html}\">{html}</a>."),
        ),
        Talk::get(
            12,
            &signed,
            "Referer: https://quay.io/v2/a/b/blobs/sha256:c3\r\n",
            "HTTP/1.1 200 OK",
            "",
        ),
        Talk::get(
            13,
            &oss,
            "",
            "HTTP/1.1 403 Forbidden",
            &format!(
                "<Error><OSSAccessKeyId>{OSS_KEY}</OSSAccessKeyId><SignatureProvided>{OSS_SIGNATURE}</SignatureProvided></Error>"
            ),
        ),
        Talk::get(
            14,
            "https://r.example/v2/alice/app/blobs/uploads/",
            "",
            &format!(
                "HTTP/1.1 202 Accepted\r\nLocation: /v2/alice/app/blobs/uploads/7e1f?_state={UPLOAD_STATE}"
            ),
            "",
        ),
    ]
}
