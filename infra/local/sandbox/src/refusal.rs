//! Refusals as each service words them, so that a client takes them for the real thing.

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Value, json};

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
    let message = "Refused by the sandbox: a fault was asked for.";
    // MinIO is S3 but for its admin API.
    let service =
        if call.service == "minio" && !of_admin(&call.operation) { "s3" } else { call.service.as_str() };
    if let Some((status, body)) = of_a_cloud(refusal, service, message) {
        return cloud_answer(refusal, status, &body);
    }
    let (status, code) = wording(refusal, service);
    let (content_type, body) = match service {
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

/// Whether an operation is MinIO's own: about users and their policies, and no bucket's.
fn of_admin(operation: &str) -> bool {
    !operation.contains("Bucket") && (operation.contains("User") || operation.contains("Polic"))
}

/// As the clouds word it. Google's token endpoint and a store have no word for a throttle: what stands before them
/// has one.
fn of_a_cloud(refusal: Refusal, service: &str, message: &str) -> Option<(StatusCode, Value)> {
    let status = match refusal {
        Refusal::Deny if ["medusa", "google-token", "websites", "rabbitmq"].contains(&service) => {
            StatusCode::UNAUTHORIZED
        }
        Refusal::Deny => StatusCode::FORBIDDEN,
        Refusal::Error => StatusCode::INTERNAL_SERVER_ERROR,
        Refusal::Throttle => StatusCode::TOO_MANY_REQUESTS,
    };
    let of = |deny, error, throttle| match refusal {
        Refusal::Deny => deny,
        Refusal::Error => error,
        Refusal::Throttle => throttle,
    };
    let body = match service {
        "neon" => json!({"request_id": "sandbox", "code": "", "message": message}),
        "google-token" => {
            let error = of("unauthorized_client", "internal_failure", "rate_limit_exceeded");
            json!({"error": error, "error_description": message})
        }
        "secret-manager" | "cloud-run" => {
            let code = of("PERMISSION_DENIED", "INTERNAL", "RESOURCE_EXHAUSTED");
            json!({"error": {"code": status.as_u16(), "message": message, "status": code}})
        }
        "cloudflare" => {
            let code = match refusal {
                Refusal::Deny => 10_000,
                Refusal::Error => 10_001,
                Refusal::Throttle => 971,
            };
            let errors = json!([{"code": code, "message": message}]);
            json!({"success": false, "errors": errors, "messages": [], "result": null})
        }
        "minio" => {
            let code = of("AccessDenied", "InternalError", "SlowDownWrite");
            json!({"Code": code, "Message": message, "RequestId": "sandbox"})
        }
        "rabbitmq" => {
            let error = of("not_authorised", "internal_server_error", "too_many_requests");
            json!({"error": error, "reason": message})
        }
        "bench-host" | "grafana" | "websites" | "tenant" => json!({"message": message}),
        "kubernetes" => {
            let reason = of("Forbidden", "InternalError", "TooManyRequests");
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                "reason": reason, "code": status.as_u16(),
            })
        }
        "medusa" => {
            let kind = of("unauthorized", "unknown_error", "unknown_error");
            json!({"code": "unknown_error", "type": kind, "message": message})
        }
        _ => return None,
    };
    Some((status, body))
}

fn cloud_answer(refusal: Refusal, status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
