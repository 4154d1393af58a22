use events::{Data, TenantData, Type};
use tenancy::{Status, Tenant};

use crate::Told;
use crate::record::Record;

/// A tenant's life, by where it stands and where it stood, and its plan.
pub(crate) fn told(record: &Record) -> Told {
    let (before, after) = record.images::<Tenant>()?;
    let Some(tenant) = after else { return Ok(Vec::new()) };
    let status = passage(before.as_ref().map(|before| before.status), tenant.status);
    let replanned = before.as_ref().is_some_and(|before| before.plan != tenant.plan);
    let types = status.into_iter().chain(replanned.then_some(Type::TenantPlanChanged));
    let data = TenantData::new(&tenant, before.as_ref());
    Ok(types.map(|kind| (kind, Data::Tenant(Box::new(data.clone())))).collect())
}

/// What it is called to come from one status to another.
fn passage(was: Option<Status>, is: Status) -> Option<Type> {
    use Status as S;
    let Some(was) = was else { return Some(Type::TenantCreated) };
    if was == is {
        return None;
    }
    match (was, is) {
        (S::PendingApproval, S::Provisioning) => Some(Type::TenantApproved),
        (S::Deleted, S::Provisioning) => Some(Type::TenantRestoring),
        (_, S::Provisioning) => Some(Type::TenantRetried),
        (S::Provisioning, S::Active) => Some(Type::TenantActivated),
        (S::Suspended, S::Active) => Some(Type::TenantResumed),
        (S::Hibernating, S::Active) => Some(Type::TenantWoken),
        (S::Cancelling, S::Active | S::Suspended | S::Hibernating) => Some(Type::TenantRestored),
        (_, S::Active) => Some(Type::TenantChanged),
        (_, S::Hibernating) => Some(Type::TenantHibernated),
        (_, S::Suspended) => Some(Type::TenantSuspended),
        (_, S::ChangingPlan) => Some(Type::TenantChanging),
        (_, S::Cancelling) => Some(Type::TenantCancelled),
        (_, S::Deleting) => Some(Type::TenantDeleting),
        (_, S::Deleted) => Some(Type::TenantDeleted),
        (_, S::Failed) => Some(Type::TenantFailed),
        (_, S::Stuck) => Some(Type::TenantStuck),
        // Nothing leads back to it.
        (_, S::PendingApproval) => None,
    }
}
