//! Structured logs and one set of metrics, the same from every function.
//!
//! Log lines are JSON on standard output, one object a line; field names are dotted (`tenant.id`, `step.name`).
//! A failure is logged once, where it is handled. Metrics are lines of CloudWatch's embedded metric format on the same
//! stream. Each is declared once ([`SET`]), beside what records it; `docs/metrics.md` is made of these.

mod canary;
mod certificate;
mod emf;
mod finding;
mod lease;
mod metric;
mod operation;
mod provider;
mod step;
mod tenants;
mod webhook;

pub use canary::canary_ran;
pub use certificate::{Certificate, certificate_seen};
#[cfg(feature = "captured")]
pub use emf::captured::{heard, listen};
pub use finding::{Finding, found};
pub use lease::{lease_awaited, lease_ended, leases_expired};
pub use metric::{Metric, NAMESPACE, SET, Unit};
pub use operation::{Ended, operation_ended, went_without};
pub use provider::{Answered, provider_answered, provider_deferred, provider_shut};
pub use step::{step_done, step_ended, step_retried};
pub use tenants::{tenants_counted, tenants_idle};
use tracing_subscriber::EnvFilter;
pub use webhook::webhook_delivered;

/// Starts logs and metrics; `RUST_LOG` selects what is logged. Called once, first thing in `main`, with the function's own name:
/// what its name at Lambda has before that is the deployment's.
///
/// The Lambda runtime is silent by default: it would log every fault that a state machine is told of again.
#[allow(clippy::disallowed_methods)] // Lambda names the function; nobody has to be told.
pub fn init(function: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,lambda_runtime=off"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .init();
    emf::begin(&std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(), function);
}
