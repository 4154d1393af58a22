//! External Secrets' ExternalSecret, `external-secrets.io/v1`; `v1beta1` is not served any more.
//! <https://external-secrets.io/latest/api/externalsecret/>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::state::Conditions;
use crate::{Custom, Definition, Progress, State};

/// A secret of the cluster that is read from a vault, and read anew from time to time.
pub type ExternalSecret = Custom<ExternalSecretSpec>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSecretSpec {
    pub secret_store_ref: SecretStoreRef,
    /// `1h`; when the vault is asked again.
    pub refresh_interval: String,
    pub target: Target,
    /// One entry of the secret each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Data>,
    /// All fields of a secret that is JSON, each an entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_from: Vec<DataFrom>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretStoreRef {
    pub name: String,
    /// `ClusterSecretStore` or `SecretStore`.
    pub kind: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Of the secret that is made.
    pub name: String,
    /// `Owner`: it goes with what asks for it.
    pub creation_policy: String,
    /// What the secret holds instead of what was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// `v2`, the only one there is.
    pub engine_version: String,
    /// The secret's entries; `{{ .password }}` stands for what was read as `password`. As it replaces what was read, that is
    /// not in the secret unless it says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    pub secret_key: String,
    pub remote_ref: RemoteRef,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFrom {
    pub extract: RemoteRef,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteRef {
    /// The secret's name in the vault.
    pub key: String,
    /// A field of it, if it is JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
}

impl Definition for ExternalSecretSpec {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ExternalSecret";
    const PLURAL: &'static str = "externalsecrets";
    type Status = Conditions;
}

/// What is missing in the vault may come: it never fails for good.
impl Progress for ExternalSecret {
    fn progress(&self) -> State {
        self.status.clone().unwrap_or_default().ready(self.metadata.generation)
    }
}
