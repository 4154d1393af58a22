use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

const ID: &str = "01M7YJMCAGDF8N7ZT7RZ80SAD4";
const DELIVERY: &str = "1767225600-evt_00000000000000000000000000000001";

/// One endpoint, which takes nothing.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/v1/webhooks", get(async || Json(json!({ "webhooks": [webhook()] }))).post(add))
        .route(
            "/v1/webhooks/{id}",
            get(webhook_alone).patch(webhook_alone).delete(async || StatusCode::NO_CONTENT),
        )
        .route("/v1/webhooks/{id}/rotate-secret", post(webhook_alone))
        .route(
            "/v1/webhooks/{id}/deliveries",
            get(async || Json(json!({ "deliveries": [delivery("dead")] }))),
        )
        .route("/v1/webhooks/{id}/test", post(async || (StatusCode::ACCEPTED, Json(delivery("waiting")))))
        .route("/v1/webhooks/{id}/deliveries/{delivery}", get(show))
        .route("/v1/webhooks/{id}/replay", post(replay))
}

fn webhook() -> Value {
    json!({
        "id": ID, "url": "https://a.example.com/", "types": ["tenantry.tenant.activated.v1"], "enabled": true,
        "created_at": "2026-01-01T00:00:00Z",
    })
}

async fn webhook_alone() -> Json<Value> {
    Json(webhook())
}

fn delivery(state: &str) -> Value {
    let attempt = json!({ "at": "2026-01-01T00:00:00Z", "status": 503, "duration_ms": 12 });
    json!({
        "id": DELIVERY, "webhook": ID, "state": state, "round": 1, "tries": 1,
        "attempts": if state == "dead" { vec![attempt] } else { vec![] },
        "event": {
            "specversion": "1.0", "id": "evt_00000000000000000000000000000001", "type": "tenantry.webhook.test.v1",
            "source": "urn:tenantry:t", "subject": format!("webhooks/{ID}"), "time": "2026-01-01T00:00:00Z",
            "datacontenttype": "application/json", "data": { "webhook": ID, "by": "admin" },
        },
    })
}

async fn add() -> impl IntoResponse {
    let mut made = webhook();
    made["secret"] = "whsec_shown".into();
    (StatusCode::CREATED, Json(made))
}

async fn show(Path((_, id)): Path<(String, String)>) -> impl IntoResponse {
    assert_eq!(id, DELIVERY);
    Json(delivery("dead"))
}

/// Two now, and one in the next part.
async fn replay(Json(order): Json<Value>) -> impl IntoResponse {
    let answer = match order["after"].as_str() {
        None => json!({ "replayed": 2, "next": DELIVERY }),
        Some(_) => json!({ "replayed": 1 }),
    };
    (StatusCode::ACCEPTED, Json(answer))
}
