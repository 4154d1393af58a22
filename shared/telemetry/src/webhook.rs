use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static LAG: Metric = Metric {
    name: "WebhookLag",
    unit: Unit::Milliseconds,
    by: &[&["attempt"]],
    from: "`webhook-deliver`",
    tells: "How long after its event a delivery was taken. `attempt` is `first`, where the lag is ours, or `again`, where the endpoint had not taken it before.",
};

/// Records that an endpoint took an event, so long after it.
pub fn webhook_delivered(first: bool, lag: Duration) {
    let attempt = if first { "first" } else { "again" };
    record(&[("attempt", attempt)], &[(&LAG, milliseconds(lag))]);
}
