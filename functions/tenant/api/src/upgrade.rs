use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::{Accepted, Order, Refusal};
use tenancy::UpgradeRequest;
use utoipa::ToSchema;

use crate::acts::accepted;
use crate::preview::{Preview, Rehearsal};
use crate::request::{Change, Named, Tenant};
use crate::{Api, Problem};

/// To which version of its blueprint a tenant is moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 2, "reason": "the release of June" }))]
pub(crate) struct Upgrade {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// The newest, if none is named. An older one than the tenant's leads back to that.
    version: Option<u32>,
}

/// Moves a tenant to another version of its blueprint
///
/// An operation brings everything in line with what that version says, and leads back to the version before should it fail.
/// The plan stays, and so does what the tenant has instead of what its plan says.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/upgrade", tag = "tenants", params(Tenant, Rehearsal), request_body = Upgrade,
    responses(
        (status = 202, description = "It will be done", body = Accepted),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn upgrade(
    State(api): State<Api>,
    Named(id): Named,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let Upgrade { reason, version } = change.decode()?;
    let by = change.by(&reason)?;
    let tenant = api.known(&id).await?;
    let versions = api.catalogue.versions(&tenant.blueprint.name).await?;
    let checked = UpgradeRequest { version }.check(&tenant, &versions);
    if !rehearsal.is_meant() {
        return Ok(api.rehearse_edit(tenant, checked, false, &rehearsal).await?.into_response());
    }
    // By now the tenant is of that version.
    if let Some(before) = api.replayed(&change).await? {
        return Ok(before);
    }
    // Nor is it, before the operation that moves it has ended well.
    if let Some(operation) = tenant.operation.filter(|_| tenant.status.is_transitional()) {
        return Err(Refusal::Busy(operation).into());
    }
    let order = Order::upgrade(by).editing(checked.map_err(Problem::invalid)?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?).into_response())
}
