use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use events::{Data, Delivery, DeliveryId, DeliveryState, Errand, Event, TestData, Type, Webhook};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Refusal, Webhooks};
use tenancy::WebhookId;
use utoipa::{IntoParams, ToSchema};

use crate::request::{Asked, Change, Part, Reason};
use crate::{Api, Problem};

/// So many deliveries are replayed by one request: a transaction takes a hundred items.
const AT_ONCE: usize = 50;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deliveries)]
pub(crate) struct Listing {
    deliveries: Vec<Delivery>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which part of the log is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Of events from this moment on
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Where the last part ended: its `next`
    #[param(min_length = 1, max_length = 1024)]
    after: Option<String>,
    /// At most so many; 50 if nothing is said
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Lists what a webhook was sent in the last 30 days, by the time of the event, the oldest first
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id"), Query),
    responses((status = 200, description = "Each with what became of its attempts", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Path(id): Path<String>,
    Asked(Query { since, after, limit }): Asked<Query>,
) -> Result<Json<Listing>, Problem> {
    let webhook = api.webhook(&id).await?.value.id;
    let limit = Part::new(after.clone(), limit)?.limit();
    let after = after.map(|after| Webhooks::after(&after)).or_else(|| since.map(Webhooks::since));
    let (found, next) = api.webhooks.deliveries(webhook, limit, after.as_ref()).await?;
    let next = next.and_then(|_| found.last()).map(|last| last.value.id.to_string());
    Ok(Json(Listing { deliveries: found.into_iter().map(|found| found.value).collect(), next }))
}

/// Shows what became of a delivery
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries/{delivery}", tag = "webhooks", params(OfWebhook),
    responses((status = 200, description = "With its attempts, the newest first", body = Delivery)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Json<Delivery>, Problem> {
    Ok(Json(api.delivery(&id, &delivery).await?.value))
}

/// Sends an event again
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks", params(OfWebhook),
    request_body(content = Option<Reason>),
    responses((status = 202, description = "It is tried as it was the first time", body = Replayed)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    Path((id, delivery)): Path<(String, String)>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    change.reason_or("replayed")?;
    able(&api.webhook(&id).await?.value)?;
    let found = api.delivery(&id, &delivery).await?;
    let errands = api.webhooks.replay(vec![found], change.key.as_ref(), clock::now()).await?;
    api.have_delivered(&errands).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed: errands.len(), next: None })))
}

/// From when on events are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeliveriesReplay, example = json!({ "since": "2026-11-22T06:00:00Z", "reason": "their outage is over" }))]
pub(crate) struct Wanted {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Also those that were taken
    #[serde(default)]
    all: bool,
    /// Where the last part ended: its `next`
    #[serde(default)]
    after: Option<String>,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedDeliveries)]
pub(crate) struct Replayed {
    replayed: usize,
    /// Where it goes on: there are more than one request replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Sends again what an endpoint has missed since some time
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", request_body = Wanted,
    params(("id" = WebhookId, Path, description = "The webhook's id")),
    responses((status = 202, description = "They are tried as they were the first time", body = Replayed)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn replay_since(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Wanted { since, all, after, reason } = change.decode()?;
    change.by(&reason)?;
    let webhook = api.webhook(&id).await?.value;
    able(&webhook)?;
    let after = after.map_or_else(|| Webhooks::since(since), |after| Webhooks::after(&after));
    let (found, next) = api.webhooks.deliveries(webhook.id, AT_ONCE, Some(&after)).await?;
    let next = next.and_then(|_| found.last()).map(|last| last.value.id.to_string());
    let missed = found.into_iter().filter(|found| match found.value.state {
        DeliveryState::Delivered => all,
        // It is on its way.
        DeliveryState::Waiting => false,
        DeliveryState::Dead | DeliveryState::Held => found.value.event.kind != Type::WebhookTest,
    });
    let errands = api.webhooks.replay(missed.collect(), change.key.as_ref(), clock::now()).await?;
    api.have_delivered(&errands).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed: errands.len(), next })))
}

/// Sends an endpoint an event that means nothing
///
/// It is tried once, also where the webhook is disabled. The answer says where its outcome will be.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", tag = "webhooks", request_body(content = Option<Reason>),
    params(("id" = WebhookId, Path, description = "The webhook's id")),
    responses((status = 202, description = "It is on its way", body = Delivery)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn test(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let by = change.reason_or("a test")?;
    let webhook = api.webhook(&id).await?.value.id;
    let now = clock::now();
    let version = u64::try_from(now.as_microsecond()).unwrap_or_default();
    let about = events::Change { record: format!("TEST\n{webhook}"), version, at: now };
    let data = Data::Test(TestData { webhook: webhook.to_string(), by: by.who });
    let event = Event::new(Type::WebhookTest, &api.notifier()?.deployment, &about, data).plain();
    let delivery = Delivery::new(webhook, event, true);
    let delivery = api.webhooks.order(delivery, change.key.as_ref(), now).await?;
    api.have_delivered(&[delivery.errand(now)]).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}

impl Api {
    async fn delivery(&self, webhook: &str, id: &str) -> Result<store::Versioned<Delivery>, Problem> {
        let webhook = self.webhook(webhook).await?.value.id;
        let id: DeliveryId = id.parse().map_err(Problem::not_found)?;
        let found = self.webhooks.delivery(webhook, &id).await?;
        found.ok_or_else(|| Problem::not_found(format!("there is no delivery {id}")))
    }

    /// Has errands run. They are known by what is written down, so one more of the same does nothing.
    async fn have_delivered(&self, errands: &[Errand]) -> Result<(), Problem> {
        for errand in errands {
            self.notifier()?.errands.send(&json!(errand).to_string()).await?;
        }
        Ok(())
    }
}

fn able(webhook: &Webhook) -> Result<(), Refusal> {
    if webhook.enabled {
        return Ok(());
    }
    Err(Refusal::NotPossible(format!("the webhook {} is disabled; enable it first", webhook.id)))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct OfWebhook {
    /// The webhook's id
    id: WebhookId,
    /// The delivery's id
    delivery: DeliveryId,
}
