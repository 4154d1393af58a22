//! A request as a cloud reads it, and the answers clouds give.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Method, path and query taken apart; nothing of it is copied but what was escaped.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    path: Vec<Cow<'a, str>>,
    query: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// How long an answer waits for something to happen before it is given: an extension of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits(pub(crate) Duration);

impl<'a> Ask<'a> {
    pub(crate) fn of(request: &'a Request<Bytes>) -> Self {
        let segments = request.uri().path().trim_matches('/').split('/');
        Self {
            method: request.method(),
            uri: request.uri(),
            path: segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect(),
            query: form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).collect(),
            headers: request.headers(),
            body: request.body(),
        }
    }

    /// Method and path segments, as a `match` takes them.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (self.method.as_str(), self.path.iter().map(AsRef::as_ref).collect())
    }

    /// An empty value counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(AsRef::as_ref).filter(|value| !value.is_empty())
    }

    /// Whether a query names it, with a value or without.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.query.contains_key(name)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// User and password.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let text = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
    }

    /// The body as JSON; no body is an empty object.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() {
            Ok(Value::Object(Default::default()))
        } else {
            serde_json::from_slice(self.body)
        }
    }
}

/// How long a cloud takes to answer beyond what any call takes: an extension of the response. The answer is
/// computed at once; whoever hands it on waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes(pub Duration);

pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    typed(status, "application/json", Bytes::from(body.to_string()))
}

pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// 204, which has no body.
pub(crate) fn nothing() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Hexadecimal digits that follow from what they are made of: ids, passwords, tokens. The same calls in the same
/// order give the same ids, so a run can be repeated.
pub(crate) fn digits(of: &[&str], count: usize) -> String {
    let mut digits = hex::encode(Sha256::digest(of.join("\u{0}")));
    digits.truncate(count);
    digits
}

/// The same as a UUID.
pub(crate) fn uuid(of: &[&str]) -> String {
    let hex = digits(of, 32);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
