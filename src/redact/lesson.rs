//! What is worth recognising elsewhere once a secret was seen.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::kind::SecretKind;
use super::{base64, json, layer};
use crate::base::table;

/// Secrets shorter than this are replaced where they stand only.
pub(super) const MIN_LENGTH: usize = 6;

/// The secrets that the value of a candidate teaches. Each is to be recognised in all its
/// [`forms`].
pub(super) fn lessons(kind: SecretKind, value: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    teach(kind, value, &mut out);
    out.retain(|secret| is_worth_it(secret));
    out
}

fn teach(kind: SecretKind, value: &[u8], out: &mut Vec<Vec<u8>>) {
    match kind {
        SecretKind::Credential | SecretKind::Opaque => teach_token(value, out),
        SecretKind::Parameter => {
            teach_token(value, out);
            if value.contains(&b'+') {
                out.push(replace(value, b'+', b' '));
            }
        }
        SecretKind::Supposed if looks_random(value) => teach_token(value, out),
        SecretKind::Encoded => {
            out.push(value.to_vec());
            out.extend(base64::decode(&layer::settle(value)));
        }
        SecretKind::CredentialScope => {
            let plain = layer::settle(value);
            out.extend(plain.split(|&b| b == b'/').next().map(<[u8]>::to_vec));
            out.push(value.to_vec());
        }
        SecretKind::Basic => {
            out.push(value.to_vec());
            if let Some((user, password)) = base64::user_and_password(&layer::settle(value)) {
                teach_login(&user, &password, out);
            }
        }
        SecretKind::UserInfo => match value.iter().position(|&b| b == b':') {
            Some(colon) => {
                let (user, password) = value.split_at(colon);
                teach_login(user, password.get(1..).unwrap_or_default(), out);
            }
            None if value.len() >= LONG => out.push(value.to_vec()),
            None => {}
        },
        SecretKind::DockerConfig => {
            out.push(value.to_vec());
            let config = base64::decode(&layer::settle(value)).unwrap_or_default();
            let mut members = Vec::new();
            json::find(&config, &mut members);
            for member in members {
                let value = config.get(member.range).unwrap_or_default();
                teach(member.kind, value, out);
            }
        }
        SecretKind::Cookie if value.len() >= MIN_COOKIE => teach_token(value, out),
        SecretKind::Address if !is_everywhere(value) => out.push(value.to_vec()),
        SecretKind::Supposed | SecretKind::Cookie | SecretKind::Address | SecretKind::Identity => {}
    }
}

/// All ways in which a secret may stand in a text, apart from escapes and base64, which are
/// undone in the text: as it is, with its own escapes undone, with `+` for spaces, and in the
/// other of UTF-8 and Latin-1.
pub(super) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    layer::each(secret, |bytes, _| forms.push(bytes.to_vec()));
    for at in 0..forms.len() {
        let Some(form) = forms.get(at) else { break };
        let spaces = form.contains(&b' ').then(|| replace(form, b' ', b'+'));
        let recoded = recode(form);
        forms.extend(spaces.into_iter().chain(recoded));
    }
    forms.retain(|form| is_worth_it(form));
    forms
}

/// A secret of this length is not met by chance.
const LONG: usize = 16;

/// Shorter cookies are settings rather than sessions.
const MIN_COOKIE: usize = 12;

/// Passwords that only fill the field where the token is the user name.
const FILLERS: [&[u8]; 3] = [b"", b"x", b"x-oauth-basic"];

/// Words that stand in every capture. As a secret, each is replaced where it stands only.
static WORDS: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| {
    let words = table::lines(include_str!("common_words.txt"));
    words.map(str::as_bytes).collect()
});

/// A token as a whole; of a JWT only what comes after the claims, of an encrypted one
/// (RFC 7516) all but the header: beginnings are alike for all of an issuer's tokens.
fn teach_token(value: &[u8], out: &mut Vec<Vec<u8>>) {
    let parts: Vec<&[u8]> = value.split(|&b| b == b'.').collect();
    let is_jose = parts.len() >= 3
        && parts
            .first()
            .and_then(|header| base64::decode(header))
            .is_some_and(|header| header.starts_with(b"{"));
    match (is_jose, parts.len()) {
        (true, 3) => out.extend(parts.last().map(|part| part.to_vec())),
        (true, _) => out.extend(parts.iter().skip(1).map(|part| part.to_vec())),
        (false, _) => out.push(value.to_vec()),
    }
}

fn teach_login(user: &[u8], password: &[u8], out: &mut Vec<Vec<u8>>) {
    if FILLERS.contains(&password) {
        out.push(user.to_vec());
    } else {
        teach_token(password, out);
    }
}

/// Whether a value is hardly a word or a name: of letters and digits, and long.
fn looks_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    value.len() >= MIN_COOKIE && digits >= 2 && value.iter().any(u8::is_ascii_alphabetic)
}

/// Whether spreading this secret takes out more secrets than sense.
fn is_worth_it(secret: &[u8]) -> bool {
    let is_number = secret.iter().all(u8::is_ascii_digit);
    let mut distinct = [false; 256];
    for byte in secret {
        distinct[usize::from(*byte)] = true;
    }
    secret.len() >= MIN_LENGTH
        && !(is_number && secret.len() < 10)
        // Asterisks and the like stand for secrets, but are none.
        && distinct.iter().filter(|seen| **seen).count() >= 3
        && !secret.starts_with(b"REDACTED")
        && !WORDS.contains(&secret.to_ascii_lowercase().as_slice())
}

/// Whether an address names no one: it stands in every capture made in a laboratory.
fn is_everywhere(address: &[u8]) -> bool {
    let text = std::str::from_utf8(address).unwrap_or_default();
    text.parse().is_ok_and(|address: IpAddr| {
        let within = match address {
            IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        within || address.is_loopback() || address.is_unspecified()
    })
}

/// The same text in the other of UTF-8 and Latin-1, where it can be said in both.
fn recode(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    match std::str::from_utf8(text) {
        Ok(text) => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect(),
        Err(_) => Some(
            text.iter()
                .map(|&b| char::from(b))
                .collect::<String>()
                .into_bytes(),
        ),
    }
}

fn replace(text: &[u8], from: u8, to: u8) -> Vec<u8> {
    text.iter()
        .map(|&b| if b == from { to } else { b })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::base64::tests::encode;
    use crate::redact::jwt::tests::token;

    fn taught(kind: SecretKind, value: &str) -> Vec<String> {
        lessons(kind, value.as_bytes())
            .into_iter()
            .map(|secret| String::from_utf8(secret).unwrap())
            .collect()
    }

    #[test]
    fn a_login_teaches_its_password_and_not_its_user() {
        let login = encode(b"robot$library+puller:hunter2");
        assert_eq!(
            taught(SecretKind::Basic, &login),
            [login.as_str(), "hunter2"]
        );
        assert_eq!(taught(SecretKind::UserInfo, "someone:hunter2"), ["hunter2"]);
        let by_token = encode(b"ghp_0123456789:x-oauth-basic");
        assert_eq!(
            taught(SecretKind::Basic, &by_token),
            [by_token.as_str(), "ghp_0123456789"]
        );
        assert!(taught(SecretKind::UserInfo, "someone").is_empty());
    }

    #[test]
    fn a_docker_config_teaches_all_it_holds() {
        let inner = encode(b"me:inner-pw");
        let config = encode(
            format!(r#"{{"r":{{"username":"me","password":"outer-pw","auth":"{inner}"}}}}"#)
                .as_bytes(),
        );
        assert_eq!(
            taught(SecretKind::DockerConfig, &config),
            [config.as_str(), "outer-pw", &inner, "inner-pw"]
        );
    }

    #[test]
    fn a_scope_teaches_its_key() {
        let scope = "AKIAEXAMPLE%2F20200820%2Fs3";
        assert_eq!(
            taught(SecretKind::CredentialScope, scope),
            ["AKIAEXAMPLE", scope]
        );
    }

    #[test]
    fn only_what_differs_of_a_jwt_is_taught() {
        let jwt = token(r#"{"sub":"me"}"#, "signature-1");
        assert_eq!(taught(SecretKind::Opaque, &jwt), ["signature-1"]);
    }

    #[test]
    fn short_cookies_and_names_teach_nothing_and_long_ones_do() {
        assert!(taught(SecretKind::Cookie, "theme-dark1").is_empty());
        assert_eq!(taught(SecretKind::Cookie, "session-0123"), ["session-0123"]);
        assert!(taught(SecretKind::UserInfo, "someone-else-15").is_empty());
        assert_eq!(
            taught(SecretKind::UserInfo, "ghp_0123456789ab"),
            ["ghp_0123456789ab"]
        );
        assert!(taught(SecretKind::Credential, "123456789").is_empty());
        assert_eq!(taught(SecretKind::Credential, "1234567890"), ["1234567890"]);
    }

    #[test]
    fn a_token_of_three_words_is_no_jwt() {
        assert_eq!(
            taught(SecretKind::Opaque, "one.example.com"),
            ["one.example.com"]
        );
        let header = encode(br#"{"alg":"x"}"#);
        assert_eq!(taught(SecretKind::Opaque, &header), [header]);
    }

    #[test]
    fn addresses_of_laboratories_are_everywhere() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(taught(SecretKind::Address, address).is_empty(), "{address}");
        }
        for address in ["203.0.113.7", "2001:db8::17"] {
            assert_eq!(taught(SecretKind::Address, address), [address]);
        }
    }

    #[test]
    fn words_and_short_secrets_are_not_spread() {
        for word in [
            "short",
            "docker",
            "Latest",
            "123456",
            "******",
            "------x",
            "REDACTED-00ff00",
        ] {
            assert!(taught(SecretKind::Credential, word).is_empty(), "{word}");
        }
        assert!(taught(SecretKind::Cookie, "dark-mode").is_empty());
        assert!(taught(SecretKind::Identity, "long-enough-but-a-name").is_empty());
        for address in ["127.0.0.1", "10.1.2.3", "::1", "fe80::1"] {
            assert!(taught(SecretKind::Address, address).is_empty(), "{address}");
        }
        assert_eq!(taught(SecretKind::Address, "203.0.113.9"), ["203.0.113.9"]);
    }

    #[test]
    fn a_secret_has_many_forms() {
        let all = forms("pä%20ss wd".as_bytes());
        for form in [
            &b"p\xc3\xa4%20ss wd"[..],
            b"p\xc3\xa4 ss wd",
            b"p\xc3\xa4+ss+wd",
            b"p\xe4 ss wd",
        ] {
            assert!(all.iter().any(|f| f == form), "{}", form.escape_ascii());
        }
    }
}
