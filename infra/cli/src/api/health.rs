use fault::Fault;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use tenancy::{Status, TenantId};

use super::{Api, Error, answer};

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
}

impl Api {
    pub(crate) async fn health(&self, id: &TenantId) -> Result<Health, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "health"])).await
    }
}
