//! Gives a resource up that would not go within its budget, so that the rest can go (invariant 12). Its row
//! becomes a repair task.

use fault::Fault;
use saga::{Caught, Subject};
use serde::Deserialize;
use store::ResourceLedger;

#[derive(Debug)]
pub struct MarkStuck {
    pub ledger: ResourceLedger,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    step: String,
    /// What the state machine caught.
    error: Caught,
}

impl MarkStuck {
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let fault = input.error.fault().hint(
            "Mend the cause, then retry the repair task; the janitor does so by itself, ever more seldom.",
        );
        tracing::error!(
            tenant.id = %id, execution.id = %operation, step.name = input.step, fault = input.error.error,
            "{} is stuck: {}", input.step, fault.cause
        );
        Ok(self.ledger.mark_stuck(id, &input.step, operation, fault).await?)
    }
}
