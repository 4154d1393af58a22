//! Starts the executions that the outbox asks for, as the Tenants table's stream delivers them.
//!
//! An execution is named by its operation, so a row that is delivered twice, or whose answer was lost, starts
//! one execution. The row is deleted only after Step Functions has it.

use std::collections::HashMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_sdk_sfn::Client;
use fault::Fault;
use serde_json::json;
use store::{Database, Outbox};
use tenancy::Kind;

#[derive(Debug)]
pub struct Dispatch {
    pub step_functions: Client,
    pub db: Database,
    /// The state machine of each kind of operation.
    pub machines: HashMap<Kind, String>,
}

impl Dispatch {
    /// Starts what it can. If anything failed, the whole batch is delivered again: what was started by then is
    /// known by its name.
    pub async fn run(&self, event: Event) -> Result<(), Fault> {
        let mut failed = None;
        for record in event.records {
            if let Err(fault) = self.start(&record).await {
                tracing::warn!(event.id = record.event_id, "an operation was not started: {fault}");
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
        let machine =
            self.machines.get(&row.kind).ok_or_else(|| Fault::terminal("no state machine does that"))?;
        let input = json!({ "operation": row.operation, "tenant": { "id": row.tenant } });
        let request = self.step_functions.start_execution().state_machine_arn(machine);
        match request.name(row.operation.to_string()).input(input.to_string()).send().await {
            Ok(_) => tracing::info!(tenant.id = %row.tenant, execution.id = %row.operation, "started"),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => {
                tracing::info!(tenant.id = %row.tenant, execution.id = %row.operation, "was started before");
            }
            Err(e) => return Err(aws::fault("step-functions", &e)),
        }
        Ok(row.done(&self.db).await?)
    }
}
