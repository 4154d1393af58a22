use billing::{Standing, State, Wanted};
use store::Account;
use tenancy::{Access, Plan, Status, SubscriptionId, Tenant, TenantId, Usage};

/// What is to be done next, because of a subscription. One thing at a time: what it leaves is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// All is as it should be, or nothing can be done about it.
    Nothing,
    /// Something is under way: it is looked at again.
    Wait,
    SignUp {
        plan: String,
    },
    /// A tenant that was there before is the one that is paid for.
    Link(TenantId),
    ChangePlan {
        plan: String,
    },
    /// It has that plan already.
    NotePlan {
        plan: String,
    },
    /// The plan is too small for what is in use.
    RefusePlan {
        plan: String,
        beyond: Vec<String>,
    },
    Access(Access),
    Suspend,
    Resume,
    Offboard,
    Restore,
    /// It never came up: there is nothing to be paid for.
    Void {
        why: String,
    },
    /// It is there: there is something to be paid for.
    Charge,
    /// Somebody pays for the tenant in another way now.
    Over {
        why: String,
    },
}

/// What is known of the tenant that a subscription is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) usage: Usage,
}

pub(crate) fn decide(
    account: &Account,
    known: Option<Known<'_>>,
    standing: &Standing,
    plans: &[Plan],
) -> Deed {
    match known {
        None => begin(account, standing),
        Some(Known { tenant, .. }) if tenant.subscription.as_ref() != Some(&account.subscription.id) => {
            Deed::Over { why: format!("{} is paid for in another way", tenant.id) }
        }
        Some(Known { tenant, .. }) if is_outgrown(account, tenant, plans) => {
            Deed::Over { why: format!("{} is no trial any more: its plan is {}", tenant.id, tenant.plan) }
        }
        Some(Known { tenant, .. }) if tenant.operation.is_some() && tenant.status != Status::Cancelling => {
            Deed::Wait
        }
        Some(known) => match standing.wanted {
            Wanted::Nothing => Deed::Nothing,
            Wanted::Gone { .. } => end(known.tenant),
            Wanted::Service { read_only, suspended } => {
                serve(account, known, standing, plans, read_only, suspended)
            }
        },
    }
}

fn begin(account: &Account, standing: &Standing) -> Deed {
    if !matches!(standing.wanted, Wanted::Service { .. }) || account.tenant.is_some() {
        return Deed::Nothing;
    }
    let terms = account.subscription.terms();
    if let Some(tenant) = terms.and_then(|terms| terms.tenant.clone()) {
        return Deed::Link(tenant);
    }
    match (&standing.plan, account.subscription.customer()) {
        (Some(offered), Some(_)) => Deed::SignUp { plan: offered.plan.clone() },
        _ => Deed::Nothing,
    }
}

/// A trial of our own making ends when its tenant moves to a plan that does not expire.
fn is_outgrown(account: &Account, tenant: &Tenant, plans: &[Plan]) -> bool {
    let expires = |plan: &Plan| plan.expires_days.is_some();
    let trial = account.subscription.id == SubscriptionId::of_trial(&tenant.id);
    trial && plans.iter().find(|plan| plan.id == tenant.plan).is_some_and(|plan| !expires(plan))
}

fn end(tenant: &Tenant) -> Deed {
    match tenant.status {
        Status::Deleted | Status::Deleting | Status::Cancelling => Deed::Nothing,
        Status::Provisioning | Status::ChangingPlan => Deed::Wait,
        Status::PendingApproval
        | Status::Active
        | Status::Suspended
        | Status::Hibernating
        | Status::Failed
        | Status::Stuck => Deed::Offboard,
    }
}

fn serve(
    account: &Account,
    Known { tenant, usage }: Known<'_>,
    standing: &Standing,
    plans: &[Plan],
    read_only: bool,
    suspended: bool,
) -> Deed {
    match tenant.status {
        Status::Provisioning | Status::ChangingPlan => Deed::Wait,
        Status::Failed | Status::Stuck if tenant.activated_at.is_none() => match account.voided {
            None => Deed::Void { why: "its tenant could not be provisioned".to_owned() },
            Some(_) => Deed::Nothing,
        },
        Status::Deleted if account.voided.is_none() && account.charged => {
            Deed::Void { why: "its tenant was deleted".to_owned() }
        }
        Status::Cancelling if account.ordered.offboarded => Deed::Restore,
        Status::PendingApproval
        | Status::Failed
        | Status::Stuck
        | Status::Deleted
        | Status::Deleting
        | Status::Cancelling => Deed::Nothing,
        Status::Suspended if suspended || !account.ordered.suspended => Deed::Nothing,
        Status::Suspended => Deed::Resume,
        // Whoever sleeps is billed, and is woken by what is changed about them.
        Status::Active | Status::Hibernating if is_free(account) => Deed::Charge,
        Status::Active | Status::Hibernating if suspended => Deed::Suspend,
        Status::Active | Status::Hibernating => adjust(account, tenant, usage, standing, plans, read_only),
    }
}

/// Not charged although its tenant lives. What is tried costs nothing.
fn is_free(account: &Account) -> bool {
    let trying = account.subscription.terms().is_some_and(|terms| terms.state == State::Trialing);
    account.voided.is_some() || (!account.charged && !trying)
}

fn adjust(
    account: &Account,
    tenant: &Tenant,
    usage: Usage,
    standing: &Standing,
    plans: &[Plan],
    read_only: bool,
) -> Deed {
    if read_only && tenant.access.is_full() {
        return Deed::Access(Access::ReadOnly);
    }
    if !read_only && !tenant.access.is_full() && account.ordered.read_only {
        return Deed::Access(Access::Full);
    }
    let Some(plan) = standing.plan.as_ref().map(|offered| offered.plan.clone()) else { return Deed::Nothing };
    if account.ordered.plan.as_ref() == Some(&plan) {
        return Deed::Nothing; // What an operator gave it besides is theirs.
    }
    if tenant.plan == plan {
        return Deed::NotePlan { plan };
    }
    let limits = plans.iter().find(|known| known.id == plan).map(|known| &known.limits);
    match limits.map(|limits| limits.exceeded_by(&usage)) {
        Some(beyond) if !beyond.is_empty() => Deed::RefusePlan { plan, beyond },
        _ => Deed::ChangePlan { plan },
    }
}
