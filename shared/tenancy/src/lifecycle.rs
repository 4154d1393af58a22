use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// Where a tenant stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TenantStatus))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    PendingApproval,
    Provisioning,
    Active,
    Suspended,
    /// Asleep, since nobody used it: a request wakes it.
    Hibernating,
    ChangingPlan,
    /// Cancelled, inside its grace period: everything still exists.
    Cancelling,
    Deleting,
    Deleted,
    /// Provisioning failed. Nothing is left, unless it was to be held.
    Failed,
    /// Something would not go: a repair task names it. Or a change went neither forth nor back.
    Stuck,
}

/// What can happen to a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Approved,
    /// Refused by an operator, or nobody approved in time.
    Rejected,
    Provisioned,
    /// A provisioning failed and compensation left nothing.
    RolledBack,
    /// Compensation or deletion ended with a resource that would not go.
    GotStuck,
    RetryRequested,
    SuspendRequested,
    /// Visitors see that it is suspended, or still do.
    Suspended,
    ResumeRequested,
    Resumed,
    HibernateRequested,
    /// It sleeps, or still does.
    Hibernated,
    WakeRequested,
    Woken,
    PlanChangeRequested,
    /// It is to be of another version of its blueprint.
    UpgradeRequested,
    /// Everything of it is to be looked at anew, and mended.
    CheckRequested,
    /// The new plan or version is in force, or the old one is again.
    PlanSettled,
    /// A change failed, and the way back has begun.
    ChangeFailed,
    CancelRequested,
    Reactivated,
    /// What is gone is to come back from its archive.
    RestoreRequested,
    DeleteRequested,
    /// An operator wants it gone, whatever is under way and whatever would not go.
    ForceDeleteRequested,
    Deleted,
    /// What would not go is tried again.
    RepairRequested,
    /// What would not go went.
    Repaired,
}

/// That event cannot happen in that status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: Status,
    pub event: Event,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a tenant that is {} cannot be {}", self.status, self.event.past_participle())
    }
}

impl std::error::Error for Refused {}

impl Status {
    pub const ALL: [Self; 11] = [
        Self::PendingApproval,
        Self::Provisioning,
        Self::Active,
        Self::Suspended,
        Self::Hibernating,
        Self::ChangingPlan,
        Self::Cancelling,
        Self::Deleting,
        Self::Deleted,
        Self::Failed,
        Self::Stuck,
    ];

    /// The status after an event. The whole lifecycle is this table.
    pub fn after(self, event: Event) -> Result<Self, Refused> {
        use Event as E;
        use Status as S;
        match (self, event) {
            (S::PendingApproval, E::Approved)
            | (S::Failed | S::Stuck, E::RetryRequested)
            | (S::Deleted, E::RestoreRequested) => Ok(S::Provisioning),
            (S::PendingApproval, E::Rejected) | (S::Deleting, E::Deleted) => Ok(S::Deleted),
            (S::Provisioning, E::Provisioned)
            | (S::Suspended, E::Resumed)
            | (S::Hibernating, E::Woken)
            | (S::ChangingPlan, E::PlanSettled)
            | (S::Cancelling, E::Reactivated) => Ok(S::Active),
            (S::Provisioning, E::RolledBack) | (S::Stuck, E::Repaired) => Ok(S::Failed),
            (
                S::Provisioning | S::Suspended | S::Hibernating | S::ChangingPlan | S::Deleting | S::Stuck,
                E::GotStuck,
            )
            | (S::Stuck, E::RepairRequested) => Ok(S::Stuck),
            // As it was when it was cancelled.
            (S::Cancelling, E::Suspended)
            | (S::Active | S::Hibernating, E::SuspendRequested)
            | (S::Suspended, E::Suspended | E::ResumeRequested | E::ChangeFailed) => Ok(S::Suspended),
            (S::Active, E::HibernateRequested)
            | (S::Hibernating, E::Hibernated | E::WakeRequested | E::ChangeFailed)
            | (S::Cancelling, E::Hibernated) => Ok(S::Hibernating),
            // Whoever sleeps is awake for what is changed about it.
            (S::Active | S::Hibernating, E::PlanChangeRequested | E::UpgradeRequested)
            // Whoever sleeps is not woken to be looked at.
            | (S::Active, E::CheckRequested)
            | (S::ChangingPlan, E::ChangeFailed) => Ok(S::ChangingPlan),
            (S::Active | S::Suspended | S::Hibernating, E::CancelRequested) => Ok(S::Cancelling),
            (
                S::PendingApproval
                | S::Active
                | S::Suspended
                | S::Hibernating
                | S::Cancelling
                | S::Failed
                | S::Stuck,
                E::DeleteRequested,
            ) => Ok(S::Deleting),
            (status, E::ForceDeleteRequested) if status != S::Deleted => Ok(S::Deleting),
            (status, event) => Err(Refused { status, event }),
        }
    }

    /// Whether an operation of that kind leaves a tenant where it stands: what is repaired beside it is not the tenant.
    /// Only one that is stuck gets anywhere by a repair.
    #[must_use]
    pub fn outlasts(self, kind: Kind) -> bool {
        kind == Kind::Repair && self != Self::Stuck
    }

    /// Whether it is being taken away, or was: nothing more is made for it.
    #[must_use]
    pub fn is_going(self) -> bool {
        matches!(self, Self::Deleting | Self::Deleted | Self::Stuck)
    }

    /// Whether something is under way that must end by itself.
    #[must_use]
    pub fn is_transitional(self) -> bool {
        matches!(self, Self::Provisioning | Self::ChangingPlan | Self::Deleting)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "pending_approval",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Hibernating => "hibernating",
            Self::ChangingPlan => "changing_plan",
            Self::Cancelling => "cancelling",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Event {
    pub const ALL: [Self; 27] = [
        Self::Approved,
        Self::Rejected,
        Self::Provisioned,
        Self::RolledBack,
        Self::GotStuck,
        Self::RetryRequested,
        Self::SuspendRequested,
        Self::Suspended,
        Self::ResumeRequested,
        Self::Resumed,
        Self::HibernateRequested,
        Self::Hibernated,
        Self::WakeRequested,
        Self::Woken,
        Self::PlanChangeRequested,
        Self::UpgradeRequested,
        Self::CheckRequested,
        Self::PlanSettled,
        Self::ChangeFailed,
        Self::CancelRequested,
        Self::Reactivated,
        Self::RestoreRequested,
        Self::DeleteRequested,
        Self::ForceDeleteRequested,
        Self::Deleted,
        Self::RepairRequested,
        Self::Repaired,
    ];

    fn past_participle(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Provisioned => "activated",
            Self::RolledBack => "rolled back",
            Self::GotStuck => "stuck",
            Self::RetryRequested => "retried",
            Self::SuspendRequested | Self::Suspended => "suspended",
            Self::ResumeRequested | Self::Resumed => "resumed",
            Self::HibernateRequested | Self::Hibernated => "put to sleep",
            Self::WakeRequested | Self::Woken => "woken",
            Self::ChangeFailed => "changed back",
            Self::PlanChangeRequested | Self::PlanSettled => "moved to another plan",
            Self::UpgradeRequested => "moved to another version",
            Self::CheckRequested => "checked",
            Self::CancelRequested => "cancelled",
            Self::Reactivated => "reactivated",
            Self::RestoreRequested => "restored from its archive",
            Self::DeleteRequested | Self::ForceDeleteRequested | Self::Deleted => "deleted",
            Self::RepairRequested | Self::Repaired => "repaired",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn exits(status: Status) -> BTreeSet<Status> {
        Event::ALL.iter().filter_map(|&event| status.after(event).ok()).collect()
    }

    fn reachable(from: Status) -> BTreeSet<Status> {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(status) = open.pop() {
            open.extend(exits(status).into_iter().filter(|&next| seen.insert(next)));
        }
        seen
    }

    #[test]
    fn every_status_has_an_exit_and_can_end_deleted() {
        for status in Status::ALL {
            assert!(!exits(status).is_empty(), "{status}");
            assert!(reachable(status).contains(&Status::Deleted), "{status}");
        }
    }

    #[test]
    fn every_transitional_status_can_fail_into_one_that_a_person_can_act_on() {
        for status in Status::ALL.into_iter().filter(|s| s.is_transitional()) {
            assert!(exits(status).contains(&Status::Stuck), "{status}");
        }
        let acts = BTreeSet::from([Status::Provisioning, Status::Deleting]);
        assert_eq!(exits(Status::Failed), acts);
        // A repair leads nowhere but to what can be acted on: it is tried again, or has done its work.
        let repaired = BTreeSet::from([Status::Failed, Status::Stuck]);
        assert_eq!(exits(Status::Stuck), acts.union(&repaired).copied().collect());
    }

    #[test]
    fn a_repair_moves_a_tenant_only_if_that_is_stuck() {
        for status in Status::ALL {
            let moves = status.after(Event::RepairRequested).is_ok();
            assert_eq!(status.outlasts(Kind::Repair), !moves, "{status}");
            assert!(!status.outlasts(Kind::Delete) && !status.outlasts(Kind::Provision), "{status}");
        }
    }

    #[test]
    fn an_operator_can_delete_a_tenant_in_any_status() {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Deleted) {
            assert_eq!(status.after(Event::ForceDeleteRequested), Ok(Status::Deleting), "{status}");
        }
    }

    #[test]
    fn every_status_can_be_reached_from_a_signup() {
        let mut seen = reachable(Status::PendingApproval);
        seen.extend(reachable(Status::Provisioning));
        assert_eq!(exits(Status::Deleted), BTreeSet::from([Status::Provisioning]), "by its archive alone");
        assert_eq!(seen, BTreeSet::from(Status::ALL));
    }

    #[test]
    fn names_are_the_serialised_form() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).expect("a string"), status.name());
        }
    }

    proptest! {
        /// Only proof makes a tenant active, and only its archive brings a deleted one back.
        #[test]
        fn a_life_is_lived_by_the_table(events in prop::collection::vec(0..Event::ALL.len(), 0..40)) {
            let mut status = Status::Provisioning;
            for event in events.into_iter().map(|i| Event::ALL[i]) {
                match status.after(event) {
                    Ok(next) => {
                        prop_assert!(status != Status::Deleted || event == Event::RestoreRequested);
                        if status == Status::Provisioning && next == Status::Active {
                            prop_assert_eq!(event, Event::Provisioned);
                        }
                        status = next;
                    }
                    Err(refused) => prop_assert_eq!(refused, Refused { status, event }),
                }
            }
        }
    }
}
