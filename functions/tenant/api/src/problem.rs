use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fault::{Fault, Kind};
use serde::Serialize;
use store::{Exhausted, Refusal};
use tenancy::{DomainName, Subdomain, Violation, Violations};
use utoipa::ToSchema;

/// An error answer: problem details by RFC 9457, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What happened here, and what to change.
    detail: String,
    /// The fields that are wrong, where fields are.
    #[serde(skip_serializing_if = "Violations::is_empty")]
    #[schema(value_type = Vec<Violation>, required = false)]
    violations: Violations,
    /// In how many seconds the same request may be sent again.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let violations = Violations::default();
        Self { kind, title, status: status.as_u16(), detail: detail.into(), violations, retry_after: None }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "about:blank", "Not found", detail)
    }

    /// What a tenant's people hear of any other tenant, too.
    pub fn no_tenant(id: &str) -> Self {
        Self::not_found(format!("there is no tenant {id}"))
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "/problems/forbidden", "Not permitted", detail)
    }

    /// Separation of duty: it takes two.
    pub fn own_request() -> Self {
        let detail = "you asked for it yourself: somebody else has to approve it";
        Self::new(StatusCode::FORBIDDEN, "/problems/separation-of-duty", "It takes two", detail)
    }

    /// The body is longer than it may be.
    pub fn too_long(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "/problems/body-too-long", "The body is too long", detail)
    }

    pub fn not_json() -> Self {
        let detail = "send the body as JSON, with Content-Type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "/problems/not-json", "The body is not JSON", detail)
    }

    /// The caller has asked too often, and may again in so many seconds.
    pub fn too_many(seconds: u64, detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "/problems/too-many-requests",
            "Too many requests",
            detail,
        );
        Self { retry_after: Some(seconds.max(1)), ..problem }
    }

    pub fn method_not_allowed() -> Self {
        let detail = "this resource does not know that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "about:blank", "Method not allowed", detail)
    }

    /// The body or a header is not what the format asks for.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "/problems/malformed-request", "Malformed request", detail)
    }

    /// Fields are well-formed, and wrong.
    pub fn invalid(violations: Violations) -> Self {
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field).collect();
        let detail = format!("change: {}", fields.join(", "));
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "/problems/invalid-fields",
            "Some fields are not valid",
            detail,
        );
        Self { violations, ..problem }
    }

    pub(crate) fn domain_taken(field: &'static str, domain: &DomainName) -> Self {
        let violation = domain_taken(field, domain);
        let detail = violation.problem.clone();
        Self {
            violations: violation.into(),
            ..Self::conflict("/problems/domain-taken", "The domain is taken", detail)
        }
    }

    /// One field is wrong.
    pub fn violated(violation: Violation) -> Self {
        Self::invalid(violation.into())
    }

    fn conflict(kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title, detail)
    }
}

pub(crate) fn subdomain_taken(subdomain: &Subdomain) -> Violation {
    Violation::new("subdomain", format!("'{subdomain}' is taken"), "one that no other tenant has")
}

pub(crate) fn domain_taken(field: &'static str, domain: &DomainName) -> Violation {
    Violation::new(field, format!("'{domain}' is another tenant's"), "one that no other tenant has")
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::SubdomainTaken(subdomain) => Self {
                violations: subdomain_taken(&subdomain).into(),
                ..Self::conflict("/problems/subdomain-taken", "The subdomain is taken", detail)
            },
            Refusal::DomainTaken(domain) => Self::domain_taken("hostname", &domain),
            Refusal::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "/problems/idempotency-key-reused",
                "The Idempotency-Key was used before",
                format!("{detail}; send a new key with a new request"),
            ),
            Refusal::NoSuchTenant(_) => Self::not_found(detail),
            Refusal::Busy(_) => Self::conflict(
                "/problems/operation-under-way",
                "Another operation is under way",
                format!("{detail}; wait until it has ended"),
            ),
            Refusal::Held(_) => Self::conflict(
                "/problems/held",
                "The tenant is held",
                format!("{detail}; an admin can release it: POST /v1/tenants/{{id}}/release"),
            ),
            Refusal::Locked(_) => Self::conflict(
                "/problems/locked",
                "The tenant is locked against deletion",
                format!("{detail}; take the lock off first: POST /v1/tenants/{{id}}/unlock"),
            ),
            Refusal::NotNow(_) => Self::conflict("/problems/wrong-status", "Not in this status", detail),
            Refusal::NotPossible(_) => Self::conflict("/problems/not-possible", "Not possible", detail),
            Refusal::NoSuch(_) => Self::not_found(detail),
            Refusal::Exists(_) => Self::conflict("/problems/exists", "It exists already", detail),
            Refusal::InUse(_) => Self::conflict("/problems/in-use", "It is in use", detail),
            Refusal::Stale(_) => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "/problems/changed-meanwhile",
                "It was changed meanwhile",
                format!("{detail}; read it again and repeat the change with its new ETag"),
            ),
            Refusal::Store(store::Error::Rivals | store::Error::Conflict(_)) => Self {
                retry_after: Some(1),
                ..Self::conflict(
                    "/problems/request-in-progress",
                    "The request is being dealt with",
                    "this request, or another for the same record, is still being dealt with; send it again",
                )
            },
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<Exhausted> for Problem {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::Wait(seconds) => Self::too_many(
                seconds,
                format!("too many signups come from there; send it again in {seconds} s"),
            ),
            Exhausted::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        if let store::Error::NoSuchPage = error {
            let allowed = "the 'next' of a part of the same list";
            return Self::violated(Violation::new("after", "does not belong to this list", allowed));
        }
        Fault::from(error).into()
    }
}

/// Our own trouble. The caller is told whether to come back; what happened is for the log, where it is written
/// once, here.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(
            fault = fault.kind.name(),
            provider.request_id = fault.request_id,
            "the API failed: {fault}"
        );
        if fault.kind == Kind::Transient {
            let detail = "the store did not answer; the same request may be sent again";
            let problem = Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "/problems/unavailable",
                "Temporarily unavailable",
                detail,
            );
            Self { retry_after: Some(1), ..problem }
        } else {
            let detail = "this is our mistake; it has been logged";
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "about:blank", "Internal error", detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
