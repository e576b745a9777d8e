//! What a signed URL says of itself: who signed it and until when it holds.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use url::Url;

use super::time::{compact, epoch};

/// A URL that carries its own permission.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedUrl {
    /// The scheme it is signed by.
    pub signer: Signer,
    /// When it was signed, where it says so.
    pub issued: Option<Timestamp>,
    /// When it stops to hold, where it says so.
    pub expires: Option<Timestamp>,
}

/// The signing schemes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signer {
    /// AWS Signature Version 4, also used by R2, `MinIO` and others.
    S3V4,
    /// AWS Signature Version 2.
    S3V2,
    /// Google Cloud Storage, V4.
    GcsV4,
    /// Google Cloud Storage, V2.
    GcsV2,
    /// Amazon `CloudFront`.
    CloudFront,
    /// `verify=<expiry>-<mac>`, as Docker Hub uses it with Cloudflare.
    Cloudflare,
    /// Azure shared access signature.
    AzureSas,
    /// Alibaba Cloud OSS.
    AliyunOss,
    /// Tencent Cloud COS.
    TencentCos,
}

impl SignedUrl {
    /// Reads a URL's query; `None` when no known scheme signed it.
    pub fn read(url: &Url) -> Option<Self> {
        let pairs: Vec<_> = url.query_pairs().collect();
        let find = |key: &str| pairs.iter().find(|(name, _)| name == key);
        let get = |key: &str| find(key).map(|(_, value)| value.to_string());
        let timed = |signer, date, seconds| {
            let issued = get(date).and_then(|date| compact(&date));
            let expires = issued.zip(get(seconds)).and_then(|(from, seconds)| {
                let lifetime = SignedDuration::from_secs(seconds.parse().ok()?);
                from.checked_add(lifetime).ok()
            });
            Self {
                signer,
                issued,
                expires,
            }
        };
        let until = |signer, expires: Option<Timestamp>| Self {
            signer,
            issued: None,
            expires,
        };
        let expires = || get("Expires").and_then(|at| epoch(&at));
        let has = |key: &str| find(key).is_some();
        Some(if has("X-Amz-Signature") {
            timed(Signer::S3V4, "X-Amz-Date", "X-Amz-Expires")
        } else if has("X-Goog-Signature") {
            timed(Signer::GcsV4, "X-Goog-Date", "X-Goog-Expires")
        } else if has("x-oss-signature") {
            timed(Signer::AliyunOss, "x-oss-date", "x-oss-expires")
        } else if has("Key-Pair-Id") {
            until(Signer::CloudFront, expires())
        } else if has("OSSAccessKeyId") {
            until(Signer::AliyunOss, expires())
        } else if has("GoogleAccessId") {
            until(Signer::GcsV2, expires())
        } else if has("AWSAccessKeyId") {
            until(Signer::S3V2, expires())
        } else if has("q-signature") {
            tencent(&get("q-sign-time")?)
        } else if let Some(verify) = get("verify") {
            let moment = verify.split('-').next().and_then(epoch);
            until(Signer::Cloudflare, moment)
        } else if has("sig") && has("sv") {
            let moment = |key| get(key).and_then(|at| at.parse().ok());
            Self {
                signer: Signer::AzureSas,
                issued: moment("st"),
                expires: moment("se"),
            }
        } else {
            return None;
        })
    }
}

/// `q-sign-time=<from>;<until>`.
fn tencent(span: &str) -> SignedUrl {
    let mut ends = span.split(';').map(epoch);
    SignedUrl {
        signer: Signer::TencentCos,
        issued: ends.next().flatten(),
        expires: ends.next().flatten(),
    }
}

impl Signer {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3V4 => "AWS Signature V4",
            Self::S3V2 => "AWS Signature V2",
            Self::GcsV4 => "Google Cloud Storage V4",
            Self::GcsV2 => "Google Cloud Storage V2",
            Self::CloudFront => "Amazon CloudFront",
            Self::Cloudflare => "Cloudflare verify",
            Self::AzureSas => "Azure SAS",
            Self::AliyunOss => "Alibaba Cloud OSS",
            Self::TencentCos => "Tencent Cloud COS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> Option<SignedUrl> {
        SignedUrl::read(&Url::parse(&format!("https://cdn.example/x?{query}")).unwrap())
    }

    fn summary(query: &str) -> (Signer, String) {
        let signed = read(query).unwrap();
        (signed.signer, signed.expires.unwrap().to_string())
    }

    #[test]
    fn every_scheme_states_its_end_in_its_own_way() {
        let end = "2020-08-20T06:37:41Z".to_owned();
        for (query, signer) in [
            (
                "X-Amz-Date=20200820T061741Z&X-Amz-Expires=1200&X-Amz-Signature=x",
                Signer::S3V4,
            ),
            (
                "X-Goog-Date=20200820T061741Z&X-Goog-Expires=1200&X-Goog-Signature=x",
                Signer::GcsV4,
            ),
            (
                "Expires=1597905461&Signature=x&Key-Pair-Id=k",
                Signer::CloudFront,
            ),
            (
                "Expires=1597905461&OSSAccessKeyId=k&Signature=x",
                Signer::AliyunOss,
            ),
            (
                "x-oss-date=20200820T061741Z&x-oss-expires=1200&x-oss-signature=x",
                Signer::AliyunOss,
            ),
            (
                "Expires=1597905461&GoogleAccessId=k&Signature=x",
                Signer::GcsV2,
            ),
            (
                "Expires=1597905461&AWSAccessKeyId=k&Signature=x",
                Signer::S3V2,
            ),
            ("verify=1597905461-RDid%3D", Signer::Cloudflare),
            (
                "se=2020-08-20T06%3A37%3A41Z&sig=x&sv=2019&sr=b&sp=r",
                Signer::AzureSas,
            ),
            (
                "q-sign-time=1597904261;1597905461&q-signature=x",
                Signer::TencentCos,
            ),
        ] {
            assert_eq!(summary(query), (signer, end.clone()), "{query}");
        }
    }

    #[test]
    fn an_unsigned_url_is_none_and_nonsense_has_no_end() {
        assert_eq!(read("a=b"), None);
        assert_eq!(read("verify=REDACTED-00ff00").unwrap().expires, None);
        let far =
            read("X-Amz-Date=20200820T061741Z&X-Amz-Expires=9223372036854775807&X-Amz-Signature=x");
        assert_eq!(far.unwrap().expires, None);
    }

    proptest! {
        #[test]
        fn any_query_is_read(query in "[A-Za-z0-9=&%;-]{0,80}") {
            read(&query);
        }

        #[test]
        fn any_expiry_is_read(at: i64, span: i64) {
            read(&format!("Expires={at}&Key-Pair-Id=x"));
            read(&format!("X-Amz-Date=20200820T061741Z&X-Amz-Expires={span}&X-Amz-Signature=x"));
        }
    }
}
