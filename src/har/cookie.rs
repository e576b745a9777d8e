//! Cookies as lists (RFC 6265).

use jiff::Zoned;
use jiff::fmt::rfc2822::DateTimeParser;

use super::model::Cookie;
use super::text::text;
use crate::exchange::ParsedHead;

/// The cookies that a request carries.
pub(super) fn sent(head: &ParsedHead<'_>) -> Vec<Cookie> {
    head.values("cookie")
        .flat_map(|value| value.split(|&b| b == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = split(pair);
            Cookie {
                name,
                value,
                ..Cookie::default()
            }
        })
        .collect()
}

/// The cookies that a response sets.
pub(super) fn set(head: &ParsedHead<'_>) -> Vec<Cookie> {
    head.values("set-cookie").map(set_one).collect()
}

fn set_one(value: &[u8]) -> Cookie {
    let mut parts = value.split(|&b| b == b';').map(<[u8]>::trim_ascii);
    let (name, value) = split(parts.next().unwrap_or_default());
    let mut cookie = Cookie {
        name,
        value,
        http_only: Some(false),
        secure: Some(false),
        ..Cookie::default()
    };
    for part in parts {
        let (name, value) = split(part);
        match name.to_ascii_lowercase().as_str() {
            "path" => cookie.path = Some(value),
            "domain" => cookie.domain = Some(value),
            "expires" => cookie.expires = date(&value),
            "httponly" => cookie.http_only = Some(true),
            "secure" => cookie.secure = Some(true),
            _ => {}
        }
    }
    cookie
}

fn split(pair: &[u8]) -> (String, String) {
    let equals = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
    let (name, value) = pair.split_at(equals);
    let value = value.get(1..).unwrap_or_default();
    (text(name.trim_ascii()), text(value.trim_ascii()))
}

/// A cookie's date as RFC 3339; `None` when it is none.
fn date(value: &str) -> Option<String> {
    // Netscape's form joins day, month and year by hyphens.
    let value = value.replace('-', " ");
    let parsed: Zoned = DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_zoned(value)
        .ok()?;
    Some(parsed.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::RawHead;

    #[test]
    fn cookies_are_listed() {
        let head = RawHead::new(*b"GET / HTTP/1.1\r\nCookie: a=1; b=x=y;\r\ncookie: c\r\n\r\n");
        let cookies = sent(&head.parse());
        let pairs: Vec<_> = cookies
            .iter()
            .map(|cookie| (cookie.name.as_str(), cookie.value.as_str()))
            .collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x=y"), ("c", "")]);
    }

    #[test]
    fn attributes_are_read_and_dates_are_written_in_one_form() {
        let head = RawHead::new(
            *b"HTTP/1.1 200 OK\r\n\
            Set-Cookie: a=1; Path=/; HttpOnly; Expires=Wed, 21 Oct 2015 07:28:00 GMT\r\n\
            Set-Cookie: b=2; secure; domain=r.example; expires=Wed, 21-Oct-2015 07:28:00 GMT\r\n\
            Set-Cookie: c=3; expires=soon\r\n\r\n",
        );
        let cookies = set(&head.parse());
        assert_eq!(cookies[0].path.as_deref(), Some("/"));
        assert_eq!(cookies[0].http_only, Some(true));
        assert_eq!(cookies[0].expires.as_deref(), Some("2015-10-21T07:28:00Z"));
        assert_eq!(cookies[1].secure, Some(true));
        assert_eq!(cookies[1].domain.as_deref(), Some("r.example"));
        assert_eq!(cookies[1].expires.as_deref(), Some("2015-10-21T07:28:00Z"));
        assert_eq!(cookies[2].expires, None);
    }
}
