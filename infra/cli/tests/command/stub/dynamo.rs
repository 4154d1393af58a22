use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Shared, lock};

/// DynamoDB with an empty table: what is written is remembered, and not found again.
pub(super) fn router() -> Router<Shared> {
    Router::new().route("/", post(answer))
}

async fn answer(State(world): State<Shared>, headers: HeaderMap, body: String) -> Json<Value> {
    let act =
        headers["x-amz-target"].to_str().expect("text").rsplit('.').next().unwrap_or_default().to_owned();
    let region = headers["authorization"].to_str().expect("text").split('/').nth(2).unwrap_or_default();
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let table = body["TableName"].as_str().unwrap_or_default();
    lock(&world).acts.push(format!("{act} {table} in {region}"));
    Json(if act == "Query" { json!({ "Items": [], "Count": 0, "ScannedCount": 0 }) } else { json!({}) })
}
