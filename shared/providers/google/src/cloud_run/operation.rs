use fault::Fault;
use serde::Deserialize;

use super::SERVICE;

/// How something that Google does stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Done,
    Running,
}

/// `google.longrunning.Operation`
#[derive(Deserialize)]
pub(super) struct Operation {
    /// `projects/{project}/locations/{region}/operations/{id}`
    pub(super) name: String,
    #[serde(default)]
    done: bool,
    error: Option<Status>,
}

/// `google.rpc.Status`
#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u8,
    #[serde(default)]
    message: String,
}

impl Operation {
    pub(super) fn progress(self) -> Result<Progress, Fault> {
        let Some(Status { code, message }) = self.error else {
            return Ok(if self.done { Progress::Done } else { Progress::Running });
        };
        let cause = format!("{SERVICE} failed: {message}");
        // https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
        let fault = match code {
            // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE
            4 | 8 | 10 | 13 | 14 => Fault::transient(cause),
            _ => Fault::terminal(cause),
        };
        Err(fault.from_provider(SERVICE, Some(&self.name)))
    }
}

#[cfg(test)]
mod tests {
    use fault::Kind;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn progress(mut operation: Value) -> Result<Progress, Fault> {
        operation["name"] = json!("projects/p/locations/l/operations/o");
        Operation::deserialize(operation).expect("an operation").progress()
    }

    #[test]
    fn an_operation_runs_until_it_says_otherwise() {
        assert_eq!(progress(json!({})).expect("no failure"), Progress::Running);
        assert_eq!(progress(json!({ "done": true, "response": {} })).expect("no failure"), Progress::Done);
    }

    #[rstest]
    #[case(14, Kind::Transient)]
    #[case(10, Kind::Transient)]
    #[case(3, Kind::Terminal)]
    #[case(7, Kind::Terminal)]
    fn a_failed_one_says_whether_another_try_helps(#[case] code: u8, #[case] kind: Kind) {
        let fault = progress(json!({ "done": true, "error": { "code": code, "message": "no" } }))
            .expect_err("failed");
        assert_eq!(fault.kind, kind);
        assert_eq!(fault.request_id.as_deref(), Some("projects/p/locations/l/operations/o"));
    }
}
