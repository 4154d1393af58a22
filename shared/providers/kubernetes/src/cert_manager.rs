//! cert-manager's Certificate, `cert-manager.io/v1`. <https://cert-manager.io/docs/reference/api-docs/>
//!
//! An ingress with cert-manager's annotation gets a Certificate by itself, named like its secret. One more for the same
//! secret, and the two take it from each other for ever: have one or the other.

use serde::{Deserialize, Serialize};

use crate::state::Conditions;
use crate::{Custom, Definition, Progress, State};

/// A certificate, kept in a secret and renewed there.
pub type Certificate = Custom<CertificateSpec>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSpec {
    pub secret_name: String,
    pub dns_names: Vec<String>,
    pub issuer_ref: IssuerRef,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerRef {
    pub name: String,
    /// `ClusterIssuer` or `Issuer`.
    pub kind: String,
}

/// What cert-manager says of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateStatus {
    #[serde(flatten)]
    pub conditions: Conditions,
    /// How often in a row it could not be had. cert-manager tries again, an hour later and then later still.
    pub failed_issuance_attempts: Option<u32>,
}

impl Definition for CertificateSpec {
    const GROUP: &'static str = "cert-manager.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Certificate";
    const PLURAL: &'static str = "certificates";
    type Status = CertificateStatus;
}

impl Progress for Certificate {
    fn progress(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        let ready = status.conditions.ready(self.metadata.generation);
        match (ready, status.failed_issuance_attempts.filter(|failed| *failed > 0)) {
            (State::Waiting { .. }, Some(failed)) => {
                let why = status.conditions.find("Issuing").map(|it| it.message.clone()).unwrap_or_default();
                State::waiting("IssuanceFailed", format!("{failed} times: {why}"))
            }
            (state, _) => state,
        }
    }
}
