use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::{SweepId, TenantId};

use crate::audit::By;
use crate::claims::{RequestKey, claim, commit};
use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::{Refusal, random};

/// A search for orphans: what providers hold with our mark and no ledger does. It is kept, so that what was found and
/// what became of it can be read.
///
/// Beside it stands an order until the janitor has started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sweep {
    pub id: SweepId,
    pub who: String,
    pub why: String,
    /// Only looks.
    pub dry_run: bool,
    /// Where it stops; the deployment's own limit, if it was asked for without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    pub accepted_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SweepOutcome>,
    #[serde(skip)]
    version: u64,
}

/// What a sweep came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SweepOutcome {
    /// How many there are that no ledger holds, listed below or not.
    pub found: usize,
    pub limit: usize,
    /// Why it took none of them in, if it was to and they were too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    pub findings: Vec<Finding>,
    /// The steps whose providers could not be asked, or not to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unswept: Vec<Unswept>,
}

/// One thing that a provider holds and no ledger does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    pub step: String,
    pub tenant: TenantId,
    pub handle: Value,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its tenant is deleted, or its ledger says that it is gone: a sweep that is no dry run takes it in.
    Orphan,
    /// Taken into its tenant's ledger, to be destroyed by a repair.
    TakenIn,
    /// An operation of its tenant is under way, or has just changed its ledger. Left for the next sweep.
    Busy,
    /// This deployment has no record of its tenant. Never destroyed: the record may be what is missing.
    UnknownTenant,
    /// Its tenant is not deleted, and its ledger never knew of it. Never destroyed: the ledger may be an old one.
    Unrecorded,
    /// Its tenant's ledger holds another one in its place. Never destroyed.
    Misnamed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unswept {
    pub step: String,
    pub fault: Fault,
}

impl Sweep {
    /// Asks for a sweep. The same request again gives the same answer.
    pub async fn order(
        db: &Database,
        By { who, why }: By,
        dry_run: bool,
        limit: Option<usize>,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let millisecond = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let id = SweepId::new(millisecond, u128::from_be_bytes(random()));
        let sweep = Self {
            id,
            who,
            why,
            dry_run,
            limit,
            accepted_at: now,
            ended_at: None,
            outcome: None,
            version: 0,
        };
        let order = Write::put(order_key(id), &json!({ "sweep": id }), Condition::Absent)?;
        let mut writes = Vec::from_iter(claim(request, &sweep, now)?);
        writes.extend([Write::put(key(id), &sweep, Condition::Absent)?, order]);
        commit(db, sweep, writes, request).await
    }

    /// Those that were asked for and not started yet.
    pub async fn waiting(db: &Database) -> Result<Vec<SweepId>, Error> {
        #[derive(Deserialize)]
        struct Order {
            sweep: SweepId,
        }
        let rows = db.query_all(Table::Tenants, PARTITION, "ORDER#").await?;
        rows.iter().map(|row| row.decode().map(|Order { sweep }| sweep)).collect()
    }

    /// Takes the order away. Already gone is success.
    pub async fn started(db: &Database, id: SweepId) -> Result<(), Error> {
        match db.write(Write::Delete { key: order_key(id), condition: Condition::Version(1) }).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub async fn get(db: &Database, id: SweepId) -> Result<Option<Self>, Error> {
        db.get(&key(id)).await?.as_ref().map(sweep).transpose()
    }

    /// Every sweep, newest first.
    pub async fn all(db: &Database) -> Result<Vec<Self>, Error> {
        db.query_all(Table::Tenants, PARTITION, "RECORD#").await?.iter().rev().map(sweep).collect()
    }

    /// Writes down what it came to.
    pub async fn end(mut self, db: &Database, outcome: SweepOutcome, now: Timestamp) -> Result<(), Error> {
        self.outcome = Some(outcome);
        self.ended_at = Some(now);
        db.write(Write::put(key(self.id), &self, Condition::Version(self.version))?).await.map(|_| ())
    }
}

const PARTITION: &str = "SWEEP";

fn sweep(row: &Row) -> Result<Sweep, Error> {
    Ok(Sweep { version: row.version, ..row.decode()? })
}

fn key(id: SweepId) -> Key {
    Key::new(Table::Tenants, PARTITION, format_args!("RECORD#{id}"))
}

fn order_key(id: SweepId) -> Key {
    Key::new(Table::Tenants, PARTITION, format_args!("ORDER#{id}"))
}
