use fault::Kind as FaultKind;
use jiff::Timestamp;
use saga::{Report, Resource, ResourceState};
use tenancy::{Operation, StepProgress, StepState};

/// Where each step of an operation stands, in the order the workflow draws them. An operation that is over
/// answers from its own record, and from the reports of what came after: the welcome mail.
#[must_use]
pub fn progress(
    operation: &Operation,
    resources: &[Resource],
    reports: &[Report],
    now: Timestamp,
) -> Vec<StepProgress> {
    if operation.state.is_final() {
        let kept = |report: &&Report| !operation.steps.iter().any(|step| step.name == report.step);
        return operation.steps.iter().cloned().chain(reports.iter().filter(kept).map(looked)).collect();
    }
    let drawn = operation.workflow.steps();
    let resource = |step: &str| resources.iter().find(|resource| resource.step == step);
    if operation.kind.tears_down() {
        let concerned = |r: &&Resource| r.is_left() || r.operation == operation.id;
        return resources.iter().filter(concerned).map(|resource| undoing(operation, resource)).collect();
    }
    let report = |step: &str| reports.iter().find(|report| report.step == step);
    drawn
        .into_iter()
        .map(|step| match (resource(step), report(step)) {
            _ if operation.skipped.contains(step) => {
                StepProgress { state: StepState::Skipped, ..StepProgress::waiting(step) }
            }
            (Some(resource), _) if resource.operation == operation.id => made(resource, now),
            (_, Some(report)) => looked(report),
            _ => StepProgress::waiting(step),
        })
        .collect()
}

fn made(resource: &Resource, now: Timestamp) -> StepProgress {
    let state = match resource.state {
        ResourceState::Live => StepState::Done,
        ResourceState::Intended if resource.in_flight(now) => StepState::Running,
        ResourceState::Intended => after_fault(resource.fault.as_ref()),
        ResourceState::Destroying => StepState::Undoing,
        // Never asked for: the fence was up when it wanted to begin.
        ResourceState::Destroyed if resource.attempts == 0 => return StepProgress::waiting(&resource.step),
        ResourceState::Destroyed | ResourceState::Resolved => StepState::Undone,
        ResourceState::Stuck => StepState::Stuck,
    };
    of(resource, state)
}

fn undoing(operation: &Operation, resource: &Resource) -> StepProgress {
    if resource.operation != operation.id {
        return StepProgress::waiting(&resource.step);
    }
    let state = match resource.state {
        ResourceState::Destroyed | ResourceState::Resolved => StepState::Undone,
        ResourceState::Stuck => StepState::Stuck,
        ResourceState::Intended | ResourceState::Live | ResourceState::Destroying => StepState::Undoing,
    };
    of(resource, state)
}

fn of(resource: &Resource, state: StepState) -> StepProgress {
    StepProgress {
        name: resource.step.clone(),
        state,
        attempts: resource.attempts,
        begun_at: Some(resource.begun_at),
        changed_at: Some(resource.changed_at),
        busy_ms: resource.busy_ms,
        fault: resource.fault.clone(),
        seen: None,
    }
}

fn looked(report: &Report) -> StepProgress {
    let state = if report.fault.is_none() { StepState::Done } else { after_fault(report.fault.as_ref()) };
    StepProgress {
        name: report.step.clone(),
        state,
        attempts: report.attempts,
        begun_at: Some(report.begun_at),
        changed_at: Some(report.changed_at),
        busy_ms: report.busy_ms,
        fault: report.fault.clone(),
        seen: report.seen.clone(),
    }
}

/// A fault that passes is waited out by the machine: the step is still at it.
fn after_fault(fault: Option<&fault::Fault>) -> StepState {
    match fault.map(|fault| fault.kind) {
        Some(FaultKind::Terminal) => StepState::Failed,
        _ => StepState::Running,
    }
}
