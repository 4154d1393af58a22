use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Shared, lock, no_tenant, problem, workflow};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/v1/blueprints", get(async || Json(json!({ "blueprints": [shop()] }))))
        .route("/v1/blueprints/{name}", get(blueprint).delete(change))
        .route("/v1/plans", get(plans))
        .route("/v1/plans/{id}", delete(change))
        .route("/v1/themes", get(themes))
        .route("/v1/{list}/{id}/activate", post(change))
        .route("/v1/{list}/{id}/deactivate", post(change))
        .route("/v1/catalogue/defaults", post(defaults))
}

async fn blueprint(Path(name): Path<String>) -> Response {
    if name != "merchant-workspace" {
        return no_tenant(&name);
    }
    Json(shop()).into_response()
}

fn shop() -> Value {
    json!({
        "name": "merchant-workspace", "version": 1, "description": "A shop", "active": true, "plans": ["starter"],
        "workflow": workflow(),
    })
}

async fn plans() -> Json<Value> {
    Json(json!({ "plans": [{
        "id": "starter", "name": "Starter", "description": "To begin with", "price_cents": 2905, "currency": "USD",
        "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": true, "features": [], "limits": {},
    }] }))
}

async fn themes() -> Json<Value> {
    let colour = "#112233";
    Json(json!({ "themes": [{
        "id": "modern", "name": "Modern", "description": "Clean", "version": "1.0.0", "active": false,
        "layout": "modern", "fonts": { "heading": "serif", "body": "system" },
        "palette": { "background": colour, "surface": colour, "text": colour, "muted": colour, "accent": colour,
                     "on_accent": colour },
    }] }))
}

/// A deletion answers nothing, and the plan that everybody has is not deleted.
async fn change(State(world): State<Shared>, method: Method, uri: Uri, Json(body): Json<Value>) -> Response {
    lock(&world).acts.push(format!("{method} {} {body}", uri.path()));
    match (method, uri.path()) {
        (Method::DELETE, "/v1/plans/starter") => problem(
            StatusCode::CONFLICT,
            json!({ "type": "/problems/in-use", "title": "It is in use", "status": 409,
                    "detail": "there are tenants with the plan 'starter'" }),
        ),
        (Method::DELETE, _) => StatusCode::NO_CONTENT.into_response(),
        _ => Json(json!({ "id": "an entry" })).into_response(),
    }
}

/// One plan was missing; the second time nothing is.
async fn defaults(State(world): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let mut world = lock(&world);
    let act = format!("defaults {body}");
    let plans: &[&str] = if world.acts.contains(&act) { &[] } else { &["starter"] };
    world.acts.push(act);
    Json(json!({ "plans": plans, "themes": [] }))
}
