//! The API of the platform: signups, tenants, their operations, an operator's ways out, and what is on offer.
//!
//! A request is answered from our own store alone: accepting an operation is one transaction, and reading one
//! never asks Step Functions, which allows 15 such questions a second for a whole account.
//!
//! Each route says what it takes, gives and whom it is for. The API's document is made of that, and so is what is
//! permitted.

mod access;
mod acts;
mod approvals;
mod audit;
mod billing;
mod blueprints;
mod caller;
mod certificates;
mod change_requests;
mod defaults;
mod deliveries;
mod docs;
mod domains;
mod entries;
mod export;
mod guards;
mod health;
mod hibernation;
mod log;
mod me;
mod offers;
mod openapi;
mod operations;
mod overview;
mod plans;
mod preview;
mod problem;
mod repairs;
mod request;
mod settings;
mod signup_key;
mod signups;
mod subdomains;
mod sweeps;
mod tenants;
mod themes;
mod upgrade;
mod watch;
mod webhooks;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use serde_json::Value;
use store::{Catalogue, Database, ResourceLedger, Tenants, Webhooks};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use access::Access;
pub use billing::Letters;
pub use caller::ClaimNames;
pub use domains::Platform;
pub use problem::Problem;
pub use settings::Settings;
pub use signup_key::SignupKey;
pub use signups::SignupLimits;
pub use webhooks::Notifier;

/// What the handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    tenants: Tenants,
    ledger: ResourceLedger,
    catalogue: Catalogue,
    webhooks: Webhooks,
    db: Database,
    settings: Arc<Settings>,
    access: Arc<Access>,
    document: Arc<Value>,
}

/// Every route there is.
///
/// # Errors
/// When the API cannot be described, which the tests would have shown.
pub fn router(db: Database, settings: Settings) -> Result<Router, serde_json::Error> {
    let (router, described) = routes().split_for_parts();
    let document = openapi::document(&described)?;
    let api = Api {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db.clone()),
        catalogue: Catalogue::new(db.clone()),
        webhooks: Webhooks::new(db.clone()),
        db,
        settings: Arc::new(settings),
        access: Arc::new(Access::read(&document)),
        document: Arc::new(document),
    };
    Ok(router
        .route_layer(from_fn(watch::follow))
        .route_layer(from_fn_with_state(api.clone(), access::permit))
        .fallback(async || Problem::not_found("there is no such resource"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn(observe))
        .with_state(api))
}

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(me::show))
        .routes(routes!(signups::sign_up))
        .routes(routes!(subdomains::suggest))
        .routes(routes!(subdomains::show))
        .routes(routes!(offers::list))
        .routes(routes!(offers::show))
        .routes(routes!(openapi::show))
        .routes(routes!(openapi::docs))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::show, tenants::update, acts::delete))
        .routes(routes!(health::show))
        .routes(routes!(export::show))
        .routes(routes!(acts::retry))
        .routes(routes!(acts::suspend))
        .routes(routes!(acts::resume))
        .routes(routes!(acts::check))
        .routes(routes!(hibernation::hibernate))
        .routes(routes!(hibernation::wake))
        .routes(routes!(hibernation::used))
        .routes(routes!(acts::change_access))
        .routes(routes!(acts::change_plan))
        .routes(routes!(upgrade::upgrade))
        .routes(routes!(acts::restore))
        .routes(routes!(acts::force_delete))
        .routes(routes!(guards::hold))
        .routes(routes!(guards::release))
        .routes(routes!(guards::lock))
        .routes(routes!(guards::unlock))
        .routes(routes!(certificates::show))
        .routes(routes!(certificates::keys))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(change_requests::list))
        .routes(routes!(change_requests::show))
        .routes(routes!(change_requests::approve))
        .routes(routes!(change_requests::reject))
        .routes(routes!(domains::list, domains::add))
        .routes(routes!(domains::show, domains::remove))
        .routes(routes!(overview::show))
        .routes(routes!(operations::list))
        .routes(routes!(operations::show))
        .routes(routes!(operations::cancel))
        .routes(routes!(operations::skip))
        .routes(routes!(log::show))
        .routes(routes!(audit::list))
        .routes(routes!(audit::of_catalogue))
        .routes(routes!(repairs::list))
        .routes(routes!(repairs::retry))
        .routes(routes!(repairs::resolve))
        .routes(routes!(sweeps::list, sweeps::order))
        .routes(routes!(sweeps::show))
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(plans::show, plans::replace, plans::delete))
        .routes(routes!(plans::activate))
        .routes(routes!(plans::deactivate))
        .routes(routes!(themes::list, themes::create))
        .routes(routes!(themes::show, themes::replace, themes::delete))
        .routes(routes!(themes::activate))
        .routes(routes!(themes::deactivate))
        .routes(routes!(blueprints::list))
        .routes(routes!(blueprints::show, blueprints::update, blueprints::delete))
        .routes(routes!(blueprints::activate))
        .routes(routes!(blueprints::deactivate))
        .routes(routes!(billing::show))
        .routes(routes!(billing::unknown))
        .routes(routes!(billing::dead))
        .routes(routes!(billing::replay))
        .routes(routes!(billing::report))
        .routes(routes!(defaults::seed))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(deliveries::test))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::replay))
        .routes(routes!(deliveries::replay_since))
}

/// What every answer says to a browser that gets hold of it: it is kept nowhere, since statuses change by the second and
/// answers name customers; it is what it says it is; the host is asked by TLS alone; and no other learns where one was.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// One log line for each request, and the same headers on every answer.
async fn observe(request: Request, next: Next) -> Response {
    let clock = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // A watch takes as long as nothing happens, which says nothing of how fast the API is.
    let watched = watch::is_asked_for(request.headers());
    let mut response = next.run(request).await;
    let (status, duration_ms) = (response.status().as_u16(), clock.elapsed().as_millis());
    tracing::info!(http.method = %method, http.path = path, http.status = status, http.watched = watched, duration_ms, "{method} {path} {status}");
    response.headers_mut().extend(HEADERS);
    // Only the documentation is a page, and has a policy of its own.
    let data = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(data);
    response
}

#[cfg(test)]
mod tests;
