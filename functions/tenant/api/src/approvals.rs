use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use store::{Accepted, Order};
use tenancy::{DomainName, EditRequest, TenantId, Violation};
use utoipa::ToSchema;

use crate::acts::{Kept, accepted};
use crate::request::{Change, Named, Reason, Tenant};
use crate::signups::refused;
use crate::{Api, Problem};

/// What is to be different about a signup that is approved; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "checked by phone", "plan": "professional", "subdomain": "awesome-store" }))]
pub(crate) struct Approval {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    name: Option<String>,
    subdomain: Option<String>,
    plan: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    integrations: Option<BTreeSet<String>>,
    /// A domain of the customer's own, to begin with once the tenant is active; an empty one means none.
    custom_domain: Option<String>,
}

/// Has a tenant made that waited for it
///
/// Those that wait are listed by `GET /v1/tenants?status=pending_approval`. One that nobody approves in 14 days is turned
/// down.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/approve", tag = "approval", params(Tenant), request_body = Approval,
    responses((status = 202, description = "It will be made", body = Accepted)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn approve(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Approval { reason, name, subdomain, plan, theme, category, integrations, custom_domain } =
        change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { name, subdomain, plan, theme, category, integrations, ..EditRequest::default() };
    let order = Order::approve(by).editing(Box::pin(api.check(&id, edit)).await?);
    let domain = match custom_domain.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(given) => Some(Some(api.begins_at(&id, given).await?)),
    };
    let order = order.beginning_at(domain);
    let done = api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await.map_err(refused)?;
    Ok(accepted(&done))
}

impl Api {
    /// The domain that a tenant can begin with, as far as we are concerned.
    async fn begins_at(&self, id: &TenantId, given: &str) -> Result<DomainName, Problem> {
        let tenant = self.known(id).await?;
        if self.tenants.blueprint(&tenant).await?.custom_domain.is_none() {
            let none = "none: this blueprint serves no domain but its own";
            return Err(Problem::violated(Violation::new(
                "custom_domain",
                format!("'{given}' was given"),
                none,
            )));
        }
        let domain = DomainName::parse("custom_domain", given).map_err(Problem::violated)?;
        self.may_have("custom_domain", &domain).await?.map_err(Problem::violated)?;
        Ok(domain)
    }
}

/// Turns a signup down that waits for approval
///
/// Its names are free again.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/reject", tag = "approval", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is turned down", body = Kept)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn reject(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let by = change.reason()?;
    let tenant = api.tenants.reject(&id, by, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}
