use fault::Fault;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tenancy::{SweepId, TenantId};

use super::{Api, Error, Said, answer};

/// A search for orphans.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sweep {
    pub(crate) id: SweepId,
    pub(crate) dry_run: bool,
    pub(crate) accepted_at: Timestamp,
    #[serde(default)]
    pub(crate) outcome: Option<SweepOutcome>,
}

/// What a sweep came to.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SweepOutcome {
    pub(crate) found: usize,
    pub(crate) limit: usize,
    #[serde(default)]
    pub(crate) refused: Option<String>,
    pub(crate) findings: Vec<Found>,
    #[serde(default)]
    pub(crate) unswept: Vec<Unswept>,
}

/// Something that a provider holds and no ledger does.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) step: String,
    pub(crate) tenant: TenantId,
    pub(crate) handle: serde_json::Value,
    pub(crate) verdict: String,
}

/// A step whose provider could not be asked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Unswept {
    pub(crate) step: String,
    pub(crate) fault: Fault,
}

impl Api {
    pub(crate) async fn sweep(
        &self,
        reason: &str,
        dry_run: bool,
        limit: Option<usize>,
    ) -> Result<Said<Sweep>, Error> {
        let wanted = json!({ "reason": reason, "dry_run": dry_run, "limit": limit });
        answer(self.request(Method::POST, &["orphan-sweeps"]).json(&wanted)).await
    }

    pub(crate) async fn show_sweep(&self, id: SweepId) -> Result<Said<Sweep>, Error> {
        answer(self.request(Method::GET, &["orphan-sweeps", &id.to_string()])).await
    }

    pub(crate) async fn newest_sweep(&self) -> Result<Option<SweepId>, Error> {
        let newest_first: Said<Vec<Sweep>> = self.all("orphan_sweeps", self.url(&["orphan-sweeps"])).await?;
        Ok(newest_first.read.first().map(|sweep| sweep.id))
    }
}
