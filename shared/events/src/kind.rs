use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What can be told. A type is named for ever, with the version of its schema: another shape is another type, told beside
/// the old one for as long as somebody listens to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Type {
    /// Somebody has signed up.
    TenantCreated,
    /// A signup that waited for approval has it.
    TenantApproved,
    /// It came to life: everything is made, and was seen to work.
    TenantActivated,
    /// Its provisioning failed. Nothing is left, unless it was to be held.
    TenantFailed,
    /// What had failed is tried again.
    TenantRetried,
    TenantSuspended,
    TenantResumed,
    /// Nobody uses it: what can be scaled to nought is.
    TenantHibernated,
    TenantWoken,
    /// A change of what it was signed up with has begun, or leads back.
    TenantChanging,
    /// The change is over: the new is in force, or the old is again.
    TenantChanged,
    /// Another plan is on record. In force once the tenant is active again.
    TenantPlanChanged,
    /// Cancelled: everything still exists until its grace is over.
    TenantCancelled,
    /// Restored within its grace.
    TenantRestored,
    /// Gone, and made again from its archive: [`Self::TenantActivated`] follows, or [`Self::TenantFailed`].
    TenantRestoring,
    TenantDeleting,
    /// Nothing of it is left, as far as was observed, or it was turned down.
    TenantDeleted,
    /// Something would not go, or a change went neither forth nor back: somebody has to look.
    TenantStuck,
    OperationAccepted,
    OperationSucceeded,
    OperationFailed,
    OperationStuck,
    DomainRequested,
    /// Visitors reach the tenant there.
    DomainLive,
    DomainFailed,
    DomainRemoved,
    /// What was bought did not come up: its customer is not to be charged.
    SubscriptionVoided,
    /// An endpoint has refused for so long that nothing more is sent to it.
    WebhookDisabled,
    /// Somebody tries whether an endpoint listens.
    WebhookTest,
}

impl Type {
    pub const ALL: [Self; 29] = [
        Self::TenantCreated,
        Self::TenantApproved,
        Self::TenantActivated,
        Self::TenantFailed,
        Self::TenantRetried,
        Self::TenantSuspended,
        Self::TenantResumed,
        Self::TenantHibernated,
        Self::TenantWoken,
        Self::TenantChanging,
        Self::TenantChanged,
        Self::TenantPlanChanged,
        Self::TenantCancelled,
        Self::TenantRestored,
        Self::TenantRestoring,
        Self::TenantDeleting,
        Self::TenantDeleted,
        Self::TenantStuck,
        Self::OperationAccepted,
        Self::OperationSucceeded,
        Self::OperationFailed,
        Self::OperationStuck,
        Self::DomainRequested,
        Self::DomainLive,
        Self::DomainFailed,
        Self::DomainRemoved,
        Self::SubscriptionVoided,
        Self::WebhookDisabled,
        Self::WebhookTest,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TenantCreated => "tenantry.tenant.created.v1",
            Self::TenantApproved => "tenantry.tenant.approved.v1",
            Self::TenantActivated => "tenantry.tenant.activated.v1",
            Self::TenantFailed => "tenantry.tenant.failed.v1",
            Self::TenantRetried => "tenantry.tenant.retried.v1",
            Self::TenantSuspended => "tenantry.tenant.suspended.v1",
            Self::TenantResumed => "tenantry.tenant.resumed.v1",
            Self::TenantHibernated => "tenantry.tenant.hibernated.v1",
            Self::TenantWoken => "tenantry.tenant.woken.v1",
            Self::TenantChanging => "tenantry.tenant.changing.v1",
            Self::TenantChanged => "tenantry.tenant.changed.v1",
            Self::TenantPlanChanged => "tenantry.tenant.plan_changed.v1",
            Self::TenantCancelled => "tenantry.tenant.cancelled.v1",
            Self::TenantRestored => "tenantry.tenant.restored.v1",
            Self::TenantRestoring => "tenantry.tenant.restoring.v1",
            Self::TenantDeleting => "tenantry.tenant.deleting.v1",
            Self::TenantDeleted => "tenantry.tenant.deleted.v1",
            Self::TenantStuck => "tenantry.tenant.stuck.v1",
            Self::OperationAccepted => "tenantry.operation.accepted.v1",
            Self::OperationSucceeded => "tenantry.operation.succeeded.v1",
            Self::OperationFailed => "tenantry.operation.failed.v1",
            Self::OperationStuck => "tenantry.operation.stuck.v1",
            Self::DomainRequested => "tenantry.domain.requested.v1",
            Self::DomainLive => "tenantry.domain.live.v1",
            Self::DomainFailed => "tenantry.domain.failed.v1",
            Self::DomainRemoved => "tenantry.domain.removed.v1",
            Self::SubscriptionVoided => "tenantry.subscription.voided.v1",
            Self::WebhookDisabled => "tenantry.webhook.disabled.v1",
            Self::WebhookTest => "tenantry.webhook.test.v1",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Type {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| format!("'{name}' is no type of event"))
    }
}

impl From<Type> for &'static str {
    fn from(kind: Type) -> Self {
        kind.name()
    }
}

impl TryFrom<String> for Type {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_types_alone() {
        for kind in Type::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }
}
