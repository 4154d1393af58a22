use reqwest::Method;
use serde::Deserialize;
use store::Certified;
use tenancy::TenantId;

use super::{Api, Error, Said, answer};

/// What a certificate is verified by.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CertificateKey {
    pub(crate) kid: String,
    pub(crate) x: String,
    pub(crate) y: String,
}

impl Api {
    pub(crate) async fn certificate(&self, id: &TenantId) -> Result<Said<Certified>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "certificate"])).await
    }

    pub(crate) async fn certificate_keys(&self) -> Result<Said<Vec<CertificateKey>>, Error> {
        self.all("keys", self.url(&["certificate-keys"])).await
    }
}
