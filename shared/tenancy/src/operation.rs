use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{BlueprintRef, OperationId, TenantId, Workflow};

/// One thing being done to a tenant: one Step Functions execution, named by the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub id: OperationId,
    pub tenant: TenantId,
    pub kind: Kind,
    pub state: State,
    pub blueprint: BlueprintRef,
    /// The blueprint's workflow when the operation was accepted.
    pub workflow: Workflow,
    /// What each step usually took then, in milliseconds.
    #[serde(default)]
    pub usual_ms: BTreeMap<String, u64>,
    pub accepted_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The fence: once set, no further step of this operation may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fenced_at: Option<Timestamp>,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<StepFault>,
    /// Where the execution can be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// Which state machine does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Provision,
    Delete,
}

impl Kind {
    /// The state machine's name, without the deployment's prefix.
    #[must_use]
    pub fn machine(self) -> &'static str {
        match self {
            Self::Provision => "provision-tenant",
            Self::Delete => "teardown-tenant",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Committed with its outbox row; the execution has not reported yet.
    Accepted,
    Running,
    /// Fenced; what it made is being destroyed.
    Compensating,
    Succeeded,
    Failed,
    Stuck,
}

impl State {
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stuck)
    }
}

/// A fault and the step it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFault {
    pub step: String,
    pub fault: Fault,
}
