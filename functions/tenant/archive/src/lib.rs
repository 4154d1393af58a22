//! Seals the archive of a tenant that leaves: writes the manifest of what was kept, and with it that the tenant goes.
//!
//! What a step said of its backup is compared with the ledger, and each part with its checksum: as long as something
//! that is there is missing from the archive, nothing is destroyed. An operator may let it go without, by skipping the
//! step; the certificate says so.

use archive::{ColdStorage, Filed, Manifest};
use fault::{Fault, Kind};
use jiff::ToSpan;
use saga::{Caught, Noted, Part, Subject};
use serde::{Deserialize, Serialize};
use store::{ResourceLedger, Tenants};
use telemetry::Finding;
use tenancy::{Archive, Calendar, Operation, StepFault, TenantId, Without};

/// Named after what it was skipped by.
const SKIPPED: &str = "skipped by an operator";

#[derive(Debug)]
pub struct Seal {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub archive: ColdStorage,
    pub calendar: Calendar,
    pub retention_days: u16,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    take: String,
    backups: Vec<Backup>,
}

/// How the backup of one resource ended.
#[derive(Debug, Deserialize)]
pub struct Backup {
    step: String,
    /// What was kept; nothing of a resource that can be made again.
    #[serde(default)]
    part: Option<Noted>,
    #[serde(default)]
    error: Option<Caught>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// Whether the tenant is taken away now.
    pub sealed: bool,
}

impl Seal {
    pub async fn run(&self, input: Input) -> Result<Output, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        if record.is_fenced() {
            return Ok(Output { sealed: false });
        }
        let fault = match self.parts(id, &record, &input.backups).await? {
            Ok((parts, without)) => {
                let sealed = self.seal(id, &record, &input.take, parts, without).await?;
                return Ok(Output { sealed });
            }
            Err(fault) => fault,
        };
        let StepFault { step, fault: why } = &fault;
        tracing::warn!(tenant.id = %id, execution.id = %operation, "{step} is not backed up: {why}");
        telemetry::found(Finding::BackupFailed, 1);
        self.tenants.put_off_backup(id, operation, fault, &self.calendar, clock::now()).await?;
        Ok(Output { sealed: false })
    }

    /// What was kept, and what was not though it was there; or what keeps it from being all.
    async fn parts(
        &self,
        id: &TenantId,
        record: &Operation,
        backups: &[Backup],
    ) -> Result<Result<(Vec<Filed>, Vec<Without>), StepFault>, Fault> {
        let (mut parts, mut without) = (Vec::new(), Vec::new());
        for resource in self.ledger.resources(id).await?.into_iter().filter(saga::Resource::is_left) {
            let step = resource.step;
            if record.skipped.contains(&step) {
                without.push(Without { step, why: SKIPPED.to_owned() });
                continue;
            }
            let part = match backups.iter().find(|backup| backup.step == step) {
                Some(Backup { error: None, part: None, .. }) => continue,
                Some(Backup { error: None, part: Some(note), .. }) => {
                    let part = note.read::<Part>(&self.archive).await;
                    part.map(|part| Filed { part, note: note.clone() })
                }
                Some(Backup { error: Some(caught), .. }) => Err(caught.fault()),
                // It has come to be since.
                None => Err(Fault::terminal("nobody asked for its backup yet")),
            };
            match part {
                Ok(filed) => {
                    let why = filed.part.out_of_reach.clone();
                    without.extend(why.map(|why| Without { step: step.clone(), why }));
                    parts.push(filed);
                }
                Err(fault) if fault.kind == Kind::Transient => return Err(fault),
                Err(fault) => {
                    let hint =
                        "It is tried again by itself. To go on without, skip the step in this operation.";
                    return Ok(Err(StepFault { step, fault: fault.hint(hint) }));
                }
            }
        }
        Ok(Ok((parts, without)))
    }

    async fn seal(
        &self,
        id: &TenantId,
        record: &Operation,
        take: &str,
        parts: Vec<Filed>,
        without: Vec<Without>,
    ) -> Result<bool, Fault> {
        let now = clock::now();
        let tenant = self.tenants.get(id).await?;
        let tenant = tenant.ok_or_else(|| Fault::terminal(format!("there is no tenant {id}")))?.value;
        let operation = record.id;
        let manifest = Manifest { tenant, operation, made_at: now, parts, without };
        let key = format!("tenants/{id}/{operation}/{take}/manifest.json");
        let noted = Noted::write(&self.archive, key, &manifest).await?;
        let archive = Archive {
            bucket: self.archive.bucket().to_owned(),
            manifest: noted.key,
            sha256: noted.sha256,
            objects: manifest.objects(),
            bytes: manifest.bytes(),
            kept_until: now + (i64::from(self.retention_days) * 24).hours(),
            without: manifest.without,
        };
        Ok(self.tenants.seal(id, operation, archive, now).await?)
    }
}
