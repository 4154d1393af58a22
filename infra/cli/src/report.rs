use std::process::ExitCode;

use store::{ChangeRequest, Wish};
use tenancy::{Status, Tenant};

use crate::Outcome;
use crate::api::{Accepted, Reply, Said};
use crate::session::Session;
use crate::watch::watch;

/// Says what became of what was asked for, and follows the operation that does it to its end, if that is wanted.
pub(crate) async fn report(session: &Session, said: &Said<Reply>, follow: bool) -> Outcome {
    session.form.tell(said, |reply| told_of(session, reply));
    match &said.read {
        Reply::Operation(Accepted { tenant, operation }) if follow => {
            watch(session, &tenant.id, *operation).await
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn told_of(session: &Session, reply: &Reply) -> String {
    match reply {
        Reply::Operation(Accepted { tenant, .. }) if tenant.grace.is_some() => waits(tenant),
        Reply::Operation(Accepted { tenant, operation }) => {
            let told = format!("tenant {} {}, operation {operation}\n", tenant.id, tenant.status);
            told + &session.link(&tenant.id, Some(*operation))
        }
        Reply::Tenant { tenant } => waits(tenant),
        Reply::ChangeRequest { change_request } => wished(change_request),
    }
}

/// Where a tenant stands of which nothing is under way, and what it waits for.
fn waits(Tenant { id, status, approve_by, grace, .. }: &Tenant) -> String {
    match (status, approve_by, grace) {
        (Status::PendingApproval, Some(until), _) => format!(
            "tenant {id} {status}: nothing is made before somebody approves it, until {until:.0}\n  \
             tenantry activate {id} --reason …\n"
        ),
        (Status::Cancelling, _, Some(grace)) => format!(
            "tenant {id} {status}: it is deleted at {:.0}, unless it is restored before\n  \
             tenantry restore {id} --reason …\n",
            grace.deletes_at
        ),
        _ => format!("tenant {id} {status}\n"),
    }
}

/// What somebody else has to approve, and until when.
fn wished(ChangeRequest { id, tenant, wish, until, .. }: &ChangeRequest) -> String {
    let wish = told(wish);
    format!(
        "change request {id} ({tenant}: {wish}): another admin has to approve it, until {until:.0}\n  \
         tenantry change-requests approve {id} --reason …\n"
    )
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
