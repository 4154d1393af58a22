//! Tells a control plane of the AWS SaaS Builder Toolkit how it went with what it asked for: hears on our bus that an
//! operation is over, and says so on theirs, if the tenant is one of theirs.

use aws_lambda_events::sqs::SqsEvent;
use event_bridge::{Bus, Entry};
use events::{Event, Type};
use fault::Fault;
use sbt::Job;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Correspondence, Database, Tenants};
use tenancy::{Kind, Status, StepFault, Tenant, TenantId};

#[derive(Debug)]
pub struct Report {
    pub tenants: Tenants,
    pub db: Database,
    /// The control plane's.
    pub bus: Bus,
    /// What it knows the application plane by.
    pub source: String,
}

/// An event as our bus puts it into a queue.
#[derive(Debug, Deserialize)]
struct Put {
    detail: Event<Over>,
}

/// What is read of an operation that is over.
#[derive(Debug, Deserialize)]
struct Over {
    tenant: TenantId,
    kind: Kind,
    back: bool,
    #[serde(default)]
    fault: Option<StepFault>,
}

impl Report {
    /// Each letter is one event. If the other bus does not take it, it comes again.
    pub async fn run(&self, letters: SqsEvent) -> Result<(), Fault> {
        for letter in letters.records {
            let put = serde_json::from_str(letter.body.as_deref().unwrap_or_default());
            let Put { detail } = put.map_err(|e| Fault::terminal(format!("a letter is no event: {e}")))?;
            Box::pin(self.tell(&detail)).await?;
        }
        Ok(())
    }

    async fn tell(&self, event: &Event<Over>) -> Result<(), Fault> {
        let Some(job) = job(&event.data) else { return Ok(()) };
        let Some(known) = Correspondence::of(&self.db, &event.data.tenant).await? else { return Ok(()) };
        let tenant = self.tenants.get(&known.tenant).await?.map(|found| found.value);
        // Who was to leave was restored in time.
        let stays = tenant.as_ref().is_some_and(|tenant| tenant.status != Status::Deleted);
        if job == Job::Deprovision && event.kind == Type::OperationSucceeded && stays {
            return Ok(());
        }
        let unsaid = Fault::terminal("it failed, and nobody said why");
        let said = match (event.kind, &event.data.fault) {
            (Type::OperationSucceeded, _) => Ok(kept(tenant.as_ref())),
            (_, Some(failed)) => Err(&failed.fault),
            (_, None) => Err(&unsaid),
        };
        let entry = Entry {
            source: self.source.clone(),
            detail_type: job.answer(said.is_ok()).to_owned(),
            detail: sbt::detail(job, &known.theirs, known.registration.as_deref(), said).to_string(),
            time: event.time,
        };
        tracing::info!(sbt.tenant = known.theirs, tenant.id = %known.tenant, sbt.said = entry.detail_type, "told");
        self.bus.put(&[entry]).await
    }
}

/// What they call it that is over. What leads back from a failure was told as that.
fn job(over: &Over) -> Option<Job> {
    match over.kind {
        _ if over.back => None,
        Kind::Provision => Some(Job::Provision),
        Kind::Delete | Kind::Offboard => Some(Job::Deprovision),
        Kind::Suspend => Some(Job::Deactivate),
        Kind::Resume => Some(Job::Activate),
        Kind::Restore
        | Kind::ChangePlan
        | Kind::Upgrade
        | Kind::Hibernate
        | Kind::Wake
        | Kind::Repair
        | Kind::Domain => None,
    }
}

/// What the control plane is to keep of a tenant: what we call it, and where it answers, as `siteUrl`.
fn kept(tenant: Option<&Tenant>) -> Map<String, Value> {
    let Some(tenant) = tenant else { return Map::new() };
    let named = [
        ("tenantryTenantId".to_owned(), json!(tenant.id)),
        ("tenantStatus".to_owned(), json!(tenant.status)),
    ];
    let endpoints = tenant.endpoints.iter().map(|(purpose, url)| (format!("{purpose}Url"), json!(url)));
    named.into_iter().chain(endpoints).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(kind: &str, back: bool) -> Over {
        let over = json!({ "tenant": "acme-7f3a9c", "operation": "x", "kind": kind, "state": "succeeded", "back": back });
        serde_json::from_value(over).expect("an operation that is over")
    }

    #[test]
    fn what_they_asked_for_is_answered_and_nothing_else() {
        let jobs = [
            ("provision", Some(Job::Provision)),
            ("delete", Some(Job::Deprovision)),
            ("offboard", Some(Job::Deprovision)),
            ("suspend", Some(Job::Deactivate)),
            ("resume", Some(Job::Activate)),
            ("change_plan", None),
            ("upgrade", None),
            ("domain", None),
            ("repair", None),
        ];
        for (kind, expected) in jobs {
            assert_eq!(job(&over(kind, false)), expected, "{kind}");
        }
        assert_eq!(job(&over("resume", true)), None, "it leads back from a suspension that failed");
    }

    #[test]
    fn what_is_kept_is_named_by_what_dynamodb_lets_pass() {
        let tenant = json!({
            "id": "acme-7f3a9c", "name": "Acme", "subdomain": "acme", "email": "o@example.com", "plan": "starter",
            "blueprint": { "name": "shop", "version": 1 }, "status": "active", "created_at": "2026-01-01T00:00:00Z",
            "endpoints": { "site": "https://acme.example.com" },
        });
        let kept = kept(Some(&serde_json::from_value(tenant).expect("a tenant")));
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        assert_eq!(names.len(), 3);
        assert!(
            ["tenantryTenantId", "tenantStatus", "siteUrl"].iter().all(|name| names.contains(name)),
            "{names:?}"
        );
    }
}
