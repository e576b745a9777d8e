//! The URLs that blob requests are redirected to: signed, short-lived, and checked.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::Provider;
use super::keys::{KeyError, Keys};

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

/// Seconds for which the provider's redirects are good.
pub(super) fn lifetime(provider: Provider) -> i64 {
    match provider {
        Provider::Hub => 3_000,
        Provider::Mirror => 1_200,
        Provider::Gcr | Provider::Quay => 600,
    }
}

/// The URL of a blob, good until `expires`. Public buckets of gcr's store take no signature.
pub(super) fn sign(
    keys: &Keys,
    provider: Provider,
    digest: &str,
    expires: Timestamp,
) -> Result<String, KeyError> {
    let path = path(provider, digest);
    let expires = expires.as_second();
    let query = match provider {
        Provider::Hub => format!("?verify={expires}-{}", escape(&mac(keys, &path, expires))),
        Provider::Mirror => format!(
            "?Expires={expires}&OSSAccessKeyId={OSS_KEY}&Signature={}",
            escape(&mac(keys, &path, expires))
        ),
        Provider::Gcr => String::new(),
        Provider::Quay => {
            let signature = keys.rsa()?.sign(text(&path, expires).as_bytes())?;
            let signature = BASE64.encode(&signature);
            let signature = signature
                .replace('+', "-")
                .replace('=', "_")
                .replace('/', "~");
            format!("?Expires={expires}&Signature={signature}&Key-Pair-Id={CLOUDFRONT_KEY}")
        }
    };
    Ok(format!("https://{}{path}{query}", provider.blob_store()))
}

/// Checks a URL, and tells which blob it is for.
pub(super) fn check(
    keys: &Keys,
    provider: Provider,
    path: &str,
    query: Option<&str>,
    now: Timestamp,
) -> Result<String, Refused> {
    let digest = digest_in(provider, path).ok_or(Refused::NoSuchPath)?;
    let query = query.unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let (expires, signature) = match provider {
        Provider::Gcr => return Ok(digest),
        Provider::Hub => {
            let verify = parameter("verify").ok_or(Refused::Unsigned)?;
            let (expires, signature) = verify.split_once('-').ok_or(Refused::Unsigned)?;
            (expires.to_owned(), signature.to_owned())
        }
        Provider::Mirror | Provider::Quay => parameter("Expires")
            .zip(parameter("Signature"))
            .ok_or(Refused::Unsigned)?,
    };
    let expires: i64 = expires.parse().map_err(|_| Refused::Unsigned)?;
    let signed = text(path, expires);
    let signature = match provider {
        Provider::Quay => signature
            .replace('-', "+")
            .replace('_', "=")
            .replace('~', "/"),
        _ => signature,
    };
    let signature = BASE64.decode(signature.as_bytes());
    let signature = signature.map_err(|_| Refused::Forged)?;
    let genuine = match provider {
        Provider::Quay => {
            let key = keys.rsa();
            key.is_ok_and(|key| key.verify(signed.as_bytes(), &signature))
        }
        _ => hmac::verify(keys.urls(), signed.as_bytes(), &signature).is_ok(),
    };
    let at = Timestamp::from_second(expires).map_err(|_| Refused::Forged)?;
    if !genuine {
        Err(Refused::Forged)
    } else if at < now {
        Err(Refused::Expired { at })
    } else {
        Ok(digest)
    }
}

fn path(provider: Provider, digest: &str) -> String {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    let shard = hex.get(..2).unwrap_or_default();
    match provider {
        Provider::Hub => {
            format!("/registry-v2/docker/registry/v2/blobs/sha256/{shard}/{hex}/data")
        }
        Provider::Mirror => format!("/docker/registry/v2/blobs/sha256/{shard}/{hex}/data"),
        Provider::Gcr => {
            format!("/artifacts.google-containers.appspot.com/containers/images/{digest}")
        }
        Provider::Quay => format!("/sha256/{shard}/{hex}"),
    }
}

/// The inverse of [`path`].
fn digest_in(provider: Provider, candidate: &str) -> Option<String> {
    let hex = candidate.rsplit(['/', ':']).find(|part| part.len() == 64)?;
    let digest = format!("sha256:{hex}");
    (path(provider, &digest) == candidate).then_some(digest)
}

fn text(path: &str, expires: i64) -> String {
    format!("GET\n{expires}\n{path}")
}

fn mac(keys: &Keys, path: &str, expires: i64) -> String {
    BASE64.encode(hmac::sign(keys.urls(), text(path, expires).as_bytes()).as_ref())
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// As Go's `url.QueryEscape`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const OSS_KEY: &str = "LTAI4G6zf8H9RhDWxXfrrhkr";
const CLOUDFRONT_KEY: &str = "APKAJ67PQLWGCSP66DGA";

#[cfg(test)]
mod tests {
    use super::super::clock::after;
    use super::*;

    const DIGEST: &str = "sha256:a24bb4013296f61e89ba57005a7b3e52274d8edd3ae2077d04395f806b63d83e";

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
        for provider in Provider::ALL {
            let url = sign(&keys, provider, DIGEST, after(start(), 600)).unwrap();
            let (path, query) = parts(&url);
            let check = |seconds| {
                check(
                    &keys,
                    provider,
                    &path,
                    query.as_deref(),
                    after(start(), seconds),
                )
            };
            assert_eq!(check(0).as_deref(), Ok(DIGEST));
            assert_eq!(check(600).as_deref(), Ok(DIGEST));
            let late = check(601);
            match provider {
                Provider::Gcr => assert_eq!(late.as_deref(), Ok(DIGEST)),
                _ => assert_eq!(
                    late,
                    Err(Refused::Expired {
                        at: after(start(), 600)
                    })
                ),
            }
        }
    }

    #[test]
    fn a_changed_url_is_refused() {
        let keys = Keys::new().unwrap();
        for provider in [Provider::Hub, Provider::Mirror, Provider::Quay] {
            let url = sign(&keys, provider, DIGEST, start()).unwrap();
            let (path, query) = parts(&url);
            let query = query.unwrap();
            let now = start();
            let refused = |path: &str, query: Option<&str>| {
                check(&keys, provider, path, query, now).unwrap_err()
            };
            let later = query.replace("1597904265", "1597904266");
            assert_eq!(refused(&path, Some(&later)), Refused::Forged);
            let other = path.replace("63d83e", "63d83f");
            assert_eq!(refused(&other, Some(&query)), Refused::Forged);
            assert_eq!(refused(&path, None), Refused::Unsigned);
            assert_eq!(refused("/", Some(&query)), Refused::NoSuchPath);
            let short = format!("/x{path}");
            assert_eq!(refused(&short, Some(&query)), Refused::NoSuchPath);
        }
    }
}
