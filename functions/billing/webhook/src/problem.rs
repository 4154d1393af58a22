use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use billing::subscription_webhook::Refused;
use fault::Fault;
use serde_json::json;
use tenancy::Violations;

/// An error answer: problem details by RFC 9457, `application/problem+json`.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    violations: Violations,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), violations: Violations::default() }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Shape(detail) => Self::new(StatusCode::BAD_REQUEST, detail),
            Refused::Violations(violations) => {
                let fields: Vec<&str> = violations.iter().map(|violation| violation.field).collect();
                let detail = format!("change: {}", fields.join(", "));
                Self { violations, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
            }
        }
    }
}

/// What was not taken is sent again: billers do on any other answer than success.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(fault = fault.kind.name(), "an event was not taken: {fault}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "it could not be taken; send it again")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, detail, violations } = self;
        let title = status.canonical_reason().unwrap_or_default();
        let mut body =
            json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
        if !violations.is_empty() {
            body["violations"] = json!(violations);
        }
        let json = HeaderValue::from_static("application/problem+json");
        let challenge = (status == StatusCode::UNAUTHORIZED)
            .then(|| [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))]);
        let answer = (status, [(header::CONTENT_TYPE, json)], body.to_string());
        match challenge {
            Some(challenge) => (challenge, answer).into_response(),
            None => answer.into_response(),
        }
    }
}
