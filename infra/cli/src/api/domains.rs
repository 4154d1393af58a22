use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tenancy::{DnsRecord, Domain, OperationId, TenantId};

use super::{Api, Error, Said, answer};

/// A domain of a tenant's own, with what is to be published for it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) domain: Domain,
    pub(crate) records: Vec<DnsRecord>,
}

/// What was accepted about a domain.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) operation: OperationId,
    pub(crate) hostname: String,
    #[serde(default)]
    pub(crate) records: Vec<DnsRecord>,
}

impl Api {
    pub(crate) async fn domains(&self, id: &TenantId) -> Result<Said<Vec<Shown>>, Error> {
        self.all("domains", self.url(&["tenants", id.as_str(), "domains"])).await
    }

    pub(crate) async fn domain(&self, id: &TenantId, hostname: &str) -> Result<Said<Shown>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "domains", hostname])).await
    }

    pub(crate) async fn add_domain(&self, id: &TenantId, hostname: &str) -> Result<Said<Asked>, Error> {
        let request = self.request(Method::POST, &["tenants", id.as_str(), "domains"]);
        answer(request.json(&json!({ "hostname": hostname }))).await
    }

    pub(crate) async fn remove_domain(&self, id: &TenantId, hostname: &str) -> Result<Said<Asked>, Error> {
        answer(self.request(Method::DELETE, &["tenants", id.as_str(), "domains", hostname])).await
    }
}
