use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tenancy::{Status, Tenant, TenantId};

use crate::audit::By;
use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::orders::Order;
use crate::tenants::{Accepted, Refusal, Tenants, Versioned, put_tenant};

/// How exactly it is known when a tenant was used last: whoever reports more often costs no write.
const KNOWN_MINUTES: i64 = 60;

/// A tenant that is put to sleep unless somebody uses it: the index by which the janitor finds who is due, in the order
/// of time. The row stands as long as the tenant says [`Tenant::hibernates_at`], and is written with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    pub tenant: TenantId,
    pub due: Timestamp,
}

impl Idle {
    /// Those that are due, the longest first, and so many at most.
    pub async fn due(db: &Database, most: usize, now: Timestamp) -> Result<Vec<Self>, Error> {
        let (rows, _) = db.query(Table::Tenants, "IDLE", "", most, None).await?;
        let idle: Vec<Self> = rows.iter().map(Row::decode).collect::<Result<_, _>>()?;
        Ok(idle.into_iter().filter(|idle| idle.due <= now).collect())
    }

    fn of(tenant: &Tenant) -> Option<Self> {
        Some(Self { tenant: tenant.id.clone(), due: tenant.hibernates_at? })
    }

    /// In whole seconds all have as many digits, and sort as they follow.
    fn key(&self) -> Key {
        Key::new(Table::Tenants, "IDLE", format_args!("{}#{}", self.due, self.tenant))
    }
}

/// The writes that have the index say of a tenant what it says now.
pub(crate) fn change(before: Option<&Tenant>, now: &Tenant) -> Result<Vec<Write>, Error> {
    let (before, now) = (before.and_then(Idle::of), Idle::of(now));
    if before == now {
        return Ok(Vec::new());
    }
    let gone = before.map(|idle| Write::Delete { key: idle.key(), condition: Condition::Version(1) });
    let put = now.map(|idle| Write::put(idle.key(), &idle, Condition::Absent)).transpose()?;
    Ok(gone.into_iter().chain(put).collect())
}

/// What becomes of it that a tenant is used.
impl Tenants {
    /// Writes down that a tenant was used just now, to within an hour. One that sleeps is woken, and whoever is being put to
    /// sleep or woken at the moment is found as it is: the next report will tell.
    pub async fn used(
        &self,
        id: &TenantId,
        by: By,
        now: Timestamp,
    ) -> Result<(Tenant, Option<Accepted>), Refusal> {
        let missing = || Refusal::NoSuchTenant(id.clone());
        let Versioned { value: before, version } = self.get(id).await?.ok_or_else(missing)?;
        if before.status == Status::Hibernating && before.operation.is_none() {
            return match self.order(id, Order::wake(by), None, now).await {
                Ok(accepted) => Ok((accepted.tenant.clone(), Some(accepted))),
                // Somebody else was first.
                Err(Refusal::Busy(_) | Refusal::NotNow(_)) => Ok((before, None)),
                Err(refusal) => Err(refusal),
            };
        }
        let known = before.active_at.is_some_and(|at| now < at + KNOWN_MINUTES.minutes());
        if before.status != Status::Active || known {
            return Ok((before, None));
        }
        let mut tenant = before.clone();
        self.is_used(&mut tenant, now).await?;
        let mut writes = vec![put_tenant(&tenant, Condition::Version(version))?];
        writes.extend(change(Some(&before), &tenant)?);
        match self.db.transact(writes).await {
            Ok(()) => Ok((tenant, None)),
            // What changed it meanwhile is a use of it, or counts for more.
            Err(Error::Conflict(_)) => Ok((before, None)),
            Err(error) => Err(error.into()),
        }
    }

    /// Has a tenant count as used, and as one that is put to sleep when its blueprint says so.
    pub(crate) async fn is_used(&self, tenant: &mut Tenant, now: Timestamp) -> Result<(), Error> {
        tenant.active_at = Some(now);
        tenant.hibernates_at = self.blueprint(tenant).await?.hibernates_at(now);
        Ok(())
    }
}
