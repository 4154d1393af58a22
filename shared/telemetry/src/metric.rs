use crate::{canary, certificate, finding, lease, operation, provider, step, tenants, webhook};

/// Where CloudWatch keeps the metrics.
pub const NAMESPACE: &str = "Tenantry";

/// A metric, as it is declared.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub unit: Unit,
    /// What it can be looked at by, beside the deployment: a series for each set, and for all values of what is in it. Each is
    /// paid for, so none is a tenant, an operation or anything else that grows with customers.
    pub by: &'static [&'static [&'static str]],
    /// Who records it.
    pub from: &'static str,
    /// What it tells.
    pub tells: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Milliseconds,
    Seconds,
}

impl Unit {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

/// All there are.
pub static SET: &[&Metric] = &[
    &operation::DURATION,
    &operation::FAILED,
    &operation::ROLLED_BACK,
    &operation::FAILED_AT,
    &operation::WITHOUT,
    &operation::CALLS,
    &operation::BUSY,
    &operation::BECAME,
    &step::DURATION,
    &step::ELAPSED,
    &step::RETRIED,
    &lease::HELD,
    &lease::AWAITED,
    &lease::EXPIRED,
    &tenants::TENANTS,
    &tenants::IDLE,
    &certificate::WAIT,
    &provider::CALL,
    &provider::DEFERRED,
    &provider::SHUT,
    &webhook::LAG,
    &canary::FAILED,
    &canary::DURATION,
    &finding::OPERATION_STALLED,
    &finding::OUTBOX_OVERDUE,
    &finding::COMPENSATION_STUCK,
    &finding::ORPHANS_FOUND,
    &finding::DOMAIN_FAILED,
    &finding::BACKUP_FAILED,
    &finding::CHANGE_UNTOLD,
    &finding::WEBHOOK_DEAD,
    &finding::WEBHOOK_DISABLED,
    &finding::BILLING_POISON,
    &finding::BILLING_UNKNOWN,
    &finding::BILLING_AMISS,
];
