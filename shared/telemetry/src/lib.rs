//! Structured logs and one set of metrics, the same from every function.
//!
//! Log lines are JSON on standard output, one object a line; field names are dotted (`tenant.id`, `step.name`).
//! A failure is logged once, where it is handled. Metrics are CloudWatch Embedded Metric Format lines on the
//! same stream: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::io::Write as _;
use std::time::Duration;

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
    let line = json!({
        "_aws": {
            "Timestamp": Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Tenantry",
                "Dimensions": [["deployment"]],
                "Metrics": [{ "Name": finding, "Unit": "Count" }],
            }],
        },
        "deployment": deployment,
        finding: count,
    });
    emit(&line);
}

/// Records how one call of a step ended: `outcome` is `ok` or the fault's name.
pub fn step_ended(step: &str, action: &str, outcome: &str, took: Duration) {
    let line = json!({
        "_aws": {
            "Timestamp": Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Tenantry",
                "Dimensions": [["step", "action", "outcome"]],
                "Metrics": [{ "Name": "StepDuration", "Unit": "Milliseconds" }],
            }],
        },
        "step": step,
        "action": action,
        "outcome": outcome,
        "StepDuration": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    emit(&line);
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
    let milliseconds = json!([{ "Name": "OperationDuration", "Unit": "Milliseconds" }]);
    let count = |name: &str| json!([{ "Name": name, "Unit": "Count" }]);
    let metric = |dimensions: &[&str], metrics: Value| json!({ "Namespace": "Tenantry", "Dimensions": [dimensions], "Metrics": metrics });
    let mut metrics = vec![
        metric(&["blueprint", "kind", "outcome"], milliseconds),
        metric(&["blueprint", "tenant"], count("TenantBecame")),
    ];
    metrics.extend(ended.failed_at.map(|_| metric(&["blueprint", "step"], count("OperationFailed"))));
    let line = json!({
        "_aws": { "Timestamp": Timestamp::now().as_millisecond(), "CloudWatchMetrics": metrics },
        "blueprint": ended.blueprint,
        "kind": ended.kind,
        "outcome": ended.outcome,
        "tenant": ended.tenant,
        "step": ended.failed_at,
        "OperationDuration": u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        "TenantBecame": 1,
        "OperationFailed": 1,
    });
    emit(&line);
}

/// Metrics go where the log goes: nowhere, before it is started.
fn emit(line: &Value) {
    if tracing::dispatcher::has_been_set() {
        // A metric that cannot be written must not fail the work it measures.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}
