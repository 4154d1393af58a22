use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use store::{Certified, certificate_keys};
use utoipa::ToSchema;

use crate::request::{Named, Tenant};
use crate::{Api, Problem};

/// What certificates are verified by: a set of JSON Web Keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CertificateKeys)]
pub(crate) struct Keys {
    /// Every key that ever signed one, by its `kid`.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// Proves that a tenant is gone
///
/// What was destroyed, when its absence was observed, and what is kept by which checksum; signed. There is one of a tenant
/// that was deleted with days of grace.
#[utoipa::path(
    get, path = "/v1/tenants/{id}/certificate", tag = "tenants", params(Tenant),
    responses((status = 200, description = "The certificate, and the same as a JWS", body = Certified)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(State(api): State<Api>, Named(id): Named) -> Result<Json<Certified>, Problem> {
    let tenant = api.known(&id).await?;
    let none = || {
        let status = tenant.status;
        let detail = "a certificate is issued once a tenant was deleted that was given days of grace";
        Problem::not_found(format!("tenant {id} has no certificate and is {status}: {detail}"))
    };
    api.tenants.certificate(&id).await?.map(Json).ok_or_else(none)
}

/// Gives the keys that certificates are verified by
#[utoipa::path(
    get, path = "/v1/certificate-keys", tag = "tenants",
    responses((status = 200, description = "A set of JSON Web Keys", body = Keys)),
)]
pub(crate) async fn keys(State(api): State<Api>) -> Result<Json<Keys>, Problem> {
    Ok(Json(Keys { keys: certificate_keys(&api.db).await? }))
}
