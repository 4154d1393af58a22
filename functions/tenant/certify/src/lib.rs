//! Certifies that a tenant is gone: what was destroyed and when its absence was observed, what is kept and by which
//! checksum. Signs that by a key that never leaves KMS, and ends the tenant's life with it, in one transaction.
//!
//! Looks at the ledger itself: as long as anything is left there is nothing to certify (invariant 10).

use fault::Fault;
use kms::SigningKey;
use saga::{Effort, Resource, ResourceState, Subject};
use serde::Serialize;
use store::{Certified, Database, ResourceLedger, Tenants, keep_certificate_key, progress};
use tenancy::{Absence, Certificate, State, Status};

#[derive(Debug)]
pub struct Certify {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub db: Database,
    pub key: SigningKey,
    pub deployment: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub status: Status,
}

impl Certify {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        // Said before, and the answer was lost; or another operation took it from here.
        if record.state.is_final() {
            return Ok(Output { status: tenant.status });
        }
        let archive = record.offboarding.as_ref().and_then(|offboarding| offboarding.archive.clone());
        let archive = archive.ok_or_else(|| Fault::terminal("nothing was archived: nothing is certified"))?;
        let now = clock::now();
        let mut resources = self.ledger.resources(id).await?;
        if let Some(left) = resources.iter().find(|resource| resource.is_left()) {
            return Err(Fault::terminal(format!("{} is left: nothing is certified", left.step)));
        }
        resources.sort_by_key(|resource| resource.changed_at);
        let certificate = Certificate {
            issuer: self.deployment.clone(),
            tenant: id.clone(),
            name: tenant.name.clone(),
            operation,
            issued_at: now,
            destroyed: resources.iter().filter(|resource| existed(resource)).map(absence).collect(),
            archive,
        };
        let (jws, key) = self.key.sign(&certificate).await?;
        keep_certificate_key(&self.db, &key.kid, &key).await?;
        let steps = progress(&record, &resources, &[], now);
        let effort = Effort::of(&steps);
        let tenant = self.tenants.certify(id, &Certified { certificate, jws }, steps, now).await?;
        saga::ended(&record, State::Succeeded, &effort, &tenant, now);
        Ok(Output { status: tenant.status })
    }
}

/// What was never asked for is nothing that was destroyed.
fn existed(resource: &Resource) -> bool {
    resource.attempts > 0
}

fn absence(resource: &Resource) -> Absence {
    Absence {
        step: resource.step.clone(),
        handle: resource.handle.clone(),
        observed_at: resource.changed_at,
        by_word: resource.state == ResourceState::Resolved,
    }
}
