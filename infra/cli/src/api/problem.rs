use std::fmt;

use reqwest::{StatusCode, Url};
use serde::Deserialize;

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
    title: String,
    status: u16,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    violations: Vec<Violation>,
    /// In how many seconds the same request may be sent again.
    #[serde(skip)]
    again: Option<u64>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, Deserialize)]
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

impl Problem {
    /// What stands before the API (a gateway, a proxy) refuses in words of its own: they are the detail then.
    pub(super) fn read(status: StatusCode, again: Option<u64>, body: &[u8]) -> Self {
        let problem = serde_json::from_slice(body).unwrap_or_else(|_| Self {
            title: status.canonical_reason().unwrap_or("refused").to_owned(),
            status: status.as_u16(),
            detail: String::from_utf8_lossy(body).chars().take(300).collect(),
            violations: Vec::new(),
            again: None,
        });
        Self { again, ..problem }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.title, self.status)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        self.violations.iter().try_for_each(|violation| write!(f, "\n  {violation}"))?;
        if let Some(seconds) = self.again {
            write!(f, "\n  ask again in {seconds} s")?;
        }
        match self.status {
            401 => f.write_str(
                "\n  sign in: set TENANTRY_TOKEN to a token that has not expired, or TENANTRY_CLIENT_ID, \
                 TENANTRY_CLIENT_SECRET and TENANTRY_TOKEN_URL for a machine",
            ),
            403 => f.write_str("\n  your role may not do this: use the token of somebody who may"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_is_wrong_with_every_field() {
        let body =
            br#"{"type":"about:blank","title":"Invalid signup","status":422,"detail":"2 fields are wrong",
            "violations":[{"field":"subdomain","problem":"'www' is reserved","allowed":"3 to 40 of a-z"},
                          {"field":"email","problem":"has no '@'","allowed":"an address"}]}"#;
        assert_eq!(
            Problem::read(StatusCode::UNPROCESSABLE_ENTITY, None, body).to_string(),
            "Invalid signup (422): 2 fields are wrong\n  \
             subdomain: 'www' is reserved; allowed: 3 to 40 of a-z\n  \
             email: has no '@'; allowed: an address"
        );
    }

    #[test]
    fn a_refusal_by_what_stands_before_the_api_is_shown_as_it_came() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, None, br#"{"message":"Internal Server Error"}"#);
        assert_eq!(problem.to_string(), r#"Bad Gateway (502): {"message":"Internal Server Error"}"#);
    }

    #[test]
    fn a_caller_who_is_turned_away_is_told_what_to_do() {
        let told = |status| Problem::read(status, None, br#"{"message":"no"}"#).to_string();
        assert!(told(StatusCode::UNAUTHORIZED).contains("\n  sign in: set TENANTRY_TOKEN"));
        assert!(told(StatusCode::FORBIDDEN).contains("\n  your role may not do this"));
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_ask_again() {
        let body = br#"{"type":"about:blank","title":"Too many requests","status":429}"#;
        let problem = Problem::read(StatusCode::TOO_MANY_REQUESTS, Some(30), body);
        assert_eq!(problem.to_string(), "Too many requests (429)\n  ask again in 30 s");
    }
}
