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

impl By {
    /// What they did, to be written down.
    pub(crate) fn did(self, action: &str, (before, after): (Value, Value), at: Timestamp) -> Audit {
        let Self { who, why } = self;
        Audit { at, who, why, action: action.to_owned(), operation: None, subject: None, before, after }
    }
}

/// What was done by hand: written with the change itself, never changed afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Audit {
    pub at: Timestamp,
    pub who: String,
    pub why: String,
    /// For example `cancel`.
    pub action: String,
    /// What does it, where it takes an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What of the catalogue was changed: `plan starter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub before: Value,
    pub after: Value,
}

impl Audit {
    /// The same, done by an operation.
    pub(crate) fn through(self, operation: OperationId) -> Self {
        Self { operation: Some(operation), ..self }
    }

    pub(crate) fn put(&self, tenant: &TenantId) -> Result<Write, Error> {
        self.write(Key::new(Table::Tenants, tenant, format_args!("AUDIT#{}", self.order())))
    }

    /// The same of what was done to the catalogue.
    pub(crate) fn put_catalogue(&self) -> Result<Write, Error> {
        self.write(Key::new(Table::Catalogue, "AUDIT", self.order()))
    }

    fn write(&self, key: Key) -> Result<Write, Error> {
        Write::put(key, self, Condition::Absent)
    }

    /// To the nanosecond, all digits: two orders of one millisecond are listed as they came.
    fn order(&self) -> String {
        let Self { at, operation, subject, action, .. } = self;
        let what = operation.map(|operation| operation.to_string()).or_else(|| subject.clone());
        format!("{at:.9}#{}#{action}", what.unwrap_or_default())
    }

    /// What was done to a tenant, the oldest first, `limit` at a time.
    pub async fn of(
        db: &Database,
        tenant: &TenantId,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Self>, Option<Page>), Error> {
        Self::page(db.query(Table::Tenants, tenant.as_str(), "AUDIT#", limit, after).await?)
    }

    /// The same, to its end.
    pub async fn all(db: &Database, tenant: &TenantId) -> Result<Vec<Self>, Error> {
        db.query_all(Table::Tenants, tenant.as_str(), "AUDIT#").await?.iter().map(Row::decode).collect()
    }

    /// What was done to the catalogue, the oldest first, `limit` at a time.
    pub async fn of_catalogue(
        db: &Database,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Self>, Option<Page>), Error> {
        Self::page(db.query(Table::Catalogue, "AUDIT", "", limit, after).await?)
    }

    fn page((rows, next): (Vec<Row>, Option<Page>)) -> Result<(Vec<Self>, Option<Page>), Error> {
        Ok((rows.iter().map(Row::decode).collect::<Result<_, _>>()?, next))
    }
}
