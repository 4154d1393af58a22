use std::process::ExitCode;

use clap::Subcommand;
use tenancy::{OperationId, TenantId};
use ulid::Ulid;

use crate::Outcome;
use crate::api::{Accepted, Again, Api, Signup};
use crate::watch::{picture, watch};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Signs up a tenant.
    Create {
        #[command(flatten)]
        signup: Signup,
        /// Repeats an earlier signup safely: the same key never makes a second tenant.
        #[arg(long)]
        idempotency_key: Option<String>,
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
    /// Provisions a tenant again that failed or is stuck.
    Retry {
        id: TenantId,
        #[command(flatten)]
        retry: Again,
        /// Shows its steps until it is active or has failed.
        #[arg(long)]
        watch: bool,
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
    /// Has visitors see that a tenant is suspended. Its data is kept.
    Suspend {
        id: TenantId,
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is suspended.
        #[arg(long)]
        watch: bool,
    },
    /// Has a suspended tenant serve its visitors again.
    Resume {
        id: TenantId,
        #[arg(long)]
        reason: String,
        /// Shows its steps until it is active.
        #[arg(long)]
        watch: bool,
    },
    /// Moves a tenant to another plan.
    ChangePlan {
        id: TenantId,
        plan: String,
        #[arg(long)]
        reason: String,
        /// Shows its steps until the plan is in force.
        #[arg(long)]
        watch: bool,
    },
    /// Deletes a tenant and everything it has.
    Delete {
        id: TenantId,
        /// Ends whatever is under way, and the tenant also when something would not go.
        #[arg(long, requires = "reason")]
        force: bool,
        #[arg(long)]
        reason: Option<String>,
        /// Shows what is undone until nothing is left.
        #[arg(long)]
        watch: bool,
    },
    /// Lists who did what to a tenant, and why.
    Audit { id: TenantId },
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        match self {
            Self::Create { signup, idempotency_key, watch } => {
                let key = idempotency_key.unwrap_or_else(|| Ulid::generate().to_string());
                let accepted = api.sign_up(&signup, &key).await.map_err(|error| {
                    if error.may_pass() {
                        format!("{error}\nit may have been accepted: repeat it with --idempotency-key {key}")
                    } else {
                        error.to_string()
                    }
                })?;
                report(api, &accepted, watch).await
            }
            Self::Show { id } => show(api, &id).await,
            Self::Status { id, operation, watch } => status(api, &id, operation, watch).await,
            Self::Retry { id, retry, watch } => report(api, &api.retry(&id, &retry).await?, watch).await,
            Self::Cancel { id, operation, reason, watch } => {
                let operation = last(api, &id, operation).await?;
                report(api, &api.cancel(&id, operation, &reason).await?, watch).await
            }
            Self::Skip { id, operation, step, reason } => {
                report(api, &api.skip(&id, operation, &step, &reason).await?, false).await
            }
            Self::Suspend { id, reason, watch } => {
                report(api, &api.suspend(&id, &reason).await?, watch).await
            }
            Self::Resume { id, reason, watch } => report(api, &api.resume(&id, &reason).await?, watch).await,
            Self::ChangePlan { id, plan, reason, watch } => {
                report(api, &api.change_plan(&id, &plan, &reason).await?, watch).await
            }
            Self::Delete { id, force: true, reason: Some(reason), watch } => {
                report(api, &api.force_delete(&id, &reason).await?, watch).await
            }
            Self::Delete { id, reason, watch, .. } => {
                report(api, &api.delete(&id, reason.as_deref()).await?, watch).await
            }
            Self::Audit { id } => {
                for entry in api.audit(&id).await? {
                    println!("{} {:<12} {}: {}", entry.at, entry.action, entry.who, entry.why);
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

pub(crate) async fn report(api: &Api, accepted: &Accepted, follow: bool) -> Outcome {
    let Accepted { tenant, operation } = accepted;
    println!("tenant {} {}, operation {operation}", tenant.id, tenant.status);
    if follow { Ok(watch(api, &tenant.id, *operation).await?) } else { Ok(ExitCode::SUCCESS) }
}

async fn show(api: &Api, id: &TenantId) -> Outcome {
    let tenant = api.tenant(id).await?;
    let line = |what: &str, value: &str| println!("{what:<12} {value}");
    line("tenant", tenant.id.as_str());
    line("name", &tenant.name);
    line("status", tenant.status.name());
    line("subdomain", tenant.subdomain.as_str());
    line("email", tenant.email.as_str());
    line("blueprint", &tenant.blueprint.to_string());
    line("plan", &tenant.plan);
    line("theme", tenant.theme.as_deref().unwrap_or("-"));
    line("category", tenant.category.as_deref().unwrap_or("-"));
    line("created", &tenant.created_at.to_string());
    if let Some(at) = tenant.activated_at {
        line("activated", &at.to_string());
    }
    for integration in &tenant.integrations {
        line("integration", integration);
    }
    for (purpose, url) in &tenant.endpoints {
        line(purpose, url);
    }
    if let Some(operation) = tenant.operation {
        line("operation", &operation.to_string());
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

pub(crate) async fn plans(api: &Api) -> Outcome {
    for plan in api.plans().await? {
        let price = format!("{}.{:02} {}", plan.price_cents / 100, plan.price_cents % 100, plan.currency);
        let trial =
            if plan.trial_days == 0 { String::new() } else { format!(", {} days' trial", plan.trial_days) };
        println!(
            "{:<16} {:<16} {price} {}{trial}{}",
            plan.id,
            plan.name,
            plan.billing_cycle,
            offered(plan.active)
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn themes(api: &Api) -> Outcome {
    for theme in api.themes().await? {
        println!("{:<16} {:<16} {}{}", theme.id, theme.name, theme.description, offered(theme.active));
    }
    Ok(ExitCode::SUCCESS)
}

fn offered(active: bool) -> &'static str {
    if active { "" } else { " (not for new tenants)" }
}
