//! Starts the executions that the outbox asks for, as the Tenants table's stream delivers them.
//!
//! An execution is named by its operation, so a row that is delivered twice, or whose answer was lost, starts
//! one execution. The row is deleted only after Step Functions has it.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use fault::Fault;
use step_functions::{Executions, Machine};
use store::{Database, Outbox};
use tenancy::Kind;

#[derive(Debug)]
pub struct Dispatch {
    pub executions: Executions,
    pub db: Database,
}

impl Dispatch {
    /// Starts what it can. If anything failed, the whole batch is delivered again: what was started by then is
    /// known by its name.
    pub async fn run(&self, event: Event) -> Result<(), Fault> {
        let mut failed = None;
        for record in event.records {
            if let Err(fault) = self.start(&record).await {
                tracing::warn!(
                    event.id = record.event_id,
                    fault = fault.kind.name(),
                    "an operation was not started: {fault}"
                );
                failed = Some(fault);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn start(&self, record: &EventRecord) -> Result<(), Fault> {
        let item = record.change.new_image.clone();
        let is_outbox =
            matches!(item.get("sk"), Some(serde_dynamo::AttributeValue::S(sk)) if sk.starts_with("OUTBOX#"));
        // The mapping's filter lets only outbox rows through; whoever widens it starts nothing by mistake.
        if record.event_name != "INSERT" || !is_outbox {
            return Ok(());
        }
        let row: Outbox = serde_dynamo::from_item(item)
            .map_err(|e| Fault::terminal(format!("an outbox row does not decode: {e}")))?;
        let machine = match row.kind {
            Kind::Domain => Machine::Domain,
            Kind::Offboard => Machine::Offboard,
            kind if kind.tears_down() => Machine::Teardown,
            _ => Machine::Provision,
        };
        let started = self.executions.start(machine, &row.operation.to_string(), &row.input()).await?;
        tracing::info!(
            tenant.id = %row.tenant, execution.id = %row.operation,
            "{}", if started { "started" } else { "was started before" }
        );
        Ok(row.done(&self.db).await?)
    }
}
