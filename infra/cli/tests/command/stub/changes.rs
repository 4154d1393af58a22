use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{SEED, Shared, World, denied, lock, moment};

/// What is asked of a tenant: nothing becomes of it here, but it is remembered and answered.
pub(super) fn router() -> Router<Shared> {
    let tenant = |act: &str| format!("/v1/tenants/{{id}}/{act}");
    Router::new()
        .route(&tenant("change-plan"), post(change))
        .route(&tenant("upgrade"), post(change))
        .route(&tenant("suspend"), post(change))
        .route(&tenant("resume"), post(change))
        .route(&tenant("access"), post(change))
        .route(&tenant("check"), post(change))
        .route(&tenant("hibernate"), post(change))
        .route(&tenant("wake"), post(change))
        .route(&tenant("approve"), post(change))
        .route(&tenant("reject"), post(change))
        .route(&tenant("restore"), post(change))
        .route(&tenant("hold"), post(change))
        .route(&tenant("release"), post(change))
        .route(&tenant("lock"), post(change))
        .route(&tenant("unlock"), post(change))
        .route(&tenant("certificate"), get(certificate))
        .route("/v1/certificate-keys", get(certificate_keys))
        .route("/v1/change-requests", get(change_requests))
        .route("/v1/change-requests/{id}", get(change_request))
        .route("/v1/change-requests/{id}/approve", post(change))
        .route("/v1/change-requests/{id}/reject", post(change))
}

/// Overrides take two, and so does a deletion, unless the glass is broken; one with days of grace waits.
pub(super) async fn change(
    State(world): State<Shared>,
    method: Method,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    let mut world = lock(&world);
    let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
    // Sorted: in which order fields stand else depends on what is built with it.
    let fields: BTreeMap<&String, &Value> = body.as_object().into_iter().flatten().collect();
    let asked = serde_json::to_string(&fields).expect("JSON");
    world.acts.push(format!("{method} {path} {asked}"));
    if let Some(query) = uri.query() {
        return preview(query);
    }
    let tenant = world.any();
    let act = uri.path().rsplit('/').next().unwrap_or_default();
    if act == "change-plan" && body["overrides"].is_object() && body["break_glass"] == false {
        return (StatusCode::ACCEPTED, Json(json!({ "change_request": wish("first") }))).into_response();
    }
    let told = |status: &str, more: Value| {
        let mut tenant = tenant.clone();
        tenant["status"] = status.into();
        if let (Some(tenant), Value::Object(more)) = (tenant.as_object_mut(), more) {
            tenant.extend(more);
        }
        Json(json!({ "tenant": tenant })).into_response()
    };
    match (act, body["grace_days"].as_u64().unwrap_or_default()) {
        ("reject", _) => told("deleted", Value::Null),
        ("restore" | "hold" | "release" | "lock" | "unlock", _) => told("active", Value::Null),
        (_, 1..) => {
            let mut tenant = tenant.clone();
            tenant["status"] = "cancelling".into();
            tenant["grace"] = json!({ "deletes_at": "2026-01-31T00:00:00Z", "was": "active" });
            let accepted = json!({ "tenant": tenant, "operation": "01KE0000000000000000000000" });
            (StatusCode::ACCEPTED, Json(accepted)).into_response()
        }
        _ => {
            let accepted = json!({ "tenant": tenant, "operation": "01KE0000000000000000000000" });
            (StatusCode::ACCEPTED, Json(accepted)).into_response()
        }
    }
}

/// What is rehearsed is fine, and a plan says what would be done.
pub(super) fn preview(query: &str) -> Response {
    let mut preview = json!({ "valid": true, "violations": [] });
    if query == "dry_run=plan" {
        preview["plan"] = json!({
            "steps": [{ "step": "merchant-create-group", "does": "change", "usual_ms": 300, "resource": {} },
                      { "step": SEED, "does": "make", "usual_ms": 1250 },
                      { "step": "merchant-probe-website", "does": "check" }],
            "estimated_ms": 1550, "approval": true, "cost_cents": 125,
            "price": { "cents": 2905, "currency": "USD", "billing_cycle": "monthly", "trial_days": 14 },
            "headroom": [{ "provider": "neon", "of": "calls", "used": 3, "calls": 630, "seconds": 60,
                           "closed_until": moment(5000) }],
            "missing_permissions": ["google"],
        });
    }
    Json(preview).into_response()
}

const FIRST: &str = "01KE0000000000000000000001";
const SECOND: &str = "01KE0000000000000000000002";

fn wish(which: &str) -> Value {
    let (id, wish) = match which {
        "first" => (FIRST, json!({ "override": { "plan": "starter", "overrides": { "memory": "1Gi" } } })),
        _ => (SECOND, json!({ "delete": { "grace_days": 30 } })),
    };
    json!({ "id": id, "tenant": "acme-000000", "wish": wish, "who": "ada", "why": "they asked", "subject": "1",
            "asked_at": moment(0), "until": "2026-01-08T00:00:00Z" })
}

/// Two parts of one each.
async fn change_requests(Query(part): Query<BTreeMap<String, String>>) -> Json<Value> {
    Json(match part.get("after") {
        None => json!({ "change_requests": [wish("first")], "next": FIRST }),
        Some(_) => json!({ "change_requests": [wish("second")] }),
    })
}

async fn change_request(Path(id): Path<String>) -> Json<Value> {
    Json(wish(if id == FIRST { "first" } else { "second" }))
}

/// Genuine of one tenant; of any other somebody has written their name over.
async fn certificate(Path(id): Path<String>) -> Json<Value> {
    let genuine = include_str!("../certificate.json");
    Json(
        serde_json::from_str(genuine)
            .map(|mut certified: Value| {
                certified["certificate"]["tenant"] = id.into();
                certified
            })
            .expect("JSON"),
    )
}

async fn certificate_keys() -> Json<Value> {
    Json(serde_json::from_str(include_str!("../certificate-keys.json")).expect("JSON"))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "active", "health": "unhealthy", "parts": [
        { "step": "merchant-create-group", "health": "healthy", "seen_at": moment(500) },
        { "step": SEED, "health": "unhealthy", "seen_at": moment(700), "fault": denied() },
        { "step": "merchant-probe-website", "health": "unknown" },
        { "step": "cloudnativepg-probe-database", "health": "healthy", "seen_at": moment(700), "seen": {
            "phase": "Cluster in healthy state", "primary": "postgres-1",
            "pods": [{ "pod": "postgres-1", "containers": 2, "restarts": 0, "ready": true }],
            "conditions": { "Ready": "True", "ContinuousArchiving": "True" },
            "last_backup": { "name": "nightly-1", "phase": "completed", "at": moment(0) },
        } },
        { "step": "kubernetes-probe-workloads", "health": "healthy", "seen_at": moment(700), "seen": {
            "services": [{
                "name": "api", "serving": 1, "wanted": 1, "conditions": { "Available": "True" },
                "pods": [
                    { "pod": "api-a", "containers": 1, "restarts": 3, "ready": true },
                    { "pod": "api-b", "containers": 1, "restarts": 9, "ready": false, "reason": "CrashLoopBackOff" },
                ],
            }],
        } },
        { "step": "merchant-probe-sign-in", "health": "healthy", "seen_at": moment(700), "seen": { "pods": "many" } },
    ] }))
}

/// Everything that is held, as far as it matters here.
pub(super) async fn export(Path(id): Path<String>) -> Json<Value> {
    Json(json!({ "tenant": super::tenant_of(&id, "active"), "audit": [] }))
}

pub(super) async fn log() -> Json<Value> {
    Json(json!({ "log": [
        { "at": moment(0), "what": "provision was accepted" },
        { "at": moment(200), "step": SEED, "what": "failed after one call", "fault": denied() },
    ] }))
}

impl World {
    /// The tenant it is about: there is one at most, and if there is none, one that waits.
    fn any(&self) -> Value {
        let waiting = || super::tenant_of("acme-000000", "pending_approval");
        self.tenants.values().next().map_or_else(waiting, |life| life.tenant.clone())
    }
}
