use std::collections::BTreeSet;

use billing::{Event, EventId, Hearing, Notice, Subscription, SubscriptionId};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tenancy::{Kind, Plan, Signup, Status, Tenant, TenantId};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::{Accepted, Refusal, Tenants, Versioned, accept, new_operation, new_tenant, put_tenant};

/// How long it is remembered that an event was heard: longer than any biller tries to deliver it.
const EVENT_DAYS: i64 = 40;
/// How often hearing an event is tried when others change its subscription at the same time.
const TRIES: u32 = 8;

/// A subscription, and what has been done for its tenant because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    pub subscription: Subscription,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Whether its customer is to be charged: not for what never came up.
    pub charged: bool,
    /// Why it came to nothing, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<Voided>,
    /// What its tenant has by our order. What an operator does besides is theirs to undo.
    #[serde(default)]
    pub ordered: Ordered,
    /// Why what it stands for was not done, until it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What its customer was told, once each.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<Notice>,
    /// How many events were heard of it, and how many of those too late to change anything.
    pub heard: u64,
    pub late: u64,
    /// When it is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    #[serde(skip)]
    version: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Voided {
    pub at: Timestamp,
    pub why: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OrderedByBilling))]
pub struct Ordered {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(default)]
    pub read_only: bool,
    #[serde(default)]
    pub suspended: bool,
    #[serde(default)]
    pub offboarded: bool,
}

/// Something a biller said that nothing is done about, kept for a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnknownEvent {
    pub id: EventId,
    /// What its biller calls it, `charge.succeeded`.
    pub kind: String,
    pub received_at: Timestamp,
}

impl Account {
    #[must_use]
    pub fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            tenant: None,
            charged: true,
            voided: None,
            ordered: Ordered::default(),
            refused: None,
            told: BTreeSet::new(),
            heard: 0,
            late: 0,
            due: None,
            version: 0,
        }
    }

    pub async fn get(db: &Database, id: &SubscriptionId) -> Result<Option<Self>, Error> {
        db.get(&key(id)).await?.as_ref().map(account).transpose()
    }

    /// Hears an event: remembers that it was heard, merges it into its subscription, and has that looked at, all or none.
    /// `None` when it was heard before.
    pub async fn hear(db: &Database, event: Event, now: Timestamp) -> Result<Option<(Self, Hearing)>, Error> {
        let mut tries = 0;
        loop {
            let id = &event.subscription;
            let mut account = match Self::get(db, id).await? {
                Some(account) => account,
                None => Self::new(Subscription::new(id.clone())),
            };
            let hearing = account.subscription.hear(event.clone());
            account.heard += 1;
            account.late += u64::from(hearing == Hearing::Late);
            let claim = Write::put(
                event_key(&event.id),
                &serde_json::json!({ "subscription": id }),
                Condition::Free(now),
            )?;
            let mut writes = vec![claim.until(now + (EVENT_DAYS * 24).hours())];
            writes.extend(account.writes(Some(now))?);
            tries += 1;
            match db.transact(writes).await {
                Ok(()) => {
                    account.written(Some(now));
                    return Ok(Some((account, hearing)));
                }
                Err(Error::Conflict(conflict)) if conflict.index == 0 => return Ok(None),
                // Somebody else changed the subscription.
                Err(Error::Conflict(_) | Error::Rivals) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes down what was done, and has it looked at again then. Whoever changed it meanwhile is not written over.
    pub async fn save(&mut self, db: &Database, due: Option<Timestamp>) -> Result<(), Error> {
        db.transact(self.writes(due)?).await?;
        self.written(due);
        Ok(())
    }

    /// Has the tenant of a subscription accepted with its subscription: it is one tenant, however often this is tried.
    pub async fn sign_up(
        &mut self,
        tenants: &Tenants,
        signup: &Signup,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let linked = |id: &TenantId| Self {
            tenant: Some(id.clone()),
            ordered: Ordered { plan: Some(signup.plan.id.clone()), ..Ordered::default() },
            refused: None,
            ..self.clone()
        };
        let accepted = tenants.enrol(signup, None, now, |id, mut others| {
            let account = linked(&id);
            let subscription = Some(self.subscription.id.clone());
            let tenant = Tenant { subscription, ..new_tenant(id, signup, Status::Provisioning, now) };
            let operation = new_operation(&tenant, Kind::Provision, &signup.blueprint, now);
            others.extend(account.writes(Some(due))?);
            accept(tenant, &operation, Condition::Absent, None, others, now)
        });
        let accepted = accepted.await?;
        *self = linked(&accepted.tenant.id);
        self.written(Some(due));
        Ok(accepted)
    }

    /// Has a tenant that was there before be paid for by a subscription. What was ordered for it because of another one is
    /// this one's to take back.
    pub async fn link(
        &mut self,
        tenants: &Tenants,
        found: Versioned<Tenant>,
        former: Ordered,
        due: Timestamp,
    ) -> Result<(), Error> {
        let Versioned { value: tenant, version } = found;
        let linked = Self {
            tenant: Some(tenant.id.clone()),
            ordered: Ordered { plan: Some(tenant.plan.clone()), ..former },
            refused: None,
            ..self.clone()
        };
        let tenant = Tenant { subscription: Some(self.subscription.id.clone()), ..tenant };
        let mut writes = vec![put_tenant(&tenant, Condition::Version(version))?];
        writes.extend(linked.writes(Some(due))?);
        tenants.db.transact(writes).await?;
        *self = linked;
        self.written(Some(due));
        Ok(())
    }

    /// Those that are to be looked at by then, the most overdue first, so many at most.
    pub async fn due(db: &Database, by: Timestamp, limit: usize) -> Result<Vec<SubscriptionId>, Error> {
        let (rows, _) = db.query(Table::Tenants, AGENDA, "", limit, None).await?;
        let entries = rows.iter().map(Row::decode::<Entry>).collect::<Result<Vec<_>, _>>()?;
        Ok(entries.into_iter().filter(|entry| entry.due <= by).map(|entry| entry.subscription).collect())
    }

    /// All that are not over.
    pub async fn all(db: &Database) -> Result<Vec<SubscriptionId>, Error> {
        let rows = db.query_all(Table::Tenants, AGENDA, "").await?;
        rows.iter().map(|row| row.decode::<Entry>().map(|entry| entry.subscription)).collect()
    }

    /// The writes of an account: itself, and its place on the agenda.
    fn writes(&self, due: Option<Timestamp>) -> Result<Vec<Write>, Error> {
        let id = &self.subscription.id;
        let condition = if self.version == 0 { Condition::Absent } else { Condition::Version(self.version) };
        let mut writes = vec![Write::put(key(id), &Self { due, ..self.clone() }, condition)?];
        if self.due != due {
            let gone = self
                .due
                .map(|due| Write::Delete { key: entry_key(due, id), condition: Condition::Version(1) });
            let come = due.map(|due| {
                Write::put(entry_key(due, id), &Entry { subscription: id.clone(), due }, Condition::Absent)
            });
            writes.extend(gone);
            writes.extend(come.transpose()?);
        }
        Ok(writes)
    }

    fn written(&mut self, due: Option<Timestamp>) {
        self.due = due;
        self.version += 1;
    }
}

impl UnknownEvent {
    /// Keeps it. One that is delivered again is kept once.
    pub async fn keep(&self, db: &Database) -> Result<(), Error> {
        let until = self.received_at + (30 * 24).hours();
        let write = Write::put(unknown_key(&self.id), self, Condition::Free(self.received_at))?.until(until);
        match db.write(write).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Those that are kept, so many at most.
    pub async fn all(db: &Database, limit: usize, now: Timestamp) -> Result<Vec<Self>, Error> {
        let (rows, _) = db.query(Table::Claims, UNKNOWN, "", limit, None).await?;
        rows.iter().filter(|row| !row.expired(now)).map(Row::decode).collect()
    }
}

/// The account of a tenant that begins a plan that expires, unless somebody pays for it already.
pub(crate) fn begin_trial(tenant: &mut Tenant, plan: &Plan, now: Timestamp) -> Result<Vec<Write>, Error> {
    let (Some(days), None) = (plan.expires_days, &tenant.subscription) else { return Ok(Vec::new()) };
    let id = SubscriptionId::of_trial(&tenant.id);
    let ends = now + (i64::from(days.get()) * 24).hours();
    let trial = Account {
        tenant: Some(tenant.id.clone()),
        charged: false,
        ordered: Ordered { plan: Some(plan.id.clone()), ..Ordered::default() },
        ..Account::new(Subscription::trial(id.clone(), &plan.id, now, ends))
    };
    tenant.subscription = Some(id);
    trial.writes(Some(now))
}

#[derive(Serialize, Deserialize)]
struct Entry {
    subscription: SubscriptionId,
    due: Timestamp,
}

const AGENDA: &str = "AGENDA";
const UNKNOWN: &str = "UNKNOWN";

fn account(row: &Row) -> Result<Account, Error> {
    Ok(Account { version: row.version, ..row.decode()? })
}

fn key(id: &SubscriptionId) -> Key {
    Key::new(Table::Tenants, format_args!("SUBSCRIPTION#{id}"), "SUBSCRIPTION")
}

fn entry_key(due: Timestamp, id: &SubscriptionId) -> Key {
    // All digits: it sorts as time does.
    Key::new(Table::Tenants, AGENDA, format_args!("{due:.9}#{id}"))
}

fn event_key(id: &EventId) -> Key {
    Key::new(Table::Claims, format_args!("EVENT#{id}"), "CLAIM")
}

fn unknown_key(id: &EventId) -> Key {
    Key::new(Table::Claims, UNKNOWN, format_args!("EVENT#{id}"))
}
