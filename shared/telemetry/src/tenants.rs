use crate::emf::{count, record};
use crate::metric::{Metric, Unit};

pub(crate) static TENANTS: Metric = Metric {
    name: "Tenants",
    unit: Unit::Count,
    by: &[&["status"]],
    from: "`saga-janitor`",
    tells: "How many tenants there are of a status, every minute. Who is `hibernating` is asleep: scaled to zero.",
};

pub(crate) static IDLE: Metric = Metric {
    name: "TenantsIdle",
    unit: Unit::Count,
    by: &[&[]],
    from: "`saga-janitor`",
    tells: "How many tenants nobody has used for as long as their blueprint allows and that are awake still, up to 100, every minute.",
};

/// Records how many tenants there are of a status.
pub fn tenants_counted(status: &str, many: u64) {
    record(&[("status", status)], &[(&TENANTS, many)]);
}

/// Records how many tenants are to be put to sleep.
pub fn tenants_idle(many: usize) {
    record(&[], &[(&IDLE, count(many))]);
}
