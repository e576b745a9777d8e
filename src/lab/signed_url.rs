//! The URLs that blob requests are redirected to: signed, short-lived, and checked.

use std::collections::HashMap;

use aws_lc_rs::hmac;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::form_urlencoded;

use super::answer::Answer;
use super::keys::{KeyError, Keys};
use super::template;

/// Where a provider keeps its blobs.
#[derive(Debug, Deserialize)]
pub(super) struct BlobStore {
    pub(super) host: String,
    /// A blob's path.
    path: String,
    /// What permits to download it; a public bucket has none.
    #[serde(default)]
    query: String,
    /// Seconds for which a redirect is good.
    pub(super) lifetime: i64,
    /// What the boundary of several ranges begins with.
    #[serde(default)]
    pub(super) boundary: String,
    /// Whose answers are its own where it has no other.
    pub(super) speaks: Option<String>,
    /// What it says.
    #[serde(flatten)]
    answers: HashMap<String, String>,
}

/// Why a blob store does not hand out a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The path is not one of a blob.
    NoSuchPath,
    /// There is no signature, or not of the usual form.
    Unsigned,
    /// The signature is not ours, or not of this URL.
    Forged,
    /// The time is over.
    Expired { at: Timestamp },
}

impl BlobStore {
    /// The URL of a blob, good until `expires`.
    pub(super) fn sign(
        &self,
        keys: &Keys,
        digest: &str,
        expires: Timestamp,
    ) -> Result<String, KeyError> {
        let (host, query) = (&self.host, self.query(keys, digest, expires)?);
        let path = match self.path.strip_suffix(SECRET) {
            Some(start) => {
                let secret = format!("{} {digest}", expires.as_second());
                let secret = keys.seal(secret.as_bytes())?;
                format!("{start}{}", BASE64URL_NOPAD.encode(&secret))
            }
            None => self.path(digest),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        // A registry may keep its blobs itself.
        Ok(format!("https://{host}{path}{mark}{query}"))
    }

    /// Checks a URL, and tells which blob it is for.
    pub(super) fn check(
        &self,
        keys: &Keys,
        path: &str,
        query: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Refused> {
        if let Some(start) = self.path.strip_suffix(SECRET) {
            let secret = path.strip_prefix(start).ok_or(Refused::NoSuchPath)?;
            return opened(keys, secret, now);
        }
        let digest = self.digest_in(path).ok_or(Refused::NoSuchPath)?;
        if self.query.is_empty() {
            return Ok(digest);
        }
        let query = query.unwrap_or_default();
        let at = self.expiry(query).ok_or(Refused::Unsigned)?;
        let signed = self
            .query(keys, &digest, at)
            .map_err(|KeyError| Refused::Forged)?;
        let pairs = |query: &str| -> Vec<(String, String)> {
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect()
        };
        if pairs(&signed) != pairs(query) {
            Err(Refused::Forged)
        } else if at < now {
            Err(Refused::Expired { at })
        } else {
            Ok(digest)
        }
    }

    /// What it says by itself.
    pub(super) fn answer(&'static self, name: &str) -> Option<&'static str> {
        self.answers.get(name).map(String::as_str)
    }

    /// Whether a path of its host is one of its.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let start = self.path.split("${").next().unwrap_or_default();
        path.starts_with(start)
    }

    fn path(&self, digest: &str) -> String {
        let (algorithm, hex) = digest.split_once(':').unwrap_or(("", digest));
        let fact = |name: &str| {
            Some(match name {
                "algorithm" => algorithm.to_owned(),
                "shard" => hex.get(..2).unwrap_or_default().to_owned(),
                _ => hex.to_owned(),
            })
        };
        template::fill(&self.path, &fact).unwrap_or_default()
    }

    fn query(&self, keys: &Keys, digest: &str, at: Timestamp) -> Result<String, KeyError> {
        let text = format!("GET\n{}\n{}", at.as_second(), self.path(digest));
        let mac = || hmac::sign(keys.urls(), text.as_bytes());
        let rsa = if self.query.contains("${rsa}") {
            keys.rsa()?.sign(text.as_bytes())?
        } else {
            Vec::new()
        };
        let fact = |name: &str| {
            Some(match name {
                "expires" => at.as_second().to_string(),
                "se" => at.strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ").to_string(),
                "hmac" => utf8_percent_encode(&BASE64.encode(mac().as_ref()), QUERY).to_string(),
                "hmac-hex" => HEXLOWER.encode(mac().as_ref()),
                // `CloudFront`'s spelling of base64.
                "rsa" => BASE64
                    .encode(&rsa)
                    .replace('+', "-")
                    .replace('=', "_")
                    .replace('/', "~"),
                // Those that say when they were signed, and for how long.
                _ => template::general(name, super::clock::after(at, -self.lifetime))?,
            })
        };
        Ok(template::fill(&self.query, &fact).unwrap_or_default())
    }

    /// When the time of a query is over: what stands in the place of the moment in ours.
    fn expiry(&self, query: &str) -> Option<Timestamp> {
        let pairs = |query: &str| -> Vec<(String, String)> {
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect()
        };
        let given = pairs(query);
        pairs(&self.query).into_iter().find_map(|(name, form)| {
            let (_, value) = given.iter().find(|(given, _)| *given == name)?;
            if form.starts_with("${expires}") {
                let seconds = value.split('-').next()?.parse().ok()?;
                return Timestamp::from_second(seconds).ok();
            }
            let moment = match form.as_str() {
                "${amz:0}" => DateTime::strptime("%Y%m%dT%H%M%SZ", value).ok()?,
                "${se}" => return value.parse().ok(),
                _ => return None,
            };
            let signed = TimeZone::UTC.to_timestamp(moment).ok()?;
            Some(super::clock::after(signed, self.lifetime))
        })
    }

    /// The inverse of [`path`](Self::path).
    fn digest_in(&self, candidate: &str) -> Option<String> {
        let mut parts = candidate.rsplit(['/', ':']);
        parts.find_map(|hex| {
            let algorithm = match hex.len() {
                64 => "sha256",
                128 => "sha512",
                _ => return None,
            };
            let digest = format!("{algorithm}:{hex}");
            (self.path(&digest) == candidate).then_some(digest)
        })
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSuchPath => Self::missing(),
            Refused::Unsigned => Self::withheld("403 Forbidden", "AccessDenied", "Access denied"),
            Refused::Forged => Self::withheld(
                "403 Forbidden",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            Refused::Expired { at } => {
                Self::withheld("403 Forbidden", "AccessDenied", "Request has expired.")
                    .named(&["expired", "withheld"])
                    .maybe("at", template::general("iso:0", at))
            }
        }
    }
}

/// The blob that a secret in a path stands for.
fn opened(keys: &Keys, secret: &str, now: Timestamp) -> Result<String, Refused> {
    let read = || {
        let sealed = BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
        let text = String::from_utf8(keys.open(&sealed)?).ok()?;
        let (until, digest) = text.split_once(' ')?;
        Some((
            Timestamp::from_second(until.parse().ok()?).ok()?,
            digest.to_owned(),
        ))
    };
    match read().ok_or(Refused::Forged)? {
        (at, _) if at < now => Err(Refused::Expired { at }),
        (_, digest) => Ok(digest),
    }
}

/// Ends a path that needs no query.
const SECRET: &str = "${secret}";

/// As Go's `url.QueryEscape`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::super::Provider;
    use super::super::clock::after;
    use super::*;

    const DIGEST: &str = "sha256:a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e";

    fn stores() -> impl Iterator<Item = &'static BlobStore> {
        let profiles = Provider::ALL.iter().map(|provider| provider.profile());
        profiles.flat_map(|profile| &profile.stores)
    }

    fn start() -> Timestamp {
        Timestamp::from_second(1_597_904_265).unwrap()
    }

    fn parts(url: &str) -> (String, Option<String>) {
        let url = url::Url::parse(url).unwrap();
        (url.path().to_owned(), url.query().map(str::to_owned))
    }

    #[test]
    fn a_url_is_good_until_it_expires() {
        let keys = Keys::new().unwrap();
        for store in stores() {
            let url = store.sign(&keys, DIGEST, after(start(), 600)).unwrap();
            let (path, query) = parts(&url);
            let check =
                |seconds| store.check(&keys, &path, query.as_deref(), after(start(), seconds));
            assert_eq!(check(0).as_deref(), Ok(DIGEST));
            assert_eq!(check(600).as_deref(), Ok(DIGEST));
            let late = check(601);
            let is_public = store.query.is_empty() && !store.path.ends_with(SECRET);
            let at = after(start(), 600);
            let expected = if is_public {
                Ok(DIGEST.to_owned())
            } else {
                Err(Refused::Expired { at })
            };
            assert_eq!(late, expected);
        }
    }

    #[test]
    fn a_changed_url_is_refused() {
        let keys = Keys::new().unwrap();
        for store in stores().filter(|store| !store.query.is_empty()) {
            let url = store.sign(&keys, DIGEST, start()).unwrap();
            let (path, query) = parts(&url);
            let query = query.unwrap();
            let now = start();
            let refused =
                |path: &str, query: Option<&str>| store.check(&keys, path, query, now).unwrap_err();
            let later = query.replace("1597904265", "1597904266");
            let (last, other) = (query.chars().last().unwrap(), query.replace('=', "=0"));
            let end = query.strip_suffix(last).unwrap();
            let end = format!("{end}{}", if last == 'a' { 'b' } else { 'a' });
            for forged in [Some(later).filter(|later| *later != query), Some(end)] {
                let forged = forged.as_deref().unwrap_or(&other);
                let refusal = refused(&path, Some(forged));
                assert!(
                    matches!(refusal, Refused::Forged | Refused::Unsigned),
                    "{forged}"
                );
            }
            let other = path.replace("63d83e", "63d83f");
            assert_eq!(refused(&other, Some(&query)), Refused::Forged);
            assert_eq!(refused(&path, None), Refused::Unsigned);
            assert_eq!(refused("/", Some(&query)), Refused::NoSuchPath);
            let short = format!("/x{path}");
            assert_eq!(refused(&short, Some(&query)), Refused::NoSuchPath);
        }
    }
}
