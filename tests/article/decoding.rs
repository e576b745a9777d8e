//! Every exchange by itself: golden files, and what they show put into words.

use pullscope::exchange::Exchange;
use pullscope::registry::{InMemoryOnly, Reading, Signature, Token};
use serde_json::json;

use crate::load::{NAMES, events};
use crate::made::exchanges;

fn readings(name: &str) -> Vec<(Exchange, Reading)> {
    exchanges(events(name, 1))
        .into_iter()
        .map(|exchange| {
            let reading = Reading::of(&exchange, &InMemoryOnly);
            (exchange, reading)
        })
        .collect()
}

fn golden(name: &str) -> String {
    let mut lines = String::new();
    for (exchange, reading) in readings(name) {
        let mut value = json!({"id": exchange.id, "kind": reading.kind(&exchange)});
        let decoded = serde_json::to_value(&reading).unwrap();
        value
            .as_object_mut()
            .unwrap()
            .extend(decoded.as_object().unwrap().clone());
        lines.push_str(&serde_json::to_string_pretty(&value).unwrap());
        lines.push('\n');
    }
    lines
}

#[test]
fn every_exchange_is_decoded() {
    for name in NAMES {
        insta::assert_snapshot!(name, golden(name));
    }
}

#[test]
fn every_exchange_has_its_kind() {
    let kinds = |name: &str| {
        let all = readings(name);
        let words: Vec<_> = all.iter().map(|(x, r)| r.kind(x).word()).collect();
        words.join(" ")
    };
    assert_eq!(
        kinds("dockerhub"),
        "challenge token index manifest redirect other"
    );
    assert_eq!(kinds("mirror"), "ping index manifest redirect other");
    assert_eq!(
        kinds("gcr"),
        "challenge token index manifest redirect redirect redirect other other other"
    );
    assert_eq!(
        kinds("quay"),
        "challenge token manifest redirect redirect other other"
    );
}

#[test]
fn seven_manifests_and_one_configuration_verify() {
    let all: Vec<_> = NAMES.iter().flat_map(|name| readings(name)).collect();
    let manifests = all.iter().filter(|(_, r)| r.document.is_some());
    assert!(
        manifests
            .clone()
            .all(|(_, r)| r.digests.agree() == Some(true))
    );
    assert_eq!(manifests.count(), 7);
    let (_, config) = readings("quay").pop().unwrap();
    assert_eq!(
        config.digests.computed.unwrap().to_string(),
        "sha256:7e7499db3a4c397250db4d7e3d3e93312dc8ebaf5a8533d62c6e41b7a44083fa"
    );
}

fn token(name: &str) -> (Token, Reading) {
    let (_, reading) = readings(name).remove(1);
    let answer = reading.token_answer.clone().unwrap();
    (answer.token.clone(), reading)
}

#[test]
fn the_token_of_docker_hub() {
    let (token, reading) = token("dockerhub");
    let jwt = token.jwt().unwrap();
    let claims = &jwt.claims;
    let seconds = |from: Option<jiff::Timestamp>, to: Option<jiff::Timestamp>| {
        to.unwrap().duration_since(from.unwrap()).as_secs()
    };
    assert_eq!(seconds(claims.issued_at, claims.expires), 300);
    assert_eq!(seconds(claims.not_before, claims.issued_at), 300);
    assert_eq!(claims.audience, ["registry.docker.io"]);
    assert!(claims.is_anonymous());
    let granted = claims.access.as_ref().unwrap();
    assert_eq!(granted, &reading.token_request.unwrap().scopes);
    assert_eq!(granted[0].to_string(), "repository:library/alpine:pull");
    assert_eq!(jwt.signature, Signature::Valid);
    assert_eq!(jwt.certificates.len(), 1);
}

#[test]
fn the_token_of_gcr_is_opaque_and_lives_half_a_day() {
    let (token, reading) = token("gcr");
    assert!(token.jwt().is_none());
    assert_eq!(reading.token_answer.unwrap().lifetime().as_secs(), 43_200);
}

#[test]
fn the_token_of_quay_names_its_key() {
    let (token, reading) = token("quay");
    let jwt = token.jwt().unwrap();
    assert!(jwt.key_id.as_ref().unwrap().starts_with("c26dd85b"));
    assert_eq!(jwt.signature, Signature::NoKey);
    assert_eq!(jwt.claims.subject.as_deref(), Some("(anonymous)"));
    assert_eq!(reading.token_answer.unwrap().expires_in, None);
}
