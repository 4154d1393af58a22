//! Structured logs and one set of metrics, the same from every function.
//!
//! Log lines are JSON on standard output, one object a line; field names are dotted (`tenant.id`, `step.name`).
//! A failure is logged once, where it is handled. Metrics are CloudWatch Embedded Metric Format lines on the
//! same stream: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

mod canary;

use std::io::Write as _;
use std::time::Duration;

pub use canary::canary_ran;
use jiff::Timestamp;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` selects what. Called once, first thing in `main`.
///
/// The Lambda runtime is silent by default: it would log every fault that a state machine is told of again.
pub fn init() {
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
}

/// Records how many of something an operator must know of were found: each is a metric of its own, with an alarm.
pub fn found(deployment: &str, finding: &str, count: usize) {
    let metrics = [metric(&["deployment"], finding, "Count")];
    emit(&metrics, json!({ "deployment": deployment, finding: count }));
}

/// Records how one call of a step ended: `outcome` is `ok` or the fault's name.
pub fn step_ended(step: &str, action: &str, outcome: &str, took: Duration) {
    let metrics = [metric(&["step", "action", "outcome"], "StepDuration", "Milliseconds")];
    let took = milliseconds(took);
    emit(&metrics, json!({ "step": step, "action": action, "outcome": outcome, "StepDuration": took }));
}

/// An operation that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub kind: &'a str,
    pub blueprint: &'a str,
    /// What state it ended in.
    pub outcome: &'a str,
    /// What its tenant has become.
    pub tenant: &'a str,
    /// The step at which it failed.
    pub failed_at: Option<&'a str>,
    /// Since it was accepted.
    pub took: Duration,
}

/// Records how an operation ended: the success rate and the time to an active tenant are by `outcome`, failures by `step`.
pub fn operation_ended(ended: &Ended<'_>) {
    let mut metrics = vec![
        metric(&["blueprint", "kind", "outcome"], "OperationDuration", "Milliseconds"),
        metric(&["blueprint", "tenant"], "TenantBecame", "Count"),
    ];
    metrics.extend(ended.failed_at.map(|_| metric(&["blueprint", "step"], "OperationFailed", "Count")));
    let values = json!({
        "blueprint": ended.blueprint,
        "kind": ended.kind,
        "outcome": ended.outcome,
        "tenant": ended.tenant,
        "step": ended.failed_at,
        "OperationDuration": milliseconds(ended.took),
        "TenantBecame": 1,
        "OperationFailed": 1,
    });
    emit(&metrics, values);
}

/// What of a line is a metric, and by which of its values.
fn metric(dimensions: &[&str], name: &str, unit: &str) -> Value {
    json!({
        "Namespace": "Tenantry",
        "Dimensions": [dimensions],
        "Metrics": [{ "Name": name, "Unit": unit }],
    })
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// Metrics go where the log goes: nowhere, before it is started.
fn emit(metrics: &[Value], mut line: Value) {
    if tracing::dispatcher::has_been_set() {
        line["_aws"] =
            json!({ "Timestamp": Timestamp::now().as_millisecond(), "CloudWatchMetrics": metrics });
        // A metric that cannot be written must not fail the work it measures.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}
