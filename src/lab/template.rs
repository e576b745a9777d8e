//! Answers as they stand in the data: a head and a content with places for facts.
//!
//! A template is written as its answer is. `${name}` is a fact; a field that names one which the
//! answer has not is left out. A line without a colon stands for a field that is worked out:
//! `Date`, `Content-Length`, `Connection` (where the connection is closed), and `...` for whatever
//! fields the answer brings beside the usual ones.

use data_encoding::{BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::OutgoingResponse;
use super::clock::{after, http_date};
use super::digest::random;

/// The answer of a template; `extra` are the fields beside the usual ones.
pub(super) fn answer(
    template: &'static str,
    extra: Vec<(&'static str, String)>,
    content: Option<bytes::Bytes>,
    now: Timestamp,
    fact: &dyn Fn(&str) -> Option<String>,
) -> OutgoingResponse {
    let fact = |name: &str| fact(name).or_else(|| general(name, now));
    let (head, body) = template.split_once("\n\n").unwrap_or((template, ""));
    let mut lines = head.lines();
    let status = fill(lines.next().unwrap_or_default(), &fact).unwrap_or_default();
    let mut response = OutgoingResponse::new(status);
    let mut extra = Some(extra);
    for line in lines {
        response = match (line.split_once(": "), line) {
            (Some((name, value)), _) => response.maybe(name, fill(value, &fact)),
            (None, "Content-Length") => response.length(),
            (None, "Connection") => response.connection(),
            (None, "...") => extra
                .take()
                .into_iter()
                .flatten()
                .fold(response, |head, (name, value)| {
                    head.maybe(name, fill(&value, &fact))
                }),
            (None, _) => response.date(now),
        };
    }
    match (body, content) {
        ("${content}", Some(content)) => response.body(content),
        _ => response.body(fill(body, &fact).unwrap_or_default()),
    }
}

/// A text with its facts; `None` where one is not known.
pub(super) fn fill(text: &str, fact: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&fact(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// What is known without asking: moments so many seconds from now, and so many random bytes.
pub(super) fn general(name: &str, now: Timestamp) -> Option<String> {
    let (make, number) = name.split_once(':')?;
    let number: i64 = number.parse().ok()?;
    let at = after(now, number);
    let noise = || random(usize::try_from(number).unwrap_or_default());
    let utc = |format: &str| at.strftime(format).to_string();
    Some(match make {
        "date" => http_date(at),
        "unix" => at.as_second().to_string(),
        // The old form for cookies, such as `Sat, 19-Sep-20 06:17:46 GMT`.
        "cookie" => utc("%a, %d-%b-%y %H:%M:%S GMT"),
        "iso" => utc("%Y-%m-%dT%H:%M:%S.000Z"),
        "amz" => utc("%Y%m%dT%H%M%SZ"),
        "day" => utc("%Y%m%d"),
        "hex" => HEXLOWER.encode(&noise()),
        "HEX" => HEXUPPER.encode(&noise()),
        "base64url" => BASE64URL.encode(&noise()),
        "nopad" => BASE64URL_NOPAD.encode(&noise()),
        // As Google's token server in California writes it.
        "pacific" => {
            let at = at.to_zoned(TimeZone::fixed(Offset::constant(-7)));
            at.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
        }
        _ => return None,
    })
}
