pub(crate) mod certificate;
mod health;
mod list;
mod log;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tenancy::{OperationId, TenantId};

use crate::Outcome;
use crate::api::{Again, Api, Approval, Deletion, DryRun, PlanChange, Signup, Update, Upgrade, Wanted};
use crate::provision::sign_up;
use crate::report::report;
use crate::watch::{picture, watch};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists tenants by name.
    List(Wanted),
    /// Signs up a tenant.
    Create {
        #[command(flatten)]
        signup: Signup,
        /// Repeats an earlier signup safely: the same key never makes a second tenant.
        #[arg(long)]
        idempotency_key: Option<String>,
        /// Does nothing: `validate` says what is wrong with it, `plan` also what would be done.
        #[arg(long)]
        dry_run: Option<DryRun>,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Shows a tenant.
    Show { id: TenantId },
    /// Shows how far an operation is: the one named, or the tenant's last.
    Status {
        id: TenantId,
        operation: Option<OperationId>,
        /// Keeps showing until it has ended.
        #[arg(long)]
        watch: bool,
    },
    /// Shows how each part of a tenant is, as it was seen last: pods, conditions, the last backup.
    Health { id: TenantId },
    /// Tells an operation from its beginning: the one named, or the tenant's last.
    Log { id: TenantId, operation: Option<OperationId> },
    /// Lists who did what to a tenant, and why.
    Audit { id: TenantId },
    /// Has a tenant made that waits for approval; what is named is to be different.
    Approve {
        id: TenantId,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        approval: Approval,
    },
    /// Turns a signup down that waits for approval.
    Reject {
        id: TenantId,
        #[arg(long)]
        reason: String,
    },
    /// Changes what a tenant was signed up with.
    Update {
        id: TenantId,
        #[command(flatten)]
        update: Update,
        /// Does nothing: `validate` says what is wrong with it, `plan` also what would be done.
        #[arg(long)]
        dry_run: Option<DryRun>,
        /// Shows its steps until the change is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Moves a tenant to another plan, or gives it what its plan does not.
    ChangePlan {
        id: TenantId,
        #[command(flatten)]
        change: PlanChange,
        /// Does nothing: `validate` says what is wrong with it, `plan` also what would be done.
        #[arg(long)]
        dry_run: Option<DryRun>,
        /// Shows its steps until the plan is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Moves a tenant to another version of its blueprint, or back to the one before.
    Upgrade {
        id: TenantId,
        #[command(flatten)]
        upgrade: Upgrade,
        /// Does nothing: `validate` says what is wrong with it, `plan` also what would be done.
        #[arg(long)]
        dry_run: Option<DryRun>,
        /// Shows its steps until the version is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Has visitors see that a tenant is suspended. Its data is kept.
    Suspend(Because),
    /// Has a suspended tenant serve its visitors again.
    Resume(Because),
    /// Looks at every part of a tenant anew, and mends it; `health` shows what was seen.
    Check(Because),
    /// Has its product refuse changes, or take them again.
    Access {
        id: TenantId,
        #[arg(value_parser = ["full", "read_only"])]
        access: String,
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is so.
        #[arg(long)]
        watch: bool,
    },
    /// Puts a tenant to sleep: nothing computes for it until somebody comes.
    Hibernate(Because),
    /// Wakes a tenant that sleeps.
    Wake(Because),
    /// Provisions a tenant again that failed or is stuck.
    Retry {
        id: TenantId,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        retry: Again,
    },
    /// Stops a signup or a retry, and destroys what it made: the operation named, or the tenant's last.
    Cancel {
        id: TenantId,
        operation: Option<OperationId>,
        #[arg(long)]
        reason: String,
        /// Shows what is undone until nothing is left.
        #[arg(long)]
        watch: bool,
    },
    /// Lets a signup or a retry do without an optional step.
    Skip {
        id: TenantId,
        operation: OperationId,
        step: String,
        #[arg(long)]
        reason: String,
    },
    /// Deletes a tenant and everything it has.
    Delete {
        id: TenantId,
        /// Ends whatever is under way, and the tenant also when something would not go.
        #[arg(long, requires = "reason", conflicts_with_all = ["grace_days", "dry_run"])]
        force: bool,
        #[command(flatten)]
        deletion: Deletion,
        /// Does nothing: `validate` says what is wrong with it, `plan` also what would be done.
        #[arg(long)]
        dry_run: Option<DryRun>,
        /// Shows what is undone until nothing is left.
        #[arg(long)]
        watch: bool,
    },
    /// Brings a tenant back: in its days of grace as it was, afterwards from its archive.
    Restore {
        id: TenantId,
        /// Where it answers from now on, if somebody else has its subdomain by now.
        #[arg(long)]
        subdomain: Option<String>,
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Has nothing take a tenant away until it is released, as for a court.
    Hold {
        id: TenantId,
        #[arg(long)]
        reason: String,
    },
    /// Takes a hold off.
    Release {
        id: TenantId,
        #[arg(long)]
        reason: String,
    },
    /// Has deletions of a tenant refused, against mistakes.
    Lock {
        id: TenantId,
        #[arg(long)]
        reason: String,
    },
    /// Takes the lock off.
    Unlock {
        id: TenantId,
        #[arg(long)]
        reason: String,
    },
    /// Shows what proves that a tenant is gone.
    Certificate {
        id: TenantId,
        /// Compares it with its signature, and says whose that is.
        #[arg(long)]
        verify: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Because {
    id: TenantId,
    #[arg(long)]
    reason: String,
    /// Shows its steps until it is done.
    #[arg(long)]
    watch: bool,
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        let (reply, watch) = match self {
            Self::List(wanted) => return list::list(api, &wanted).await,
            Self::Show { id } => return show::show(api, &id).await,
            Self::Status { id, operation, watch } => return status(api, &id, operation, watch).await,
            Self::Health { id } => return health::health(api, &id).await,
            Self::Log { id, operation } => {
                return log::log(api, &id, last(api, &id, operation).await?).await;
            }
            Self::Audit { id } => return audit(api, &id).await,
            Self::Certificate { id, verify } => return certificate::certificate(api, &id, verify).await,
            Self::Create { signup, idempotency_key, dry_run: None, watch } => {
                (sign_up(api, &signup, idempotency_key).await?, watch)
            }
            // What is only rehearsed is not what a key stands for.
            Self::Create { signup, dry_run, .. } => (api.sign_up(&signup, "", dry_run).await?, false),
            Self::Approve { id, approval, watch } => (api.approve(&id, &approval).await?, watch),
            Self::Reject { id, reason } => (api.because(&id, "reject", &reason).await?, false),
            Self::Update { id, update, dry_run, watch } => (api.update(&id, &update, dry_run).await?, watch),
            Self::ChangePlan { id, change, dry_run, watch } => {
                (api.change_plan(&id, &change, dry_run).await?, watch)
            }
            Self::Upgrade { id, upgrade, dry_run, watch } => {
                (api.upgrade(&id, &upgrade, dry_run).await?, watch)
            }
            Self::Suspend(Because { id, reason, watch }) => {
                (api.because(&id, "suspend", &reason).await?, watch)
            }
            Self::Resume(Because { id, reason, watch }) => {
                (api.because(&id, "resume", &reason).await?, watch)
            }
            Self::Check(Because { id, reason, watch }) => (api.because(&id, "check", &reason).await?, watch),
            Self::Access { id, access, reason, watch } => {
                (api.change_access(&id, &access, &reason).await?, watch)
            }
            Self::Hibernate(Because { id, reason, watch }) => {
                (api.because(&id, "hibernate", &reason).await?, watch)
            }
            Self::Wake(Because { id, reason, watch }) => (api.because(&id, "wake", &reason).await?, watch),
            Self::Retry { id, retry, watch } => (api.retry(&id, &retry).await?, watch),
            Self::Cancel { id, operation, reason, watch } => {
                let operation = last(api, &id, operation).await?;
                (api.cancel(&id, operation, &reason).await?, watch)
            }
            Self::Skip { id, operation, step, reason } => {
                (api.skip(&id, operation, &step, &reason).await?, false)
            }
            Self::Delete { id, force: true, deletion, watch, .. } => {
                let reason = deletion.reason.unwrap_or_default();
                (api.force_delete(&id, &reason, deletion.break_glass).await?, watch)
            }
            Self::Delete { id, deletion, dry_run, watch, .. } => {
                (api.delete(&id, &deletion, dry_run).await?, watch)
            }
            Self::Restore { id, subdomain, reason, watch } => {
                (api.restore(&id, subdomain.as_deref(), &reason).await?, watch)
            }
            Self::Hold { id, reason } => (api.because(&id, "hold", &reason).await?, false),
            Self::Release { id, reason } => (api.because(&id, "release", &reason).await?, false),
            Self::Lock { id, reason } => (api.because(&id, "lock", &reason).await?, false),
            Self::Unlock { id, reason } => (api.because(&id, "unlock", &reason).await?, false),
        };
        report(api, &reply, watch).await
    }
}

async fn audit(api: &Api, id: &TenantId) -> Outcome {
    for entry in api.audit(id).await? {
        println!("{} {:<12} {}: {}", entry.at, entry.action, entry.who, entry.why);
    }
    Ok(ExitCode::SUCCESS)
}

/// The operation that was named, or the tenant's last.
async fn last(
    api: &Api,
    id: &TenantId,
    named: Option<OperationId>,
) -> Result<OperationId, Box<dyn std::error::Error>> {
    let found = match named {
        None => api.last_operation(id).await?,
        named => named,
    };
    found.ok_or_else(|| format!("tenant {id} never had an operation").into())
}

async fn status(api: &Api, id: &TenantId, operation: Option<OperationId>, follow: bool) -> Outcome {
    let tenant = api.tenant(id).await?;
    println!("tenant {} {}", tenant.id, tenant.status);
    let operation = last(api, id, operation).await?;
    if follow {
        return Ok(watch(api, id, operation).await?);
    }
    println!("{}", picture(&api.operation(id, operation).await?));
    Ok(ExitCode::SUCCESS)
}
