//! The sandbox's own API: faults come and go, and the front learns its target.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::clouds::{Pace, Thing};
use crate::fault::{Active, Fault, Faults};
use crate::front::Front;
use crate::sky::{Checked, Sky};

/// What control has in its hands.
#[derive(Debug, Clone)]
pub struct Control {
    pub faults: Arc<Faults>,
    pub front: Front,
    /// Absent when the sandbox was started without credentials for the clouds.
    pub sky: Option<Arc<Sky>>,
}

#[derive(Debug, Deserialize)]
struct Whose {
    tenant: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Alias {
    cname: String,
}

#[derive(Debug, Deserialize)]
struct NewPace {
    pace: f64,
}

#[derive(Debug, Serialize)]
struct Added {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Target {
    target: String,
}

/// `POST|GET|DELETE /_faults`, `DELETE /_faults/{id}`, `PUT /_sandbox/front`; of the clouds `GET /_inventory`,
/// `GET /_calls`, `GET /_contract`, `PUT /_pace`, `PUT|DELETE /_dns/{name}`.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/_faults", get(list).post(add).delete(clear))
        .route("/_faults/{id}", delete(remove))
        .route("/_sandbox/front", put(lead))
        .route("/_inventory", get(inventory))
        .route("/_calls", get(calls))
        .route("/_contract", get(contract))
        .route("/_pace", put(pace))
        .route("/_dns/{name}", put(point).delete(unpoint))
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

/// What exists in the clouds: of one tenant, if its id occurs in the name or the mark of a thing, or all.
async fn inventory(
    State(control): State<Control>,
    Query(whose): Query<Whose>,
) -> Result<Json<Vec<Thing>>, StatusCode> {
    let mut things = control.sky.ok_or(StatusCode::NOT_FOUND)?.things();
    if let Some(tenant) = whose.tenant {
        let named = |text: &str| text.contains(&tenant);
        things.retain(|thing| named(&thing.name) || thing.owner.as_deref().is_some_and(named));
    }
    Ok(Json(things))
}

/// `{"neon": {"CreateBranch": 3}}`
async fn calls(
    State(control): State<Control>,
) -> Result<Json<BTreeMap<&'static str, BTreeMap<&'static str, u64>>>, StatusCode> {
    Ok(Json(control.sky.ok_or(StatusCode::NOT_FOUND)?.calls()))
}

async fn contract(State(control): State<Control>) -> Result<Json<Checked>, StatusCode> {
    Ok(Json(control.sky.ok_or(StatusCode::NOT_FOUND)?.checked()))
}

async fn pace(State(control): State<Control>, Json(new): Json<NewPace>) -> Result<StatusCode, StatusCode> {
    if !(0.0..=100.0).contains(&new.pace) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    control.sky.ok_or(StatusCode::NOT_FOUND)?.set_pace(Pace(new.pace));
    Ok(StatusCode::NO_CONTENT)
}

/// What a customer does in their own DNS.
async fn point(
    State(control): State<Control>,
    Path(name): Path<String>,
    Json(alias): Json<Alias>,
) -> Result<StatusCode, StatusCode> {
    control.sky.ok_or(StatusCode::NOT_FOUND)?.point(&name, Some(&alias.cname));
    Ok(StatusCode::NO_CONTENT)
}

async fn unpoint(State(control): State<Control>, Path(name): Path<String>) -> Result<StatusCode, StatusCode> {
    control.sky.ok_or(StatusCode::NOT_FOUND)?.point(&name, None);
    Ok(StatusCode::NO_CONTENT)
}
