use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use store::Filter;
use tenancy::Theme;
use utoipa::ToSchema;

use crate::entries::IfMatch;
use crate::request::{Change, Reason};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Themes {
    themes: Vec<Theme>,
}

/// Lists the themes, also those that are not on offer
#[utoipa::path(
    get, path = "/v1/themes", tag = "catalogue",
    responses((status = 200, description = "All of them", body = Themes)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Themes>, Problem> {
    Ok(Json(Themes { themes: api.catalogue.themes().await? }))
}

/// Adds a theme
#[utoipa::path(
    post, path = "/v1/themes", tag = "catalogue", request_body = Theme,
    responses((status = 201, description = "It is there", body = Theme)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn create(State(api): State<Api>, change: Change) -> Result<Response, Problem> {
    api.create::<Theme>(&change).await
}

/// Shows a theme
#[utoipa::path(
    get, path = "/v1/themes/{id}", tag = "catalogue", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The theme, its version as the ETag", body = Theme)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Response, Problem> {
    api.entry::<Theme>(&id).await
}

/// Puts a theme in the place of another
///
/// Tenants that have it get the new one with their next operation.
#[utoipa::path(
    put, path = "/v1/themes/{id}", tag = "catalogue", request_body = Theme,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Theme)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.replace::<Theme>(&id, &if_match, &change).await
}

/// Deletes a theme that is not on offer, that no blueprint names and no tenant has
#[utoipa::path(
    delete, path = "/v1/themes/{id}", tag = "catalogue", request_body(content = Option<Reason>),
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 204, description = "It is gone")),
    security(("token" = ["admin"])),
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<StatusCode, Problem> {
    let had = Filter { theme: Some(id.clone()), ..Filter::default() };
    api.remove::<Theme>(&id, &had, &if_match, &change).await
}

/// Offers a theme to new tenants
#[utoipa::path(
    post, path = "/v1/themes/{id}/activate", tag = "catalogue", request_body = Reason,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Theme)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn activate(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Theme>(&id, true, &if_match, &change).await
}

/// Offers a theme to nobody any more
///
/// Those who have it keep it.
#[utoipa::path(
    post, path = "/v1/themes/{id}/deactivate", tag = "catalogue", request_body = Reason,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Theme)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn deactivate(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Theme>(&id, false, &if_match, &change).await
}
