use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Neon, SERVICE};

/// How what Neon does to a branch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Done,
    /// What it is doing: `create_branch`, `start_compute`.
    Running {
        action: String,
    },
}

#[derive(Debug, Deserialize)]
struct Listing {
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    id: String,
    branch_id: Option<String>,
    action: String,
    status: String,
    /// When Neon itself tries a failed one again.
    retry_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl Neon {
    /// How what was last asked about a branch stands. A fault when it failed.
    pub async fn work(&self, project: &str, branch: &str) -> Result<Work, Fault> {
        let request =
            self.request(Method::GET, &["projects", project, "operations"])?.query(&[("limit", "1000")]);
        let Listing { operations } = self.ask(request).await?;
        judge(
            operations
                .into_iter()
                .filter(|operation| operation.branch_id.as_deref() == Some(branch))
                .collect(),
        )
    }
}

fn judge(mut operations: Vec<Operation>) -> Result<Work, Fault> {
    operations.sort_by_key(|operation| operation.created_at);
    if let Some(running) = operations.iter().find(|operation| operation.is_running()) {
        return Ok(Work::Running { action: running.action.clone() });
    }
    // An older failure was made good by whatever came after it.
    match operations.iter().rfind(|operation| operation.status != "skipped") {
        Some(last) if last.status != "finished" => {
            let cause = format!("neon's operation {} ({}) ended as {}", last.action, last.id, last.status);
            Err(Fault::terminal(cause)
                .from_provider(SERVICE, Some(&last.id))
                .hint("Look at the operations of the project in Neon's console; then retry."))
        }
        _ => Ok(Work::Done),
    }
}

impl Operation {
    fn is_running(&self) -> bool {
        match self.status.as_str() {
            "finished" | "cancelled" | "skipped" => false,
            "failed" | "error" => self.retry_at.is_some(),
            // scheduling, running, cancelling, and whatever Neon comes to say besides.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn operations(states: &[&str]) -> Vec<Operation> {
        let of = |(n, state): (usize, &&str)| Operation {
            id: format!("operation-{n}"),
            branch_id: None,
            action: format!("action-{n}"),
            status: state.trim_end_matches('+').to_owned(),
            retry_at: state.ends_with('+').then_some(Timestamp::UNIX_EPOCH),
            created_at: Timestamp::from_second(i64::try_from(n).expect("few")).expect("a time"),
        };
        // Neon lists the newest first.
        states.iter().enumerate().map(of).rev().collect()
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::finished(&["finished", "finished"])]
    #[case::skipped(&["finished", "skipped"])]
    #[case::mended(&["failed", "finished"])]
    fn done(#[case] states: &[&str]) {
        assert_eq!(judge(operations(states)).expect("no failure"), Work::Done);
    }

    #[rstest]
    #[case(&["running", "scheduling"], "action-0")]
    #[case(&["finished", "cancelling"], "action-1")]
    #[case::will_be_tried_again(&["finished", "failed+"], "action-1")]
    #[case::a_state_we_do_not_know(&["finished", "pondering"], "action-1")]
    #[case::behind_a_failure(&["running", "failed"], "action-0")]
    fn running(#[case] states: &[&str], #[case] action: &str) {
        let running = Work::Running { action: action.to_owned() };
        assert_eq!(judge(operations(states)).expect("no failure"), running);
    }

    #[rstest]
    #[case(&["finished", "failed"])]
    #[case(&["error"])]
    #[case(&["finished", "cancelled", "skipped"])]
    fn failed(#[case] states: &[&str]) {
        let fault = judge(operations(states)).expect_err("a failure");
        assert_eq!(fault.kind, fault::Kind::Terminal);
        assert!(fault.request_id.is_some_and(|id| id.starts_with("operation-")));
    }
}
