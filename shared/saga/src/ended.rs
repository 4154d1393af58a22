use jiff::Timestamp;
use telemetry::Ended;
use tenancy::{OPERATOR, Operation, State, StepProgress, StepState, Tenant};

/// What the steps of an operation took, in the direction it went last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    calls: u64,
    busy_ms: u64,
    /// Steps that failed: of an operation that succeeds, those that are optional.
    failed: Vec<String>,
}

impl Effort {
    #[must_use]
    pub fn of(steps: &[StepProgress]) -> Self {
        let failed = steps.iter().filter(|step| step.state == StepState::Failed);
        Self {
            failed: failed.map(|step| step.name.clone()).collect(),
            calls: steps.iter().map(|step| u64::from(step.attempts)).sum(),
            busy_ms: steps.iter().map(|step| step.busy_ms).sum(),
        }
    }
}

/// Records that an operation has ended, and what became of its tenant; nothing when it had ended before: a settling that is
/// repeated settles nothing.
pub fn ended(before: &Operation, outcome: State, effort: &Effort, tenant: &Tenant, now: Timestamp) {
    if before.state.is_final() {
        return;
    }
    let failed_at = before.fault.as_ref().map(|stopped| stopped.step.as_str());
    telemetry::operation_ended(&Ended {
        kind: before.kind.name(),
        blueprint: &before.blueprint.name,
        outcome: outcome.name(),
        succeeded: outcome == State::Succeeded,
        rolled_back: outcome == State::Failed && !before.holds(),
        stopped: failed_at == Some(OPERATOR),
        failed_at,
        tenant: tenant.status.name(),
        took: now.duration_since(before.accepted_at).unsigned_abs(),
        calls: effort.calls,
        busy_ms: effort.busy_ms,
    });
    if outcome == State::Succeeded {
        for step in &effort.failed {
            telemetry::went_without(&before.blueprint.name, step);
        }
    }
}
