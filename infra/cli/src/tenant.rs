pub(crate) mod certificate;
mod export;
mod health;
mod list;
mod log;
mod provision;
mod show;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tenancy::{OperationId, TenantId};

use crate::Outcome;
use crate::api::{Again, Api, Approval, Deletion, PlanChange, Signup, Update, Upgrade, Wanted};
use crate::failure::{Exit, Failure};
use crate::report::report;
use crate::session::Session;
use crate::watch::{picture, watch};

/// What is done to tenants, and asked about them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Signs up a tenant.
    Provision {
        #[command(flatten)]
        signup: Signup,
        /// Repeats an earlier signup safely: the same key never makes a second tenant.
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Has a tenant made that waits for approval; what is named is to be different.
    Activate {
        #[command(flatten)]
        approval: Of<Approval>,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Turns a signup down that waits for approval.
    Reject(Act),
    /// Lists tenants by name.
    List(Wanted),
    /// Shows a tenant.
    Show { tenant: TenantId },
    /// Shows how far an operation is: the one named, or the tenant's last.
    Status {
        tenant: TenantId,
        operation: Option<OperationId>,
        /// Keeps showing until it has ended; the exit code says how.
        #[arg(long)]
        watch: bool,
    },
    /// Shows how each part of a tenant is, as it was seen last: pods, conditions, the last backup.
    Health { tenant: TenantId },
    /// Tells an operation from its beginning: the one named, or the tenant's last.
    Log { tenant: TenantId, operation: Option<OperationId> },
    /// Lists who did what to a tenant, and why.
    Audit { tenant: TenantId },
    /// Gives everything that is held about a tenant, as one JSON document.
    Export {
        tenant: TenantId,
        /// Where to; the terminal, if left out.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Shows what proves that a tenant is gone.
    Certificate {
        tenant: TenantId,
        /// Compares it with its signature, and says whose that is.
        #[arg(long)]
        verify: bool,
    },
    /// Provisions a tenant again that failed or is stuck; what is named is to be different.
    Retry {
        #[command(flatten)]
        retry: Of<Again>,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Lets a signup or a retry do without an optional step: of the operation named, or the tenant's last.
    Skip {
        tenant: TenantId,
        step: String,
        operation: Option<OperationId>,
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Stops a signup or a retry, and destroys what it made: the operation named, or the tenant's last.
    Cancel {
        tenant: TenantId,
        operation: Option<OperationId>,
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
        /// Shows what is undone until nothing is left.
        #[arg(long)]
        watch: bool,
    },
    /// Changes what a tenant was signed up with.
    Update {
        #[command(flatten)]
        update: Of<Update>,
        /// Shows its steps until the change is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Moves a tenant to another plan, or gives it what its plan does not.
    ChangePlan {
        #[command(flatten)]
        change: Of<PlanChange>,
        /// Shows its steps until the plan is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Moves a tenant to another version of its blueprint, or back to the one before.
    Upgrade {
        #[command(flatten)]
        upgrade: Of<Upgrade>,
        /// Shows its steps until the version is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Has visitors see that a tenant is suspended. Its data is kept.
    Suspend(Act),
    /// Has a suspended tenant serve its visitors again.
    Resume(Act),
    /// Looks at every part of a tenant anew, and mends it; `health` shows what was seen.
    Check(Act),
    /// Has its product refuse changes, or take them again.
    Access {
        tenant: TenantId,
        #[arg(value_parser = ["full", "read_only"])]
        access: String,
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is so.
        #[arg(long)]
        watch: bool,
    },
    /// Puts a tenant to sleep: nothing computes for it until somebody comes.
    Hibernate(Act),
    /// Wakes a tenant that sleeps.
    Wake(Act),
    /// Deletes a tenant and everything it has.
    Delete {
        #[command(flatten)]
        deletion: Of<Deletion>,
        /// Ends whatever is under way, and the tenant also when something would not go.
        #[arg(long, requires = "reason", conflicts_with = "grace_days")]
        force: bool,
        /// Shows what is undone until nothing is left.
        #[arg(long)]
        watch: bool,
    },
    /// Brings a tenant back: in its days of grace as it was, afterwards from its archive.
    Restore {
        tenant: TenantId,
        /// Where it answers from now on, if somebody else has its subdomain by now.
        #[arg(long)]
        subdomain: Option<String>,
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
    },
    /// Has nothing take a tenant away until it is released, as for a court.
    Hold(Act),
    /// Takes a hold off.
    Release(Act),
    /// Has deletions of a tenant refused, against mistakes.
    Lock(Act),
    /// Takes the lock off.
    Unlock(Act),
}

/// A tenant, and what is wished for it.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Of<T: Args> {
    pub(crate) tenant: TenantId,
    #[command(flatten)]
    pub(crate) wish: T,
}

/// What needs no more said than why.
#[derive(Debug, Args)]
pub(crate) struct Act {
    tenant: TenantId,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// Shows its steps until it is done.
    #[arg(long)]
    watch: bool,
}

impl Command {
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        let api = &session.api;
        let because = async |act, Act { tenant, reason, watch }: Act| {
            api.because(&tenant, act, &reason).await.map(|reply| (reply, watch))
        };
        let (reply, watch) = match self {
            Self::List(wanted) => return list::list(session, &wanted).await,
            Self::Show { tenant } => return show::show(session, &tenant).await,
            Self::Status { tenant, operation, watch } => {
                return status(session, &tenant, operation, watch).await;
            }
            Self::Health { tenant } => return health::health(session, &tenant).await,
            Self::Log { tenant, operation } => {
                return log::log(session, &tenant, last(api, &tenant, operation).await?).await;
            }
            Self::Audit { tenant } => return log::audit(session, &tenant).await,
            Self::Export { tenant, output } => {
                return export::export(session, &tenant, output.as_deref()).await;
            }
            Self::Certificate { tenant, verify } => {
                return certificate::certificate(session, &tenant, verify).await;
            }
            Self::Provision { signup, idempotency_key, watch } => {
                (provision::sign_up(api, &signup, idempotency_key).await?, watch)
            }
            Self::Activate { approval, watch } => {
                (api.approve(&approval.tenant, &approval.wish).await?, watch)
            }
            Self::Reject(act) => because("reject", act).await?,
            Self::Retry { retry, watch } => (api.retry(&retry.tenant, &retry.wish).ask().await?, watch),
            Self::Skip { tenant, step, operation, reason, watch } => {
                let operation = last(api, &tenant, operation).await?;
                (api.skip(&tenant, operation, &step, &reason).await?, watch)
            }
            Self::Cancel { tenant, operation, reason, watch } => {
                let operation = last(api, &tenant, operation).await?;
                (api.cancel(&tenant, operation, &reason).await?, watch)
            }
            Self::Update { update, watch } => (api.update(&update.tenant, &update.wish).ask().await?, watch),
            Self::ChangePlan { change, watch } => {
                (api.change_plan(&change.tenant, &change.wish).ask().await?, watch)
            }
            Self::Upgrade { upgrade, watch } => {
                (api.upgrade(&upgrade.tenant, &upgrade.wish).ask().await?, watch)
            }
            Self::Suspend(act) => because("suspend", act).await?,
            Self::Resume(act) => because("resume", act).await?,
            Self::Check(act) => because("check", act).await?,
            Self::Access { tenant, access, reason, watch } => {
                (api.change_access(&tenant, &access, &reason).await?, watch)
            }
            Self::Hibernate(act) => because("hibernate", act).await?,
            Self::Wake(act) => because("wake", act).await?,
            Self::Delete { deletion: Of { tenant, wish }, force: true, watch } => {
                let reason = wish.reason.unwrap_or_default();
                (api.force_delete(&tenant, &reason, wish.break_glass).await?, watch)
            }
            Self::Delete { deletion: Of { tenant, wish }, watch, .. } => {
                (api.delete(&tenant, &wish).ask().await?, watch)
            }
            Self::Restore { tenant, subdomain, reason, watch } => {
                (api.restore(&tenant, subdomain.as_deref(), &reason).await?, watch)
            }
            Self::Hold(act) => because("hold", act).await?,
            Self::Release(act) => because("release", act).await?,
            Self::Lock(act) => because("lock", act).await?,
            Self::Unlock(act) => because("unlock", act).await?,
        };
        report(session, &reply, watch).await
    }
}

/// The operation that was named, or the tenant's last.
async fn last(
    api: &Api,
    tenant: &TenantId,
    named: Option<OperationId>,
) -> Result<OperationId, Box<dyn Error>> {
    let found = match named {
        None => api.last_operation(tenant).await?,
        named => named,
    };
    let missing = || Failure::new(Exit::Missing, format!("tenant {tenant} never had an operation"));
    Ok(found.ok_or_else(missing)?)
}

async fn status(
    session: &Session,
    tenant: &TenantId,
    operation: Option<OperationId>,
    follow: bool,
) -> Outcome {
    let Session { api, form, .. } = session;
    let operation = last(api, tenant, operation).await?;
    if follow {
        return watch(session, tenant, operation).await;
    }
    let known = api.tenant(tenant).await?.read;
    let said = api.operation(tenant, operation).await?;
    form.tell(&said, |operation| format!("tenant {tenant} {}\n{}\n", known.status, picture(operation)));
    Ok(ExitCode::SUCCESS)
}
