//! Certificates, on both sides.

use std::sync::Arc;

use pullscope::exchange::{Ending, Failure, Rejection, Verification};
use pullscope::proxy::{ClientCertificate, KeyLog, RootCertificate};
use rcgen::CertificateParams;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::rig::{HOST, Pki, Rig, Script, answer, ending, read_all, trusting};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn get() -> Vec<u8> {
    format!("GET /v2/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").into_bytes()
}

fn expired(params: &mut CertificateParams) {
    params.not_before = OffsetDateTime::now_utc() - Duration::days(20);
    params.not_after = OffsetDateTime::now_utc() - Duration::days(10);
}

fn client_only(params: &mut CertificateParams) {
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
}

fn self_signed() -> Arc<ServerConfig> {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![HOST.to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    server(vec![certificate.der().clone()], key.into())
}

/// A certificate for the origin by a CA that may only issue for other names.
fn breaching(pki: &Pki) -> Arc<ServerConfig> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let only = "elsewhere.test".to_owned();
    params.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName(only)],
        excluded_subtrees: vec![],
    });
    let middle = pki.middle(params, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &middle).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    server(vec![leaf.der().clone(), middle.der().clone()], key.into())
}

/// A certificate for the origin, signed with SHA-1.
fn weak() -> Arc<ServerConfig> {
    let chain = CertificateDer::from_pem_slice(include_bytes!("../data/weak/leaf.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../data/weak/leaf.key"));
    server(vec![chain.unwrap()], key.unwrap())
}

/// The root it chains to, which is trusted.
fn weak_root() -> Vec<RootCertificate> {
    RootCertificate::from_pem(include_bytes!("../data/weak/root.pem")).unwrap()
}

fn server(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_an_invalid_certificate_is_never_masked_and_no_request_is_sent() {
    let pki = Pki::new();
    for (config, word) in [
        (pki.server(HOST, expired), "expired"),
        (pki.server("other.pullscope.test", |_| {}), "valid for"),
        (pki.server(HOST, client_only), "extended key usage"),
        (Pki::new().server(HOST, |_| {}), ""),
        (self_signed(), ""),
        (breaching(&pki), "constraint"),
        (weak(), "algorithm"),
    ] {
        let mut rig = Rig::with_tls(answer(OK), Some(config), &pki, |settings| {
            settings.upstream_roots.extend(weak_root());
        })
        .await;
        let got = rig.exchange(&get()).await;
        let text = String::from_utf8_lossy(&got).to_lowercase();
        assert!(text.starts_with("http/1.1 502 "), "{text}");
        assert!(
            text.contains("certificate") && text.contains(word),
            "{word}: {text}"
        );
        let exchange = rig.ended().await;
        assert!(matches!(
            ending(&exchange),
            Ending::Failed {
                reason: Failure::Tls,
                ..
            }
        ));
        let upstream = exchange.upstream.unwrap();
        assert!(matches!(
            upstream.verification,
            Some(Verification::Rejected { .. })
        ));
        assert!(!upstream.certificates.is_empty());
        assert_eq!(rig.origin_saw().concat(), b"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_an_invalid_certificate_can_be_accepted_for_one_host_and_that_shows() {
    let pki = Pki::new();
    let mut rig = Rig::with_tls(answer(OK), Some(self_signed()), &pki, |settings| {
        settings.insecure = vec![HOST.parse().unwrap()];
    })
    .await;
    let got = rig.exchange(&get()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    let upstream = rig.ended().await.upstream.unwrap();
    let verification = &upstream.verification;
    assert!(
        matches!(verification, Some(Verification::Overridden { .. })),
        "{verification:?}"
    );

    let mut rig = Rig::with_tls(answer(OK), Some(self_signed()), &pki, |settings| {
        settings.insecure = vec!["other.pullscope.test".parse().unwrap()];
    })
    .await;
    rig.exchange(&get()).await;
    assert!(matches!(ending(&rig.ended().await), Ending::Failed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_sides_agreed_on_is_recorded() {
    let mut rig = Rig::start(answer(OK)).await;
    rig.exchange(&get()).await;
    let exchange = rig.ended().await;
    let client = exchange.connection.tls.unwrap();
    assert_eq!(
        (client.version.as_str(), exchange.connection.sni.as_deref()),
        ("TLSv1.3", Some(HOST))
    );
    assert_eq!(
        exchange.connection.target.unwrap().to_string(),
        format!("{HOST}:443")
    );
    assert!(exchange.connection.handshake.is_some());
    let upstream = exchange.upstream.unwrap();
    let server = upstream.tls.as_ref().unwrap();
    assert_eq!(server.version, "TLSv1.3");
    assert!(server.cipher.starts_with("TLS_AES_") || server.cipher.starts_with("TLS_CHACHA20_"));
    assert_eq!(upstream.address, Some(rig.origin));
    assert_eq!(upstream.verification, Some(Verification::Verified));
    assert_eq!(upstream.certificates.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_offers_is_recorded_beside_what_it_gets() {
    for (offers, alpn) in [(&["h2", "http/1.1"][..], Some("http/1.1")), (&[], None)] {
        let mut rig = Rig::start(answer(OK)).await;
        let mut config = ClientConfig::clone(&rig.trust());
        config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
        let mut stream = rig.tls_with(Arc::new(config)).await.unwrap();
        stream.write_all(&get()).await.unwrap();
        read_all(&mut stream).await;
        let exchange = rig.ended().await;
        let client = exchange.connection.tls.unwrap();
        let offered: Vec<_> = client.offered.iter().map(String::as_str).collect();
        assert_eq!((&*offered, client.alpn.as_deref()), (offers, alpn));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_trust_us_is_recorded_with_its_alert() {
    let mut rig = Rig::start(answer(OK)).await;
    let stranger = trusting(Pki::new().root());
    assert!(rig.tls_with(stranger).await.is_err());
    let recorded = rig
        .recorded(|recorded| !recorded.handshakes.is_empty())
        .await;
    let handshake = &recorded.handshakes[0];
    let Rejection::Alert {
        name, certificate, ..
    } = &handshake.rejection
    else {
        panic!("{handshake:#?}")
    };
    assert_eq!((name.as_str(), *certificate), ("unknown_ca", true));
    assert_eq!(handshake.connection.sni.as_deref(), Some(HOST));
    assert_eq!(handshake.connection.target.as_ref().unwrap().host, HOST);
    assert!(handshake.connection.connect_head.is_some());
    rig.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_refuses_is_known_by_what_its_address_said_before() {
    let mut rig = Rig::start(answer(OK)).await;
    for agents in [&["docker/20.10"][..], &["docker/20.10", "curl/8"]] {
        for agent in agents {
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n"
            );
            rig.exchange(request.as_bytes()).await;
        }
        let stranger = trusting(Pki::new().root());
        assert!(rig.tls_with(stranger).await.is_err());
        let recorded = rig
            .recorded(|recorded| !recorded.handshakes.is_empty())
            .await;
        let only = agents.first().filter(|_| agents.len() == 1);
        assert_eq!(recorded.handshakes[0].earlier.as_deref(), only.copied());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_10_a_client_hello_that_dribbles_is_intercepted_all_the_same() {
    let mut rig = Rig::start(answer(OK)).await;
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let mut tunnel = rig.tunnel_to(&format!("{HOST}:443")).await;
    let relay = async {
        let (mut from_client, mut to_client) = tokio::io::split(&mut near);
        let (mut from_proxy, mut to_proxy) = tunnel.split();
        let up = async {
            let mut byte = [0];
            while let Ok(1) = from_client.read(&mut byte).await {
                if to_proxy.write_all(&byte).await.is_err() {
                    break;
                }
            }
        };
        let down = tokio::io::copy(&mut from_proxy, &mut to_client);
        let _ = tokio::join!(up, down);
    };
    let trust = trusting(rig.ca());
    let client = async {
        let name = ServerName::try_from(HOST).unwrap();
        let mut stream = TlsConnector::from(trust).connect(name, far).await.unwrap();
        stream.write_all(&get()).await.unwrap();
        crate::rig::read_head(&mut stream).await
    };
    let head = tokio::select! {
        head = client => head,
        () = relay => panic!("the relay ended first"),
    };
    assert!(
        head.starts_with(b"HTTP/1.1 200 OK"),
        "{}",
        head.escape_ascii()
    );
    assert_eq!(ending(&rig.ended().await), &Ending::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_presented_where_one_is_configured() {
    let pki = Pki::new();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pki.root()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
            .build()
            .unwrap();
    let (chain, key) = pki.leaf(HOST, |_| {});
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_client_cert_verifier(verifier)
    .with_single_cert(chain, key)
    .unwrap();
    let config = Arc::new(config);

    let pem = pki.leaf_pem("client.pullscope.test", client_only);
    let mut rig = Rig::with_tls(answer(OK), Some(Arc::clone(&config)), &pki, |settings| {
        let hosts = "*.pullscope.test".parse().unwrap();
        settings.client_certificates = vec![ClientCertificate::from_pem(hosts, pem).unwrap()];
    })
    .await;
    let got = rig.exchange(&get()).await;
    assert!(got.ends_with(b"ok"), "{}", got.escape_ascii());
    assert_eq!(ending(&rig.ended().await), &Ending::Complete);

    let mut rig = Rig::with_tls(answer(OK), Some(config), &pki, |_| {}).await;
    let got = rig.exchange(&get()).await;
    assert!(got.starts_with(b"HTTP/1.1 502 "), "{}", got.escape_ascii());
    assert!(matches!(ending(&rig.ended().await), Ending::Failed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_log_has_the_secrets_of_both_sides() {
    let log = Arc::new(std::sync::Mutex::new(String::new()));
    let own = Arc::clone(&log);
    let keep: KeyLog = Arc::new(move |line| own.lock().unwrap().push_str(line));
    let rig = Rig::with(answer(OK), |settings| settings.key_log = Some(keep)).await;
    rig.exchange(&get()).await;
    let log = log.lock().unwrap().clone();
    let mut randoms: Vec<_> = log
        .lines()
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            assert_eq!((words.len(), words[1].len()), (3, 64), "{line}");
            words[1]
        })
        .collect();
    randoms.sort_unstable();
    randoms.dedup();
    assert_eq!(
        randoms.len(),
        2,
        "one handshake with the client, one with the server"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_a_certificate_for_the_address() {
    let pki = Pki::new();
    let tls = pki.server("127.0.0.1", |_| {});
    let script: Script = answer(OK);
    let mut rig = Rig::with_tls(script, Some(tls), &pki, |_| {}).await;
    let target = rig.origin.to_string();
    let stream = rig.tunnel_to(&target).await;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(trusting(rig.ca()));
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = crate::rig::read_head(&mut stream).await;
    assert!(
        head.starts_with(b"HTTP/1.1 200 OK"),
        "{}",
        head.escape_ascii()
    );
    let exchange = rig.ended().await;
    assert_eq!(exchange.request.unwrap().url, format!("https://{target}/"));
}
