use std::time::Duration;

use serde_json::json;

use crate::{emit, metric, milliseconds};

/// Records a run of the canary: whether it failed, as 0 or 1, so that no data means no run; and how long each phase took that
/// it came through.
pub fn canary_ran(deployment: &str, blueprint: &str, failed: bool, phases: &[(&str, Duration)]) {
    let run = json!({ "deployment": deployment, "blueprint": blueprint, "CanaryFailed": u8::from(failed) });
    emit(&[metric(&["deployment", "blueprint"], "CanaryFailed", "Count")], run);
    for (phase, took) in phases {
        let took = milliseconds(*took);
        let ended = json!({ "deployment": deployment, "blueprint": blueprint, "phase": phase, "CanaryDuration": took });
        emit(&[metric(&["deployment", "blueprint", "phase"], "CanaryDuration", "Milliseconds")], ended);
    }
}
