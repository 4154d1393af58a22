use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tenancy::{ChangeRequestId, Overrides, TenantId};

use crate::audit::By;
use crate::claims::{RequestKey, claim, commit};
use crate::database::{Condition, Database, Error, Key, Page, Row, Table, Write};
use crate::tenants::{Refusal, random};

/// How long a wish waits for somebody to grant it.
const DAYS: i64 = 7;

/// What one person wants done to a tenant and another has to approve. Gone once granted, refused or expired; the tenant's
/// audit log tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRequest {
    pub id: ChangeRequestId,
    pub tenant: TenantId,
    pub wish: Wish,
    pub who: String,
    pub why: String,
    /// Who asks, by what their token says of them and nobody can choose.
    pub subject: String,
    pub asked_at: Timestamp,
    pub until: Timestamp,
    #[serde(skip)]
    version: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Delete {
        /// For how long it can be restored.
        grace_days: u16,
    },
    /// Settings of its own instead of its plan's, and a plan if that is to be another, too.
    Override { plan: Option<String>, overrides: Overrides },
}

impl ChangeRequest {
    /// Writes a wish down. The same request again gives the same answer.
    pub async fn ask(
        db: &Database,
        tenant: &TenantId,
        wish: Wish,
        subject: String,
        By { who, why }: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let millisecond = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let id = ChangeRequestId::new(millisecond, u128::from_be_bytes(random()));
        let until = now + (DAYS * 24).hours();
        let asked =
            Self { id, tenant: tenant.clone(), wish, who, why, subject, asked_at: now, until, version: 0 };
        let mut writes = Vec::from_iter(claim(request, &asked, now)?);
        writes.push(Write::put(key(id), &asked, Condition::Absent)?.until(until));
        commit(db, asked, writes, request).await
    }

    pub async fn get(db: &Database, id: ChangeRequestId, now: Timestamp) -> Result<Option<Self>, Error> {
        db.get(&key(id)).await?.filter(|row| !row.expired(now)).as_ref().map(decode).transpose()
    }

    /// Those that wait, the oldest first, `limit` at a time.
    pub async fn page(
        db: &Database,
        limit: usize,
        after: Option<&Page>,
        now: Timestamp,
    ) -> Result<(Vec<Self>, Option<Page>), Error> {
        let (rows, next) = db.query(Table::Claims, "CHANGE", "", limit, after).await?;
        Ok((rows.iter().filter(|row| !row.expired(now)).map(decode).collect::<Result<_, _>>()?, next))
    }

    pub(crate) fn delete(&self) -> Write {
        Write::Delete { key: key(self.id), condition: Condition::Version(self.version) }
    }
}

fn decode(row: &Row) -> Result<ChangeRequest, Error> {
    Ok(ChangeRequest { version: row.version, ..row.decode()? })
}

fn key(id: ChangeRequestId) -> Key {
    Key::new(Table::Claims, "CHANGE", id)
}
