use std::fmt;

use serde::Serialize;

/// One thing wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Violation {
    /// The field as the caller spelled it, for example `subdomain`.
    pub field: &'static str,
    /// What is wrong with the value that was given.
    pub problem: String,
    /// What would be accepted.
    pub allowed: String,
}

impl Violation {
    pub fn new(field: &'static str, problem: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { field, problem: problem.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; allowed: {}", self.field, self.problem, self.allowed)
    }
}

/// Everything wrong with a request, found in one pass, so that a caller fixes it in one pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Keeps the value of a valid field, or notes what is wrong with it.
    pub fn take<T>(&mut self, field: Result<T, Violation>) -> Option<T> {
        field.map_err(|violation| self.0.push(violation)).ok()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

/// All of it in one line.
impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, violation) in self.0.iter().enumerate() {
            write!(f, "{}{violation}", if nth == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}
