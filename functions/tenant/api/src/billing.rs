use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqs::Queue;
use store::{Account, UnknownEvent};
use tenancy::{SubscriptionId, Usage};
use utoipa::ToSchema;

use crate::request::{Asked, Change, Limit, Named, Tenant};
use crate::{Api, Problem};

/// How many letters are replayed at once: what is left is replayed by asking again.
const REPLAYED: usize = 100;

/// Where the events of billers wait to be dealt with, and those that could not be.
#[derive(Clone, Debug)]
pub struct Letters {
    pub queue: Queue,
    pub dead: Queue,
}

/// Shows a subscription: what its biller said of it, and what was done about it
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}", tag = "billing",
    params(("id" = SubscriptionId, Path, description = "What its biller calls it")),
    responses((status = 200, description = "As far as it is known", body = Account)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Account>, Problem> {
    let id: SubscriptionId = id.parse().map_err(Problem::not_found)?;
    let found = Account::get(&api.db, &id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found(format!("nothing was heard of a subscription {id}")))
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnknownEvents {
    events: Vec<UnknownEvent>,
}

/// Lists what billers said in the last month that nothing is done about
#[utoipa::path(
    get, path = "/v1/billing-events/unknown", tag = "billing", params(Limit),
    responses((status = 200, description = "By their ids", body = UnknownEvents)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn unknown(
    State(api): State<Api>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<UnknownEvents>, Problem> {
    let limit = limit.get()?;
    Ok(Json(UnknownEvents { events: UnknownEvent::all(&api.db, limit, clock::now()).await? }))
}

/// Events that could not be dealt with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadEvents {
    /// How many there are, roughly.
    waiting: u64,
    /// Some of them.
    events: Vec<DeadEvent>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadEvent {
    /// The biller's id, where it can be read.
    id: Option<String>,
    /// What the biller calls it, where that can be read.
    kind: Option<String>,
}

/// Shows what billers said that could not be dealt with
#[utoipa::path(
    get, path = "/v1/billing-events/dead", tag = "billing",
    responses((status = 200, description = "How many, and some of them", body = DeadEvents)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn dead(State(api): State<Api>) -> Result<Json<DeadEvents>, Problem> {
    let dead = &api.letters()?.dead;
    let (waiting, letters) = tokio::join!(dead.waiting(), dead.peek());
    let events = letters?.iter().map(|letter| described(&letter.body)).collect();
    Ok(Json(DeadEvents { waiting: waiting?, events }))
}

/// No more of it than its name: what billers say names customers.
fn described(body: &str) -> DeadEvent {
    let letter: Value = serde_json::from_str(body).unwrap_or_default();
    let events = [&letter["stripe"], &letter["detail"], &letter["subscription"]];
    let said = |field: &str| events.iter().find_map(|event| event[field].as_str()).map(str::to_owned);
    DeadEvent { id: said("id"), kind: said("type").or_else(|| said("event")) }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedEvents)]
pub(crate) struct Replayed {
    /// How many are dealt with again.
    replayed: usize,
}

/// A reason is kept in the log.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayOrder, example = json!({ "reason": "the price is mapped to a plan now" }))]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Has what could not be dealt with tried again, a hundred at a time
///
/// What was dealt with meanwhile takes no effect a second time.
#[utoipa::path(
    post, path = "/v1/billing-events/dead/replay", tag = "billing", request_body = Wanted,
    responses((status = 200, description = "How many are tried again", body = Replayed)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn replay(State(api): State<Api>, change: Change) -> Result<Json<Replayed>, Problem> {
    let Wanted { reason } = change.decode()?;
    let by = change.by(&reason)?;
    let Letters { queue, dead } = api.letters()?;
    let mut replayed = 0;
    while replayed < REPLAYED {
        let letters = dead.take().await?;
        if letters.is_empty() {
            break;
        }
        for letter in letters {
            queue.send(&letter.body).await?;
            dead.delete(&letter).await?;
            replayed += 1;
        }
    }
    tracing::info!(
        who = by.who,
        why = by.why,
        count.events = replayed,
        "dead billing events are tried again"
    );
    Ok(Json(Replayed { replayed }))
}

/// Tells how much of what its plan limits a tenant uses
///
/// A plan that is too small for it cannot be chosen.
#[utoipa::path(
    put, path = "/v1/tenants/{id}/usage", tag = "billing", params(Tenant), request_body = Usage,
    responses((status = 204, description = "It is known")),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn report(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<StatusCode, Problem> {
    let usage: Usage = change.decode()?;
    api.known(&id).await?;
    api.tenants.report_usage(&id, usage, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Api {
    fn letters(&self) -> Result<&Letters, Problem> {
        self.settings.letters.as_ref().ok_or_else(|| Problem::not_found("this deployment has no billing"))
    }
}
