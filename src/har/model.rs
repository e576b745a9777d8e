//! HAR 1.2 as types.
//!
//! Fields that HAR requires are not optional here, so a file that is written has them. Reading
//! is lenient: what is missing, `null` or of the wrong type becomes empty or -1, as HAR says
//! "unknown". Custom fields are kept at every level.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use serde_with::apply;
use smart_default::SmartDefault;

use super::lenient::Lenient;

/// A program.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Creator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// One exchange.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HarEntry {
    /// The page it belongs to.
    pub pageref: Option<String>,
    /// When the request began, RFC 3339.
    pub started_date_time: String,
    /// Milliseconds: the sum of all timings that apply, without `ssl`.
    pub time: f64,
    /// The request.
    pub request: HarRequest,
    /// The response.
    pub response: HarResponse,
    /// Use of a cache.
    pub cache: Cache,
    /// The phases.
    pub timings: HarTimings,
    /// The server's IP address, without brackets.
    #[serde(rename = "serverIPAddress")]
    pub server_ip_address: Option<String>,
    /// The server's port.
    pub connection: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A request.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, SmartDefault, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HarRequest {
    /// The method.
    pub method: String,
    /// The absolute URL without fragment.
    pub url: String,
    /// Such as `HTTP/1.1`.
    #[default("HTTP/1.1")]
    pub http_version: String,
    /// The cookies it carries.
    pub cookies: Vec<Cookie>,
    /// The fields in wire order.
    pub headers: Vec<NameValue>,
    /// The URL's parameters, decoded.
    pub query_string: Vec<NameValue>,
    /// The content, when it is text.
    pub post_data: Option<PostData>,
    /// Bytes of the head, or -1.
    #[default(-1)]
    pub headers_size: i64,
    /// Bytes of content as transferred, or -1.
    #[default(-1)]
    pub body_size: i64,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A response.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, SmartDefault, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HarResponse {
    /// The status code; 0 when there was no response.
    pub status: u16,
    /// The reason phrase.
    pub status_text: String,
    /// Such as `HTTP/1.1`.
    #[default("HTTP/1.1")]
    pub http_version: String,
    /// The cookies it sets.
    pub cookies: Vec<Cookie>,
    /// The fields in wire order.
    pub headers: Vec<NameValue>,
    /// The content.
    pub content: HarContent,
    /// The `Location` field, or empty.
    #[serde(rename = "redirectURL")]
    pub redirect_url: String,
    /// Bytes of the head, or -1.
    #[default(-1)]
    pub headers_size: i64,
    /// Bytes of content as transferred, or -1.
    #[default(-1)]
    pub body_size: i64,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A response's content; a request's as well in the custom field `_content`.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HarContent {
    /// Bytes after `Content-Encoding` was undone.
    pub size: i64,
    /// Bytes that the encoding saved.
    pub compression: Option<i64>,
    /// The media type.
    pub mime_type: String,
    /// The decoded content.
    pub text: Option<String>,
    /// `base64`, when `text` is that.
    pub encoding: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A request's content that is text. HAR allows `text` or `params`, not both.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PostData {
    /// The media type.
    pub mime_type: String,
    /// The decoded content.
    pub text: Option<String>,
    /// The content as a form.
    #[serde(
        deserialize_with = "Lenient::read",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[serde_with(skip_apply)]
    pub params: Vec<NameValue>,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A field of a head, a parameter of a URL, or of a form.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameValue {
    /// The name as sent.
    pub name: String,
    /// The value.
    pub value: String,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// A cookie (RFC 6265).
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The path it is for.
    pub path: Option<String>,
    /// The host it is for.
    pub domain: Option<String>,
    /// When it expires, RFC 3339.
    pub expires: Option<String>,
    /// Whether scripts may not see it.
    pub http_only: Option<bool>,
    /// Whether it is for TLS only.
    pub secure: Option<bool>,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// The phases in milliseconds; -1 where one does not apply.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, SmartDefault, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HarTimings {
    /// Waiting for a connection.
    #[default(-1.0)]
    pub blocked: f64,
    /// Resolving the name.
    #[default(-1.0)]
    pub dns: f64,
    /// Opening the connection, TLS included.
    #[default(-1.0)]
    pub connect: f64,
    /// Sending the request; never -1.
    #[default(-1.0)]
    pub send: f64,
    /// Waiting for the response; never -1.
    #[default(-1.0)]
    pub wait: f64,
    /// Reading the response; never -1.
    #[default(-1.0)]
    pub receive: f64,
    /// The TLS handshake, a part of `connect`.
    #[default(-1.0)]
    pub ssl: f64,
    /// A remark.
    pub comment: Option<String>,
    /// Custom fields.
    #[serde(flatten)]
    pub extra: Extras,
}

/// Use of a cache; always empty in our files.
#[apply(_ => #[serde(deserialize_with = "Lenient::read", skip_serializing_if = "Lenient::is_omitted")])]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cache {
    /// The cached entry before the request.
    pub before_request: Option<Value>,
    /// The cached entry after the request.
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

    /// Those that other programs wrote.
    pub(super) fn foreign(&self) -> Map<String, Value> {
        let ours = |name: &str, value: &Value| {
            OURS.contains(&name)
                || name == "_resourceType" && (value == "fetch" || value == "other")
        };
        let fields = self.0.iter().filter(|(name, value)| !ours(name, value));
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Adds what other programs wrote.
    pub(super) fn keep(&mut self, fields: Option<&Value>) {
        let fields = fields.and_then(Value::as_object);
        self.0.extend(
            fields
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
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

/// The custom fields that are made anew whenever a file is written.
const OURS: [&str; 11] = [
    "_pullscope",
    "_error",
    "_failureText",
    "_redacted",
    "_connectionId",
    "_certificates",
    "_transferSize",
    "_sha256",
    "_file",
    "_bodyStatus",
    "_content",
];

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

impl Lenient for Creator {}
impl Lenient for HarEntry {}
impl Lenient for HarRequest {}
impl Lenient for HarResponse {}
impl Lenient for HarContent {}
impl Lenient for PostData {}
impl Lenient for NameValue {
    /// Some programs write an object, whose values may be lists, in the place of a list of pairs.
    fn list(value: Value) -> Option<Vec<Self>> {
        let members = match value {
            Value::Array(values) => {
                return Some(values.into_iter().filter_map(Self::understand).collect());
            }
            Value::Object(members) => members,
            _ => return None,
        };
        let pairs = members.into_iter().flat_map(|(name, value)| {
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            let values = values.into_iter().filter_map(String::understand);
            values.map(move |value| Self::new(name.clone(), value))
        });
        Some(pairs.collect())
    }
}
impl Lenient for Cookie {}
impl Lenient for HarTimings {}
impl Lenient for Cache {}
impl Lenient for Extras {}
