use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

/// Who ends an operation.
const FROM: &str = "`tenant-activate`, `saga-settle`, `tenant-certify`";

pub(crate) static DURATION: Metric = Metric {
    name: "OperationDuration",
    unit: Unit::Milliseconds,
    by: &[&["kind", "outcome"], &["blueprint", "kind", "outcome"]],
    from: FROM,
    tells: "How long an operation took, from its acceptance to its end. `outcome` is `succeeded`, `failed` or `stuck`; as a count, how many ended so.",
};

pub(crate) static FAILED: Metric = Metric {
    name: "OperationFailed",
    unit: Unit::Count,
    by: &[&["kind"], &["blueprint", "kind"]],
    from: FROM,
    tells: "1 of an operation that did not succeed, 0 of one that did: the average is the failure rate. What somebody stopped is neither.",
};

pub(crate) static ROLLED_BACK: Metric = Metric {
    name: "OperationRolledBack",
    unit: Unit::Count,
    by: &[&["kind"], &["blueprint", "kind"]],
    from: FROM,
    tells: "1 of an operation whose effects were undone because it failed, 0 of any other: the average is the rollback rate. What somebody stopped is neither.",
};

pub(crate) static FAILED_AT: Metric = Metric {
    name: "OperationFailedAt",
    unit: Unit::Count,
    by: &[&["step"], &["blueprint", "step"]],
    from: FROM,
    tells: "An operation failed at this step.",
};

pub(crate) static WITHOUT: Metric = Metric {
    name: "OperationWithout",
    unit: Unit::Count,
    by: &[&["step"], &["blueprint", "step"]],
    from: "`tenant-activate`",
    tells: "An operation succeeded without this step, which is optional.",
};

pub(crate) static CALLS: Metric = Metric {
    name: "OperationCalls",
    unit: Unit::Count,
    by: &[&["blueprint", "kind"]],
    from: FROM,
    tells: "How many calls of steps an operation took in its last direction, repeated ones among them: what AWS charges for it follows from these.",
};

pub(crate) static BUSY: Metric = Metric {
    name: "OperationBusy",
    unit: Unit::Milliseconds,
    by: &[&["blueprint", "kind"]],
    from: FROM,
    tells: "How long an operation's steps worked in all, in its last direction, also side by side.",
};

pub(crate) static BECAME: Metric = Metric {
    name: "TenantBecame",
    unit: Unit::Count,
    by: &[&["blueprint", "status"]],
    from: FROM,
    tells: "A tenant has become that by an operation.",
};

/// An operation that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub kind: &'a str,
    pub blueprint: &'a str,
    /// What state it ended in.
    pub outcome: &'a str,
    pub succeeded: bool,
    /// Whether what it had made was undone because it failed.
    pub rolled_back: bool,
    /// Whether somebody stopped it: that is nobody's failure.
    pub stopped: bool,
    /// The step at which it failed.
    pub failed_at: Option<&'a str>,
    /// What its tenant has become.
    pub tenant: &'a str,
    /// Since it was accepted.
    pub took: Duration,
    /// Calls of its steps.
    pub calls: u64,
    pub busy_ms: u64,
}

/// Records how an operation ended.
pub fn operation_ended(ended: &Ended<'_>) {
    let mut labels = vec![
        ("kind", ended.kind),
        ("blueprint", ended.blueprint),
        ("outcome", ended.outcome),
        ("status", ended.tenant),
    ];
    let mut values = vec![
        (&DURATION, milliseconds(ended.took)),
        (&CALLS, ended.calls),
        (&BUSY, ended.busy_ms),
        (&BECAME, 1),
    ];
    if !ended.stopped {
        values.push((&FAILED, u64::from(!ended.succeeded)));
        values.push((&ROLLED_BACK, u64::from(ended.rolled_back)));
        if let Some(step) = ended.failed_at.filter(|_| !ended.succeeded) {
            labels.push(("step", step));
            values.push((&FAILED_AT, 1));
        }
    }
    record(&labels, &values);
}

/// Records that an operation succeeded without a step, which had failed.
pub fn went_without(blueprint: &str, step: &str) {
    record(&[("blueprint", blueprint), ("step", step)], &[(&WITHOUT, 1)]);
}
