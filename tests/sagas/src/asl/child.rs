//! What the parent of a `.sync:2` child is told: the child's description.

use serde_json::{Value, json};

use super::{Failure, Outcome};

/// How an execution ended, by the API's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// The result of the task that waited for it. However it failed, the task's error is `States.TaskFailed`.
pub fn described(execution: &str, input: &Value, status: Status, outcome: Outcome) -> Outcome {
    let name = execution.rsplit(':').next();
    let mut described =
        json!({ "ExecutionArn": execution, "Input": input, "Name": name, "Status": status.name() });
    match outcome {
        Ok(output) => {
            described["Output"] = output;
            Ok(described)
        }
        Err(failure) => {
            described["Error"] = failure.error.into();
            described["Cause"] = failure.cause.into();
            Err(Failure::new("States.TaskFailed", described.to_string()))
        }
    }
}
