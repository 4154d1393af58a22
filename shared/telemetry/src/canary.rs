use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static FAILED: Metric = Metric {
    name: "CanaryFailed",
    unit: Unit::Count,
    by: &[&[], &["blueprint"]],
    from: "the canary",
    tells: "1 when a synthetic tenant did not come to life and go again as it should, 0 when it did.",
};

pub(crate) static DURATION: Metric = Metric {
    name: "CanaryDuration",
    unit: Unit::Milliseconds,
    by: &[&["blueprint", "phase"]],
    from: "the canary",
    tells: "How long each phase of a synthetic tenant's life took that it came through.",
};

/// Records a run of the canary: whether it failed, as 0 or 1, so that no data means no run; and how long each phase took that
/// it came through.
pub fn canary_ran(blueprint: &str, failed: bool, phases: &[(&str, Duration)]) {
    record(&[("blueprint", blueprint)], &[(&FAILED, u64::from(failed))]);
    for (phase, took) in phases {
        record(&[("blueprint", blueprint), ("phase", phase)], &[(&DURATION, milliseconds(*took))]);
    }
}
