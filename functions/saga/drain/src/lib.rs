//! Waits until no call on the tenant's resources is in flight: a failed branch does not stop the others'
//! Lambdas, and a timed-out task's runs on (invariant 5). A lease ends when its Lambda must, so this wait ends.

use fault::Fault;
use saga::Subject;
use store::ResourceLedger;

#[derive(Debug)]
pub struct Drain {
    pub ledger: ResourceLedger,
}

impl Drain {
    pub async fn run(&self, subject: Subject) -> Result<(), Fault> {
        let now = clock::now();
        let resources = self.ledger.resources(subject.tenant()).await?;
        let in_flight: Vec<&str> =
            resources.iter().filter(|r| r.in_flight(now)).map(|r| r.step.as_str()).collect();
        if in_flight.is_empty() {
            return Ok(());
        }
        Err(Fault::not_ready(format!("still in flight: {}", in_flight.join(", "))))
    }
}
