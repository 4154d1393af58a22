use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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

    /// The row of an operation, if it still waits to be started.
    pub async fn waiting(
        db: &Database,
        tenant: &TenantId,
        operation: OperationId,
    ) -> Result<Option<Self>, Error> {
        db.get(&key(tenant, operation)).await?.map(|row| row.decode()).transpose()
    }

    /// What its execution is started with.
    #[must_use]
    pub fn input(&self) -> Value {
        json!({ "operation": self.operation, "kind": self.kind, "tenant": { "id": self.tenant } })
    }

    fn key(&self) -> Key {
        key(&self.tenant, self.operation)
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

fn key(tenant: &TenantId, operation: OperationId) -> Key {
    Key::new(Table::Tenants, tenant, format_args!("OUTBOX#{operation}"))
}
