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
        let get = |key: &str| {
            let pair = pairs.iter().find(|(name, _)| name == key);
            pair.map(|(_, value)| value.to_string())
        };
        let (_, signer, from, until) = SCHEMES.iter().find(|(marks, ..)| {
            let mut marks = marks.split(' ');
            marks.all(|mark| get(mark).is_some())
        })?;
        let issued = get(from).as_deref().and_then(moment);
        let text = get(until).unwrap_or_default();
        let expires = if until.ends_with("-Expires") || until.ends_with("-expires") {
            let lifetime = text.parse().ok().map(SignedDuration::from_secs);
            issued
                .zip(lifetime)
                .and_then(|(from, lifetime)| from.checked_add(lifetime).ok())
        } else {
            match signer {
                Signer::TencentCos => moment(text.rsplit(';').next().unwrap_or_default()),
                Signer::Cloudflare => moment(text.split('-').next().unwrap_or_default()),
                _ => moment(&text),
            }
        };
        Some(Self {
            signer: *signer,
            issued,
            expires,
        })
    }
}

/// A moment in any of the forms in use; of a span of two its beginning.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.split(';').next().unwrap_or_default();
    compact(text)
        .or_else(|| epoch(text))
        .or_else(|| text.parse().ok())
}

/// By which parameters a scheme is known, and in which stand when it was signed and when it ends.
const SCHEMES: &[(&str, Signer, &str, &str)] = &[
    (
        "X-Amz-Signature",
        Signer::S3V4,
        "X-Amz-Date",
        "X-Amz-Expires",
    ),
    (
        "X-Goog-Signature",
        Signer::GcsV4,
        "X-Goog-Date",
        "X-Goog-Expires",
    ),
    (
        "x-oss-signature",
        Signer::AliyunOss,
        "x-oss-date",
        "x-oss-expires",
    ),
    ("Key-Pair-Id", Signer::CloudFront, "", "Expires"),
    ("OSSAccessKeyId", Signer::AliyunOss, "", "Expires"),
    ("GoogleAccessId", Signer::GcsV2, "", "Expires"),
    ("AWSAccessKeyId", Signer::S3V2, "", "Expires"),
    (
        "q-signature",
        Signer::TencentCos,
        "q-sign-time",
        "q-sign-time",
    ),
    ("verify", Signer::Cloudflare, "", "verify"),
    ("sig sv", Signer::AzureSas, "st", "se"),
];

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
