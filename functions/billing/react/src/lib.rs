//! Has tenants be what their subscriptions stand for: provisioned, moved to another plan, read-only, suspended, offboarded.
//!
//! A letter is heard first: merged into its subscription, once, with a place on the agenda. What follows from the
//! subscription is done afterwards and may be done again, by the next letter or by the agenda's minute: it is the difference
//! between what a tenant is due and what it is. So nothing depends on the order in which letters come, nor on one being
//! carried through to the end.

mod check;
mod decide;
mod letter;
mod notice;
mod post;
mod settings;

use std::time::Duration;

use billing::{Event, Read, Standing, Subject, SubscriptionId, Wanted};
use fault::{Fault, Kind};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use store::{Account, By, Catalogue, Database, Order, Ordered, Refusal, Tenants, UnknownEvent, Voided};
use telemetry::Finding;
use tenancy::{Access, EditRequest, Plan, Signup, SignupRequest, Status, Tenant};

use decide::{Deed, Known, decide};
use letter::Letter;
pub use post::{Office, Post};
pub use settings::Settings;

/// How soon something under way is looked at again: by a letter, and by the agenda should that get lost.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_MINUTES: i64 = 1;
/// How often a subscription is looked at although nothing is heard of it and nothing is due.
const QUIET_HOURS: i64 = 24;
/// How many subscriptions the agenda sees to in one go.
const AGENDA: usize = 200;

#[derive(Debug)]
pub struct React<P> {
    pub post: P,
    pub db: Database,
    pub settings: Settings,
}

/// Letters of the queue; every minute the agenda; every night the check.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Input {
    Letters {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    Agenda {
        /// Only says that it is the agenda's turn.
        agenda: bool,
    },
    Check {
        /// Only says that it is the check's turn.
        check: bool,
    },
}

#[derive(Debug, Deserialize)]
pub struct Record {
    pub body: String,
}

impl<P: Post> React<P> {
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        match input {
            Input::Letters { records } => {
                for record in records {
                    self.open(&record.body).await?;
                }
                Ok(())
            }
            Input::Agenda { agenda: _ } => self.agenda(clock::now()).await,
            Input::Check { check: _ } => self.check(clock::now()).await,
        }
    }

    /// Opens a letter. What will never be readable is put with the dead ones at once and keeps nobody waiting.
    pub async fn open(&self, body: &str) -> Result<(), Fault> {
        let letter = match Letter::read(body, &self.settings) {
            Ok(letter) => letter,
            Err(cause) => {
                tracing::error!("a billing event cannot be read: {cause}");
                telemetry::found(Finding::BillingPoison, 1);
                return self.post.bury(body).await;
            }
        };
        match letter {
            Letter::Look(id) => self.look(&id, true).await,
            Letter::Read(Read::Event(event)) => self.hear(*event).await,
            Letter::Read(Read::Unknown { id, kind }) => {
                tracing::info!(event.id = %id, event.kind = kind, "an event that nobody reacts to");
                telemetry::found(Finding::BillingUnknown, 1);
                Ok(UnknownEvent { id, kind, received_at: clock::now() }.keep(&self.db).await?)
            }
        }
    }

    async fn hear(&self, event: Event) -> Result<(), Fault> {
        let (id, subscription) = (event.id.clone(), event.subscription.clone());
        let Some((account, hearing)) = Account::hear(&self.db, event, clock::now()).await? else {
            tracing::info!(event.id = %id, subscription.id = %subscription, "was heard before");
            return Ok(());
        };
        tracing::info!(event.id = %id, subscription.id = %subscription, "heard: {hearing:?}");
        self.attend(account, false).await
    }

    /// Sees to whatever is due. What goes wrong with one does not keep it from the next, and is due again in a minute.
    pub async fn agenda(&self, now: Timestamp) -> Result<(), Fault> {
        for id in Account::due(&self.db, now, AGENDA).await? {
            if let Err(fault) = self.look(&id, false).await {
                tracing::warn!(subscription.id = %id, fault = fault.kind.name(), "was not seen to: {fault}");
            }
        }
        Ok(())
    }

    async fn look(&self, id: &SubscriptionId, again: bool) -> Result<(), Fault> {
        match Account::get(&self.db, id).await? {
            Some(account) => self.attend(account, again).await,
            None => Ok(()),
        }
    }

    /// Does what is next for a subscription's tenant, if anything is. `again` says that whoever asked wants to know how
    /// that ends: what is under way is looked at again soon.
    async fn attend(&self, mut account: Account, again: bool) -> Result<(), Fault> {
        let now = clock::now();
        let (tenants, catalogue) = (Tenants::new(self.db.clone()), Catalogue::new(self.db.clone()));
        let plans = catalogue.plans().await?;
        let offered = |names: &[String]| self.settings.offered(names, &plans);
        let standing = account.subscription.standing(&self.settings.policy, offered, now);
        let tenant = match &account.tenant {
            Some(id) => tenants.get(id).await?.map(|found| found.value),
            None => None,
        };
        let usage = match &tenant {
            Some(tenant) => tenants.usage(&tenant.id).await?,
            None => tenancy::Usage::default(),
        };
        note(&mut account, tenant.as_ref(), &standing);
        let known = tenant.as_ref().map(|tenant| Known { tenant, usage });
        let deed = decide(&account, known, &standing, &plans);
        self.tell(&mut account, tenant.as_ref(), &standing, &deed).await?;
        let waits = deed == Deed::Wait;
        let id = account.subscription.id.clone();
        let over = deed == Deed::Nothing && is_over(tenant.as_ref(), &standing);
        let begun = Box::pin(self.carry_out(deed, &mut account, tenant.as_ref(), &plans, now)).await?;
        let quiet = now + QUIET_HOURS.hours();
        let due = match begun {
            Begun::Operation => Some(now + LOOK_MINUTES.minutes()),
            Begun::Nothing if over => None,
            Begun::Nothing if waits => Some(now + LOOK_MINUTES.minutes()),
            Begun::Nothing => Some(standing.until.map_or(quiet, |until| until.min(quiet))),
            Begun::End => None,
        };
        account.save(&self.db, due).await?;
        if matches!(begun, Begun::Operation) || (waits && again) {
            self.post.look(&id, LOOK).await?;
        }
        Ok(())
    }

    /// Tells the customer what there is to tell and was not told before. A notice whose account is not saved is sent again.
    async fn tell(
        &self,
        account: &mut Account,
        tenant: Option<&Tenant>,
        standing: &Standing,
        deed: &Deed,
    ) -> Result<(), Fault> {
        let Some(tenant) = tenant.filter(|tenant| tenant.activated_at.is_some()) else { return Ok(()) };
        let mut notices = standing.notices.clone();
        let mut why = None;
        if let Deed::RefusePlan { plan, beyond } = deed {
            why = Some(format!("{plan} {}", beyond.join(", ")));
            // Once for as long as it is refused.
            if account.refused.is_none() {
                notices.push(billing::Notice { subject: Subject::PlanRefused, of: clock::now() });
            }
        }
        for notice in notices.into_iter().filter(|notice| !account.told.contains(notice)).collect::<Vec<_>>()
        {
            let policy = &self.settings.policy;
            let mail =
                notice::mail(account, &tenant.name, tenant.email.as_str(), notice, why.as_deref(), policy)?;
            match self.post.mail(&mail).await {
                Ok(()) => tracing::info!(tenant.id = %tenant.id, "told of {}", notice.subject),
                // Nice to have (invariant 11): an address that takes no mail keeps no payment from counting.
                Err(fault) if fault.kind == Kind::Terminal => {
                    tracing::warn!(tenant.id = %tenant.id, fault = fault.kind.name(), "could not be told of {}: {fault}", notice.subject);
                }
                Err(fault) => return Err(fault),
            }
            account.told.insert(notice);
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        deed: Deed,
        account: &mut Account,
        tenant: Option<&Tenant>,
        plans: &[Plan],
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let soon = Some(now + LOOK_MINUTES.minutes());
        match deed {
            Deed::Nothing | Deed::Wait => Ok(Begun::Nothing),
            Deed::SignUp { plan } => self.sign_up(account, &plan, plans, now).await,
            Deed::Link(id) => {
                let tenants = Tenants::new(self.db.clone());
                let Some(found) = tenants.get(&id).await? else {
                    return Ok(refuse(account, format!("there is no tenant {id}")));
                };
                match self.former(&found.value, account, plans, now).await? {
                    Some(former) => {
                        account.link(&tenants, found, former, now).await?;
                        Ok(Begun::Operation)
                    }
                    None => Ok(refuse(account, format!("{id} is paid for by another subscription"))),
                }
            }
            Deed::NotePlan { plan } => {
                account.ordered.plan = Some(plan);
                account.refused = None;
                Ok(Begun::Operation)
            }
            Deed::RefusePlan { plan, beyond } => Ok(refuse(
                account,
                format!("'{plan}' is too small for what is in use: {}", beyond.join(", ")),
            )),
            Deed::Void { why } => {
                tracing::warn!(subscription.id = %account.subscription.id, "voided: {why}");
                account.charged = false;
                account.voided = Some(Voided { at: now, why });
                Ok(Begun::Nothing)
            }
            Deed::Charge => {
                account.charged = true;
                account.voided = None;
                Ok(Begun::Operation)
            }
            Deed::Over { why } => {
                tracing::info!(subscription.id = %account.subscription.id, "is over: {why}");
                account.charged = false;
                account.refused = Some(why);
                Ok(Begun::End)
            }
            // What is ours to take back is written down before it is done.
            Deed::Suspend => {
                account.ordered.suspended = true;
                account.save(&self.db, soon).await?;
                self.order(account, tenant, Order::suspend(by("a payment is overdue")), now).await
            }
            Deed::Resume => {
                let order = Order::resume(by("what was owed is paid"));
                let order = if account.ordered.read_only { order.giving(Access::Full) } else { order };
                self.order(account, tenant, order, now).await
            }
            Deed::Access(access) => {
                account.ordered.read_only = access == Access::ReadOnly;
                account.save(&self.db, soon).await?;
                let why = match access {
                    Access::ReadOnly => "a payment is overdue",
                    Access::Full => "what was owed is paid",
                };
                self.order(account, tenant, Order::change_access(access, by(why)), now).await
            }
            Deed::ChangePlan { plan } => Box::pin(self.change_plan(account, tenant, plan, plans, now)).await,
            Deed::Offboard => {
                account.ordered.offboarded = true;
                account.charged = false;
                account.save(&self.db, soon).await?;
                self.offboard(account, tenant, now).await
            }
            Deed::Restore => self.restore(account, tenant, now).await,
        }
    }

    /// What was ordered for a tenant because of the subscription that it had, unless that goes on. A trial pays for nothing.
    async fn former(
        &self,
        tenant: &Tenant,
        account: &Account,
        plans: &[Plan],
        now: Timestamp,
    ) -> Result<Option<Ordered>, Fault> {
        let trial = SubscriptionId::of_trial(&tenant.id);
        let another = |id: &&SubscriptionId| **id != account.subscription.id && **id != trial;
        let Some(id) = tenant.subscription.as_ref().filter(another) else {
            return Ok(Some(Ordered::default()));
        };
        let Some(former) = Account::get(&self.db, id).await? else { return Ok(Some(Ordered::default())) };
        let offered = |names: &[String]| self.settings.offered(names, plans);
        let standing = former.subscription.standing(&self.settings.policy, offered, now);
        Ok(matches!(standing.wanted, Wanted::Gone { .. }).then_some(former.ordered))
    }

    async fn sign_up(
        &self,
        account: &mut Account,
        plan: &str,
        plans: &[Plan],
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let catalogue = Catalogue::new(self.db.clone());
        let Some(blueprint) = catalogue.blueprint(&self.settings.blueprint).await? else {
            let cause = format!("the blueprint '{}' is not in the catalogue", self.settings.blueprint);
            return Ok(refuse(account, cause));
        };
        let themes = catalogue.themes().await?;
        let Some(customer) = account.subscription.customer().cloned() else { return Ok(Begun::Nothing) };
        let request = |subdomain| SignupRequest {
            name: customer.name.clone(),
            subdomain,
            email: customer.email.clone(),
            blueprint: blueprint.name.clone(),
            plan: Some(plan.to_owned()),
            theme: None,
            category: None,
            integrations: std::collections::BTreeSet::new(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: tenancy::Overrides::new(),
            origin: None,
            synthetic: false,
        };
        let check = |subdomain| request(subdomain).check(Some(blueprint.clone()), plans, &themes);
        let signup = match check(customer.subdomain.clone()) {
            Ok(signup) => signup,
            Err(wrong) => {
                let why = wrong.to_string();
                account.charged = false;
                account.voided = Some(Voided { at: now, why: why.clone() });
                return Ok(refuse(account, why));
            }
        };
        let tenants = Tenants::new(self.db.clone());
        let due = now + LOOK_MINUTES.minutes();
        let accepted = match account.sign_up(&tenants, &signup, due, now).await {
            Err(Refusal::SubdomainTaken(_)) => {
                match check(Some(another(&signup, &account.subscription.id))) {
                    Ok(signup) => account.sign_up(&tenants, &signup, due, now).await,
                    Err(wrong) => return Ok(refuse(account, wrong.to_string())),
                }
            }
            outcome => outcome,
        };
        match accepted {
            Ok(accepted) => {
                let (tenant, operation) = (&accepted.tenant.id, accepted.operation);
                tracing::info!(tenant.id = %tenant, execution.id = %operation, "signed up");
                Ok(Begun::Operation)
            }
            Err(Refusal::Store(error)) => Err(error.into()),
            Err(refusal) => Ok(refuse(account, refusal.to_string())),
        }
    }

    async fn change_plan(
        &self,
        account: &mut Account,
        tenant: Option<&Tenant>,
        plan: String,
        plans: &[Plan],
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let Some(tenant) = tenant else { return Ok(Begun::Nothing) };
        let tenants = Tenants::new(self.db.clone());
        let (blueprint, usage) = (tenants.blueprint(tenant).await?, tenants.usage(&tenant.id).await?);
        let request = EditRequest { plan: Some(plan.clone()), ..EditRequest::default() };
        match request.check(tenant, &blueprint, plans, &[], &usage) {
            Ok(edit) => {
                let order = Order::change_plan(by("another plan was bought")).editing(edit);
                let begun = self.order(account, Some(tenant), order, now).await?;
                if matches!(begun, Begun::Operation) && account.refused.is_none() {
                    account.ordered.plan = Some(plan);
                }
                Ok(begun)
            }
            Err(wrong) => Ok(refuse(account, wrong.to_string())),
        }
    }

    async fn offboard(
        &self,
        account: &mut Account,
        tenant: Option<&Tenant>,
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let Some(tenant) = tenant else { return Ok(Begun::Nothing) };
        let tenants = Tenants::new(self.db.clone());
        let by = by("its subscription has ended");
        let id = &tenant.id;
        let until = self.settings.calendar.after(now, self.settings.grace_days);
        let outcome = match tenant.status {
            Status::PendingApproval => tenants.reject(id, by, None, now).await.map(|_| ()),
            // There is nothing that anybody could want back.
            Status::Failed | Status::Stuck => {
                tenants.order(id, Order::delete(by), None, now).await.map(|_| ())
            }
            _ => {
                let order = Order::offboard(by, until, now);
                tenants.order(id, order, None, now).await.map(|_| ())
            }
        };
        settled(account, outcome)
    }

    async fn restore(
        &self,
        account: &mut Account,
        tenant: Option<&Tenant>,
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let Some(tenant) = tenant else { return Ok(Begun::Nothing) };
        let outcome = Tenants::new(self.db.clone())
            .restore(&tenant.id, by("its subscription goes on"), None, now)
            .await;
        let begun = settled(account, outcome.map(|_| ()))?;
        if account.refused.is_none() {
            account.ordered.offboarded = false;
            account.charged = true;
        }
        Ok(begun)
    }

    async fn order(
        &self,
        account: &mut Account,
        tenant: Option<&Tenant>,
        order: Order,
        now: Timestamp,
    ) -> Result<Begun, Fault> {
        let Some(tenant) = tenant else { return Ok(Begun::Nothing) };
        let outcome = Tenants::new(self.db.clone()).order(&tenant.id, order, None, now).await;
        settled(account, outcome.map(|_| ()))
    }
}

/// What was ours to take back and is taken back.
fn note(account: &mut Account, tenant: Option<&Tenant>, standing: &Standing) {
    let (Some(tenant), Wanted::Service { read_only, suspended }) = (tenant, standing.wanted) else { return };
    if tenant.status == Status::Active && tenant.operation.is_none() {
        account.ordered.offboarded = false;
        account.ordered.suspended &= suspended;
        account.ordered.read_only &= read_only || !tenant.access.is_full();
    }
}

/// Whether nothing will ever be due again, unless something is heard.
fn is_over(tenant: Option<&Tenant>, standing: &Standing) -> bool {
    match tenant {
        Some(tenant) => tenant.status == Status::Deleted,
        None => matches!(standing.wanted, Wanted::Gone { .. }),
    }
}

/// What a deed leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Nothing,
    /// Something that is soon otherwise.
    Operation,
    /// Nothing will ever be due again.
    End,
}

/// Whether the order was accepted. What stands in its way is known, or will be gone when it is looked at again.
fn settled(account: &mut Account, outcome: Result<(), Refusal>) -> Result<Begun, Fault> {
    match outcome {
        Ok(()) => {
            account.refused = None;
            Ok(Begun::Operation)
        }
        Err(Refusal::Busy(_)) => Ok(Begun::Operation),
        Err(Refusal::Store(error)) => Err(error.into()),
        Err(refusal) => Ok(refuse(account, refusal.to_string())),
    }
}

/// Writes down why it was not done. It is tried again when the subscription is looked at next.
fn refuse(account: &mut Account, why: String) -> Begun {
    tracing::warn!(subscription.id = %account.subscription.id, "was not done: {why}");
    account.refused = Some(why);
    Begun::Nothing
}

fn by(why: &str) -> By {
    By { who: "billing-react".to_owned(), why: why.to_owned() }
}

/// The subdomain that is tried when the one of the name is taken.
fn another(signup: &Signup, subscription: &SubscriptionId) -> String {
    let tail: String = subscription.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let tail = &tail[tail.len().saturating_sub(6)..];
    let name: String = signup.subdomain.as_str().chars().take(40).collect();
    format!("{name}-{}", tail.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
