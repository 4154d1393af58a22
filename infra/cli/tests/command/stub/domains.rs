use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

const HOSTNAME: &str = "shop.acme.example";
const OPERATION: &str = "01KE0000000000000000000000";

/// One domain, which is there as soon as somebody looks.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/v1/tenants/{id}/domains", post(add).get(async || Json(json!({ "domains": [domain()] }))))
        .route("/v1/tenants/{id}/domains/{hostname}", get(async || Json(domain())).delete(remove))
}

fn records() -> Value {
    json!([{ "type": "CNAME", "name": HOSTNAME, "value": "sites.example.com" }])
}

fn domain() -> Value {
    let seen = json!({ "state": "right", "since": "2026-01-01T00:00:00Z", "detail": "" });
    json!({
        "hostname": HOSTNAME, "state": "active", "requested_at": "2026-01-01T00:00:00Z", "name": seen, "dns": seen,
        "certificate": seen, "records": records(),
    })
}

async fn add(Json(body): Json<Value>) -> impl IntoResponse {
    let accepted = json!({ "operation": OPERATION, "hostname": body["hostname"], "records": records() });
    (StatusCode::ACCEPTED, Json(accepted))
}

async fn remove(Path((_, hostname)): Path<(String, String)>) -> impl IntoResponse {
    (StatusCode::ACCEPTED, Json(json!({ "operation": OPERATION, "hostname": hostname })))
}
