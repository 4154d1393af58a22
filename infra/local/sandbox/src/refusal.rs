//! Refusals as each service words them, so that a client takes them for the real thing.

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;

use crate::call::Call;

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Deny,
    Error,
    Throttle,
}

/// The answer to a call that is refused.
pub fn answer(refusal: Refusal, call: &Call) -> Response<Bytes> {
    let (status, code) = wording(refusal, &call.service);
    let message = "Refused by the sandbox: a fault was asked for.";
    let (content_type, body) = match call.service.as_str() {
        "s3" => {
            ("application/xml", format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
        }
        "ses" | "http" => ("application/json", format!(r#"{{"message":"{message}"}}"#)),
        _ => ("application/x-amz-json-1.1", format!(r#"{{"__type":"{code}","message":"{message}"}}"#)),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("sandbox"));
    if refusal == Refusal::Throttle {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// S3 has its own names, SES answers by the book of HTTP, the JSON protocols throttle with a 400.
fn wording(refusal: Refusal, service: &str) -> (StatusCode, &'static str) {
    match (refusal, service) {
        (Refusal::Deny, "s3") => (StatusCode::FORBIDDEN, "AccessDenied"),
        (Refusal::Deny, _) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
        (Refusal::Error, "s3") => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        (Refusal::Error, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        (Refusal::Throttle, "s3") => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        (Refusal::Throttle, "ses" | "http") => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
        (Refusal::Throttle, _) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
    }
}
