//! One server certificate.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::CertificateDer;

use super::files::{Identity, offset, random_serial};

/// A certificate for one host, and when it may be used.
pub(super) struct Leaf {
    /// The certificate, DER.
    pub(super) certificate: CertificateDer<'static>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Leaf {
    /// Issues a certificate for one DNS name or IP address.
    pub(super) fn issue(
        identity: &Identity,
        key: &Arc<KeyPair>,
        host: &str,
        now: Timestamp,
    ) -> Result<Self, rcgen::Error> {
        let backdated = now - SignedDuration::from_hours(24);
        let not_before = backdated.max(identity.not_before());
        let not_after = (now + SignedDuration::from_hours(24 * DAYS)).min(identity.not_after());
        let mut params = CertificateParams::default();
        params.not_before = offset(not_before);
        params.not_after = offset(not_after);
        params.serial_number = Some(random_serial());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(host.try_into()?),
        }];
        params.distinguished_name = DistinguishedName::new();
        // X.509 limits a common name to 64 characters; storage hosts are longer, and clients
        // look at the SAN alone. An empty subject makes rcgen mark the SAN critical.
        if host.len() <= 64 {
            params.distinguished_name.push(DnType::CommonName, host);
        }
        let certificate = params.signed_by(&**key, &identity.issuer)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            not_before,
            not_after,
        })
    }

    /// Whether a client whose clock reads `now` would accept it for some time yet.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.not_before <= now && now + SignedDuration::from_hours(24) <= self.not_after
    }
}

/// How long a leaf is valid from its issue.
const DAYS: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_fresh_while_it_holds_for_another_day() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let leaf = Leaf {
            certificate: CertificateDer::from(Vec::new()),
            not_before: at(100),
            not_after: at(200),
        };
        for (hours, fresh) in [
            (99, false),
            (100, true),
            (176, true),
            (177, false),
            (300, false),
        ] {
            assert_eq!(leaf.is_fresh(at(hours)), fresh, "{hours}");
        }
    }
}
