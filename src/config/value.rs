//! Values of flags.

use std::net::SocketAddr;

/// An address to listen on, such as `127.0.0.1:8642`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "give an IP address and a port from 0 to 65535, such as 127.0.0.1:8642 or [::1]:0"
            .to_owned()
    })
}

/// A number of bytes, such as `65536`, `64K` or `4M`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let read = parse_size::Config::new().with_binary().parse_size(text);
    read.map_err(|error| format!("{error}; give a number of bytes, such as 65536, 64K or 4M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        assert!(address("[::1]:0").is_ok());
        for bad in ["127.0.0.1", "8642", "localhost:8642", "127.0.0.1:65536"] {
            assert!(
                address(bad).unwrap_err().contains("127.0.0.1:8642"),
                "{bad}"
            );
        }
    }

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(size("65536"), Ok(65_536));
        assert_eq!(size("4M"), Ok(4 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("64kb"), Ok(64 << 10));
        assert_eq!(size("4T"), Ok(4 << 40));
        for bad in ["", "M", "-1", "4X", "99999999999G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
