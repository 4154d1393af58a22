use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tenancy::{Status, TenantId};

use super::{Api, Error, Said, answer};

/// How a tenant is, part by part.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) status: Status,
    /// The worst of its parts: `healthy`, `unknown` or `unhealthy`.
    pub(crate) health: String,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Part {
    pub(crate) step: String,
    pub(crate) health: String,
    pub(crate) seen_at: Option<Timestamp>,
    pub(crate) fault: Option<Fault>,
    #[serde(default, deserialize_with = "known")]
    pub(crate) seen: Seen,
}

/// What was seen of a part, as far as there is something to draw. Each look has a form of its own.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Seen {
    #[serde(default)]
    pub(crate) services: Vec<Service>,
    #[serde(default)]
    pub(crate) pods: Vec<Pod>,
    /// `True`, `False` or `Unknown`, by type.
    #[serde(default)]
    pub(crate) conditions: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) last_backup: Option<LastBackup>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) serving: u32,
    pub(crate) wanted: u32,
    pub(crate) pods: Vec<Pod>,
    pub(crate) conditions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pod {
    pub(crate) pod: String,
    pub(crate) containers: usize,
    pub(crate) restarts: u32,
    pub(crate) ready: bool,
    /// What keeps it.
    pub(crate) reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LastBackup {
    pub(crate) name: String,
    pub(crate) phase: String,
    pub(crate) at: Option<Timestamp>,
}

/// What has another form is nothing that could be drawn.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Seen, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

impl Api {
    pub(crate) async fn health(&self, id: &TenantId) -> Result<Said<Health>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "health"])).await
    }
}
