use crate::emf::{count, record};
use crate::metric::{Metric, Unit};

/// Something that an operator must know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    OperationStalled,
    OutboxOverdue,
    CompensationStuck,
    OrphansFound,
    DomainFailed,
    BackupFailed,
    ChangeUntold,
    WebhookDead,
    WebhookDisabled,
    BillingPoison,
    BillingUnknown,
    BillingAmiss,
}

/// Records how many of them were found.
pub fn found(finding: Finding, many: usize) {
    record(&[], &[(finding.metric(), count(many))]);
}

impl Finding {
    fn metric(self) -> &'static Metric {
        match self {
            Self::OperationStalled => &OPERATION_STALLED,
            Self::OutboxOverdue => &OUTBOX_OVERDUE,
            Self::CompensationStuck => &COMPENSATION_STUCK,
            Self::OrphansFound => &ORPHANS_FOUND,
            Self::DomainFailed => &DOMAIN_FAILED,
            Self::BackupFailed => &BACKUP_FAILED,
            Self::ChangeUntold => &CHANGE_UNTOLD,
            Self::WebhookDead => &WEBHOOK_DEAD,
            Self::WebhookDisabled => &WEBHOOK_DISABLED,
            Self::BillingPoison => &BILLING_POISON,
            Self::BillingUnknown => &BILLING_UNKNOWN,
            Self::BillingAmiss => &BILLING_AMISS,
        }
    }
}

const fn finding(name: &'static str, from: &'static str, tells: &'static str) -> Metric {
    Metric { name, unit: Unit::Count, by: &[&[]], from, tells }
}

pub(crate) static OPERATION_STALLED: Metric = finding(
    "OperationStalled",
    "`saga-janitor`",
    "Operations past their state's deadline, or whose execution died. Every minute, also as 0.",
);

pub(crate) static OUTBOX_OVERDUE: Metric = finding(
    "OutboxOverdue",
    "`saga-janitor`",
    "Operations that were accepted and not started within a minute. Every minute, also as 0.",
);

pub(crate) static COMPENSATION_STUCK: Metric = finding(
    "CompensationStuck",
    "`saga-janitor`",
    "Resources that would not go, each with its repair task. Every minute, also as 0.",
);

pub(crate) static ORPHANS_FOUND: Metric = finding(
    "OrphansFound",
    "`saga-sweep-orphans`",
    "Resources at providers with our mark that no ledger holds. Once for each sweep, also as 0.",
);

pub(crate) static DOMAIN_FAILED: Metric = finding(
    "DomainFailed",
    "`tenant-settle-domain`",
    "A custom domain did not come to lead to its tenant, or would not go. Also as 0.",
);

pub(crate) static BACKUP_FAILED: Metric = finding(
    "BackupFailed",
    "`tenant-archive`",
    "Something of a tenant that leaves cannot be backed up, so it is not deleted.",
);

pub(crate) static CHANGE_UNTOLD: Metric =
    finding("ChangeUntold", "`event-publish`", "A record has changed in a way that nobody could be told.");

pub(crate) static WEBHOOK_DEAD: Metric =
    finding("WebhookDead", "`webhook-deliver`", "A delivery was given up. Also as 0.");

pub(crate) static WEBHOOK_DISABLED: Metric =
    finding("WebhookDisabled", "`webhook-deliver`", "An endpoint was given up. Also as 0.");

pub(crate) static BILLING_POISON: Metric = finding(
    "BillingPoison",
    "`billing-react`",
    "A billing event could not be read, and lies with the dead letters.",
);

pub(crate) static BILLING_UNKNOWN: Metric =
    finding("BillingUnknown", "`billing-react`", "A billing event of a kind that nobody reacts to was kept.");

pub(crate) static BILLING_AMISS: Metric = finding(
    "BillingAmiss",
    "`billing-react`",
    "Subscriptions that did not agree with their tenants and resources last night.",
);
