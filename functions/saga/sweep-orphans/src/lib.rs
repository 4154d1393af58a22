//! Judges what the providers hold with our mark and the ledgers do not, and takes what is an orphan into its tenant's
//! ledger, where it is destroyed as everything is: by a repair. It never destroys anything itself.
//!
//! The providers are right about what exists, and no more than that. A ledger that was lost, or restored to an earlier
//! day, makes orphans of living customers; so a sweep is dry unless it is asked not to be, stops where there are too
//! many, and leaves alone what the records contradict.

use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use saga::{Caught, Orphan, Resource, ResourceState, Swept};
use serde::{Deserialize, Serialize};
use store::{Database, Finding, ResourceLedger, Sweep, SweepOutcome, Tenants, Unswept, Verdict};
use tenancy::{Status, SweepId, Tenant};

/// A call that got no answer may take effect as late as this: no Lambda lives longer. What was made later was made by
/// an operation that the ledger knows nothing of.
const LATE: SignedDuration = SignedDuration::from_mins(15);
/// As many findings are kept: their record must fit into an item of 400 KB.
const KEPT: usize = 500;

#[derive(Debug)]
pub struct SweepOrphans {
    db: Database,
    tenants: Tenants,
    ledger: ResourceLedger,
    limit: usize,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    sweep: SweepId,
    steps: Vec<Asked>,
}

/// What came of asking a step.
#[derive(Debug, Deserialize)]
pub struct Asked {
    step: String,
    /// How far it came.
    swept: Option<Swept>,
    /// What the state machine caught, if that was not to the end.
    error: Option<Caught>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    pub found: usize,
    pub taken_in: usize,
    /// Why nothing was taken in that should have been.
    pub refused: Option<String>,
}

/// What is to become of something, and what was known of it when that was decided.
struct Judged<'a> {
    swept: &'a Swept,
    orphan: &'a Orphan,
    verdict: Verdict,
    row: Option<Resource>,
}

impl SweepOrphans {
    #[must_use]
    pub fn new(db: Database, limit: usize) -> Self {
        let (tenants, ledger) = (Tenants::new(db.clone()), ResourceLedger::new(db.clone()));
        Self { db, tenants, ledger, limit }
    }

    pub async fn run(&self, input: Input) -> Result<Output, Fault> {
        let id = input.sweep;
        let sweep = Sweep::get(&self.db, id).await?;
        let sweep = sweep.ok_or_else(|| Fault::terminal(format!("there is no sweep {id}")))?;
        if let Some(outcome) = &sweep.outcome {
            return Ok(output(outcome));
        }
        let mut judged = Vec::new();
        // What was listed and is in the ledger by now is no orphan, nor is what somebody is at work on.
        let mut passed = 0;
        for swept in input.steps.iter().filter_map(|asked| asked.swept.as_ref()) {
            for orphan in &swept.orphans {
                let found = self.judge(id, swept, orphan).await?;
                passed += usize::from(found.as_ref().is_none_or(|found| found.verdict == Verdict::Busy));
                judged.extend(found);
            }
        }
        let counted = input.steps.iter().filter_map(|asked| Some(asked.swept.as_ref()?.count)).sum::<usize>();
        let found = counted.saturating_sub(passed);
        let limit = sweep.limit.unwrap_or(self.limit);
        let refused = (!sweep.dry_run && found > limit).then(|| {
            format!(
                "{found} resources are in no ledger, and a sweep stops above {limit}: nothing was touched"
            )
        });
        if !sweep.dry_run && refused.is_none() {
            for judged in judged.iter_mut().filter(|judged| judged.verdict == Verdict::Orphan) {
                judged.verdict = self.take_in(id, judged).await?;
            }
        }
        let outcome = SweepOutcome {
            found,
            limit,
            refused,
            findings: judged.iter().take(KEPT).map(finding).collect(),
            unswept: input.steps.into_iter().filter_map(unswept).collect(),
        };
        self.say(id, &outcome);
        let output = output(&outcome);
        sweep.end(&self.db, outcome, clock::now()).await?;
        Ok(output)
    }

    /// What something is that a step listed; nothing, if its ledger holds it by now.
    async fn judge<'a>(
        &self,
        sweep: SweepId,
        swept: &'a Swept,
        orphan: &'a Orphan,
    ) -> Result<Option<Judged<'a>>, Fault> {
        let tenant = self.tenants.get(&orphan.tenant).await?.map(|found| found.value);
        let row = saga::Ledger::resource(&self.ledger, &orphan.tenant, &swept.step).await?;
        let verdict = verdict(sweep, orphan, tenant.as_ref(), row.as_ref());
        Ok(verdict.map(|verdict| Judged { swept, orphan, verdict, row }))
    }

    async fn take_in(&self, sweep: SweepId, judged: &Judged<'_>) -> Result<Verdict, Fault> {
        let Judged { swept, orphan, row, .. } = judged;
        // Before it had a resource, a tenant had an operation.
        let Some(last) = self.tenants.operations(&orphan.tenant).await?.first().map(|last| last.id) else {
            return Ok(Verdict::Unrecorded);
        };
        let fault = Fault::terminal(format!("{}, and no ledger held it", found_by(sweep)))
            .hint("It is destroyed by a repair; resolve the repair task if it must stay.");
        let step = (swept.step.as_str(), swept.destroyer.as_str());
        let held = self.ledger.take_in(orphan, step, row.clone(), last, fault, clock::now()).await?;
        Ok(if held { Verdict::TakenIn } else { Verdict::Busy })
    }

    fn say(&self, sweep: SweepId, outcome: &SweepOutcome) {
        for Finding { step, tenant, verdict, .. } in &outcome.findings {
            tracing::warn!(tenant.id = %tenant, step.name = step, "sweep {sweep} found a resource: {verdict:?}");
        }
        for Unswept { step, fault } in &outcome.unswept {
            tracing::warn!(
                step.name = step,
                fault = fault.kind.name(),
                "sweep {sweep} could not ask {step} to the end: {fault}"
            );
        }
        if let Some(refused) = &outcome.refused {
            tracing::error!("sweep {sweep}: {refused}");
        }
        telemetry::found(telemetry::Finding::OrphansFound, outcome.found);
    }
}

fn verdict(
    sweep: SweepId,
    orphan: &Orphan,
    tenant: Option<&Tenant>,
    row: Option<&Resource>,
) -> Option<Verdict> {
    let Some(tenant) = tenant else { return Some(Verdict::UnknownTenant) };
    if let Some(row) = row {
        if row.state == ResourceState::Resolved {
            return None;
        }
        if row.is_left() && row.handle == orphan.handle {
            // Said again after a lost answer, it is still what it was.
            let own = row.state == ResourceState::Stuck
                && row.fault.as_ref().is_some_and(|fault| fault.cause.starts_with(&found_by(sweep)));
            return own.then_some(Verdict::TakenIn);
        }
    }
    if tenant.operation.is_some() {
        return Some(Verdict::Busy);
    }
    if row.is_some_and(Resource::is_left) {
        return Some(Verdict::Misnamed);
    }
    // Deleted is for good, and nothing of a deleted tenant is needed: no old record can mislead. Of any other, only what
    // its ledger saw go and what cannot have been made since by an operation that the ledger has forgotten.
    let outlived =
        |row: &Resource| orphan.made_at.is_some_and(|made_at: Timestamp| made_at <= row.changed_at + LATE);
    let ours = tenant.status == Status::Deleted || row.is_some_and(outlived);
    Some(if ours { Verdict::Orphan } else { Verdict::Unrecorded })
}

fn found_by(sweep: SweepId) -> String {
    format!("sweep {sweep} found it at its provider")
}

fn finding(judged: &Judged<'_>) -> Finding {
    let Orphan { tenant, handle, .. } = judged.orphan;
    let (step, verdict) = (judged.swept.step.clone(), judged.verdict);
    Finding { step, tenant: tenant.clone(), handle: handle.clone(), verdict }
}

fn unswept(Asked { step, error, .. }: Asked) -> Option<Unswept> {
    Some(Unswept { step, fault: error?.fault() })
}

fn output(outcome: &SweepOutcome) -> Output {
    let taken_in = outcome.findings.iter().filter(|finding| finding.verdict == Verdict::TakenIn).count();
    Output { found: outcome.found, taken_in, refused: outcome.refused.clone() }
}

#[cfg(test)]
mod tests;
