//! Has the archive of a tenant that is to be restored brought back from cold storage, and says what of it goes where.
//!
//! S3 takes up to two days for that, so the machine asks again and again. Nothing is made before all of it has come: a
//! tenant that cannot be filled is not begun.

use archive::{ColdStorage, Manifest};
use fault::Fault;
use jiff::Timestamp;
use saga::{Noted, Subject};
use serde::{Deserialize, Serialize};
use store::{ResourceLedger, Tenants};
use tenancy::Calendar;

/// What has not come by then does not.
const DAYS: u16 = 3;

#[derive(Debug)]
pub struct Thaw {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub archive: ColdStorage,
    pub calendar: Calendar,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// The execution's ARN.
    execution: String,
}

/// What the machine does next.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    Wait { until: Timestamp },
    Provision { parts: Vec<Filed> },
}

/// What is kept of a resource, and the function that puts it back.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Filed {
    pub step: String,
    pub keeper: String,
    pub part: Noted,
}

impl Thaw {
    pub async fn run(&self, input: Input) -> Result<Next, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        if record.is_fenced() {
            return Err(Fault::fenced("the operation was stopped before its archive had come"));
        }
        let now = clock::now();
        self.tenants.started(id, operation, &input.execution, now).await?;
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let kept = tenant.archive.ok_or_else(|| Fault::terminal(format!("nothing is kept of {id}")))?;
        let noted = Noted { key: kept.manifest, sha256: kept.sha256 };
        let manifest: Manifest = noted.read(&self.archive).await?;
        let objects = manifest.parts.iter().flat_map(|filed| &filed.part.objects);
        let cold = self.archive.thaw(objects.map(|object| object.key.as_str()).collect()).await?;
        let until = if cold > 0 { self.calendar.quarter_of_an_hour_after(now) } else { now };
        self.tenants.looks_at(id, operation, until).await?;
        if cold == 0 {
            return self.parts(id, manifest).await;
        }
        if now > self.calendar.after(record.accepted_at, DAYS) {
            let fault =
                Fault::terminal(format!("{cold} objects of the archive have not come in {DAYS} days"));
            return Err(fault.hint("Ask S3 what became of their restoration, then retry the tenant."));
        }
        tracing::info!(tenant.id = %id, "{cold} objects of the archive are still to come");
        Ok(Next::Wait { until })
    }

    /// The ledger of a tenant that is gone still says who made what.
    async fn parts(&self, id: &tenancy::TenantId, manifest: Manifest) -> Result<Next, Fault> {
        let resources = self.ledger.resources(id).await?;
        let filled = manifest.parts.into_iter().filter(|filed| !filed.part.objects.is_empty());
        let parts = filled.map(|filed| {
            let step = filed.part.step;
            let known = resources.iter().find(|resource| resource.step == step);
            let keeper = known.map(|resource| resource.destroyer.clone());
            let keeper =
                keeper.ok_or_else(|| Fault::terminal(format!("the ledger does not know who made {step}")))?;
            Ok(Filed { step, keeper, part: filed.note })
        });
        Ok(Next::Provision { parts: parts.collect::<Result<_, Fault>>()? })
    }
}
