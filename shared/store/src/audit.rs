use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::{OperationId, TenantId};

use crate::database::{Condition, Database, Error, Key, Page, Row, Table, Write};

/// Who asks for a change, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub who: String,
    pub why: String,
}

/// What was done to a tenant by hand: written with the change itself, never changed afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub at: Timestamp,
    pub who: String,
    pub why: String,
    /// For example `cancel`.
    pub action: String,
    pub operation: OperationId,
    pub before: Value,
    pub after: Value,
}

impl Audit {
    pub(crate) fn put(&self, tenant: &TenantId) -> Result<Write, Error> {
        // To the nanosecond, all digits: two orders of one millisecond are listed as they came.
        let Self { at, operation, action, .. } = self;
        let key = Key::new(Table::Tenants, tenant, format_args!("AUDIT#{at:.9}#{operation}#{action}"));
        Write::put(key, self, Condition::Absent)
    }

    /// What was done to a tenant, the oldest first, `limit` at a time.
    pub async fn of(
        db: &Database,
        tenant: &TenantId,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Self>, Option<Page>), Error> {
        let (rows, next) = db.query(Table::Tenants, tenant.as_str(), "AUDIT#", limit, after).await?;
        Ok((rows.iter().map(Row::decode).collect::<Result<_, _>>()?, next))
    }
}
