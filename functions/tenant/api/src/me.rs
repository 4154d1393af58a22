use axum::Json;
use serde::Serialize;
use tenancy::TenantId;
use utoipa::ToSchema;

use crate::Problem;
use crate::caller::{Caller, Role};

/// Who asks, as the API sees them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The role of theirs that may do most.
    #[schema(value_type = String, example = "operator")]
    role: &'static str,
    /// As the audit log names them.
    name: String,
    /// The tenant whose people they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
}

/// Says who you are
#[utoipa::path(
    get, path = "/v1/me", tag = "people",
    responses((status = 200, description = "Your role, and what you are called", body = Me)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(caller: Caller) -> Result<Json<Me>, Problem> {
    let role = Role::ALL.into_iter().find(|role| caller.is(*role));
    let role = role.ok_or_else(|| Problem::forbidden("nobody gave you a role"))?.name();
    Ok(Json(Me { role, name: caller.name().to_owned(), tenant: caller.tenant }))
}
