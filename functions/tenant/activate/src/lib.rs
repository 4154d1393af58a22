//! Has an operation succeed, once every step of its workflow is proven done (invariant 10): makes a tenant active,
//! suspended, asleep, or one of another plan or version. Learns how long the steps took.

use std::collections::BTreeMap;

use fault::Fault;
use saga::{Effort, Subject};
use serde::Deserialize;
use store::{Catalogue, Outcome, ResourceLedger, Tenants, progress};
use tenancy::{Event, Kind, State, StepProgress, StepState, Tenant};

#[derive(Debug)]
pub struct Activate {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub catalogue: Catalogue,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// Where the tenant answers, by purpose.
    endpoints: BTreeMap<String, String>,
}

impl Activate {
    pub async fn run(&self, input: Input) -> Result<Tenant, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let record = self.tenants.operation(id, operation).await?;
        let record =
            record.ok_or_else(|| Fault::terminal(format!("there is no operation {operation}")))?.value;
        // After the fence, only the teardown may say how the operation ended.
        if record.fenced_at.is_some() {
            return Err(Fault::fenced("the operation was stopped before the tenant was active"));
        }
        let now = clock::now();
        let (resources, reports) =
            (self.ledger.resources(id).await?, self.ledger.reports(id, operation).await?);
        let steps = progress(&record, &resources, &reports, now);
        // What is nice to have does not keep a tenant from its life (invariant 11).
        let proven = |step: &&StepProgress| is_proven(step) || record.optional.contains(&step.name);
        if let Some(open) = steps.iter().find(|step| !proven(step)) {
            return Err(Fault::terminal(format!(
                "{} is {:?}, so nothing proves that the tenant works",
                open.name, open.state
            ))
            .hint("Every path through the blueprint's machine must run every step."));
        }
        let steps: Vec<StepProgress> = steps.into_iter().map(given_up).collect();
        let took: Vec<(String, u64)> = steps.iter().filter_map(duration).collect();
        let effort = Effort::of(&steps);
        let outcome = Outcome {
            event: match record.kind {
                Kind::Suspend => Event::Suspended,
                Kind::Resume => Event::Resumed,
                Kind::Hibernate => Event::Hibernated,
                Kind::Wake => Event::Woken,
                Kind::ChangePlan | Kind::Upgrade => Event::PlanSettled,
                _ => Event::Provisioned,
            },
            state: State::Succeeded,
            steps,
            endpoints: Some(input.endpoints),
        };
        let tenant = self.tenants.settle(id, operation, outcome, now).await?;
        saga::ended(&record, State::Succeeded, &effort, &tenant, now);
        self.ledger.close_repairs(id, &resources).await?;
        // Better percentages are nice to have (invariant 11): another activation may be learning at this moment.
        if let Err(error) = self.catalogue.learn(&tenant.blueprint.name, took).await {
            tracing::debug!("nothing learnt from {operation}: {error}");
        }
        Ok(tenant)
    }
}

fn is_proven(step: &StepProgress) -> bool {
    matches!(step.state, StepState::Done | StepState::Skipped)
}

/// An optional step that nobody tries any more. What it may have half made stays in the ledger, for the tenant's next
/// operation or its deletion.
fn given_up(step: StepProgress) -> StepProgress {
    if is_proven(&step) {
        return step;
    }
    let unsaid =
        || Fault::transient("no call of it came to an end; the execution's history has their errors");
    StepProgress { state: StepState::Failed, fault: Some(step.fault.unwrap_or_else(unsaid)), ..step }
}

/// How long a step took from its first call to its success, with its name; nothing when it was done before.
fn duration(step: &StepProgress) -> Option<(String, u64)> {
    let (begun, changed) = (step.begun_at?, step.changed_at?);
    let ms = u64::try_from(changed.as_millisecond() - begun.as_millisecond()).ok()?;
    (step.attempts > 0 && step.state == StepState::Done).then(|| (step.name.clone(), ms))
}

#[cfg(test)]
mod tests;
