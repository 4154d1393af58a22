use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{BlueprintRef, Former, Offboarding, OnFailure, OperationId, TenantId, Workflow};

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
    /// The execution that tears down, once one does: the last, when there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teardown: Option<String>,
    /// What becomes of what it made, should it fail.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// What this operation changed, as it was before: where a failure leads back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
    /// It leads back from a change that failed. There is no way back from it.
    #[serde(default)]
    pub back: bool,
    /// A deletion that ends the tenant's life also when something would not go.
    #[serde(default)]
    pub forced: bool,
    /// The blueprint's optional steps when the operation was accepted: their failure is not its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub optional: BTreeSet<String>,
    /// Optional steps that an operator lets it do without.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skipped: BTreeSet<String>,
    /// How far it has come, of one that sees a tenant out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offboarding: Option<Offboarding>,
    /// When its archive is looked for next, of one that restores: it may take two days to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks_at: Option<Timestamp>,
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

    /// Whether what it makes is kept when it fails, for a retry to go on from.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.kind == Kind::Provision && self.on_failure == OnFailure::Hold
    }

    /// When it should have left its state. Nothing happens by itself then, but somebody must be told (invariant 7).
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        let (since, minutes) = match self.state {
            // It waits for weeks, and says when it looks again.
            State::Running if let Some(offboarding) = &self.offboarding => (offboarding.wakes_at, 30),
            State::Accepted => (self.accepted_at, 1),
            // Somebody's DNS is waited for, and that it is reached.
            _ if self.kind == Kind::Domain => (self.accepted_at, 25 * 60),
            State::Running if let Some(looks_at) = self.looks_at => (looks_at, 30),
            State::Compensating => (self.fenced_at.unwrap_or(self.accepted_at), 30),
            _ => (self.started_at.unwrap_or(self.accepted_at), 30),
        };
        since + minutes.minutes()
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
        let wanted = if self.kind.tears_down() { StepState::Undone } else { StepState::Done };
        let done = |name: &str| {
            let step = steps.iter().find(|step| step.name == name);
            step.is_none_or(|step| step.state == wanted || step.state == StepState::Skipped)
        };
        self.workflow.percent(&self.usual_ms, done).min(99)
    }
}

/// Which state machine does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OperationKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Provision,
    /// Provisions again what was deleted, and puts back what its archive holds.
    Restore,
    /// Has visitors see that the tenant is suspended. Its data is kept.
    Suspend,
    Resume,
    /// Puts it to sleep: what computes for it stops until somebody comes.
    Hibernate,
    Wake,
    /// Gives it another plan, or changes what else it was signed up with.
    ChangePlan,
    /// Moves it to another version of its blueprint, also to an older one.
    Upgrade,
    Delete,
    /// Sees a tenant out: waits for the days of grace to pass, keeps what it holds, deletes it and certifies that.
    Offboard,
    /// Destroys what an earlier operation could not.
    Repair,
    /// Serves a custom domain, or stops doing so. It runs beside whatever else is done to the tenant.
    Domain,
}

impl Kind {
    /// Whether a teardown is how it succeeds.
    #[must_use]
    pub fn tears_down(self) -> bool {
        matches!(self, Self::Delete | Self::Offboard | Self::Repair)
    }

    /// What leads back from a change that failed; none from what is undone by a teardown.
    #[must_use]
    pub fn back(self) -> Option<Self> {
        match self {
            Self::Suspend => Some(Self::Resume),
            Self::Resume => Some(Self::Suspend),
            Self::Hibernate => Some(Self::Wake),
            Self::Wake => Some(Self::Hibernate),
            Self::ChangePlan => Some(Self::ChangePlan),
            Self::Upgrade => Some(Self::Upgrade),
            Self::Provision | Self::Restore | Self::Delete | Self::Offboard | Self::Repair | Self::Domain => {
                None
            }
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Restore => "restore",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Hibernate => "hibernate",
            Self::Wake => "wake",
            Self::ChangePlan => "change_plan",
            Self::Upgrade => "upgrade",
            Self::Delete => "delete",
            Self::Offboard => "offboard",
            Self::Repair => "repair",
            Self::Domain => "domain",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OperationState))]
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
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
        }
    }

    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stuck)
    }
}

/// What stands for a step in the fault of an operation that somebody stopped.
pub const OPERATOR: &str = "operator";

/// A fault and the step it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepFault {
    pub step: String,
    pub fault: Fault,
}

/// Where one step of an operation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// What a look saw: pods, conditions, whatever there is to tell of the part it looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub seen: Option<serde_json::Value>,
}

impl StepProgress {
    #[must_use]
    pub fn waiting(name: &str) -> Self {
        let (state, name) = (StepState::Waiting, name.to_owned());
        Self {
            name,
            state,
            attempts: 0,
            begun_at: None,
            changed_at: None,
            busy_ms: 0,
            fault: None,
            seen: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed,
    Undoing,
    Undone,
    Stuck,
    /// An operator lets the operation do without it.
    Skipped,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(state: &str) -> Operation {
        serde_json::from_value(json!({
            "id": "01M7YJMCAGDF8N7ZT7RZ80SAD4", "tenant": "acme-000000", "kind": "provision", "state": state,
            "blueprint": { "name": "b", "version": 1 }, "workflow": { "step": "a" },
            "accepted_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T01:00:00Z",
            "fenced_at": "2026-01-01T02:00:00Z",
        }))
        .expect("an operation as it was stored before it could be held, forced or skipped")
    }

    /// A state without one could last for ever and nobody would hear of it.
    #[test]
    fn every_state_has_a_deadline_that_counts_from_when_it_began() {
        for (state, at) in [
            ("accepted", "2026-01-01T00:01:00Z"),
            ("running", "2026-01-01T01:30:00Z"),
            ("compensating", "2026-01-01T02:30:00Z"),
        ] {
            assert_eq!(operation(state).deadline().to_string(), at, "{state}");
        }
    }

    #[test]
    fn only_a_provisioning_holds_what_it_made() {
        let held = Operation { on_failure: OnFailure::Hold, ..operation("running") };
        assert!(held.holds() && !operation("running").holds());
        assert!(!Operation { kind: Kind::Delete, ..held }.holds());
    }
}
