use std::time::Duration;

use serde_json::json;

use crate::{emit, metric, milliseconds};

/// Records a run of the canary: whether it failed, as 0 or 1, so that no data means no run; and how long each phase took that it
/// came through.
pub fn canary_ran(deployment: &str, blueprint: &str, failed: bool, phases: &[(&str, Duration)]) {
    let run = [metric(&["deployment", "blueprint"], "CanaryFailed", "Count")];
    emit(
        &run,
        json!({ "deployment": deployment, "blueprint": blueprint, "CanaryFailed": u8::from(failed) }),
    );
    for (phase, took) in phases {
        let took = milliseconds(*took);
        let dimensions = ["deployment", "blueprint", "phase"];
        emit(
            &[metric(&dimensions, "CanaryDuration", "Milliseconds")],
            json!({ "deployment": deployment, "blueprint": blueprint, "phase": phase, "CanaryDuration": took }),
        );
    }
}
