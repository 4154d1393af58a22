//! Gives a resource up that would not go within its budget, so that the rest can go (invariant 12). Its row
//! becomes a repair task.

use fault::Fault;
use saga::Subject;
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

/// `$states.errorOutput` of a Catch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    error: String,
    #[serde(default)]
    cause: Option<String>,
}

impl MarkStuck {
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let cause = input.error.cause.as_deref().unwrap_or("no cause was given");
        let fault = Fault::terminal(format!("{}: {cause}", input.error.error)).hint(
            "Mend the cause, then retry the repair task; the janitor does so by itself, ever more seldom.",
        );
        tracing::error!(
            tenant.id = %id, execution.id = %operation, step.name = input.step, fault = input.error.error,
            "{} is stuck: {cause}", input.step
        );
        Ok(self.ledger.mark_stuck(id, &input.step, operation, fault).await?)
    }
}
