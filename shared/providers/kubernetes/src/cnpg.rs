//! CloudNativePG's Cluster, `postgresql.cnpg.io/v1`: Postgres in pods of its own, which no StatefulSet makes.
//! <https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/>
//!
//! Of a cluster `shop`, the secret `shop-app` says how to connect, and the service `shop-rw` is where.

use serde::{Deserialize, Serialize};

use crate::state::Conditions;
use crate::{Custom, Definition, Progress, State};

pub type Postgres = Custom<ClusterSpec>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSpec {
    pub instances: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    pub storage: Storage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// `10Gi`; it may grow and never shrink.
    pub size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    pub initdb: InitDb,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitDb {
    pub database: String,
    pub owner: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterStatus {
    pub phase: String,
    pub phase_reason: String,
    #[serde(flatten)]
    pub conditions: Conditions,
}

/// The phase in which everything is well, in the operator's words.
const HEALTHY: &str = "Cluster in healthy state";

impl Definition for ClusterSpec {
    const GROUP: &'static str = "postgresql.cnpg.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Cluster";
    const PLURAL: &'static str = "clusters";
    type Status = ClusterStatus;
}

impl Progress for Postgres {
    fn progress(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        match status.conditions.ready(self.metadata.generation) {
            State::Ready if status.phase != HEALTHY => State::waiting(&status.phase, &status.phase_reason),
            State::Waiting { reason, message } if !status.phase.is_empty() => {
                State::waiting(&reason, format!("{}: {message}", status.phase))
            }
            state => state,
        }
    }
}
