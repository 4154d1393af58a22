//! External Secrets' ExternalSecret, `external-secrets.io/v1`; `v1beta1` is not served any more.
//! <https://external-secrets.io/latest/api/externalsecret/>

use std::collections::BTreeMap;

use secrets::SecretRef;
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

/// What a vault keeps: a secret, or one field of a secret that is JSON.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub secret: &'a SecretRef,
    pub property: Option<&'a str>,
}

impl ExternalSecret {
    /// A secret of plain values, and of one that a ClusterSecretStore keeps. The plain ones are a template's, which is Go's:
    /// nothing that a tenant's people chose may be in them.
    #[must_use]
    pub fn templated<'a>(
        (namespace, name, store): (&str, &str, &str),
        plain: impl IntoIterator<Item = (&'a str, &'a str)>,
        (key, kept): (&str, Kept<'_>),
    ) -> Self {
        let from_vault = (key.to_owned(), "{{ .password }}".to_owned());
        let plain = plain.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let spec = ExternalSecretSpec {
            secret_store_ref: SecretStoreRef {
                name: store.to_owned(),
                kind: "ClusterSecretStore".to_owned(),
            },
            refresh_interval: "1h".to_owned(),
            target: Target {
                name: name.to_owned(),
                creation_policy: "Owner".to_owned(),
                template: Some(Template {
                    engine_version: "v2".to_owned(),
                    data: plain.chain([from_vault]).collect(),
                }),
            },
            data: vec![Data {
                secret_key: "password".to_owned(),
                remote_ref: RemoteRef {
                    key: kept.secret.0.clone(),
                    property: kept.property.map(str::to_owned),
                },
            }],
            data_from: Vec::new(),
        };
        Self::new(namespace, name, spec)
    }
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
