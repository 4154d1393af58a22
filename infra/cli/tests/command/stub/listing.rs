use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, RawQuery, State};
use serde_json::{Value, json};

use super::{Shared, lock, tenant_of};

/// Three tenants, in parts of two at most, of which the second is empty.
pub(super) async fn tenants(
    State(world): State<Shared>,
    RawQuery(query): RawQuery,
    Query(wanted): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    lock(&world).acts.push(format!("list {}", query.unwrap_or_default()));
    let limit: usize = wanted["limit"].parse().expect("a limit");
    let (ids, next): (&[&str], _) = match wanted.get("after").map(String::as_str) {
        None => (&["acme-000000", "bakery-of-bern-00000b"], Some("b")),
        Some("b") => (&[], Some("c")),
        Some(_) => (&["crane-00000c"], None),
    };
    let tenants: Vec<Value> = ids.iter().take(limit).map(|id| tenant_of(id, "active")).collect();
    Json(json!({ "tenants": tenants, "next": next }))
}
