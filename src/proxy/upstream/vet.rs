//! Which addresses may be dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::exchange::Failure;
use crate::proxy::answer::FailureDetail;

/// Who asks, and what pullscope listens on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vet {
    /// Our own listener.
    pub(crate) own: SocketAddr,
    /// Whether private and loopback ranges may be reached: always for clients on this machine,
    /// and for listed hosts.
    pub(crate) private: bool,
    /// Whether the user named the address: only loops are refused then.
    pub(crate) named: bool,
}

impl Vet {
    /// Whether this very address may be dialled.
    ///
    /// # Errors
    /// The kind of refusal and a sentence about it.
    pub(crate) fn check(&self, address: SocketAddr) -> Result<(), FailureDetail> {
        let ip = embedded(address.ip());
        if self.is_own(ip, address.port()) {
            return Err((Failure::Loop, format!("{address} is pullscope itself")));
        }
        let forbidden = |what| Err((Failure::Forbidden, format!("{ip} is {what}")));
        if ip.is_unspecified() || ip.is_multicast() || ip == Ipv4Addr::BROADCAST {
            return forbidden("not the address of one server");
        }
        if self.named {
            return Ok(());
        }
        if is_link_local(ip) {
            return forbidden("link-local: machine metadata lives there");
        }
        if METADATA.contains(&ip) {
            return forbidden("where a cloud serves the metadata of its machines");
        }
        if !self.private && is_private(ip) {
            return forbidden(
                "in a private range, which remote clients may reach only for hosts named by \
                 --allow-target",
            );
        }
        Ok(())
    }

    /// Any address of this machine with our port leads to our listener, or to nothing else.
    fn is_own(&self, ip: IpAddr, port: u16) -> bool {
        if port != self.own.port() {
            return false;
        }
        let ours = self.own.ip().to_canonical();
        let everywhere = ours.is_unspecified();
        // 0.0.0.0 and :: lead to this machine; so does all of 127.0.0.0/8.
        let here = ip.is_loopback() || ip.is_unspecified();
        ip == ours || (here && (everywhere || ours.is_loopback())) || (everywhere && is_local(ip))
    }
}

/// Whether the address is one of this machine's: only those can be bound.
fn is_local(ip: IpAddr) -> bool {
    TcpListener::bind((ip, 0)).is_ok()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped (RFC 4291 section 2.5.5), or behind
/// the well-known prefix of NAT64 (RFC 6052 section 2.1).
fn embedded(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(six) => match six.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] if high > 0 => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => ip,
        },
        canonical @ IpAddr::V4(_) => canonical,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_loopback() || ip.is_private() || a == 0 || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

/// Where clouds serve metadata outside of the link-local ranges: Alibaba, Azure and Oracle; AWS
/// and Google over IPv6.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &str, to: &str, private: bool, named: bool) -> Option<Failure> {
        let vet = Vet {
            own: own.parse().unwrap(),
            private,
            named,
        };
        vet.check(to.parse().unwrap())
            .err()
            .map(|(failure, _)| failure)
    }

    #[test]
    fn security_07_every_spelling_of_ourselves_is_a_loop() {
        for to in [
            "127.0.0.1:8642",
            "127.1.2.3:8642",
            "[::ffff:127.0.0.1]:8642",
            "[64:ff9b::7f00:1]:8642",
            "0.0.0.0:8642",
        ] {
            assert_eq!(
                check("127.0.0.1:8642", to, true, true),
                Some(Failure::Loop),
                "{to}"
            );
            assert_eq!(
                check("0.0.0.0:8642", to, true, true),
                Some(Failure::Loop),
                "{to}"
            );
        }
        assert_eq!(check("127.0.0.1:8642", "127.0.0.1:5000", true, false), None);
        assert_eq!(
            check("[::]:8642", "[::1]:8642", true, false),
            Some(Failure::Loop)
        );
    }

    #[test]
    fn security_06_metadata_and_shared_addresses_are_never_dialled_by_name() {
        for to in [
            "169.254.169.254:80",
            "[fe80::1]:80",
            "224.0.0.1:80",
            "255.255.255.255:80",
            "[::ffff:169.254.169.254]:80",
            "[fd00:ec2::254]:80",
            "[fd20:ce::254]:80",
            "100.100.100.200:80",
            "168.63.129.16:80",
            "[64:ff9b::a9fe:a9fe]:80",
            "[::169.254.169.254]:80",
        ] {
            assert_eq!(
                check("127.0.0.1:1", to, true, false),
                Some(Failure::Forbidden),
                "{to}"
            );
        }
        assert_eq!(check("127.0.0.1:1", "169.254.1.1:80", true, true), None);
    }

    #[test]
    fn security_06_private_ranges_are_for_clients_on_this_machine_and_listed_hosts() {
        for to in [
            "10.0.0.1:443",
            "192.168.1.1:443",
            "127.0.0.1:443",
            "[fd12::1]:443",
            "100.64.0.1:1",
        ] {
            assert_eq!(
                check("0.0.0.0:1", to, false, false),
                Some(Failure::Forbidden),
                "{to}"
            );
            assert_eq!(check("0.0.0.0:1", to, true, false), None, "{to}");
        }
        assert_eq!(check("0.0.0.0:1", "93.184.216.34:443", false, false), None);
    }
}
