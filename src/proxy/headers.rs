//! Which header fields go on to the next hop (RFC 9110 section 7.6.1).

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING,
    UPGRADE,
};

/// The fields to forward, in their order. Where one is not, the map is rebuilt, since removing from
/// a [`HeaderMap`] changes the order of what stays.
///
/// `Connection` stays where it stood with the options that hold for our own connections as well:
/// a client connection and its server connection live and end together.
pub(crate) fn forwarded(headers: HeaderMap) -> HeaderMap {
    let upgrade = wants_upgrade(&headers);
    let listed: Vec<HeaderName> = options(&headers)
        .filter_map(|option| HeaderName::from_bytes(option.as_bytes()).ok())
        .filter(|name| !kept_though_listed(name))
        .collect();
    let goes_on = |name: &HeaderName, value: &HeaderValue| match *name {
        CONNECTION => value
            .to_str()
            .is_ok_and(|text| text.split(',').all(holds_on)),
        TE => value.as_bytes().eq_ignore_ascii_case(b"trailers"),
        UPGRADE => upgrade,
        _ => !is_hop_by_hop(name) && !listed.contains(name),
    };
    if headers.iter().all(|(name, value)| goes_on(name, value)) {
        return headers;
    }
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in &headers {
        if goes_on(name, value) {
            out.append(name.clone(), value.clone());
        } else if *name == CONNECTION
            && let Some(value) = what_holds_on(value)
        {
            out.append(CONNECTION, value);
        }
    }
    out
}

/// Whether the message asks to leave HTTP.
pub(crate) fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) && options(headers).any(|option| option == "upgrade")
}

/// The options of all `Connection` fields, lower-case.
fn options(headers: &HeaderMap) -> impl Iterator<Item = String> + '_ {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|option| option.trim().to_ascii_lowercase())
        .filter(|option| !option.is_empty())
}

/// Whether an option of `Connection` holds for the connection to the next hop as well.
fn holds_on(option: &str) -> bool {
    ["close", "keep-alive", "upgrade", "te"]
        .iter()
        .any(|kept| kept.eq_ignore_ascii_case(option.trim()))
}

/// The options of a `Connection` field that hold on, if there are any.
fn what_holds_on(value: &HeaderValue) -> Option<HeaderValue> {
    let options = value.to_str().ok()?.split(',').map(str::trim);
    let kept: Vec<&str> = options.filter(|option| holds_on(option)).collect();
    if kept.is_empty() {
        None
    } else {
        HeaderValue::from_str(&kept.join(", ")).ok()
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "keep-alive" | "proxy-connection" | "proxy-authenticate" | "proxy-authorization"
    ) || name.as_str().starts_with("proxy-") && name != "proxy-status"
}

/// A client must not have us drop what the message's meaning hangs on.
fn kept_though_listed(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name)
        || [CONNECTION, TE, UPGRADE].contains(name)
        || matches!(name.as_str(), "close" | "authorization" | "trailer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(lines: &[(&str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        forwarded(headers).iter().map(line).collect()
    }

    #[test]
    fn order_survives_and_hop_by_hop_fields_stay_behind() {
        let out = forward(&[
            ("A", "1"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic x"),
            ("Connection", "close, X-Drop"),
            ("X-Drop", "2"),
            ("Keep-Alive", "timeout=5"),
            ("B", "3"),
        ]);
        assert_eq!(out, ["a: 1", "connection: close", "b: 3"]);
    }

    #[test]
    fn framing_and_credentials_cannot_be_listed_away() {
        let out = forward(&[
            ("Connection", "content-length, host, authorization"),
            ("Host", "a"),
            ("Content-Length", "0"),
            ("Authorization", "Bearer t"),
        ]);
        assert_eq!(
            out,
            ["host: a", "content-length: 0", "authorization: Bearer t"]
        );
    }

    #[test]
    fn an_upgrade_passes_only_when_it_is_asked_for() {
        let asked = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("TE", "gzip"),
        ];
        assert_eq!(
            forward(&asked),
            ["connection: Upgrade", "upgrade: websocket"]
        );
        assert!(forward(&[("Upgrade", "h2c")]).is_empty());
    }
}
