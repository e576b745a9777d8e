//! What the lab does not hand out: bad tokens, bad URLs, names it does not have.

use pullscope::lab::{Era, Provider};

use crate::support::{Answer, Fixture, WITH_TOKENS, tokens};

/// Asserts a challenge, and returns it.
fn challenge(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{answer:?}");
    let mut fields = answer.fields.iter();
    let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    field.unwrap().1.clone()
}

#[tokio::test]
async fn without_a_token_there_is_a_challenge_that_names_the_scope() {
    let fixture = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let (realm, service, _) = tokens(provider);
        let name = fixture.image(provider).repository;
        let answer = fixture.get(&fixture.tag_url(provider), &[]).await;
        assert_eq!(
            challenge(&answer),
            format!(r#"Bearer realm="{realm}",service="{service}",scope="repository:{name}:pull""#)
        );
        let basic = [("Authorization", "Basic dTpw")];
        let answer = fixture.get(&fixture.tag_url(provider), &basic).await;
        assert!(!challenge(&answer).contains("error="));
    }
    let mirror = fixture.get(&fixture.tag_url(Provider::Mirror), &[]).await;
    assert_eq!(mirror.status, 200);
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let fixture = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let bearer = fixture.bearer(provider).await;
        let auth = [("Authorization", bearer.as_str())];
        let url = fixture.tag_url(provider);
        let (_, _, lifetime) = tokens(provider);
        fixture.wait(lifetime);
        assert_eq!(fixture.get(&url, &auth).await.status, 200, "{provider}");
        fixture.wait(61);
        let refused = fixture.get(&url, &auth).await;
        assert!(
            challenge(&refused).ends_with(r#",error="invalid_token""#),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let fixture = Fixture::new(&[]).await;
    let stranger = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let url = fixture.tag_url(provider);
        let foreign = stranger.bearer(provider).await;
        let own = fixture.bearer(provider).await;
        // The signature's or seal's last character but the padding.
        let keep = own.trim_end_matches('=').len() - 4;
        let tampered = format!("{}AAAA", own.split_at(keep).0);
        for bearer in [
            foreign.as_str(),
            &tampered,
            "Bearer x",
            "bearer e30.e30.e30",
        ] {
            let refused = fixture.get(&url, &[("Authorization", bearer)]).await;
            let challenge = challenge(&refused);
            assert!(
                challenge.ends_with(r#"error="invalid_token""#),
                "{provider} {challenge}"
            );
        }
        let lower = own.replace("Bearer", "bearer");
        assert_eq!(
            fixture.get(&url, &[("Authorization", &lower)]).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_token_for_another_repository_is_refused() {
    let fixture = Fixture::new(&[]).await;
    for provider in WITH_TOKENS {
        let name = fixture.image(provider).repository;
        for scope in [
            "repository:other/one:pull".to_owned(),
            format!("repository:{name}:push"),
        ] {
            let bearer = fixture.bearer_for(provider, &scope).await;
            let auth = [("Authorization", bearer.as_str())];
            let refused = fixture.get(&fixture.tag_url(provider), &auth).await;
            assert!(
                challenge(&refused).ends_with(r#"error="insufficient_scope""#),
                "{scope}"
            );
            let ping = format!("https://{}/v2/", fixture.image(provider).registry);
            assert_eq!(
                fixture.get(&ping, &auth).await.status,
                200,
                "any good token will do"
            );
        }
    }
}

#[tokio::test]
async fn a_token_server_serves_its_own_service_only() {
    let fixture = Fixture::new(&[]).await;
    let refused = fixture
        .get("https://auth.docker.io/token?service=quay.io", &[])
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("registry.docker.io"), "{refused:?}");
    let refused = fixture
        .ask("PUT", "https://auth.docker.io/token", &[])
        .await;
    assert_eq!(
        (refused.status, refused.field("Allow")),
        (405, Some("GET, POST"))
    );
    let elsewhere = fixture.get("https://auth.docker.io/", &[]).await;
    assert_eq!(elsewhere.status, 404);
}

#[tokio::test]
async fn a_url_is_refused_when_its_time_is_over() {
    let fixture = Fixture::new(&[]).await;
    for (provider, lifetime, sign) in [
        (Provider::Hub, 3_000, "Request has expired."),
        (
            Provider::Mirror,
            1_200,
            "<Message>Request has expired.</Message>\n  <RequestId>",
        ),
        (
            Provider::Quay,
            600,
            "<Code>AccessDenied</Code>\n  <Message>Request has expired.",
        ),
    ] {
        let (url, _, size) = fixture.layer(provider).await;
        fixture.wait(lifetime - 60);
        let answer = fixture.get(&url, &[]).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (200, size),
            "{provider}"
        );
        fixture.wait(62);
        let refused = fixture.get(&url, &[]).await;
        assert_eq!(refused.status, 403, "{provider}");
        assert!(
            refused.text().contains(sign),
            "{provider} {}",
            refused.text()
        );
    }
}

#[tokio::test]
async fn a_forged_url_is_refused() {
    let fixture = Fixture::new(&[]).await;
    for provider in [Provider::Hub, Provider::Mirror, Provider::Quay] {
        let (url, digest, _) = fixture.layer(provider).await;
        let (path, query) = url.split_once('?').unwrap();
        let hex = digest.strip_prefix("sha256:").unwrap();
        let other = url.replace(hex, &format!("{}{}", hex.split_at(2).0, "0".repeat(62)));
        let later = match provider {
            Provider::Hub => format!("{path}?verify=9{}", query.split_once('=').unwrap().1),
            _ => format!("{path}?Expires=9{}", query.split_once('=').unwrap().1),
        };
        for (forged, text) in [
            (other, "signature we calculated does not match"),
            (later, "signature we calculated does not match"),
            (path.to_owned(), "Access denied"),
        ] {
            let refused = fixture.get(&forged, &[]).await;
            assert_eq!(refused.status, 403, "{provider} {forged}");
            assert!(
                refused.text().contains(text),
                "{provider} {}",
                refused.text()
            );
        }
    }
    let public = "https://storage.googleapis.com/artifacts.google-containers.appspot.com/containers/images/sha256:";
    let missing = fixture
        .get(&format!("{public}{}", "0".repeat(64)), &[])
        .await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("<Code>NoSuchKey</Code>"));
}

#[tokio::test]
async fn a_name_that_is_not_there_is_told_what_is() {
    let fixture = Fixture::new(&[]).await;
    for provider in Era::Article.providers() {
        let image = fixture.image(provider);
        let there = format!(
            "the lab has {}/{}:{}",
            image.registry, image.repository, image.tag
        );
        let bearer = if provider == Provider::Mirror {
            String::new()
        } else {
            let scopes = format!(
                "repository:no/such:pull repository:{}:pull",
                image.repository
            );
            fixture
                .bearer_for(provider, &scopes.replace(' ', "%20"))
                .await
        };
        let auth = [("Authorization", bearer.as_str())];
        let unknown = format!("https://{}/v2/no/such/manifests/latest", image.registry);
        for (url, code) in [
            (unknown, "NAME_UNKNOWN"),
            (
                fixture.url(provider, "manifests/no-such"),
                "MANIFEST_UNKNOWN",
            ),
            (
                fixture.url(provider, "manifests/sha256:00"),
                "MANIFEST_UNKNOWN",
            ),
        ] {
            let answer = fixture.get(&url, &auth).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, code),
                "{url}"
            );
            assert!(answer.text().contains(&there), "{}", answer.text());
        }
        let answer = fixture
            .get(&fixture.url(provider, "blobs/sha256:00"), &auth)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "BLOB_UNKNOWN")
        );
        let answer = fixture.ask("PUT", &fixture.tag_url(provider), &auth).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "UNSUPPORTED")
        );
        let catalog = format!("https://{}/v2/_catalog", image.registry);
        assert_eq!(fixture.get(&catalog, &auth).await.status, 404);
    }
}

#[tokio::test]
async fn a_manifest_is_no_blob_and_a_layer_no_manifest() {
    let fixture = Fixture::new(&[]).await;
    let top = fixture.get(&fixture.tag_url(Provider::Mirror), &[]).await;
    let digest = top.field("Docker-Content-Digest").unwrap();
    let url = fixture.url(Provider::Mirror, &format!("blobs/{digest}"));
    assert_eq!(fixture.get(&url, &[]).await.status, 404);
    let (_, layer, _) = fixture.layer(Provider::Mirror).await;
    let url = fixture.url(Provider::Mirror, &format!("manifests/{layer}"));
    assert_eq!(fixture.get(&url, &[]).await.status, 404);
}

#[tokio::test]
async fn an_unknown_host_is_told_which_there_are() {
    let fixture = Fixture::new(&[]).await;
    let answer = fixture.get("https://ghcr.io/v2/", &[]).await;
    assert_eq!(
        (answer.status, answer.field("Server")),
        (404, Some("pullscope lab"))
    );
    assert!(answer.text().contains("'ghcr.io'"), "{}", answer.text());
    for host in fixture.lab.hosts() {
        assert!(answer.text().contains(host), "{host}");
    }
}
