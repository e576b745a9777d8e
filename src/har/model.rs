//! HAR 1.2 as types.
//!
//! Fields that HAR requires are not optional here, so a file that is written has them. Reading
//! is lenient: what is missing, `null` or of the wrong type becomes empty or -1, as HAR says
//! "unknown". Custom fields are kept at every level.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::lenient::{absent, lenient, list, object, optional_object, unknown};

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Har {
    /// Its only content.
    pub log: Log,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// The exchanges of one capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The format's version, `1.2`.
    #[serde(default, deserialize_with = "lenient")]
    pub version: String,
    /// The program that wrote the file.
    #[serde(default, deserialize_with = "object")]
    pub creator: Creator,
    /// The browser that was observed.
    #[serde(
        default,
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub browser: Option<Creator>,
    /// The web pages; some readers need the list though it is empty.
    #[serde(default, deserialize_with = "list")]
    pub pages: Vec<Page>,
    /// The exchanges, by their start.
    #[serde(default, deserialize_with = "list")]
    pub entries: Vec<Entry>,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Creator {
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its version.
    #[serde(default, deserialize_with = "lenient")]
    pub version: String,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A web page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// When it began to load, RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub started_date_time: String,
    /// What entries refer to.
    #[serde(default, deserialize_with = "lenient")]
    pub id: String,
    /// Its title.
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// Milliseconds until it had loaded.
    #[serde(default)]
    pub page_timings: Extras,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// One exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The page it belongs to.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub pageref: Option<String>,
    /// When the request began, RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub started_date_time: String,
    /// Milliseconds: the sum of all timings that apply, without `ssl`.
    #[serde(default, deserialize_with = "lenient")]
    pub time: f64,
    /// The request.
    #[serde(default, deserialize_with = "object")]
    pub request: Request,
    /// The response.
    #[serde(default, deserialize_with = "object")]
    pub response: Response,
    /// Use of a cache.
    #[serde(default, deserialize_with = "object")]
    pub cache: Cache,
    /// The phases.
    #[serde(default, deserialize_with = "object")]
    pub timings: Timings,
    /// The server's IP address, without brackets.
    #[serde(
        default,
        rename = "serverIPAddress",
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub server_ip_address: Option<String>,
    /// The server's port.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub connection: Option<String>,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The method.
    #[serde(default, deserialize_with = "lenient")]
    pub method: String,
    /// The absolute URL without fragment.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// Such as `HTTP/1.1`.
    #[serde(default, deserialize_with = "lenient")]
    pub http_version: String,
    /// The cookies it carries.
    #[serde(default, deserialize_with = "list")]
    pub cookies: Vec<Cookie>,
    /// The fields in wire order.
    #[serde(default, deserialize_with = "list")]
    pub headers: Vec<NameValue>,
    /// The URL's parameters, decoded.
    #[serde(default, deserialize_with = "list")]
    pub query_string: Vec<NameValue>,
    /// The content, when it is text.
    #[serde(
        default,
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub post_data: Option<PostData>,
    /// Bytes of the head, or -1.
    #[serde(default = "unknown", deserialize_with = "lenient")]
    pub headers_size: i64,
    /// Bytes of content as transferred, or -1.
    #[serde(default = "unknown", deserialize_with = "lenient")]
    pub body_size: i64,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The status code; 0 when there was no response.
    #[serde(default, deserialize_with = "lenient")]
    pub status: u16,
    /// The reason phrase.
    #[serde(default, deserialize_with = "lenient")]
    pub status_text: String,
    /// Such as `HTTP/1.1`.
    #[serde(default, deserialize_with = "lenient")]
    pub http_version: String,
    /// The cookies it sets.
    #[serde(default, deserialize_with = "list")]
    pub cookies: Vec<Cookie>,
    /// The fields in wire order.
    #[serde(default, deserialize_with = "list")]
    pub headers: Vec<NameValue>,
    /// The content.
    #[serde(default, deserialize_with = "object")]
    pub content: Content,
    /// The `Location` field, or empty.
    #[serde(default, rename = "redirectURL", deserialize_with = "lenient")]
    pub redirect_url: String,
    /// Bytes of the head, or -1.
    #[serde(default = "unknown", deserialize_with = "lenient")]
    pub headers_size: i64,
    /// Bytes of content as transferred, or -1.
    #[serde(default = "unknown", deserialize_with = "lenient")]
    pub body_size: i64,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A response's content; a request's as well in the custom field `_content`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Bytes after `Content-Encoding` was undone.
    #[serde(default, deserialize_with = "lenient")]
    pub size: i64,
    /// Bytes that the encoding saved.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub compression: Option<i64>,
    /// The media type.
    #[serde(default, deserialize_with = "lenient")]
    pub mime_type: String,
    /// The decoded content.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub text: Option<String>,
    /// `base64`, when `text` is that.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub encoding: Option<String>,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A request's content that is text. HAR allows `text` or `params`, not both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostData {
    /// The media type.
    #[serde(default, deserialize_with = "lenient")]
    pub mime_type: String,
    /// The decoded content.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub text: Option<String>,
    /// The content as a form.
    #[serde(
        default,
        deserialize_with = "list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub params: Vec<NameValue>,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A field of a head, a parameter of a URL, or of a form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NameValue {
    /// The name as sent.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The value.
    #[serde(default, deserialize_with = "lenient")]
    pub value: String,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A cookie (RFC 6265).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The value.
    #[serde(default, deserialize_with = "lenient")]
    pub value: String,
    /// The path it is for.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub path: Option<String>,
    /// The host it is for.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub domain: Option<String>,
    /// When it expires, RFC 3339.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires: Option<String>,
    /// Whether scripts may not see it.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub http_only: Option<bool>,
    /// Whether it is for TLS only.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub secure: Option<bool>,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// The phases in milliseconds; -1 where one does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Waiting for a connection.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub blocked: f64,
    /// Resolving the name.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub dns: f64,
    /// Opening the connection, TLS included.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub connect: f64,
    /// Sending the request; never -1.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub send: f64,
    /// Waiting for the response; never -1.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub wait: f64,
    /// Reading the response; never -1.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub receive: f64,
    /// The TLS handshake, a part of `connect`.
    #[serde(default = "absent", deserialize_with = "lenient")]
    pub ssl: f64,
    /// A remark.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// Use of a cache; always empty in our files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// The cached entry before the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_request: Option<Value>,
    /// The cached entry after the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_request: Option<Value>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// Custom fields: those whose names begin with `_`. A `null` is left out, since there are
/// readers that refuse a file for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Extras(Map<String, Value>);

impl Extras {
    /// The value of a custom field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Takes a custom field out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name)
    }

    /// Sets a custom field.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        debug_assert!(name.starts_with('_'), "{name}");
        self.0.insert(name.to_owned(), value.into());
    }
}

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(d)?;
        map.retain(|name, value| name.starts_with('_') && !value.is_null());
        Ok(Self(map))
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            version: "1.2".to_owned(),
            creator: Creator::default(),
            browser: None,
            pages: Vec::new(),
            entries: Vec::new(),
            comment: None,
            extra: Extras::default(),
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: String::new(),
            url: String::new(),
            http_version: "HTTP/1.1".to_owned(),
            cookies: Vec::new(),
            headers: Vec::new(),
            query_string: Vec::new(),
            post_data: None,
            headers_size: unknown(),
            body_size: unknown(),
            comment: None,
            extra: Extras::default(),
        }
    }
}

impl Default for Response {
    fn default() -> Self {
        Self {
            status: 0,
            status_text: String::new(),
            http_version: "HTTP/1.1".to_owned(),
            cookies: Vec::new(),
            headers: Vec::new(),
            content: Content::default(),
            redirect_url: String::new(),
            headers_size: unknown(),
            body_size: unknown(),
            comment: None,
            extra: Extras::default(),
        }
    }
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            blocked: absent(),
            dns: absent(),
            connect: absent(),
            send: 0.0,
            wait: 0.0,
            receive: 0.0,
            ssl: absent(),
            comment: None,
            extra: Extras::default(),
        }
    }
}

impl NameValue {
    /// A pair.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            ..Self::default()
        }
    }
}
