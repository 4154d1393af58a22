use serde_json::{Value, json};

/// An error as the machines see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub error: String,
    pub cause: String,
}

impl Failure {
    pub fn new(error: &str, cause: impl Into<String>) -> Self {
        Self { error: error.to_owned(), cause: cause.into() }
    }

    /// `$states.errorOutput`
    pub(super) fn output(&self) -> Value {
        json!({ "Error": self.error, "Cause": self.cause })
    }

    /// Whether an `ErrorEquals` names it: AWS's guide, "Handling errors in Step Functions workflows".
    pub fn is_one_of(&self, names: &Value) -> bool {
        let error = self.error.as_str();
        // Always the end of the execution.
        if error == "States.Runtime" {
            return false;
        }
        let named = |name: &Value| match name.as_str() {
            Some("States.ALL") => error != "States.DataLimitExceeded",
            Some("States.TaskFailed") => error != "States.Timeout",
            // A task that has stopped to give heartbeats is late, too.
            Some("States.Timeout") => matches!(error, "States.Timeout" | "States.HeartbeatTimeout"),
            name => name == Some(error),
        };
        names.as_array().is_some_and(|names| names.iter().any(named))
    }
}
