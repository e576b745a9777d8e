//! A hundred secrets and a hundred innocents of every kind, in every place, through
//! `pullscope redact` on a HAR: none of the first is left, none of the others is taken away.

use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};

/// Where a name and a value, or a text, stand in an exchange.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// A request header field.
    Header,
    /// A parameter of the request's URL.
    Query,
    /// A parameter of a posted form.
    Form,
    /// A member of a JSON answer.
    Json,
    /// A part of a form of several parts.
    Multipart,
    /// An element of an XML answer.
    Xml,
    /// A variable in the configuration of an image.
    Variable,
    /// An answer that is a text; the name is the text, with the value for `{}`.
    Text,
}

use Spot::{Form, Header, Json, Multipart, Query, Text, Variable, Xml};

/// Names of secrets.
const SECRETS: [(Spot, &str); 110] = [
    (Header, "X-Auth-Token"),
    (Header, "X-Subject-Token"),
    (Header, "X-GitHub-Token"),
    (Header, "X-Consul-Token"),
    (Header, "X-aws-ec2-metadata-token"),
    (Header, "X-MS-Token-AAD-Access-Token"),
    (Header, "X-Goog-IAP-JWT-Assertion"),
    (Header, "CF-Access-Client-Secret"),
    (Header, "Ocp-Apim-Subscription-Key"),
    (Header, "X-Functions-Key"),
    (Header, "X-Goog-Api-Key"),
    (Header, "ApiKey"),
    (Header, "X-Original-Authorization"),
    (Header, "X-Session-Id"),
    (Header, "X-Hub-Signature-256"),
    (Header, "X-Amz-Server-Side-Encryption-Customer-Key"),
    (Header, "X-Registry-Config"),
    (Header, "X-Password"),
    (Header, "Deploy-Token"),
    (Header, "DPoP"),
    (Header, "X-Auth-Key"),
    (Header, "X-JFrog-Art-Api"),
    (Query, "access_token"),
    (Query, "X-Amz-Signature"),
    (Query, "X-Amz-Security-Token"),
    (Query, "X-Bce-Signature"),
    (Query, "temp_url_sig"),
    (Query, "hdnts"),
    (Query, "hdnea"),
    (Query, "hmac"),
    (Query, "auth_key"),
    (Query, "wsSecret"),
    (Query, "sign"),
    (Query, "cf_sign"),
    (Query, "ticket"),
    (Query, "jwt"),
    (Query, "_ordtok"),
    (Query, "__token__"),
    (Query, "pwd"),
    (Query, "code"),
    (Query, "session"),
    (Query, "auth"),
    (Query, "apikey"),
    (Query, "verify"),
    (Query, "_state"),
    (Query, "user[password]"),
    (Form, "password"),
    (Form, "refresh_token"),
    (Form, "client_secret"),
    (Form, "client_assertion"),
    (Form, "WebIdentityToken"),
    (Form, "passphrase"),
    (Form, "otp"),
    (Form, "device_code"),
    (Form, "registryPassword"),
    (Json, "secret"),
    (Json, "apiKey"),
    (Json, "api_key"),
    (Json, "secretKey"),
    (Json, "secret_access_key"),
    (Json, "SecretAccessKey"),
    (Json, "SessionToken"),
    (Json, "identitytoken"),
    (Json, "registrytoken"),
    (Json, "privateKey"),
    (Json, "passwd"),
    (Json, "clientSecret"),
    (Json, "password2"),
    (Json, "SecretString"),
    (Json, "storageAccountKey"),
    (Json, "hmac"),
    (Json, "X-Auth-Token"),
    (Json, "password_hash"),
    (Multipart, "password"),
    (Multipart, "csrf_token"),
    (Multipart, "apiKey"),
    (Multipart, "client-secret"),
    (Xml, "SecretAccessKey"),
    (Xml, "SessionToken"),
    (Xml, "Password"),
    (Xml, "ns:ApiKey"),
    (Variable, "NPM_TOKEN"),
    (Variable, "DB_PASSWORD"),
    (Variable, "MYSQL_PASS"),
    (Variable, "AWS_SECRET_ACCESS_KEY"),
    (Variable, "GITLAB_API_KEY"),
    (Variable, "SSH_PRIVATE_KEY"),
    (Text, "RUN |1 NPM_TOKEN={} /bin/sh -c npm ci"),
    (
        Text,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE{}/+A=\n-----END RSA PRIVATE KEY-----",
    ),
    (Text, "push with ghp_{} if you can"),
    (Text, "the token github_pat_{} is refused"),
    (Text, "use glpat-{}."),
    (Text, "dckr_pat_{}, dckr_oat_"),
    (Text, "xoxb-{}"),
    (Text, "key cmVmdGtu{} of old"),
    (Text, "vault says hvs.{}"),
    (Text, "mutation { login(password: \"{}\") { ok } }"),
    (Text, "registry:\n  password: {}\n  port: 1\n"),
    (
        Text,
        "<input type=\"hidden\" name=\"csrf_token\" value=\"{}\">",
    ),
    (Text, "<meta name='csrf-token' content='{}' />"),
    (
        Text,
        "{\"passwords\":[{\"name\":\"password\",\"value\":\"{}\"}]}",
    ),
    (Text, "[{\"value\":\"{}\",\"name\":\"DB_PASSWORD\"}]"),
    (Text, "{\"kind\":\"Secret\",\"data\":{\"ca.crt\":\"{}\"}}"),
    (
        Text,
        "see https://cdn.example/b?x=1&__token__=exp=1~acl=/*~hmac={} there",
    ),
    (Text, "[default]\naws_secret_access_key = {}\n"),
    (Text, "docker login -u me --password {} r.example"),
    (Text, "[\"--api-token\", \"{}\"]"),
    (Text, "registry:\n  password: |\n    {}\n  port: 1\n"),
    (Text, "window.csrfToken = \"{}\";"),
    (Text, "{\"password\":{\"type\":\"plain\",\"value\":\"{}\"}}"),
];

/// Names of what is none, however much it looks like one.
const INNOCENTS: [(Spot, &str); 116] = [
    (Header, "Docker-Upload-Uuid"),
    (Header, "Docker-Content-Digest"),
    (Header, "X-Docker-Expose-Session-Uuid"),
    (Header, "X-Request-Id"),
    (Header, "X-Amz-Request-Id"),
    (Header, "X-Amz-Id-2"),
    (Header, "X-Amz-Content-Sha256"),
    (Header, "X-Amz-Date"),
    (Header, "X-Ms-Correlation-Request-Id"),
    (Header, "Idempotency-Key"),
    (Header, "Surrogate-Key"),
    (Header, "X-Cache-Key"),
    (Header, "Sec-WebSocket-Key"),
    (Header, "X-Next-Page-Token"),
    (Header, "Signature-Input"),
    (Header, "Content-Digest"),
    (Header, "X-Goog-Hash"),
    (Header, "ETag"),
    (Header, "X-Author"),
    (Header, "X-Authority"),
    (Header, "X-Auth-Request-User"),
    (Header, "X-Token-Type"),
    (Header, "X-Password-Policy"),
    (Header, "X-Cosign-Version"),
    (Header, "X-Design"),
    (Query, "scope"),
    (Query, "service"),
    (Query, "client_id"),
    (Query, "grant_type"),
    (Query, "access_type"),
    (Query, "next_page"),
    (Query, "nextPageToken"),
    (Query, "page_token"),
    (Query, "continuation-token"),
    (Query, "NextToken"),
    (Query, "last"),
    (Query, "digest"),
    (Query, "from"),
    (Query, "mount"),
    (Query, "X-Amz-SignedHeaders"),
    (Query, "X-Amz-Algorithm"),
    (Query, "X-Amz-Expires"),
    (Query, "X-Goog-Date"),
    (Query, "q-sign-algorithm"),
    (Query, "q-sign-time"),
    (Query, "x-oss-signature-version"),
    (Query, "Expires"),
    (Query, "response-content-type"),
    (Query, "key"),
    (Query, "author"),
    (Query, "redirect_uri"),
    (Query, "state"),
    (Form, "client_assertion_type"),
    (Form, "requested_token_type"),
    (Form, "token_endpoint"),
    (Form, "service"),
    (Form, "audience"),
    (Form, "device_id"),
    (Form, "bypass"),
    (Form, "authority"),
    (Json, "token_type"),
    (Json, "expires_in"),
    (Json, "issued_at"),
    (Json, "scope"),
    (Json, "tokenizer"),
    (Json, "token_endpoint"),
    (Json, "authorization_endpoint"),
    (Json, "author"),
    (Json, "authority"),
    (Json, "digest"),
    (Json, "mediaType"),
    (Json, "nextPageToken"),
    (Json, "ContinuationToken"),
    (Json, "publicKey"),
    (Json, "signature_algorithm"),
    (Json, "password_policy"),
    (Json, "sessions_url"),
    (Json, "code"),
    (Json, "key"),
    (Json, "secretName"),
    (Json, "secretRef"),
    (Json, "tokenId"),
    (Json, "passwordProfile"),
    (Json, "dev.cosignproject.cosign/signature"),
    (Multipart, "digest"),
    (Multipart, "token_type"),
    (Multipart, "author"),
    (Xml, "RequestId"),
    (Xml, "Code"),
    (Xml, "NextContinuationToken"),
    (Xml, "HostId"),
    (Variable, "PATH"),
    (Variable, "AUTHOR"),
    (Variable, "TOKENIZERS_PARALLELISM"),
    (Variable, "GPG_PUBLIC_KEY"),
    (Variable, "POSTGRES_PASSWORD_FILE"),
    (
        Text,
        "-----BEGIN PUBLIC KEY-----\nMIIB{}\n-----END PUBLIC KEY-----",
    ),
    (Text, "the account robot$proj+{} may not push"),
    (Text, "invalid token: it ends at {}"),
    (Text, "sha256:{} is the digest, the token is not valid"),
    (
        Text,
        "{\"signatures\":[{\"signature\":\"{}\",\"protected\":\"e30\"}]}",
    ),
    (Text, "{\"name\":\"author\",\"value\":\"{}\"}"),
    (Text, "<input name=\"author\" value=\"{}\">"),
    (Text, "AKIA{} is an access key's number, no secret"),
    (Text, "docker build --secret id={},src=x ."),
    (Text, "docker run -u 1000:1000 -p 8080:80 {}"),
    (Text, "docker login --password-stdin {}"),
    (Text, "serve --token-file {}"),
    (Text, "if token == {} then"),
    (Text, "sha256-{}.sig"),
    (
        Text,
        "{\"payloadType\":\"x\",\"signatures\":[{\"keyid\":\"\",\"sig\":\"{}\"}]}",
    ),
    (
        Text,
        "{\"org.opencontainers.image.title\":\"tokenizer-{}.json\"}",
    ),
    (Header, "Traceparent"),
    (Json, "next_page_token"),
    (Json, "tokenUrl"),
    (Variable, "TOKEN_FILE"),
];

#[test]
fn security_25_none_of_a_hundred_secrets_is_left() {
    let text = redacted(&SECRETS);
    let left = indices(&SECRETS, |value| survives(&text, value));
    assert!(left.is_empty(), "left: {left:#?}");
}

#[test]
fn security_25_none_of_a_hundred_innocents_is_taken() {
    let text = redacted(&INNOCENTS);
    let taken = indices(&INNOCENTS, |value| !text.contains(value));
    assert!(taken.is_empty(), "taken: {taken:#?}");
    assert!(!text.contains("REDACTED"));
}

#[test]
fn secrets_take_no_innocents_with_them() {
    let both: Vec<_> = SECRETS.iter().chain(&INNOCENTS).copied().collect();
    let text = redacted(&both);
    let wrong = indices(&both, |value| survives(&text, value))
        .into_iter()
        .filter(|(number, _)| *number < SECRETS.len());
    assert_eq!(wrong.count(), 0);
    let kept = indices(&both, |value| text.contains(value));
    let kept = kept.iter().filter(|(number, _)| *number >= SECRETS.len());
    assert_eq!(kept.count(), INNOCENTS.len());
}

/// A value for each case, like those that are drawn at random, and unlike all others.
fn value(number: usize) -> String {
    // A linear congruence, spread over letters and digits.
    let mut state = number as u64 + 1;
    let digits = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut text = format!("v{number}Q");
    for _ in 0..20 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 40).unwrap() % digits.len();
        text.push(char::from(digits[at]));
    }
    text + "7x"
}

fn indices(
    cases: &[(Spot, &'static str)],
    is: impl Fn(&str) -> bool,
) -> Vec<(usize, &'static str)> {
    let numbered = cases.iter().enumerate();
    numbered
        .filter(|(number, _)| is(&value(*number)))
        .map(|(number, (_, name))| (number, *name))
        .collect()
}

/// Whether a value stands in a text, also inside base64.
fn survives(text: &str, value: &str) -> bool {
    let encoded = BASE64.encode(value.as_bytes());
    text.contains(value) || text.contains(encoded.trim_end_matches('='))
}

/// What `pullscope redact` makes of a HAR with these.
fn redacted(cases: &[(Spot, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("a.har"), dir.path().join("b.har"));
    let entries: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(number, (spot, name))| entry(*spot, name, &value(number)))
        .collect();
    let har = json!({ "log": {
        "version": "1.2", "creator": { "name": "test", "version": "1" }, "entries": entries,
    }});
    std::fs::write(&before, har.to_string()).unwrap();
    redact(&before, &after);
    std::fs::read_to_string(&after).unwrap()
}

/// Runs the program; what it says.
fn redact(before: &Path, after: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .arg("redact")
        .arg(before)
        .arg("--output")
        .arg(after)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn entry(spot: Spot, name: &str, value: &str) -> Value {
    let mut url = "https://registry.example/v2/".to_owned();
    let mut headers = vec![json!({ "name": "Host", "value": "registry.example" })];
    let mut post = None;
    let mut answer = (String::new(), "text/plain");
    match spot {
        Header => headers.push(json!({ "name": name, "value": value })),
        Query => url = format!("{url}?a=1&{name}={value}&z=1"),
        Form => {
            let kind = "application/x-www-form-urlencoded";
            post = Some((kind.to_owned(), format!("a=1&{name}={value}&z=1")));
        }
        Json => {
            let text = json!({ "a": 1, name: value }).to_string();
            answer = (text, "application/json");
        }
        Multipart => {
            let part = |name: &str, value: &str| {
                format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            let text = part("a", "1") + &part(name, value) + "--b--\r\n";
            post = Some(("multipart/form-data; boundary=b".to_owned(), text));
        }
        Xml => {
            let text = format!("<R><A>1</A><{name}>{value}</{name}></R>");
            answer = (text, "application/xml");
        }
        Variable => {
            let config =
                json!({ "config": { "Env": [format!("{name}={value} and more"), "A=1"] } });
            answer = (
                config.to_string(),
                "application/vnd.oci.image.config.v1+json",
            );
        }
        Text => answer.0 = name.replacen("{}", value, 1),
    }
    let (text, kind) = answer;
    let mut request = json!({
        "method": if post.is_some() { "POST" } else { "GET" },
        "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
        "headers": headers, "headersSize": -1, "bodySize": 0,
    });
    if let Some((kind, text)) = post {
        request["headers"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "name": "Content-Type", "value": kind }));
        request["bodySize"] = json!(text.len());
        request["postData"] = json!({ "mimeType": kind, "text": text });
    }
    json!({
        "startedDateTime": "2026-11-28T09:15:00.000Z", "time": 1, "request": request,
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [{ "name": "Content-Type", "value": kind }],
            "content": { "size": text.len(), "mimeType": kind, "text": text },
            "redirectURL": "", "headersSize": -1, "bodySize": text.len(),
        },
        "cache": {}, "timings": { "send": 0, "wait": 1, "receive": 0 },
    })
}

#[test]
fn security_25_order_decides_nothing_in_a_file_and_what_is_taken_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("a.har"), dir.path().join("b.har"));
    let secret = value(7_777);
    // It is told first, and recognised two exchanges later.
    let mut first = entry(Text, "the token is {}", &secret);
    first["request"]["headersSize"] = json!(4_321);
    let entries = [
        first,
        entry(Text, "nothing {}", "here"),
        entry(Header, "Authorization", &format!("Bearer {secret}")),
        entry(Json, "password", "hunter2-and-more"),
    ];
    let har = json!({ "log": {
        "version": "1.2", "creator": { "name": "test", "version": "1" }, "entries": entries,
    }});
    std::fs::write(&before, har.to_string()).unwrap();
    let said = redact(&before, &after);
    let text = std::fs::read_to_string(&after).unwrap();
    assert!(!survives(&text, &secret), "{text}");
    assert!(
        said.contains("took secrets out of 3 places: 2 tokens, 1 password"),
        "{said}"
    );
    // The sizes are those of the wire, also after the second time.
    let again = dir.path().join("c.har");
    let said = redact(&after, &again);
    assert!(said.contains("there was no secret to take out"), "{said}");
    for file in [&after, &again] {
        let har: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        let size = |number: usize| entries[number]["request"]["headersSize"].as_u64().unwrap();
        assert_eq!(size(0), 4_321);
        let head = format!(
            "GET /v2/ HTTP/1.1\r\nHost: registry.example\r\nAuthorization: Bearer {secret}\r\n\r\n"
        );
        assert_eq!(size(2), head.len() as u64);
    }
}

#[test]
fn a_host_loses_its_user() {
    let text = redacted_head("Host", "alice:s3cr3t-w0rd@registry.example");
    assert!(!text.contains("s3cr3t-w0rd"), "{text}");
    assert!(text.contains("@registry.example"), "{text}");
}

#[test]
fn docker_hubs_login_and_quays_redirect_are_known() {
    let mut redactor = pullscope::redact::Redactor::new();
    let body = r#"{"identifier":"me","secret":"dckr-none-8fK2m1"}"#;
    assert!(!redactor.text(body).contains("8fK2m1"));
    let url = "https://cdn.quay.io/b?Expires=9&hdnts=exp=1700000000~acl=/*~hmac=0a1b2c3d4e5f";
    let clean = pullscope::redact::url(url);
    assert_eq!(
        clean,
        "https://cdn.quay.io/b?Expires=9&hdnts=exp=1700000000~acl=/*~hmac=REDACTED"
    );
}

fn redacted_head(name: &str, value: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("a.har"), dir.path().join("b.har"));
    let har = json!({ "log": {
        "version": "1.2", "creator": { "name": "test", "version": "1" },
        "entries": [entry(Header, name, value)],
    }});
    std::fs::write(&before, har.to_string()).unwrap();
    redact(&before, &after);
    std::fs::read_to_string(&after).unwrap()
}
