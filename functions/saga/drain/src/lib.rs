//! Waits until no call on the tenant's resources is in flight: a failed branch does not stop the others'
//! Lambdas, and a timed-out task's runs on (invariant 5). A lease ends when its Lambda must, so this wait ends.
//!
//! A set-up has no lease. What it changes goes with what is torn down; but where that stays, what it does late would
//! undo what leads back. So there it is waited for as long as any call may take that began before the fence.

use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use saga::Subject;
use store::{ResourceLedger, Tenants};
use tenancy::Operation;

/// Our functions' own timeout.
const LONGEST_CALL: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug)]
pub struct Drain {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
}

impl Drain {
    pub async fn run(&self, subject: Subject) -> Result<(), Fault> {
        let (id, operation, now) = (subject.tenant(), subject.operation, clock::now());
        let resources = self.ledger.resources(id).await?;
        let in_flight: Vec<&str> =
            resources.iter().filter(|r| r.in_flight(now)).map(|r| r.step.as_str()).collect();
        if !in_flight.is_empty() {
            let leases = resources.iter().filter_map(|resource| resource.lease.as_ref());
            telemetry::lease_awaited(leases.map(|lease| lease.left(now)).max().unwrap_or_default());
            return Err(Fault::not_ready(format!("still in flight: {}", in_flight.join(", "))));
        }
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        match last_call(&record).filter(|until| now < *until) {
            Some(until) => Err(Fault::not_ready(format!("a set-up may be in flight until {until}"))),
            None => Ok(()),
        }
    }
}

/// When the last call of an operation ends that has no lease, where what it does matters.
fn last_call(record: &Operation) -> Option<Timestamp> {
    let stays = record.kind.back().is_some() || record.holds();
    record.fenced_at.filter(|_| stays).map(|fenced| fenced + LONGEST_CALL)
}
