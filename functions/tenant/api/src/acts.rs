use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{Accepted, By, ChangeRequest, Claims, Order, Wish};
use tenancy::{
    Access, Blueprint, Edit, EditRequest, OnFailure, OperationId, Overrides, Status, Tenant as Record,
    TenantId, Violation, Violations,
};
use utoipa::ToSchema;

use crate::caller::Role;
use crate::preview::{Preview, Rehearsal};
use crate::request::{Change, Named, Reason, Tenant};
use crate::{Api, Problem};

/// The longest time in which a cancelled tenant can be restored.
const LONGEST_GRACE: u16 = 365;

/// What a retry may say beside its reason: how, and what of the signup is to be different. What of that is not
/// said stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "the provider is back", "from": "failed_step" }))]
pub(crate) struct Retry {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    #[serde(default)]
    #[schema(required = false)]
    from: From,
    on_failure: Option<OnFailure>,
    /// Optional steps to do without.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    skip: BTreeSet<String>,
    name: Option<String>,
    subdomain: Option<String>,
    email: Option<String>,
    plan: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    integrations: Option<BTreeSet<String>>,
    access: Option<Access>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = RetryFrom)]
#[serde(rename_all = "snake_case")]
enum From {
    /// What the ledger says is done is taken as it is.
    #[default]
    FailedStep,
    /// Every step runs again.
    Start,
}

/// Provisions a tenant again that failed or is stuck
#[utoipa::path(
    post, path = "/v1/tenants/{id}/retry", tag = "tenants", params(Tenant, Rehearsal), request_body = Retry,
    responses(
        (status = 202, description = "It will be tried", body = Accepted),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn retry(
    State(api): State<Api>,
    Named(id): Named,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let Retry {
        reason,
        from,
        on_failure,
        skip,
        access,
        name,
        subdomain,
        email,
        plan,
        theme,
        category,
        integrations,
    } = change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { name, subdomain, email, plan, theme, category, integrations, overrides: None };
    if let Some(preview) = api.rehearse_retry(&id, &edit, &skip, &rehearsal).await? {
        return Ok(preview.into_response());
    }
    let order = Order::retry(by).on_failure(on_failure).skipping(skip).from_start(from == From::Start);
    let order = order.editing(Box::pin(api.check(&id, edit)).await?);
    let order = if let Some(access) = access { order.giving(access) } else { order };
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?).into_response())
}

impl Api {
    /// Checks an edit against what the tenant's own version of its blueprint offers.
    pub(crate) async fn check(&self, id: &TenantId, edit: EditRequest) -> Result<Edit, Problem> {
        if edit == EditRequest::default() {
            return Ok(Edit::default());
        }
        let tenant = self.known(id).await?;
        let blueprint = self.tenants.blueprint(&tenant).await?;
        self.fits(edit, &tenant, &blueprint).await?.map_err(Problem::invalid)
    }

    /// The edit, or all that is wrong with it.
    pub(crate) async fn fits(
        &self,
        edit: EditRequest,
        tenant: &Record,
        blueprint: &Blueprint,
    ) -> Result<Result<Edit, Violations>, Problem> {
        let (plans, themes) = (self.catalogue.plans().await?, self.catalogue.themes().await?);
        let usage = self.tenants.usage(&tenant.id).await?;
        Ok(edit.check(tenant, blueprint, &plans, &themes, &usage))
    }
}

/// Has visitors see that a tenant is suspended
///
/// Its data is kept.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/suspend", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn suspend(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::suspend(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Has a suspended tenant serve its visitors again
#[utoipa::path(
    post, path = "/v1/tenants/{id}/resume", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn resume(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::resume(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Looks at every part of a tenant anew, and mends it
///
/// An operation runs every step again over the tenant as it is to be; `health` tells what was seen. Only one that is active is
/// checked: one that sleeps would have to be woken.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/check", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "operator", "machine"])),
)]
pub(crate) async fn check(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::check(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// What a tenant's product is to let people do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "access": "read_only", "reason": "the second reminder was not paid" }))]
pub(crate) struct AccessChange {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    access: Access,
}

/// Has a tenant's product refuse changes, or take them again
///
/// Its people and visitors see what there is either way. An operation tells each part of it, and leads back should it fail.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/access", tag = "tenants", params(Tenant), request_body = AccessChange,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "operator", "machine"])),
)]
pub(crate) async fn change_access(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let AccessChange { reason, access } = change.decode()?;
    let order = Order::change_access(access, change.by(&reason)?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Another plan, or settings of the tenant's own within the bounds of the one it has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "plan": "professional", "reason": "they grow" }))]
pub(crate) struct PlanChange {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    plan: Option<String>,
    /// For admins alone: all of them, what is not named is as the plan says.
    overrides: Option<Overrides>,
    /// Does not wait for somebody else's approval, where that is asked for: for admins alone, and told.
    #[serde(default)]
    #[schema(required = false)]
    break_glass: bool,
}

/// Moves a tenant to another plan, or gives it what its plan does not
#[utoipa::path(
    post, path = "/v1/tenants/{id}/change-plan", tag = "tenants", params(Tenant, Rehearsal), request_body = PlanChange,
    responses(
        (status = 202, description = "It will be done, or somebody else has to approve it", body = Outcome),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn change_plan(
    State(api): State<Api>,
    Named(id): Named,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let PlanChange { reason, plan, overrides, break_glass } = change.decode()?;
    let by = change.by(&reason)?;
    if plan.is_none() && overrides.is_none() {
        return Err(Problem::violated(Violation::new(
            "plan",
            "nothing is to be different",
            "a plan or overrides",
        )));
    }
    change.may_override(overrides.as_ref().unwrap_or(&Overrides::new()))?;
    let edit = EditRequest { plan: plan.clone(), overrides: overrides.clone(), ..EditRequest::default() };
    if let Some(preview) = api.rehearse_change(&id, &edit, &rehearsal).await? {
        return Ok(preview.into_response());
    }
    let edit = Box::pin(api.check(&id, edit)).await?;
    if let Some(overrides) = overrides
        && api.takes_two(&change, break_glass)?
    {
        return api.ask(&id, Wish::Override { plan, overrides }, by, &change).await;
    }
    let order = Order::change_plan(broken(by, break_glass)).editing(edit);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?).into_response())
}

/// How a tenant is deleted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "grace_days": 30, "reason": "cancelled by the customer" }))]
pub(crate) struct Deletion {
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
    /// For how long it can be restored; not at all if nothing is said.
    #[serde(default)]
    #[schema(required = false, maximum = 365)]
    grace_days: u16,
    /// Does not wait for somebody else's approval, where that is asked for: for admins alone, and told.
    #[serde(default)]
    #[schema(required = false)]
    break_glass: bool,
}

/// Deletes a tenant and everything it has
///
/// At once, or when the time in which it can be restored is over: then what it holds is archived, and there is a
/// certificate that the rest is gone.
#[utoipa::path(
    delete, path = "/v1/tenants/{id}", tag = "tenants", params(Tenant, Rehearsal),
    request_body(content = Option<Deletion>),
    responses(
        (status = 202, description = "It will be done, or somebody else has to approve it", body = Outcome),
        (status = 200, description = "What would be done: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Named(id): Named,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let Deletion { reason, grace_days, break_glass } =
        if change.body.is_empty() { Deletion::default() } else { change.decode()? };
    let by = change.by(reason.as_deref().unwrap_or("deleted"))?;
    if grace_days > LONGEST_GRACE {
        let violation =
            Violation::new("grace_days", format!("is {grace_days}"), format!("0 to {LONGEST_GRACE}"));
        return Err(Problem::violated(violation));
    }
    if let Some(preview) = api.rehearse_deletion(&id, &rehearsal).await? {
        return Ok(preview.into_response());
    }
    // Nobody misses a synthetic tenant, and nobody would be there every hour to approve that it goes.
    if api.takes_two(&change, break_glass)? && !api.known(&id).await?.subdomain.is_synthetic() {
        return api.ask(&id, Wish::Delete { grace_days }, by, &change).await;
    }
    api.delete(&id, grace_days, broken(by, break_glass), None, &change).await
}

impl Api {
    /// Deletes a tenant, by itself or as somebody else wished.
    pub(crate) async fn delete(
        &self,
        id: &TenantId,
        grace_days: u16,
        by: By,
        granted: Option<ChangeRequest>,
        change: &Change,
    ) -> Result<Response, Problem> {
        let (key, now) = (change.key.as_ref(), clock::now());
        if grace_days > 0 {
            let until = self.settings.calendar.after(now, grace_days);
            let order = Order::offboard(by, until, now);
            let order = if let Some(wish) = granted { order.granting(wish) } else { order };
            return Ok(accepted(&self.tenants.order(id, order, key, now).await?).into_response());
        }
        let order = Order::delete(by);
        let order = if let Some(wish) = granted { order.granting(wish) } else { order };
        Ok(accepted(&self.tenants.order(id, order, key, now).await?).into_response())
    }

    /// What the request led to before, if its key was used: by then another road may lead there.
    pub(crate) async fn replayed(&self, change: &Change) -> Result<Option<Response>, Problem> {
        let claims = Claims::new(self.db.clone());
        let Some(answer) = claims.answered::<Answer>(change.key.as_ref(), clock::now()).await? else {
            return Ok(None);
        };
        Ok(Some(match answer {
            Answer::Operation(done) => accepted(&done).into_response(),
            Answer::ChangeRequest(change_request) => wished(change_request),
            Answer::Tenant(tenant) => kept(tenant).into_response(),
        }))
    }

    /// Whether somebody else has to approve it.
    fn takes_two(&self, change: &Change, break_glass: bool) -> Result<bool, Problem> {
        if break_glass && !change.caller.is(Role::Admin) {
            let allowed = "false: only an admin goes ahead alone";
            return Err(Problem::violated(Violation::new("break_glass", "is true", allowed)));
        }
        if break_glass && self.settings.separation_of_duty {
            tracing::warn!(who = change.caller.name(), "goes ahead alone with what takes two");
        }
        Ok(self.settings.separation_of_duty && !break_glass)
    }

    /// Writes down what somebody else has to approve.
    async fn ask(&self, id: &TenantId, wish: Wish, by: By, change: &Change) -> Result<Response, Problem> {
        let subject = change.caller.subject().to_owned();
        let (key, now) = (change.key.as_ref(), clock::now());
        let change_request = ChangeRequest::ask(&self.db, id, wish, subject, by, key, now).await?;
        Ok(wished(change_request))
    }
}

/// What somebody goes ahead with alone is told apart in the audit log.
fn broken(by: By, break_glass: bool) -> By {
    if break_glass { By { why: format!("break glass: {}", by.why), ..by } } else { by }
}

/// 202: somebody else has to approve it.
fn wished(change_request: ChangeRequest) -> Response {
    let location = [(header::LOCATION, format!("/v1/change-requests/{}", change_request.id))];
    let outcome = Outcome { change_request: Some(change_request), ..Outcome::default() };
    (StatusCode::ACCEPTED, location, Json(outcome)).into_response()
}

/// What a request key was kept with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
enum Answer {
    Operation(Accepted),
    ChangeRequest(ChangeRequest),
    Tenant(Record),
}

/// What became of a wish.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Record>,
    /// What does it. Without one the tenant waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OperationId>,
    /// What somebody else has to approve first.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_request: Option<ChangeRequest>,
}

/// Why a tenant has to go, whatever is under way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "its provider account is closed" }))]
pub(crate) struct ForcedDeletion {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Does not wait for somebody else's approval, where that is asked for.
    #[serde(default)]
    #[schema(required = false)]
    break_glass: bool,
}

/// Deletes a tenant whatever is under way and whatever would not go
///
/// What would not go stays as repair tasks. Where deletions take two, this is done by breaking the glass alone.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/force-delete", tag = "tenants", params(Tenant), request_body = ForcedDeletion,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn force_delete(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let ForcedDeletion { reason, break_glass } = change.decode()?;
    let by = change.by(&reason)?;
    if api.takes_two(&change, break_glass)? {
        let detail =
            "a deletion takes two here, and this one cannot wait: send it with \"break_glass\": true";
        return Err(Problem::forbidden(detail));
    }
    let order = Order::force_delete(broken(by, break_glass));
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Why a tenant is to come back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "they have changed their mind" }))]
pub(crate) struct Restoration {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Where a tenant that is gone answers from now on, if somebody else has its subdomain.
    subdomain: Option<String>,
}

/// Brings a tenant back that was cancelled or is gone
///
/// In its days of grace it is at once what it was before. Afterwards it is provisioned again and filled with what its
/// archive holds, for as long as that is kept, unless its own people ask; its own domains and its subscription are to be
/// added anew.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/restore", tag = "tenants", params(Tenant), request_body = Restoration,
    responses(
        (status = 200, description = "It stays", body = Kept),
        (status = 202, description = "It will be restored from its archive", body = Accepted),
    ),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn restore(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Response, Problem> {
    let Restoration { reason, subdomain } = change.decode()?;
    let by = change.by(&reason)?;
    // By now another road may lead there.
    match Claims::new(api.db.clone()).answered(change.key.as_ref(), clock::now()).await? {
        Some(Answer::Operation(done)) => return Ok(accepted(&done).into_response()),
        Some(Answer::Tenant(tenant)) => return Ok(Json(Kept { tenant }).into_response()),
        Some(Answer::ChangeRequest(_)) | None => {}
    }
    if api.known(&id).await?.status == Status::Deleted {
        // Nobody pays for it: that is not its people's to decide.
        if change.caller.is(Role::Tenant) {
            return Err(Problem::forbidden("the tenant is gone: ask its provider to restore it"));
        }
        let edit = EditRequest { subdomain, ..EditRequest::default() };
        let order = Order::restore(by).editing(Box::pin(api.check(&id, edit)).await?);
        let done = api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?;
        return Ok(accepted(&done).into_response());
    }
    if subdomain.is_some() {
        let detail = "nothing: the tenant still has its subdomain";
        return Err(Problem::violated(Violation::new("subdomain", "is given", detail)));
    }
    let tenant = api.tenants.restore(&id, by, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }).into_response())
}

/// A tenant about which something was decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecidedTenant)]
pub(crate) struct Kept {
    pub(crate) tenant: Record,
}

/// 202: it is decided, and here is the tenant that waits.
pub(crate) fn kept(tenant: Record) -> impl IntoResponse + use<> {
    let location = format!("/v1/tenants/{}", tenant.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(Kept { tenant }))
}

/// 202: it will be done, and here is where to watch.
pub(crate) fn accepted(accepted: &Accepted) -> impl IntoResponse + use<> {
    let location = format!("/v1/tenants/{}/operations/{}", accepted.tenant.id, accepted.operation);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted.clone()))
}
