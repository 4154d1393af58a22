use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tenancy::{Operation, OperationId, TenantId};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};

/// How soon an operation that was accepted must have been started.
const START_MINUTES: i64 = 1;

/// An operation that is not over: the index by which the janitor finds what has stalled, without a Scan. Written
/// in the transaction that accepts the operation, deleted in the one that settles it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub tenant: TenantId,
    pub operation: OperationId,
    /// When the janitor looks at it next.
    pub due: Timestamp,
    /// How often it has. Makes the names of the executions it starts.
    pub looks: u32,
    #[serde(skip)]
    version: u64,
}

impl Open {
    pub(crate) fn put(operation: &Operation, now: Timestamp) -> Result<Write, Error> {
        let due = now + START_MINUTES.minutes();
        let open =
            Self { tenant: operation.tenant.clone(), operation: operation.id, due, looks: 0, version: 0 };
        Write::put(key(operation.id), &open, Condition::Absent)
    }

    /// Every operation that is not over, the oldest first.
    pub async fn all(db: &Database) -> Result<Vec<Self>, Error> {
        db.query_all(Table::Tenants, "OPEN", "").await?.iter().map(open).collect()
    }

    /// The write that closes an operation; none for one that was accepted before there was an index.
    pub(crate) async fn close(db: &Database, operation: OperationId) -> Result<Option<Write>, Error> {
        let found = db.get(&key(operation)).await?;
        Ok(found.map(|row| Write::Delete { key: row.key, condition: Condition::Version(row.version) }))
    }

    /// Takes away the row of an operation that is over. Already gone is success.
    pub async fn closed(&self, db: &Database) -> Result<(), Error> {
        let condition = Condition::Version(self.version);
        settled(db.write(Write::Delete { key: key(self.operation), condition }).await)
    }

    /// Has the janitor look again then. Whoever changed the row meanwhile knows better.
    pub async fn again(mut self, db: &Database, due: Timestamp) -> Result<(), Error> {
        self.looks += 1;
        self.due = due;
        settled(db.write(self.over()?).await)
    }

    /// The write that has the janitor look at an operation at once.
    pub(crate) async fn soon(
        db: &Database,
        operation: OperationId,
        due: Timestamp,
    ) -> Result<Option<Write>, Error> {
        let found = db.get(&key(operation)).await?;
        found.map(|row| Self { due, ..open(&row)? }.over()).transpose()
    }

    fn over(&self) -> Result<Write, Error> {
        Write::put(key(self.operation), self, Condition::Version(self.version))
    }
}

fn settled(written: Result<u64, Error>) -> Result<(), Error> {
    match written {
        Ok(_) | Err(Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn open(row: &Row) -> Result<Open, Error> {
    Ok(Open { version: row.version, ..row.decode()? })
}

fn key(operation: OperationId) -> Key {
    Key::new(Table::Tenants, "OPEN", operation)
}
