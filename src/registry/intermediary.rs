//! Who answers in a server's place: gateways in front of registries, and filters in front of
//! clients. They are known by what they say of themselves.

use std::sync::LazyLock;

use strum::EnumString;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Reading;
use crate::base::table::rows;
use crate::exchange::RawHead;

/// A product that stands between client and registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intermediary {
    /// What it is called.
    pub name: &'static str,
    /// On whose side it stands.
    pub role: IntermediaryRole,
}

/// On whose side an intermediary stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString)]
pub enum IntermediaryRole {
    /// In front of the registry: a reverse proxy, load balancer or CDN.
    Gateway,
    /// In front of the clients: it looks at what they fetch, and keeps some of it away.
    Filter,
}

impl Intermediary {
    /// Who made the page of this answer, as far as its fields and its words say.
    pub fn of(reading: &Reading, response: &RawHead) -> Option<Self> {
        let server = response
            .text("server")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let page = reading.page.as_deref().unwrap_or_default().to_lowercase();
        let has = |sign: &Sign| match sign.place {
            SignPlace::Server => server.starts_with(sign.text),
            SignPlace::Page => page.contains(sign.text),
            SignPlace::Field => response.text(sign.text).is_some(),
            SignPlace::Maker => server.contains(sign.text) || page.contains(sign.text),
        };
        SIGNS.iter().find(|sign| has(sign)).map(|sign| sign.who)
    }

    /// The filter that issued a server's certificate in the place of its own CA, and the issuer's
    /// name as it stands there.
    pub fn issuing(der: &[u8]) -> Option<(Self, String)> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let issuer = certificate.issuer().to_string();
        let lower = issuer.to_ascii_lowercase();
        let mut makers = SIGNS.iter().filter(|sign| sign.place == SignPlace::Maker);
        let sign = makers.find(|sign| lower.contains(sign.text))?;
        Some((sign.who, issuer))
    }
}

/// How one is known.
struct Sign {
    place: SignPlace,
    /// In small letters.
    text: &'static str,
    who: Intermediary,
}

/// Where a sign stands.
#[derive(Clone, Copy, PartialEq, Eq, EnumString)]
enum SignPlace {
    /// How `Server` begins.
    Server,
    /// In the page.
    Page,
    /// A field of this name.
    Field,
    /// A maker's name: in `Server`, in the page, or in the issuer of a certificate.
    Maker,
}

static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let rows = rows(include_str!("intermediaries.txt"));
    rows.filter_map(Sign::read).collect()
});

impl Sign {
    fn read([role, place, text, name]: [&'static str; 4]) -> Option<Self> {
        let (role, place) = (role.parse().ok()?, place.parse().ok()?);
        let who = Intermediary { name, role };
        Some(Self { place, text, who })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn who(server: &str, page: &str) -> Option<&'static str> {
        let head = format!("HTTP/1.1 403 X\r\nServer: {server}\r\n\r\n");
        let reading = Reading {
            page: (!page.is_empty()).then(|| page.into()),
            ..Reading::default()
        };
        Intermediary::of(&reading, &RawHead::new(head)).map(|who| who.name)
    }

    #[test]
    fn every_row_is_read() {
        for row in rows(include_str!("intermediaries.txt")) {
            assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
            assert_eq!(row[2], row[2].to_lowercase());
            assert!(Sign::read(row).is_some(), "{row:?}");
        }
    }

    #[test]
    fn they_say_who_they_are() {
        assert_eq!(who("awselb/2.0", ""), Some("an AWS load balancer"));
        assert_eq!(who("x", "413 nginx"), Some("nginx"));
        assert_eq!(who("nginx", "Blocked by Zscaler"), Some("Zscaler"));
        assert_eq!(who("case/1", "Forbidden"), None);
    }

    #[test]
    fn an_issuer_names_the_filter_that_signs_for_others() {
        let mut params = CertificateParams::new(vec!["r.example".to_owned()]).unwrap();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Zscaler Inc.");
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (filter, issuer) = Intermediary::issuing(own.der()).unwrap();
        assert_eq!(
            (filter.name, filter.role),
            ("Zscaler", IntermediaryRole::Filter)
        );
        assert!(issuer.contains("Zscaler Inc."), "{issuer}");
        assert_eq!(Intermediary::issuing(b"no certificate"), None);
    }
}
