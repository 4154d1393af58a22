use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::{TenantId, Usage};

use crate::database::{Condition, Error, Key, Table, Write};
use crate::tenants::Tenants;

#[derive(Serialize, Deserialize)]
struct Reported {
    at: Timestamp,
    usage: Usage,
}

/// What is in use of what plans limit: a row beside its tenant's, because it changes at other times than that.
impl Tenants {
    pub async fn usage(&self, id: &TenantId) -> Result<Usage, Error> {
        let row = self.db.get(&key(id)).await?;
        Ok(row
            .map(|row| row.decode::<Reported>())
            .transpose()?
            .map_or_else(Usage::default, |reported| reported.usage))
    }

    /// Keeps what a product reports. Of two reports at once either stays.
    pub async fn report_usage(&self, id: &TenantId, usage: Usage, at: Timestamp) -> Result<(), Error> {
        let key = key(id);
        let condition =
            self.db.get(&key).await?.map_or(Condition::Absent, |row| Condition::Version(row.version));
        match self.db.write(Write::put(key, &Reported { at, usage }, condition)?).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn key(id: &TenantId) -> Key {
    Key::new(Table::Tenants, id, "USAGE")
}
