use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use fault::{Actor, Fault, Kind};
use serde::Serialize;

use crate::api::{self, Problem, Violation};
use crate::form::Form;

/// How a command ends that did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Failed = 1,
    Usage,
    Forbidden,
    Missing,
    Refused,
    Later,
}

/// The same, for people.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  what was asked for was done, or is under way
  1  it failed: the operation that was watched, the health that was asked about
  2  the command, the environment or the profile is not as it should be
  3  not signed in, or not permitted
  4  there is no such thing
  5  refused: what was sent is not valid, or not possible now
  6  the API cannot be reached, has trouble or is asked too often: try again later";

/// Why a command did not do what it was asked for, and what to do about it.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    error: String,
    #[serde(serialize_with = "number")]
    exit_code: Exit,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// In how many seconds it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

fn number<S: serde::Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(*exit as u8)
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            exit_code: exit,
            status: None,
            kind: None,
            violations: Vec::new(),
            hint: None,
            actor: None,
            request_id: None,
            retry_after: None,
        }
    }

    pub(crate) fn usage(error: impl Into<String>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// What was rehearsed would be refused.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        Self { violations, ..Self::new(Exit::Refused, "it would be refused") }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says it where errors are said, and how the command ends.
    pub(crate) fn tell(&self, form: Form) -> ExitCode {
        match (form, serde_json::to_string(self)) {
            (Form::Json, Ok(json)) => eprintln!("{json}"),
            _ => eprintln!("error: {self}"),
        }
        ExitCode::from(self.exit_code as u8)
    }
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n  {violation}"))?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        if let Some(actor) = self.actor {
            write!(f, "\n  {}", acts(actor))?;
        }
        if let Some(request) = &self.request_id {
            write!(f, "\n  request {request}")?;
        }
        self.retry_after.map_or(Ok(()), |seconds| write!(f, "\n  ask again in {seconds} s"))
    }
}

/// Who must act.
pub(crate) fn acts(actor: Actor) -> &'static str {
    match actor {
        Actor::Us => "for us to act on",
        Actor::Customer => "for the customer to act on",
        Actor::Provider => "for the provider to act on",
    }
}

impl From<Box<dyn Error>> for Failure {
    fn from(error: Box<dyn Error>) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return *failure,
            Err(error) => error,
        };
        let error = match error.downcast::<api::Error>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        match error.downcast::<store::Error>() {
            Ok(error) => Fault::from(*error).into(),
            Err(error) => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let exit = if fault.kind == Kind::Transient { Exit::Later } else { Exit::Failed };
        Self {
            hint: fault.hint,
            actor: Some(fault.actor),
            request_id: fault.request_id,
            ..Self::new(exit, fault.cause)
        }
    }
}

impl From<api::Error> for Failure {
    fn from(error: api::Error) -> Self {
        let told = error.to_string();
        match error {
            api::Error::Refused(problem) => Self::refused(told, problem),
            api::Error::Unanswered(_) => Self::new(Exit::Later, told)
                .hint("see that the API is up, and that --api, TENANTRY_API or the profile says where it is"),
            api::Error::Unreadable { .. } => Self::new(Exit::Failed, told)
                .hint("use the version of tenantry that belongs to the deployment"),
        }
    }
}

impl Failure {
    fn refused(told: String, problem: Problem) -> Self {
        let exit = match problem.status {
            401 | 403 => Exit::Forbidden,
            404 => Exit::Missing,
            429 | 500.. => Exit::Later,
            _ => Exit::Refused,
        };
        // Our own mistake is nobody else's to mend; what passes by itself is nobody's.
        let ours = (problem.status == 500).then_some(Actor::Us);
        Self {
            hint: problem.hint.clone().or_else(|| hint(&problem).map(str::to_owned)),
            status: Some(problem.status),
            kind: Some(problem.kind).filter(|kind| !kind.is_empty() && kind != "about:blank"),
            violations: problem.violations,
            actor: problem.actor.or(ours),
            request_id: problem.request_id,
            retry_after: problem.again,
            ..Self::new(exit, told)
        }
    }
}

/// What to do about a refusal here, in this command's words.
fn hint(problem: &Problem) -> Option<&'static str> {
    let kind = problem.kind.strip_prefix("/problems/").unwrap_or_default();
    Some(match (problem.status, kind) {
        (401, _) => {
            "sign in: set TENANTRY_TOKEN to a token that has not expired, or TENANTRY_CLIENT_ID, \
             TENANTRY_CLIENT_SECRET and TENANTRY_TOKEN_URL for a machine"
        }
        (403, "separation-of-duty") => "another admin: tenantry change-requests list",
        (403, _) => "your role may not do this: use the token of somebody who may",
        (404, _) => "tenantry list --search <text> finds tenants",
        (_, "operation-under-way") => {
            "tenantry status <tenant> --watch shows it, tenantry cancel <tenant> stops it"
        }
        (_, "held") => "tenantry release <tenant> --reason … takes the hold off",
        (_, "locked") => "tenantry unlock <tenant> --reason … takes the lock off",
        (_, "wrong-status") => "tenantry status <tenant> shows where it stands",
        (_, "in-use") => "tenantry list --plan, --theme or --blueprint <id> shows the tenants that have it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;
    use rstest::rstest;

    use super::*;

    fn refused(status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        api::Error::Refused(Problem::read(status, &HeaderMap::new(), body.as_bytes())).into()
    }

    #[test]
    fn a_problem_says_what_is_wrong_with_every_field() {
        let body = r#"{"type":"about:blank","title":"Invalid signup","status":422,"detail":"2 fields are wrong",
            "violations":[{"field":"subdomain","problem":"'www' is reserved","allowed":"3 to 40 of a-z"},
                          {"field":"email","problem":"has no '@'","allowed":"an address"}]}"#;
        assert_eq!(
            refused(422, body).to_string(),
            "Invalid signup (422): 2 fields are wrong\n  \
             subdomain: 'www' is reserved; allowed: 3 to 40 of a-z\n  \
             email: has no '@'; allowed: an address"
        );
    }

    #[test]
    fn what_the_api_hints_at_stands_before_what_is_guessed_here() {
        let body = r#"{"type":"/problems/locked","title":"The tenant is locked","status":409,"detail":"since May",
            "hint":"ask its owner","actor":"customer","request_id":"4F2A"}"#;
        assert_eq!(
            refused(409, body).to_string(),
            "The tenant is locked (409): since May\n  hint: ask its owner\n  for the customer to act on\n  request 4F2A"
        );
        let without = refused(409, &body.replace("hint", "x"));
        assert!(without.to_string().contains("hint: tenantry unlock <tenant>"), "{without}");
    }

    #[rstest]
    #[case(401, Exit::Forbidden)]
    #[case(403, Exit::Forbidden)]
    #[case(404, Exit::Missing)]
    #[case(409, Exit::Refused)]
    #[case(422, Exit::Refused)]
    #[case(429, Exit::Later)]
    #[case(500, Exit::Later)]
    #[case(503, Exit::Later)]
    fn a_status_decides_how_the_command_ends(#[case] status: u16, #[case] exit: Exit) {
        assert_eq!(refused(status, "no").exit_code, exit);
        let line = format!("\n  {}  ", exit as u8);
        assert_eq!(EXIT_CODES.matches(&line).count(), 1);
    }
}
