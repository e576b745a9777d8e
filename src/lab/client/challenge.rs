//! Reading a registry's challenge (RFC 6750 section 3).

/// Where a token is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BearerChallenge {
    pub(super) realm: String,
    pub(super) service: String,
    pub(super) scope: String,
}

impl BearerChallenge {
    /// Reads a `WWW-Authenticate` value; `None` when it asks for anything but a Bearer token.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (scheme, parameters) = value.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self {
            realm: String::new(),
            service: String::new(),
            scope: String::new(),
        };
        let mut rest = parameters.trim_start();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(',').unwrap_or((after, "")),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => value.clone_into(&mut challenge.realm),
                "scope" => value.clone_into(&mut challenge.scope),
                "service" => value.clone_into(&mut challenge.service),
                _ => {}
            }
            rest = after.trim_start_matches([',', ' ']);
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read() {
        let challenge = |value: &str| {
            let challenge = BearerChallenge::parse(value)?;
            Some((challenge.realm, challenge.service))
        };
        let expected = Some(("https://a/t".to_owned(), "s".to_owned()));
        assert_eq!(
            challenge(r#"Bearer realm="https://a/t",service="s""#),
            expected
        );
        assert_eq!(
            challenge(r#"bearer scope="a:b,c", service="s", realm="https://a/t""#),
            expected
        );
        assert_eq!(challenge("Bearer realm=https://a/t,service=s"), expected);
        for value in [
            "",
            "Bearer",
            "Bearer x",
            r#"Bearer realm=""#,
            r#"Basic realm="x""#,
        ] {
            assert_eq!(challenge(value), None, "{value}");
        }
    }
}
