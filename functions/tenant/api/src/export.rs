use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use jiff::Timestamp;
use serde::Serialize;
use store::{Account, Audit, Certified};
use tenancy::{Operation, StepFault};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::domains::Shown as Domain;
use crate::operations::Summary;
use crate::request::{Named, Tenant};
use crate::tenants::Left as Resource;
use crate::{Api, Problem};

/// All that is recorded of a tenant. What its people have written is in its product, and in its archive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    exported_at: Timestamp,
    /// With what is kept of it, once it is gone.
    tenant: tenancy::Tenant,
    /// What its steps made, and what became of it.
    resources: Vec<Resource>,
    domains: Vec<Domain>,
    /// The newest first.
    operations: Vec<Done>,
    /// What pays for it, as its biller says.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<Account>,
    /// That it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certified>,
    /// What was done by hand: for whoever may read that.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<Vec<Audit>>,
}

/// An operation without its steps: a function answers with 6 MB at most, and a tenant that sleeps at night has hundreds of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedOperation)]
struct Done {
    #[serde(flatten)]
    summary: Summary,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<StepFault>,
}

impl From<Operation> for Done {
    fn from(operation: Operation) -> Self {
        Self { summary: Summary::from(&operation), fault: operation.fault }
    }
}

/// Gives all that is recorded of a tenant, as one file
#[utoipa::path(
    get, path = "/v1/tenants/{id}/export", tag = "tenants", params(Tenant),
    responses((status = 200, description = "A file", body = Export)),
    security(("token" = ["admin", "operator", "tenant"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<([(HeaderName, String); 1], Json<Export>), Problem> {
    let tenant = api.known(&id).await?;
    let (resources, domains, operations, certificate) = tokio::join!(
        api.ledger.resources(&id),
        api.tenants.domains(&id),
        api.tenants.operations(&id),
        api.tenants.certificate(&id),
    );
    let subscription = match &tenant.subscription {
        Some(subscription) => Account::get(&api.db, subscription).await?,
        None => None,
    };
    let audit = if caller.only_tenant().is_none() { Some(Audit::all(&api.db, &id).await?) } else { None };
    let export = Export {
        exported_at: clock::now(),
        tenant,
        resources: resources?.into_iter().map(Resource::from).collect(),
        domains: domains?.value.all.into_iter().map(|domain| api.shown(domain)).collect(),
        operations: operations?.into_iter().map(Done::from).collect(),
        subscription,
        certificate: certificate?,
        audit,
    };
    // An id has nothing in it that a header would stumble over.
    let file = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.json\""));
    Ok(([file], Json(export)))
}
