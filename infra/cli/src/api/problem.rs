use std::fmt;

use fault::Actor;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Refused(Problem),
    #[error("{0}")]
    Unanswered(String),
    #[error("{url} does not answer as this version of tenantry expects: {cause}")]
    Unreadable { url: Url, cause: serde_json::Error },
}

impl Error {
    /// Whether there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 404)
    }

    /// Whether asking again may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::Unanswered(_) => true,
            Self::Unreadable { .. } => false,
        }
    }
}

/// Why the API refuses, in the words of RFC 9457.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) violations: Vec<Violation>,
    #[serde(default)]
    pub(crate) hint: Option<String>,
    /// Who can do something about it.
    #[serde(default)]
    pub(crate) actor: Option<Actor>,
    #[serde(default)]
    pub(crate) request_id: Option<String>,
    /// In how many seconds the same request may be sent again.
    #[serde(skip)]
    pub(crate) again: Option<u64>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Violation {
    field: String,
    problem: String,
    allowed: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; allowed: {}", self.field, self.problem, self.allowed)
    }
}

/// What names a request in the logs of API Gateway, and of what may stand before it.
const REQUEST_IDS: [&str; 2] = ["apigw-requestid", "x-request-id"];

impl Problem {
    /// What stands before the API (a gateway, a proxy) refuses in words of its own: they are the detail then.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut problem = serde_json::from_slice(body).unwrap_or_else(|_| Self {
            kind: String::new(),
            title: status.canonical_reason().unwrap_or("refused").to_owned(),
            status: status.as_u16(),
            detail: String::from_utf8_lossy(body).chars().take(300).collect(),
            violations: Vec::new(),
            hint: None,
            actor: None,
            request_id: None,
            again: None,
        });
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        problem.again = header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
        problem.request_id = problem.request_id.or_else(|| REQUEST_IDS.into_iter().find_map(header));
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.title, self.status)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(status: StatusCode, headers: &[(&'static str, &'static str)], body: &str) -> Problem {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)));
        Problem::read(status, &headers.collect(), body.as_bytes())
    }

    #[test]
    fn a_refusal_by_what_stands_before_the_api_is_shown_as_it_came() {
        let problem = read(StatusCode::BAD_GATEWAY, &[], r#"{"message":"Internal Server Error"}"#);
        assert_eq!(problem.to_string(), r#"Bad Gateway (502): {"message":"Internal Server Error"}"#);
    }

    #[test]
    fn what_names_a_request_is_kept_whoever_refuses_it() {
        let headers = [("apigw-requestid", "aXc1"), ("retry-after", "30")];
        let problem = read(StatusCode::TOO_MANY_REQUESTS, &headers, r#"{"message":"Too Many Requests"}"#);
        assert_eq!((problem.request_id.as_deref(), problem.again), (Some("aXc1"), Some(30)));
    }
}
