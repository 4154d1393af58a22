use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use store::Accepted;
use tenancy::{Event, Kind, SignupRequest, Tenant};

use crate::request::{Change, Named};
use crate::{Api, Problem};

/// `POST /v1/tenants`
pub(crate) async fn sign_up(State(api): State<Api>, change: Change) -> Result<impl IntoResponse, Problem> {
    let request: SignupRequest = change.decode()?;
    let (blueprint, plans, themes) = tokio::join!(
        api.catalogue.blueprint(&request.blueprint),
        api.catalogue.plans(),
        api.catalogue.themes(),
    );
    let signup = request.check(blueprint?, &plans?, &themes?).map_err(Problem::invalid)?;
    Ok(accepted(&api.tenants.sign_up(&signup, change.key.as_ref(), Timestamp::now()).await?))
}

/// `GET /v1/tenants/{id}`
pub(crate) async fn show(State(api): State<Api>, Named(id): Named) -> Result<Json<Tenant>, Problem> {
    let tenant = api.tenants.get(&id).await?;
    tenant
        .map(|tenant| Json(tenant.value))
        .ok_or_else(|| Problem::not_found(format!("there is no tenant {id}")))
}

/// `POST /v1/tenants/{id}/retry`
pub(crate) async fn retry(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let (kind, event) = (Kind::Provision, Event::RetryRequested);
    Ok(accepted(&api.tenants.request(&id, kind, event, change.key.as_ref(), Timestamp::now()).await?))
}

/// `DELETE /v1/tenants/{id}`
pub(crate) async fn delete(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let (kind, event) = (Kind::Delete, Event::DeleteRequested);
    Ok(accepted(&api.tenants.request(&id, kind, event, change.key.as_ref(), Timestamp::now()).await?))
}

/// 202: it will be done, and here is where to watch.
fn accepted(accepted: &Accepted) -> impl IntoResponse + use<> {
    let location = format!("/v1/tenants/{}/operations/{}", accepted.tenant.id, accepted.operation);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted.clone()))
}
