use jiff::Timestamp;
use serde::Serialize;

use super::gate::Gate;
use crate::database::{Database, Error, Table};

/// How much of a provider's quota is left: what can be asked of it before it wants no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Headroom {
    pub provider: String,
    /// What is counted: `calls`, `reads` or `changes`.
    pub of: String,
    /// So many of them were let through in the last window.
    pub used: u32,
    /// So many are, in a window of so many seconds. Unknown until somebody has asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The provider is not asked before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<Timestamp>,
}

impl Headroom {
    /// Of each quota of those providers that was ever used.
    pub async fn of(db: &Database, providers: &[String], now: Timestamp) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        for provider in providers {
            let rows = db.query_all(Table::Ledger, &format!("PROVIDER#{provider}"), "QUOTA#").await?;
            found.extend(rows.iter().map(|row| {
                let gate: Gate = super::gate(row);
                let of = row.key.sk.trim_start_matches("QUOTA#").to_owned();
                let (used, window) = gate.used(now);
                let (calls, seconds) = window.unzip();
                let closed_until = gate.shut_until().filter(|until| now < *until);
                Self { provider: provider.clone(), of, used, calls, seconds, closed_until }
            }));
        }
        Ok(found)
    }
}
