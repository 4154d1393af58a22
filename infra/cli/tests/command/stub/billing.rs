use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// A biller that was understood once, not known once, and not dealt with a hundred and one times.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/v1/subscriptions/{id}", get(subscription))
        .route("/v1/billing-events/unknown", get(unknown))
        .route("/v1/billing-events/dead", get(dead))
        .route("/v1/billing-events/dead/replay", post(async || Json(json!({ "replayed": 50 }))))
}

async fn subscription() -> Json<Value> {
    let said = json!({ "state": "active" });
    Json(json!({ "tenant": "acme-000000", "charged": true, "heard": 3, "late": 1, "subscription": said }))
}

async fn unknown() -> Json<Value> {
    let event = json!({ "id": "evt_1", "kind": "payout.paid", "received_at": "2026-01-01T00:00:00Z" });
    Json(json!({ "events": [event] }))
}

async fn dead() -> Json<Value> {
    let events = [json!({ "id": "evt_2", "kind": "invoice.paid" }), json!({ "id": null, "kind": null })];
    Json(json!({ "waiting": 101, "events": events }))
}
