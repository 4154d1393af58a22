use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static FAILED: Metric = Metric {
    name: "CanaryFailed",
    unit: Unit::Count,
    by: &[&[], &["blueprint"]],
    from: "whoever makes the synthetic tenants",
    tells: "1 when a synthetic tenant did not come to life and go again as it should, 0 when it did.",
};

pub(crate) static DURATION: Metric = Metric {
    name: "CanaryDuration",
    unit: Unit::Milliseconds,
    by: &[&["blueprint"]],
    from: "whoever makes the synthetic tenants",
    tells: "How long a synthetic tenant took to come to life.",
};

/// Records how it went with a synthetic tenant.
pub fn canary_ended(blueprint: &str, failed: bool, took: Duration) {
    record(&[("blueprint", blueprint)], &[(&FAILED, u64::from(failed)), (&DURATION, milliseconds(took))]);
}
