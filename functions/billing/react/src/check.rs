use billing::Wanted;
use fault::Fault;
use jiff::Timestamp;
use saga::ResourceState;
use store::{Account, Catalogue, ResourceLedger, Tenants};
use telemetry::Finding;
use tenancy::{Plan, Status, Tenant};

use crate::{Post, React};

impl<P: Post> React<P> {
    /// Holds every subscription against its tenant's record and that against its resources. What is amiss is told, and
    /// looked at: most of it mends itself by that.
    pub async fn check(&self, now: Timestamp) -> Result<(), Fault> {
        let (tenants, ledger) = (Tenants::new(self.db.clone()), ResourceLedger::new(self.db.clone()));
        let plans = Catalogue::new(self.db.clone()).plans().await?;
        let mut amiss = 0;
        for id in Account::all(&self.db).await? {
            let Some(account) = Account::get(&self.db, &id).await? else { continue };
            let (mut tenant, mut live) = (None, false);
            if let Some(id) = &account.tenant {
                tenant = tenants.get(id).await?.map(|found| found.value);
                live =
                    ledger.resources(id).await?.iter().any(|resource| resource.state == ResourceState::Live);
            }
            let Some(problem) = self.amiss(&account, tenant.as_ref(), live, &plans, now) else { continue };
            tracing::error!(subscription.id = %id, "billing is amiss: {problem}");
            amiss += 1;
            if let Err(fault) = self.look(&id, false).await {
                tracing::warn!(subscription.id = %id, fault = fault.kind.name(), "was not seen to: {fault}");
            }
        }
        telemetry::found(Finding::BillingAmiss, amiss);
        Ok(())
    }

    /// What of subscription, record and resources contradicts the others.
    pub(crate) fn amiss(
        &self,
        account: &Account,
        tenant: Option<&Tenant>,
        live: bool,
        plans: &[Plan],
        now: Timestamp,
    ) -> Option<String> {
        let offered = |names: &[String]| self.settings.offered(names, plans);
        let standing = account.subscription.standing(&self.settings.policy, offered, now);
        let status = tenant.map(|tenant| tenant.status);
        let bought = account.subscription.bought.latest();
        match (standing.wanted, status) {
            (Wanted::Service { .. }, None) if standing.plan.is_none() && !bought.is_empty() => {
                Some(format!("nothing of what was bought is a plan: {}", bought.join(", ")))
            }
            (Wanted::Service { .. }, None) if account.subscription.customer().is_none() => {
                Some("it is paid for, and nobody knows by whom: no checkout was heard of".to_owned())
            }
            (Wanted::Service { .. }, None) => Some(format!(
                "it is paid for and has no tenant: {}",
                account.refused.as_deref().unwrap_or("not yet")
            )),
            (Wanted::Service { .. }, Some(Status::Deleted)) if account.charged => {
                Some("it is charged and its tenant is deleted".to_owned())
            }
            (Wanted::Service { .. }, Some(Status::Active | Status::Hibernating)) if !live => {
                Some("its tenant is active and has no resources".to_owned())
            }
            (Wanted::Gone { .. }, Some(Status::Active | Status::Suspended | Status::Hibernating)) => {
                Some("it has ended and its tenant lives".to_owned())
            }
            (Wanted::Gone { .. }, Some(Status::Deleted)) if live => {
                Some("it has ended, its tenant is deleted and still has resources".to_owned())
            }
            (Wanted::Service { .. }, Some(_)) => {
                account.refused.as_ref().map(|refused| format!("was not done: {refused}"))
            }
            (Wanted::Gone { .. } | Wanted::Nothing, _) => None,
        }
    }
}
