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
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text
        .strip_prefix(digits)
        .unwrap_or_default()
        .to_ascii_uppercase();
    let factor: u64 = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(format!("{unit} is no unit; use K, M or G")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "give a number of bytes, such as 4M".to_owned())?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "that is too large".to_owned())
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
        for bad in ["", "M", "-1", "4T", "99999999999G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
