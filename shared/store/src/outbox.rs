use serde::{Deserialize, Serialize};
use tenancy::{Kind, Operation, OperationId, TenantId};

use crate::database::{Condition, Database, Error, Key, Table, Write};

/// An execution that must be started: written in the transaction that accepts the operation, deleted once Step
/// Functions has it, so that a crash between the two loses nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    pub tenant: TenantId,
    pub operation: OperationId,
    pub kind: Kind,
}

impl Outbox {
    pub(crate) fn of(operation: &Operation) -> Self {
        Self { tenant: operation.tenant.clone(), operation: operation.id, kind: operation.kind }
    }

    fn key(&self) -> Key {
        Key::new(Table::Tenants, &self.tenant, format_args!("OUTBOX#{}", self.operation))
    }

    pub(crate) fn put(&self) -> Result<Write, Error> {
        Write::put(self.key(), self, Condition::Absent)
    }

    /// Takes the row away. Already gone is success: a stream may deliver it twice.
    pub async fn done(&self, db: &Database) -> Result<(), Error> {
        match db.write(Write::Delete { key: self.key(), condition: Condition::Version(1) }).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
