//! Docker Hub's token server, and Cloudflare in front of its blobs.

use data_encoding::{HEXLOWER, HEXUPPER};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::super::OutgoingResponse;
use super::super::answer::{StoreAnswer, StoredPart};
use super::super::clock::{after, http_date};
use super::super::digest::{md5, random};
use super::super::token::Grant;
use super::shared::oauth_body;

/// The last field of everything that comes from docker.io.
pub(super) const HSTS: &[(&str, &str)] = &[("Strict-Transport-Security", "max-age=31536000")];

pub(super) fn token(grant: &Grant, oauth: bool, now: Timestamp) -> OutgoingResponse {
    let body = if oauth {
        oauth_body(grant)
    } else {
        let body = json!({
            "token": grant.token,
            "access_token": grant.token,
            "expires_in": grant.lifetime,
            "issued_at": grant.issued.to_string(),
        });
        format!("{body}\n")
    };
    OutgoingResponse::new((200, "OK"))
        .field("Content-Type", "application/json")
        .date(now)
        .connection()
        .fields(HSTS)
        .length()
        .body(body)
}

pub(super) fn store(answer: StoreAnswer, now: Timestamp) -> OutgoingResponse {
    let ray = format!("{}-HKG", HEXLOWER.encode(&random::<8>()));
    let StoredPart { blob, part, bytes } = match answer {
        Ok(found) => found,
        Err(withheld) => {
            let ((status, reason), (_, message)) = (withheld.status(), withheld.error());
            return OutgoingResponse::new((status, reason))
                .date(now)
                .field("Content-Type", "text/html")
                .length()
                .maybe("Content-Range", withheld.content_range())
                .connection()
                .field("CF-Ray", ray)
                .field("Server", "cloudflare")
                .body(format!(
                    "<html>\n<head><title>{status} {reason}</title></head>\n<body>\n\
                     <center><h1>{status} {reason}</h1></center>\n<p>{message}</p>\n\
                     <hr><center>cloudflare</center>\n</body>\n</html>\n"
                ));
        }
    };
    let cookie = format!(
        "__cfduid=d{}{}; expires={}; path=/; domain=.production.cloudflare.docker.com; HttpOnly; \
         SameSite=Lax; Secure",
        HEXLOWER.encode(&random::<16>()),
        now.as_second(),
        cookie_date(after(now, 30 * 24 * 60 * 60)),
    );
    let etag = format!("\"{}\"", HEXLOWER.encode(&md5(&blob.bytes)));
    OutgoingResponse::new(part.status())
        .date(now)
        .field("Content-Type", "application/octet-stream")
        .length()
        .maybe("Content-Range", part.content_range())
        .connection()
        .field("Set-Cookie", cookie)
        .field("CF-Ray", ray)
        .field("Accept-Ranges", "bytes")
        .field("Age", "2277324")
        .field("Cache-Control", "public, max-age=14400")
        .field("ETag", etag)
        .field("Expires", http_date(after(now, 14_400)))
        .field("Last-Modified", "Fri, 29 May 2020 21:20:08 GMT")
        .field("Vary", "Accept-Encoding")
        .field("CF-Cache-Status", "HIT")
        .field("cf-request-id", HEXLOWER.encode(&random::<16>()))
        .fields(&[(
            "Expect-CT",
            "max-age=604800, \
             report-uri=\"https://report-uri.cloudflare.com/cdn-cgi/beacon/expect-ct\"",
        )])
        .field(
            "x-amz-id-2",
            "whm9KH4dbHtjtDWcTwlhr82h55cWfMdT63uBSHRzglSO0H0BZlZIitUzROmo+3i3SyCLCYltzuI=",
        )
        .field("x-amz-request-id", HEXUPPER.encode(&random::<8>()))
        .field("x-amz-version-id", "x61eC1buF1kfpFnSwidmv5_7gxWle14z")
        .field("Server", "cloudflare")
        .body(bytes)
}

/// A time in the old form for cookies, such as `Sat, 19-Sep-20 06:17:46 GMT`.
fn cookie_date(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    time.strftime("%a, %d-%b-%y %H:%M:%S GMT").to_string()
}
