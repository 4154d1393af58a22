use jiff::Timestamp;
use serde::Deserialize;

use super::Violation;

/// What a change would come to.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Preview {
    pub(crate) valid: bool,
    pub(crate) violations: Vec<Violation>,
    pub(crate) plan: Option<Plan>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) estimated_ms: u64,
    pub(crate) approval: bool,
    pub(crate) price: Option<Price>,
    pub(crate) cost_cents: i64,
    pub(crate) headroom: Vec<Headroom>,
    pub(crate) missing_permissions: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) step: String,
    /// `make`, `check`, `change` or `destroy`.
    pub(crate) does: String,
    pub(crate) usual_ms: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Price {
    pub(crate) cents: u32,
    pub(crate) currency: String,
    pub(crate) billing_cycle: String,
    pub(crate) trial_days: u16,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Headroom {
    pub(crate) provider: String,
    pub(crate) of: String,
    pub(crate) used: u32,
    pub(crate) calls: Option<u32>,
    pub(crate) seconds: Option<u32>,
    pub(crate) closed_until: Option<Timestamp>,
}
