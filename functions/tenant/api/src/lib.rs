//! The API of the platform: signups, tenants, their operations, an operator's ways out, and what is on offer.
//!
//! A request is answered from our own store alone: accepting an operation is one transaction, and reading one
//! never asks Step Functions, which allows 15 such questions a second for a whole account.

mod audit;
mod catalogue;
mod domains;
mod operations;
mod problem;
mod repairs;
mod request;
mod sweeps;
mod tenants;

use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use store::{Catalogue, Database, ResourceLedger, Tenants};

pub use domains::Platform;
pub use problem::Problem;

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct Api {
    tenants: Tenants,
    ledger: ResourceLedger,
    catalogue: Catalogue,
    domains: Option<Platform>,
    db: Database,
}

impl Api {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self {
            tenants: Tenants::new(db.clone()),
            ledger: ResourceLedger::new(db.clone()),
            catalogue: Catalogue::new(db.clone()),
            domains: None,
            db,
        }
    }

    /// The same, where tenants can have domains of their own.
    #[must_use]
    pub fn with_domains(self, platform: Option<Platform>) -> Self {
        Self { domains: platform, ..self }
    }

    /// Every route there is.
    pub fn router(self) -> Router {
        Router::new()
            .route("/v1/tenants", post(tenants::sign_up))
            .route("/v1/tenants/{id}", get(tenants::show).delete(tenants::delete))
            .route("/v1/tenants/{id}/retry", post(tenants::retry))
            .route("/v1/tenants/{id}/suspend", post(tenants::suspend))
            .route("/v1/tenants/{id}/resume", post(tenants::resume))
            .route("/v1/tenants/{id}/change-plan", post(tenants::change_plan))
            .route("/v1/tenants/{id}/force-delete", post(tenants::force_delete))
            .route("/v1/tenants/{id}/audit", get(audit::list))
            .route("/v1/tenants/{id}/domains", get(domains::list).post(domains::add))
            .route("/v1/tenants/{id}/domains/{hostname}", get(domains::show).delete(domains::remove))
            .route("/v1/tenants/{id}/operations", get(operations::list))
            .route("/v1/tenants/{id}/operations/{operation}", get(operations::show))
            .route("/v1/tenants/{id}/operations/{operation}/cancel", post(operations::cancel))
            .route("/v1/tenants/{id}/operations/{operation}/skip", post(operations::skip))
            .route("/v1/repair-tasks", get(repairs::list))
            .route("/v1/repair-tasks/{id}/retry", post(repairs::retry))
            .route("/v1/repair-tasks/{id}/resolve", post(repairs::resolve))
            .route("/v1/orphan-sweeps", get(sweeps::list).post(sweeps::order))
            .route("/v1/orphan-sweeps/{id}", get(sweeps::show))
            .route("/v1/plans", get(catalogue::plans))
            .route("/v1/themes", get(catalogue::themes))
            .route("/v1/blueprints/{name}", get(catalogue::blueprint))
            .fallback(async || Problem::not_found("there is no such resource"))
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(from_fn(observe))
            .with_state(self)
    }
}

/// One log line for each request, and no caching: statuses change by the second, and answers name customers.
async fn observe(request: Request, next: Next) -> Response {
    let clock = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let (status, duration_ms) = (response.status().as_u16(), clock.elapsed().as_millis());
    tracing::info!(http.method = %method, http.path = path, http.status = status, duration_ms, "{method} {path} {status}");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
