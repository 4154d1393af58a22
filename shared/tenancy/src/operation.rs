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
    /// How far it had come by then, in percent: what is undone afterwards does not make that less true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<u8>,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<StepFault>,
    /// Where the execution can be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// How each step ended, kept when the operation is over: the ledger goes on to later operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepProgress>,
}

impl Operation {
    /// Whether a step of it may begin.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.fenced_at.is_some() || self.state.is_final()
    }

    /// The longest chain of the steps' own provider calls, in milliseconds: what the operation would have
    /// taken if nothing but the providers cost time.
    #[must_use]
    pub fn critical_path_ms(&self, steps: &[StepProgress]) -> u64 {
        let busy = |name: &str| steps.iter().find(|step| step.name == name).map_or(0, |step| step.busy_ms);
        self.workflow.critical_path(&busy)
    }

    /// How much of the work is done, 0 to 100; 100 only when the operation succeeded.
    #[must_use]
    pub fn percent(&self, steps: &[StepProgress]) -> u8 {
        if self.state == State::Succeeded {
            return 100;
        }
        if let Some(reached) = self.reached {
            return reached;
        }
        let wanted = match self.kind {
            Kind::Provision => StepState::Done,
            Kind::Delete => StepState::Undone,
        };
        let done =
            |name: &str| steps.iter().find(|step| step.name == name).is_none_or(|step| step.state == wanted);
        self.workflow.percent(&self.usual_ms, done).min(99)
    }
}

/// Which state machine does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Provision,
    Delete,
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

/// Where one step of an operation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    pub name: String,
    pub state: StepState,
    /// Calls so far, in the direction it is going.
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Time inside its own provider calls, in milliseconds.
    pub busy_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl StepProgress {
    #[must_use]
    pub fn waiting(name: &str) -> Self {
        let (state, name) = (StepState::Waiting, name.to_owned());
        Self { name, state, attempts: 0, begun_at: None, changed_at: None, busy_ms: 0, fault: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed,
    Undoing,
    Undone,
    Stuck,
}
