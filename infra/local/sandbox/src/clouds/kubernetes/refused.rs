//! A refusal as the API server words it: a `Status` with a reason that clients act on.
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::rights::{Asked, Right};
use crate::clouds::ask;

#[derive(Debug, Clone)]
pub(crate) struct Refused {
    code: u16,
    reason: &'static str,
    pub(crate) message: String,
    details: Value,
}

/// What is wrong with a field.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn invalid(field: &str, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", super::schema::shown(value));
        Self { reason: "FieldValueInvalid", field: field.to_owned(), message }
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let message =
            if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { reason: "FieldValueRequired", field: field.to_owned(), message }
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.to_owned(), message: format!("Forbidden: {why}") }
    }

    pub(crate) fn unsupported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|it| format!("\"{it}\"")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.to_owned(), message }
    }

    fn show(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

fn causes(causes: &[Cause]) -> Value {
    causes.iter().map(Cause::show).collect()
}

impl Refused {
    fn new(code: u16, reason: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self { code, reason, message: message.into(), details }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", Value::Null)
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message, Value::Null)
    }

    pub(crate) fn missing(kind: &Kind, name: &str) -> Self {
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.resource), details)
    }

    pub(crate) fn exists(kind: &Kind, name: &str) -> Self {
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.resource), details)
    }

    /// Somebody was quicker.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource);
        Self::new(409, "Conflict", message, details)
    }

    pub(crate) fn changed(kind: &Kind, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// Fields of an application are others'.
    pub(crate) fn owned_by_others(all: &[Cause]) -> Self {
        let noun = if all.len() == 1 { "conflict" } else { "conflicts" };
        let told: Vec<String> = match all {
            [one] => vec![format!(" {}: {}", one.message, one.field)],
            many => many.iter().map(|cause| format!("\n{}: {}", cause.message, cause.field)).collect(),
        };
        let message = format!("Apply failed with {} {noun}:{}", all.len(), told.concat());
        Self::new(409, "Conflict", message, json!({"causes": causes(all)}))
    }

    pub(crate) fn invalid(kind: &Kind, name: &str, all: &[Cause]) -> Self {
        let told: Vec<String> =
            all.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let told = if let [one] = told.as_slice() { one.clone() } else { format!("[{}]", told.join(", ")) };
        let details = json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": causes(all)});
        Self::new(422, "Invalid", format!("{} \"{name}\" is invalid: {told}", kind.qualified()), details)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        Self::new(403, "Forbidden", format!("{} \"{name}\" is forbidden: {why}", kind.resource), details)
    }

    /// No rule lets this user do it.
    pub(crate) fn not_granted(user: &str, asked: &Asked<'_>) -> Self {
        let Asked { right: Right { group, resource, verb }, namespace, name } = asked;
        let plural = resource.split('/').next().unwrap_or_default();
        let of = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let what = if name.is_empty() { of } else { format!("{of} \"{name}\"") };
        let place = match *namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let message = format!(
            "{what} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        );
        Self::new(403, "Forbidden", message, json!({"name": name, "group": group, "kind": plural}))
    }

    /// Nothing can be made in a namespace that goes.
    pub(crate) fn terminating(kind: &Kind, name: &str, namespace: &str) -> Self {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut refused = Self::forbidden(kind, name, &why);
        let cause = Cause {
            reason: "NamespaceTerminating",
            field: "metadata.namespace".to_owned(),
            message: format!("namespace {namespace} is being terminated"),
        };
        refused.details["causes"] = causes(&[cause]);
        refused
    }

    /// A hook of an operator does not let it in.
    pub(crate) fn denied(hook: &str, why: &str) -> Self {
        let message = format!("admission webhook \"{hook}\" denied the request: {why}");
        Self::new(400, "BadRequest", message, Value::Null)
    }

    pub(crate) fn unsupported_type(given: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             application/merge-patch+json, application/apply-patch+yaml, not {given}"
        );
        Self::new(415, "UnsupportedMediaType", message, Value::Null)
    }

    pub(crate) fn method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, Value::Null)
    }

    pub(crate) fn expired() -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result.";
        Self::new(410, "Expired", message, Value::Null)
    }

    pub(crate) fn throttled(wait: i64) -> Self {
        let message = "Too many requests, please try again later.";
        Self::new(429, "TooManyRequests", message, json!({"retryAfterSeconds": wait}))
    }

    pub(crate) fn answer(&self) -> Response<Bytes> {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            body["details"] = self.details.clone();
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = ask::json(status, &body);
        if let Some(wait) = self.details["retryAfterSeconds"].as_i64() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// What no kind answers to: a group or version that is not served has no words for it.
pub(crate) fn no_such_page() -> Response<Bytes> {
    ask::typed(
        StatusCode::NOT_FOUND,
        "text/plain; charset=utf-8",
        Bytes::from_static(b"404 page not found\n"),
    )
}
