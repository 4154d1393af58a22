//! What Google's APIs have in common: the shape of an error, project numbers, and the bearer's check.

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{self, Ask, digits};
use super::google_token::{CLOUD_PLATFORM, GoogleToken};

/// An error as Google's APIs word it: `google.rpc.Code` and a sentence.
#[derive(Debug)]
pub(crate) struct Refused {
    code: StatusCode,
    status: &'static str,
    message: String,
}

impl Refused {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { code: StatusCode::BAD_REQUEST, status: "INVALID_ARGUMENT", message: message.into() }
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self { code: StatusCode::BAD_REQUEST, status: "FAILED_PRECONDITION", message: message.into() }
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self { code: StatusCode::NOT_FOUND, status: "NOT_FOUND", message: message.into() }
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self { code: StatusCode::CONFLICT, status: "ALREADY_EXISTS", message: message.into() }
    }

    pub(crate) fn aborted(message: impl Into<String>) -> Self {
        Self { code: StatusCode::CONFLICT, status: "ABORTED", message: message.into() }
    }

    fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
                       or other valid authentication credential.";
        Self { code: StatusCode::UNAUTHORIZED, status: "UNAUTHENTICATED", message: message.to_owned() }
    }

    /// The scope of the token does not cover the API.
    fn out_of_scope() -> Self {
        let message = "Request had insufficient authentication scopes.".to_owned();
        Self { code: StatusCode::FORBIDDEN, status: "PERMISSION_DENIED", message }
    }

    pub(crate) fn answer(&self) -> Response<Bytes> {
        let error = json!({"code": self.code.as_u16(), "message": self.message, "status": self.status});
        ask::json(self.code, &json!({"error": error}))
    }
}

/// The answer, or the error in Google's words.
pub(crate) fn answer(outcome: Result<Value, Refused>) -> Response<Bytes> {
    match outcome {
        Ok(body) => ask::json(StatusCode::OK, &body),
        Err(refused) => refused.answer(),
    }
}

/// The account whose token the request to the API of that host carries.
pub(crate) fn caller(
    tokens: &GoogleToken,
    ask: &Ask<'_>,
    api: &str,
    now: Timestamp,
) -> Result<String, Refused> {
    let grant = ask.bearer().and_then(|token| tokens.grant(token, api, now));
    let grant = grant.ok_or_else(Refused::unauthenticated)?;
    let covers = grant.scope.split(' ').any(|scope| scope == CLOUD_PLATFORM);
    if covers { Ok(grant.email) } else { Err(Refused::out_of_scope()) }
}

pub(crate) fn body(ask: &Ask<'_>) -> Result<Value, Refused> {
    ask.json().map_err(|error| Refused::invalid(format!("Invalid JSON payload received. {error}")))
}

/// The number of a project. Some APIs answer with it whatever the caller wrote; both name the same project.
pub(crate) fn project_number(project: &str) -> String {
    if project.bytes().all(|byte| byte.is_ascii_digit()) {
        return project.to_owned();
    }
    let seed = u64::from_str_radix(&digits(&["project", project], 12), 16).unwrap_or_default();
    format!("{}", 100_000_000_000 + seed % 900_000_000_000)
}

/// One page of what is listed: `pageSize` and `pageToken`, which is the last name of the page before.
pub(crate) fn page<'a, T>(
    ask: &Ask<'_>,
    most: usize,
    all: impl Iterator<Item = (&'a String, T)>,
) -> Result<(Vec<T>, String), Refused> {
    let size = match ask.query("pageSize").map(str::parse::<usize>) {
        None => most,
        Some(Ok(0)) => most,
        Some(Ok(size)) => size.min(most),
        Some(Err(_)) => return Err(Refused::invalid("Invalid value at 'page_size' (TYPE_INT32)")),
    };
    let after = ask.query("pageToken").unwrap_or_default();
    let mut rest = all.filter(|(name, _)| name.as_str() > after);
    let page: Vec<(&String, T)> = rest.by_ref().take(size).collect();
    let next = if rest.next().is_some() { page.last().map(|(name, _)| (*name).clone()) } else { None };
    Ok((page.into_iter().map(|(_, item)| item).collect(), next.unwrap_or_default()))
}
