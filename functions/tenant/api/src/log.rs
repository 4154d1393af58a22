use axum::Json;
use axum::extract::State;
use fault::Fault;
use jiff::Timestamp;
use serde::Serialize;
use store::progress;
use tenancy::{Operation, State as Stage, StepProgress, StepState};
use utoipa::ToSchema;

use crate::request::{NamedOperation, TenantOperation};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Log {
    log: Vec<Entry>,
}

/// Something that happened in an operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogEntry)]
struct Entry {
    at: Timestamp,
    /// Where, if it was in a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// Tells an operation from its beginning
#[utoipa::path(
    get, path = "/v1/tenants/{id}/operations/{operation}/log", tag = "operations", params(TenantOperation),
    responses((status = 200, description = "What happened, the oldest first", body = Log)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    NamedOperation(tenant, id): NamedOperation,
) -> Result<Json<Log>, Problem> {
    let (record, resources, reports) = tokio::join!(
        api.tenants.operation(&tenant, id),
        api.ledger.resources(&tenant),
        api.ledger.reports(&tenant, id),
    );
    let missing = || Problem::not_found(format!("tenant {tenant} has no operation {id}"));
    let operation = record?.ok_or_else(missing)?.value;
    let steps = progress(&operation, &resources?, &reports?, clock::now());
    Ok(Json(Log { log: entries(&operation, &steps) }))
}

fn entries(operation: &Operation, steps: &[StepProgress]) -> Vec<Entry> {
    let note = |at: Option<Timestamp>, what: &str, fault: Option<Fault>| {
        at.map(|at| Entry { at, step: None, what: what.to_owned(), fault })
    };
    let first = operation.fault.as_ref().map(|first| first.fault.clone());
    let mut log: Vec<Entry> = [
        note(Some(operation.accepted_at), &format!("{} was accepted", operation.kind.name()), None),
        note(operation.started_at, "its execution began", None),
        note(operation.fenced_at, "it was stopped: no further step begins", first),
        note(operation.ended_at, ended(operation.state), None),
    ]
    .into_iter()
    .flatten()
    .collect();
    for step in steps {
        let entry = |at, what: String, fault| Entry { at, step: Some(step.name.clone()), what, fault };
        log.extend(step.begun_at.map(|at| entry(at, "began".to_owned(), None)));
        let calls =
            if step.attempts == 1 { "one call".to_owned() } else { format!("{} calls", step.attempts) };
        let told = step.changed_at.zip(came_to(step.state));
        log.extend(told.map(|(at, what)| entry(at, format!("{what} after {calls}"), step.fault.clone())));
    }
    // What happened at the same moment stays in the order it is told.
    log.sort_by_key(|entry| entry.at);
    log
}

fn came_to(state: StepState) -> Option<&'static str> {
    match state {
        StepState::Waiting | StepState::Skipped => None,
        StepState::Running => Some("goes on"),
        StepState::Done => Some("was done"),
        StepState::Failed => Some("failed"),
        StepState::Undoing => Some("is being undone"),
        StepState::Undone => Some("was undone"),
        StepState::Stuck => Some("would not go"),
    }
}

fn ended(state: Stage) -> &'static str {
    match state {
        Stage::Succeeded => "it succeeded",
        Stage::Stuck => "it ended with something that would not go",
        Stage::Accepted | Stage::Running | Stage::Compensating | Stage::Failed => "it failed",
    }
}
