use std::process::ExitCode;

use store::{ChangeRequest, Wish};
use tenancy::{Status, Tenant};

use crate::Outcome;
use crate::api::{Accepted, Api, Reply};
use crate::preview;
use crate::watch::watch;

/// Says what became of what was asked for, and follows the operation that does it to its end, if that is wanted.
pub(crate) async fn report(api: &Api, reply: &Reply, follow: bool) -> Outcome {
    match reply {
        Reply::Operation(Accepted { tenant, operation }) => {
            match tenant.grace {
                Some(_) => println!("{}", waits(tenant)),
                None => println!("tenant {} {}, operation {operation}", tenant.id, tenant.status),
            }
            if follow {
                return Ok(watch(api, &tenant.id, *operation).await?);
            }
        }
        Reply::Tenant { tenant } => println!("{}", waits(tenant)),
        Reply::ChangeRequest { change_request } => {
            println!("{}", wished(change_request));
            println!("  tenantry changes approve {} --reason …", change_request.id);
        }
        Reply::Preview(preview) => return preview::show(preview),
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a tenant stands of which nothing is under way, and what it waits for.
fn waits(Tenant { id, status, approve_by, grace, .. }: &Tenant) -> String {
    match (status, approve_by, grace) {
        (Status::PendingApproval, Some(until), _) => format!(
            "tenant {id} {status}: nothing is made before somebody approves it, until {until:.0}\n  \
             tenantry tenant approve {id} --reason …"
        ),
        (Status::Cancelling, _, Some(grace)) => format!(
            "tenant {id} {status}: it is deleted at {:.0}, unless it is restored before\n  \
             tenantry tenant restore {id} --reason …",
            grace.deletes_at
        ),
        _ => format!("tenant {id} {status}"),
    }
}

/// What somebody else has to approve, and until when.
fn wished(ChangeRequest { id, tenant, wish, until, .. }: &ChangeRequest) -> String {
    let wish = told(wish);
    format!("change request {id} ({tenant}: {wish}): another admin has to approve it, until {until:.0}")
}

/// A wish in a few words.
pub(crate) fn told(wish: &Wish) -> String {
    match wish {
        Wish::Delete { grace_days: 0 } => "delete".to_owned(),
        Wish::Delete { grace_days } => format!("delete in {grace_days} days"),
        Wish::Override { plan, overrides } => {
            let plan = plan.iter().map(|plan| format!("plan {plan}"));
            let settings = overrides.iter().map(|(name, value)| format!("{name}={value}"));
            let parts: Vec<String> = plan.chain(settings).collect();
            if parts.is_empty() { "no overrides".to_owned() } else { parts.join(", ") }
        }
    }
}
