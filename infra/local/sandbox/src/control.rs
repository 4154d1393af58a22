//! The sandbox's own API: faults come and go, and the front learns its target.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::fault::{Active, Fault, Faults};
use crate::front::Front;

/// What control has in its hands.
#[derive(Debug, Clone)]
pub struct Control {
    pub faults: Arc<Faults>,
    pub front: Front,
}

#[derive(Debug, Serialize)]
struct Added {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Target {
    target: String,
}

/// `POST|GET|DELETE /_faults`, `DELETE /_faults/{id}`, `PUT /_sandbox/front`.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/_faults", get(list).post(add).delete(clear))
        .route("/_faults/{id}", delete(remove))
        .route("/_sandbox/front", put(lead))
        .with_state(control)
}

async fn add(State(control): State<Control>, Json(fault): Json<Fault>) -> (StatusCode, Json<Added>) {
    (StatusCode::CREATED, Json(Added { id: control.faults.add(fault) }))
}

async fn list(State(control): State<Control>) -> Json<Vec<Active>> {
    Json(control.faults.list())
}

async fn clear(State(control): State<Control>) -> StatusCode {
    control.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove(State(control): State<Control>, Path(id): Path<u64>) -> StatusCode {
    if control.faults.remove(id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn lead(State(control): State<Control>, Json(front): Json<Target>) -> StatusCode {
    control.front.lead_to(&front.target);
    StatusCode::NO_CONTENT
}
