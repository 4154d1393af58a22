use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use store::Accepted;
use tenancy::{DnsRecord, Domain, DomainName, DomainState, OperationId, TenantId, Violation};
use utoipa::{IntoParams, ToSchema};

use crate::request::{Change, Named, Reason, Tenant};
use crate::{Api, Problem};

/// What the platform has for its tenants' domains to lead to.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Its own domain, below which nobody has one of their own.
    pub domain: String,
    /// What customers point theirs to.
    pub target: String,
}

/// A domain as its holder sees it: how far it is, and what they have to publish.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShownDomain)]
pub(crate) struct Shown {
    #[serde(flatten)]
    domain: Domain,
    records: Vec<DnsRecord>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Domains)]
pub(crate) struct Listing {
    domains: Vec<Shown>,
}

/// What has been accepted, with the record that is the customer's to publish meanwhile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptedDomain)]
struct Asked {
    tenant: TenantId,
    operation: OperationId,
    hostname: DomainName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    records: Vec<DnsRecord>,
}

/// Lists a tenant's own domains
#[utoipa::path(
    get, path = "/v1/tenants/{id}/domains", tag = "domains", params(Tenant),
    responses((status = 200, description = "How far each is, and the records to publish", body = Listing)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn list(State(api): State<Api>, Named(id): Named) -> Result<Json<Listing>, Problem> {
    api.known(&id).await?;
    let domains = api.tenants.domains(&id).await?.value;
    Ok(Json(Listing { domains: domains.all.into_iter().map(|domain| api.shown(domain)).collect() }))
}

/// Shows a tenant's own domain
#[utoipa::path(
    get, path = "/v1/tenants/{id}/domains/{hostname}", tag = "domains", params(OwnDomain),
    responses((status = 200, description = "How far it is, and the records to publish", body = Shown)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Path((id, hostname)): Path<(String, String)>,
) -> Result<Json<Shown>, Problem> {
    let (id, hostname) = named(&id, &hostname)?;
    let missing = || Problem::not_found(format!("tenant {id} has no domain {hostname}"));
    let domains = api.tenants.domains(&id).await?.value;
    let domain = domains.get(&hostname).cloned().ok_or_else(missing)?;
    Ok(Json(api.shown(domain)))
}

/// A domain of the customer's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedDomain, example = json!({ "hostname": "shop.example.com" }))]
pub(crate) struct Wanted {
    #[schema(max_length = 253)]
    hostname: String,
}

/// Has a tenant answer at a domain of its own
///
/// The answer says which record to publish. It is looked for at growing intervals for 24 hours.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/domains", tag = "domains", params(Tenant), request_body = Wanted,
    responses((status = 202, description = "It is waited for", body = Asked)),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn add(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Wanted { hostname } = change.decode()?;
    let hostname = DomainName::parse("hostname", &hostname).map_err(Problem::violated)?;
    let platform = api.may_have("hostname", &hostname).await?.map_err(Problem::violated)?;
    let by = change.by("asked for")?;
    let accepted = api.tenants.add_domain(&id, &hostname, by, change.key.as_ref(), clock::now()).await?;
    let records = vec![DnsRecord::alias(&hostname, &platform.target)];
    Ok(asked(accepted, hostname, records))
}

/// Takes a domain away from a tenant
#[utoipa::path(
    delete, path = "/v1/tenants/{id}/domains/{hostname}", tag = "domains", params(OwnDomain),
    request_body(content = Option<Reason>),
    responses((status = 202, description = "It will be done", body = Asked)),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Path((id, hostname)): Path<(String, String)>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let (id, hostname) = named(&id, &hostname)?;
    let by = change.reason_or("removed")?;
    let accepted = api.tenants.remove_domain(&id, &hostname, by, change.key.as_ref(), clock::now()).await?;
    Ok(asked(accepted, hostname, Vec::new()))
}

impl Api {
    /// Whether a tenant may have that domain, as far as we are concerned.
    pub(crate) async fn may_have(
        &self,
        field: &'static str,
        hostname: &DomainName,
    ) -> Result<Result<&Platform, Violation>, Problem> {
        let refused = |problem: String, allowed| Violation::new(field, problem, allowed);
        let none = || {
            refused(format!("'{hostname}' was given"), "none: no domain but the platform's is served here")
        };
        let Some(platform) = &self.settings.platform else { return Ok(Err(none())) };
        // Below these each name is some tenant's, or will be: it leads to us already, and would seem to be proven.
        let blueprints = self.catalogue.blueprints().await?;
        let of_products = blueprints.iter().filter_map(|blueprint| blueprint.settings.get("domain"));
        if of_products.chain([&platform.domain]).any(|domain| hostname.is_within(domain)) {
            return Ok(Err(refused(
                format!("'{hostname}' is the platform's own"),
                "a domain of the customer's own",
            )));
        }
        Ok(Ok(platform))
    }

    pub(crate) fn shown(&self, domain: Domain) -> Shown {
        let wanted = domain.state != DomainState::Removing;
        let alias = self
            .settings
            .platform
            .as_ref()
            .map(|platform| DnsRecord::alias(&domain.hostname, &platform.target));
        let records = alias.into_iter().chain(domain.proofs.clone()).filter(|_| wanted).collect();
        Shown { domain, records }
    }
}

/// 202: it will be done, and here is where to watch.
fn asked(accepted: Accepted, hostname: DomainName, records: Vec<DnsRecord>) -> impl IntoResponse + use<> {
    let Accepted { tenant, operation } = accepted;
    let location = format!("/v1/tenants/{}/domains/{hostname}", tenant.id);
    let asked = Asked { tenant: tenant.id, operation, hostname, records };
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(asked))
}

fn named(id: &str, hostname: &str) -> Result<(TenantId, DomainName), Problem> {
    let id: TenantId = id.parse().map_err(Problem::not_found)?;
    let none = |_| Problem::not_found(format!("tenant {id} has no domain {hostname}"));
    let hostname = DomainName::parse("hostname", hostname).map_err(none)?;
    Ok((id, hostname))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct OwnDomain {
    /// The tenant's id
    id: TenantId,
    /// The domain's name
    hostname: DomainName,
}
