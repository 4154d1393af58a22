use jiff::Timestamp;
use telemetry::Ended;
use tenancy::{Operation, State, Tenant};

/// Records that an operation has ended, and what became of its tenant; nothing when it had ended before: a settling that is
/// repeated settles nothing.
pub fn ended(before: &Operation, outcome: State, tenant: &Tenant, now: Timestamp) {
    if before.state.is_final() {
        return;
    }
    telemetry::operation_ended(&Ended {
        kind: before.kind.name(),
        blueprint: &before.blueprint.name,
        outcome: outcome.name(),
        tenant: tenant.status.name(),
        failed_at: before.fault.as_ref().map(|stopped| stopped.step.as_str()),
        took: now.duration_since(before.accepted_at).unsigned_abs(),
    });
}
