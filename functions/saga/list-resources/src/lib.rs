//! Lists what is to be destroyed next, from the ledger: the resources that nothing left can stand on. An empty
//! list ends the teardown.

use fault::Fault;
use saga::Subject;
use serde::Serialize;
use store::{ResourceLedger, Tenants, doomed, last_gone, next_wave};

#[derive(Debug)]
pub struct ListResources {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub resources: Vec<Doomed>,
}

/// A resource, and the function that destroys it.
#[derive(Debug, Serialize)]
pub struct Doomed {
    pub step: String,
    pub destroyer: String,
}

impl ListResources {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        if record.state.is_final() {
            return Err(Fault::fenced(format!("operation {operation} is over; another tears down")));
        }
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let resources = self.ledger.resources(id).await?;
        let gone = last_gone(operation, &resources);
        let wave = next_wave(operation, doomed(&record, &tenant, resources), gone);
        let resources = wave.into_iter().map(|r| Doomed { step: r.step, destroyer: r.destroyer });
        Ok(Output { resources: resources.collect() })
    }
}
