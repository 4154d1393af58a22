use std::time::Duration;

use crate::emf::{count, milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static HELD: Metric = Metric {
    name: "LeaseHeld",
    unit: Unit::Milliseconds,
    by: &[&[]],
    from: "every step",
    tells: "How long a call kept others from its resource.",
};

pub(crate) static AWAITED: Metric = Metric {
    name: "LeaseAwaited",
    unit: Unit::Milliseconds,
    by: &[&[]],
    from: "every step, `saga-drain`",
    tells: "A resource was found held by another call: how long that may still last at most.",
};

pub(crate) static EXPIRED: Metric = Metric {
    name: "LeaseExpired",
    unit: Unit::Count,
    by: &[&[]],
    from: "`saga-janitor`",
    tells: "How many leases were taken away whose calls had died without a word. Recorded for each operation that is looked at, also as 0.",
};

/// Records for how long a call held its resource.
pub fn lease_ended(held: Duration) {
    record(&[], &[(&HELD, milliseconds(held))]);
}

/// Records that a resource was found held for so long at most.
pub fn lease_awaited(left: Duration) {
    record(&[], &[(&AWAITED, milliseconds(left))]);
}

/// Records how many leases had outlived their calls.
pub fn leases_expired(many: usize) {
    record(&[], &[(&EXPIRED, count(many))]);
}
