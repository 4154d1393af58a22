use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static DURATION: Metric = Metric {
    name: "StepDuration",
    unit: Unit::Milliseconds,
    by: &[&["step", "action", "outcome"]],
    from: "every task of a machine",
    tells: "How long one call took. `outcome` is `ok`, or the fault: `Transient`, `NotReady`, `Terminal`, `Fenced`; as a count, how many calls ended so.",
};

pub(crate) static ELAPSED: Metric = Metric {
    name: "StepElapsed",
    unit: Unit::Milliseconds,
    by: &[&["step"]],
    from: "every step",
    tells: "How long a step took from its first call to its success, with all that was waited and repeated between.",
};

pub(crate) static RETRIED: Metric = Metric {
    name: "StepRetried",
    unit: Unit::Count,
    by: &[&["after"], &["step", "after"]],
    from: "every step",
    tells: "A call began again what another had begun for the same operation. `after` is that call's fault, or `Lost` if it ended without a word.",
};

/// Records how one call of a step ended: `outcome` is `ok` or the fault's name.
pub fn step_ended(step: &str, action: &str, outcome: &str, took: Duration) {
    let labels = [("step", step), ("action", action), ("outcome", outcome)];
    record(&labels, &[(&DURATION, milliseconds(took))]);
}

/// Records that a step is done, so long after its first call.
pub fn step_done(step: &str, took: Duration) {
    record(&[("step", step)], &[(&ELAPSED, milliseconds(took))]);
}

/// Records that a step was begun again, and by the name of which fault the call before it had ended, if that said one.
pub fn step_retried(step: &str, after: Option<&str>) {
    record(&[("step", step), ("after", after.unwrap_or("Lost"))], &[(&RETRIED, 1)]);
}
