//! Certificates as people and other programs read them.

use std::net::IpAddr;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use x509_parser::prelude::{ASN1Time, FromDer as _, GeneralName, X509Certificate};

use super::text::without_nul;
use crate::base::hex::sha256;
use crate::base::pem;

/// What a certificate says, and the certificate itself as PEM. One that does not parse has a
/// digest and PEM only.
pub(super) fn describe(der: &[u8]) -> Value {
    let mut fields = match X509Certificate::from_der(der) {
        Ok((_, certificate)) => facts(&certificate),
        Err(_) => Map::new(),
    };
    fields.insert("sha256".to_owned(), sha256(der).into());
    fields.insert("pem".to_owned(), pem::certificate(der).into());
    fields.into()
}

/// The certificate in a description; `None` when there is none.
pub(super) fn der(description: &Value) -> Option<Vec<u8>> {
    let pem = description.get("pem")?.as_str()?;
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    BASE64.decode(body.as_bytes()).ok()
}

fn facts(certificate: &X509Certificate<'_>) -> Map<String, Value> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.map_or_else(Vec::new, |extension| {
        let names = extension.value.general_names.iter();
        names.filter_map(name).collect()
    });
    let validity = certificate.validity();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let text = |text: String| Value::String(without_nul(text));
    set("subject", text(certificate.subject().to_string()));
    set("issuer", text(certificate.issuer().to_string()));
    set("serialNumber", text(certificate.raw_serial_as_string()));
    set("notBefore", time(validity.not_before));
    set("notAfter", time(validity.not_after));
    set("subjectAltNames", Value::Array(names));
    fields
}

fn name(name: &GeneralName<'_>) -> Option<Value> {
    match name {
        GeneralName::DNSName(name) => Some(json!(without_nul((*name).to_owned()))),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            Some(json!(address.ok()?))
        }
        _ => None,
    }
}

fn time(time: ASN1Time) -> Value {
    let time = Timestamp::from_second(time.timestamp());
    time.map_or_else(|_| String::new(), |time| time.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn a_certificate_is_described_and_comes_back_whole() {
        let names = ["r.example".to_owned(), "::1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "r");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let description = describe(certificate.der());
        assert_eq!(description["subjectAltNames"], json!(["r.example", "::1"]));
        assert!(description["subject"].as_str().unwrap().contains("CN=r"));
        assert_eq!(description["notBefore"], "1975-01-01T00:00:00Z");
        assert_eq!(der(&description).unwrap(), certificate.der().as_ref());
    }

    #[test]
    fn garbage_comes_back_whole_too() {
        for bytes in [&b""[..], b"garbage", &[0; 200]] {
            let description = describe(bytes);
            assert_eq!(description.get("subject"), None);
            assert_eq!(der(&description).unwrap(), bytes);
        }
    }
}
