use std::fmt;
use std::str::FromStr;

use fault::Fault;
use jiff::{Timestamp, ToSpan};
use saga::Resource;
use serde::{Deserialize, Serialize};
use tenancy::{OperationId, TenantId};

use crate::database::{Condition, Database, Error, Key, Page, Row, Table, Write};

/// The first retry comes after this; each later one after twice as long, for ever.
const FIRST_MINUTES: i64 = 5;
const LONGEST_MINUTES: i64 = 6 * 60;

/// A resource that would not go (invariant 12). The row stands in a partition of its own, by which operators and
/// the janitor find it; it is written with the resource's own row, and deleted once that is no longer stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairTask {
    #[serde(flatten)]
    pub id: TaskId,
    /// The operation that gave it up last.
    pub operation: OperationId,
    /// Why it did, and who must act.
    pub fault: Fault,
    pub since: Timestamp,
    /// How many operations have given it up.
    pub tries: u32,
    pub next_try: Timestamp,
    #[serde(skip)]
    version: u64,
}

/// Names a repair task: `<tenant>:<step>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskId {
    pub tenant: TenantId,
    pub step: String,
}

impl TaskId {
    fn of(resource: &Resource) -> Self {
        Self { tenant: resource.tenant.clone(), step: resource.step.clone() }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tenant, self.step)
    }
}

impl FromStr for TaskId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once(':')
            .and_then(|(tenant, step)| Some(Self { tenant: tenant.parse().ok()?, step: step.to_owned() }));
        parts.ok_or_else(|| format!("'{text}' is not a repair task: expected <tenant>:<step>"))
    }
}

impl RepairTask {
    /// The write that has an operation give a resource up.
    pub(crate) async fn open(db: &Database, resource: &Resource, now: Timestamp) -> Result<Write, Error> {
        let known = Self::get(db, &TaskId::of(resource)).await?;
        let tries = known.as_ref().map_or(0, |task| task.tries) + 1;
        Self::put(known, resource, tries, now + pause(tries).minutes(), now)
    }

    /// The write that has a resource destroyed which nobody has tried to yet: at once.
    pub(crate) async fn due(db: &Database, resource: &Resource, now: Timestamp) -> Result<Write, Error> {
        let known = Self::get(db, &TaskId::of(resource)).await?;
        let tries = known.as_ref().map_or(0, |task| task.tries);
        Self::put(known, resource, tries, now, now)
    }

    fn put(
        known: Option<Self>,
        resource: &Resource,
        tries: u32,
        next_try: Timestamp,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let task = Self {
            operation: resource.operation,
            fault: resource.fault.clone().unwrap_or_else(|| Fault::terminal("no reason was given")),
            since: known.as_ref().map_or(now, |task| task.since),
            tries,
            next_try,
            version: 0,
            id: TaskId::of(resource),
        };
        let condition = known.map_or(Condition::Absent, |task| Condition::Version(task.version));
        Write::put(key(&task.id), &task, condition)
    }

    pub async fn get(db: &Database, id: &TaskId) -> Result<Option<Self>, Error> {
        db.get(&key(id)).await?.as_ref().map(task).transpose()
    }

    /// Repair tasks of all tenants in the order of their ids, `limit` at a time.
    pub async fn page(
        db: &Database,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Self>, Option<Page>), Error> {
        let (rows, next) = db.query(Table::Ledger, "REPAIR", "", limit, after).await?;
        Ok((rows.iter().map(task).collect::<Result<_, _>>()?, next))
    }

    /// All repair tasks there are: as few as there is trouble.
    pub async fn all(db: &Database) -> Result<Vec<Self>, Error> {
        db.query_all(Table::Ledger, "REPAIR", "").await?.iter().map(task).collect()
    }

    /// A tenant's tasks.
    pub(crate) async fn of(db: &Database, tenant: &TenantId) -> Result<Vec<Self>, Error> {
        db.query_all(Table::Ledger, "REPAIR", &format!("{tenant}:")).await?.iter().map(task).collect()
    }

    pub(crate) fn delete(&self) -> Write {
        Write::Delete { key: key(&self.id), condition: Condition::Version(self.version) }
    }
}

fn pause(tries: u32) -> i64 {
    FIRST_MINUTES.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_MINUTES)
}

fn task(row: &Row) -> Result<RepairTask, Error> {
    Ok(RepairTask { version: row.version, ..row.decode()? })
}

fn key(id: &TaskId) -> Key {
    Key::new(Table::Ledger, "REPAIR", id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_tried_ever_more_seldom_and_for_ever() {
        let pauses: Vec<i64> = (1..=9).map(pause).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert_eq!(pause(u32::MAX), LONGEST_MINUTES);
    }

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id: TaskId = "acme-010203:merchant-publish-website".parse().expect("an id");
        assert_eq!((id.tenant.as_str(), id.step.as_str()), ("acme-010203", "merchant-publish-website"));
        assert_eq!(id.to_string(), "acme-010203:merchant-publish-website");
        "acme-010203".parse::<TaskId>().expect_err("no step");
    }
}
