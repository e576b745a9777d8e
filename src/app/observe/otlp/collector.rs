//! The collector that spans go to, and how it is reached.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use crate::app::process::failure::{Outcome, usage};
use crate::proxy::{RootCertificate, trusted_roots};

/// A collector of OpenTelemetry traces.
pub(in crate::app) struct Collector {
    uri: Uri,
    headers: HeaderMap,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Collector {
    /// Reads the flag. `roots` are trusted beside the system's; `headers` is what
    /// `OTEL_EXPORTER_OTLP_HEADERS` holds (`key=value,…`, values percent-encoded).
    pub(in crate::app) fn new(
        endpoint: &str,
        roots: &[RootCertificate],
        headers: Option<&str>,
    ) -> Outcome<Self> {
        let uri = traces(endpoint).map_err(|why| usage(format!("--otlp-endpoint: {why}")))?;
        let headers = read_headers(headers.unwrap_or_default())
            .map_err(|why| usage(format!("OTEL_EXPORTER_OTLP_HEADERS: {why}")))?;
        let roots = match uri.scheme_str() {
            Some("https") => trusted_roots(roots)?,
            _ => rustls::RootCertStore::empty(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            uri,
            headers,
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// Posts a request full of spans, as protobuf.
    pub(super) async fn send(&self, spans: Bytes) -> Result<Response<Incoming>, Error> {
        let mut request = Request::new(Full::new(spans));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        request.headers_mut().insert(CONTENT_TYPE, protobuf);
        self.client.request(request).await
    }
}

impl fmt::Display for Collector {
    /// The URL without its query, which may have a key in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self
            .uri
            .authority()
            .map_or("", http::uri::Authority::as_str);
        let scheme = self.uri.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{authority}{}", self.uri.path())
    }
}

/// Where traces go below a collector's URL
/// (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp>).
fn traces(endpoint: &str) -> Result<Uri, String> {
    const EXAMPLE: &str = "give the URL of a collector's OTLP/HTTP receiver, such as \
                           http://collector.example:4318";
    let Ok(url) = url::Url::parse(endpoint) else {
        return Err(format!("this is no URL; {EXAMPLE}"));
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("it is neither http:// nor https://; {EXAMPLE}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "passwords do not belong in it; OTEL_EXPORTER_OTLP_HEADERS takes an Authorization"
                .to_owned(),
        );
    }
    let mut url = url;
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    if !path.ends_with(TRACES) {
        let path = format!("{path}{TRACES}");
        url.set_path(&path);
    }
    Uri::from_str(url.as_str()).map_err(|error| format!("{error}; {EXAMPLE}"))
}

/// Nothing of a value is ever in an error: it is most often a key.
fn read_headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for pair in text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let Some((name, value)) = pair.split_once('=') else {
            return Err("give it as name=value,name=value".to_owned());
        };
        let name = name.trim();
        let known = HeaderName::from_str(name)
            .map_err(|_| format!("{name:?} cannot be the name of a header"))?;
        let value: Vec<u8> = percent_decode_str(value.trim()).collect();
        let mut value = HeaderValue::from_bytes(&value)
            .map_err(|_| format!("the value of {name} cannot be that of a header"))?;
        value.set_sensitive(true);
        headers.append(known, value);
    }
    Ok(headers)
}

/// The path of traces.
const TRACES: &str = "/v1/traces";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_have_their_place_below_the_endpoint() {
        for (endpoint, wanted) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            ("https://c/otel", "https://c/otel/v1/traces"),
            ("https://c/v1/traces", "https://c/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
            ("https://c/x?key=1#f", "https://c/x/v1/traces?key=1"),
        ] {
            assert_eq!(traces(endpoint).unwrap().to_string(), wanted);
        }
        for endpoint in [
            "",
            "c:4318",
            "grpc://c:4317",
            "/v1/traces",
            "http://",
            "unix:/x",
        ] {
            let why = traces(endpoint).unwrap_err();
            assert!(why.contains("http://collector.example:4318"), "{why}");
        }
        let why = traces("http://user:hunter2@c:4318").unwrap_err();
        assert!(!why.contains("hunter2") && why.contains("OTEL_EXPORTER_OTLP_HEADERS"));
    }

    #[test]
    fn headers_come_from_the_environment_and_stay_out_of_errors() {
        let read = read_headers("Authorization=Bearer%20a%2Cb, x-tenant = one,").unwrap();
        assert_eq!(read["authorization"], "Bearer a,b");
        assert_eq!(read["x-tenant"], "one");
        assert!(read["authorization"].is_sensitive());
        for text in ["hunter2", "a b=hunter2", "x=hunter2%0A"] {
            let why = read_headers(text).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn a_key_in_the_query_is_not_shown() {
        let collector = Collector::new("http://c:4318/?key=hunter2", &[], None).unwrap();
        assert_eq!(collector.to_string(), "http://c:4318/v1/traces");
        assert_eq!(collector.uri.query(), Some("key=hunter2"));
    }
}
