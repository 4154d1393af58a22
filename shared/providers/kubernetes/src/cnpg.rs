//! CloudNativePG's Cluster, `postgresql.cnpg.io/v1`: Postgres in pods of its own, which no StatefulSet makes. And its
//! backups: where they go, when they are taken, and each that was.
//! <https://cloudnative-pg.io/docs/current/cloudnative-pg.v1/>,
//! <https://cloudnative-pg.io/plugin-barman-cloud/docs/plugin-barman-cloud.v1/>
//!
//! Of a cluster `shop`, the secret `shop-app` says how to connect, and the service `shop-rw` is where.

use std::collections::BTreeMap;

use fault::Fault;
use k8s_openapi::api::core::v1::{Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::{Deserialize, Serialize};

use crate::state::Conditions;
use crate::{Cluster, Custom, Definition, Progress, State};

pub type Postgres = Custom<ClusterSpec>;
pub type ObjectStore = Custom<ObjectStoreSpec>;
pub type ScheduledBackup = Custom<ScheduledBackupSpec>;
pub type Backup = Custom<BackupSpec>;

/// The plugin that archives and restores. What the operator itself could of that is gone with 1.31.
pub const PLUGIN: &str = "barman-cloud.cloudnative-pg.io";

/// The annotation by which a cluster is put to sleep: `on`. <https://cloudnative-pg.io/docs/current/declarative_hibernation/>
pub const HIBERNATION: &str = "cnpg.io/hibernation";

/// The label that pods, volumes and jobs of a cluster carry, with its name.
pub const CLUSTER: &str = "cnpg.io/cluster";

/// Whether what is written reaches the object store.
pub const ARCHIVING: &str = "ContinuousArchiving";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSpec {
    pub instances: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    pub storage: Storage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_clusters: Vec<ExternalCluster>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Plugin>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// `10Gi`; it may grow and never shrink.
    pub size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

/// What a cluster is at first. Later it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bootstrap {
    /// Empty.
    InitDb(InitDb),
    /// As another was.
    Recovery(Recovery),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitDb {
    pub database: String,
    pub owner: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    pub database: String,
    pub owner: String,
    /// The name of one of the external clusters.
    pub source: String,
    /// Without one, as far as was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_target: Option<RecoveryTarget>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryTarget {
    /// RFC 3339.
    pub target_time: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalCluster {
    pub name: String,
    pub plugin: Plugin,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    pub name: String,
    #[serde(rename = "isWALArchiver", default, skip_serializing_if = "Option::is_none")]
    pub is_wal_archiver: Option<bool>,
    #[serde(default)]
    pub parameters: Parameters,
}

/// Where in an object store one server's backups are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Parameters {
    /// The [`ObjectStore`]'s name.
    pub barman_object_name: String,
    /// The folder. Two clusters never write into one.
    pub server_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterStatus {
    pub phase: String,
    pub phase_reason: String,
    pub ready_instances: u32,
    pub instance_names: Vec<String>,
    pub current_primary: Option<String>,
    #[serde(flatten)]
    pub conditions: Conditions,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStoreSpec {
    pub configuration: Configuration,
    /// `30d`; for how long back a backup can be recovered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_sidecar_configuration: Option<Sidecar>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// `s3://backups/acme-7f3a9c`
    pub destination_path: String,
    #[serde(rename = "endpointURL", skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    pub s3_credentials: S3Credentials,
    pub wal: Compressed,
    pub data: Compressed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Credentials {
    pub access_key_id: OfSecret,
    pub secret_access_key: OfSecret,
}

/// An entry of a secret beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfSecret {
    pub name: String,
    pub key: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compressed {
    /// `gzip`
    pub compression: String,
}

/// What runs beside each Postgres and moves its backups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    pub resources: ResourceRequirements,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectStoreStatus {
    /// By server.
    pub server_recovery_window: BTreeMap<String, RecoveryWindow>,
}

/// Between which moments a server can be recovered; of the end, the last base backup alone is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecoveryWindow {
    pub first_recoverability_point: Option<jiff::Timestamp>,
    pub last_successful_backup_time: Option<jiff::Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledBackupSpec {
    pub cluster: Named,
    /// Six fields: the first is the second.
    pub schedule: String,
    /// Besides, one at once.
    pub immediate: bool,
    pub suspend: bool,
    /// `self`: the records of what was taken go with the schedule.
    pub backup_owner_reference: String,
    #[serde(flatten)]
    pub method: Method,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    pub cluster: Named,
    #[serde(flatten)]
    pub method: Method,
}

/// By which a backup is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    pub method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_configuration: Option<Named>,
}

impl Default for Method {
    /// The plugin.
    fn default() -> Self {
        let plugin_configuration = Some(Named { name: PLUGIN.to_owned() });
        Self { method: "plugin".to_owned(), plugin_configuration }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScheduledBackupStatus {
    pub last_schedule_time: Option<jiff::Timestamp>,
    pub next_schedule_time: Option<jiff::Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackupStatus {
    /// `pending`, `started`, `running`, `completed`, `failed`, ...; empty before anybody has looked.
    pub phase: String,
    pub backup_id: Option<String>,
    pub started_at: Option<jiff::Timestamp>,
    pub stopped_at: Option<jiff::Timestamp>,
    pub error: String,
}

/// The phase in which everything is well, in the operator's words.
const HEALTHY: &str = "Cluster in healthy state";
/// The phases in which it does no more: <https://github.com/cloudnative-pg/cloudnative-pg/pull/11035>.
const LOST: [&str; 2] = [
    "Cluster is unrecoverable and needs manual intervention",
    "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
];

impl Definition for ClusterSpec {
    const GROUP: &'static str = "postgresql.cnpg.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Cluster";
    const PLURAL: &'static str = "clusters";
    type Status = ClusterStatus;
}

impl Definition for ObjectStoreSpec {
    const GROUP: &'static str = "barmancloud.cnpg.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ObjectStore";
    const PLURAL: &'static str = "objectstores";
    type Status = ObjectStoreStatus;
}

impl Definition for ScheduledBackupSpec {
    const GROUP: &'static str = "postgresql.cnpg.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ScheduledBackup";
    const PLURAL: &'static str = "scheduledbackups";
    type Status = ScheduledBackupStatus;
}

impl Definition for BackupSpec {
    const GROUP: &'static str = "postgresql.cnpg.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Backup";
    const PLURAL: &'static str = "backups";
    type Status = BackupStatus;
}

impl Backup {
    /// Why it was not taken, if it was not.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        let status = self.status.as_ref().filter(|status| status.phase == "failed")?;
        Some(&status.error)
    }
}

impl Cluster {
    /// The last backup of a database that was completed; if none was, the last of all. Their names are in the order of their
    /// time.
    pub async fn last_backup(&self, namespace: &str, postgres: &str) -> Result<Option<Backup>, Fault> {
        let (selector, mut after) = (format!("{CLUSTER}={postgres}"), None);
        let (mut completed, mut last) = (None, None);
        loop {
            let part = self.list::<Backup>(Some(namespace), &selector, after.as_deref()).await?;
            for backup in part.items {
                if backup.status.as_ref().is_some_and(|status| status.phase == "completed") {
                    completed = Some(backup);
                } else {
                    last = Some(backup);
                }
            }
            after = part.next;
            if after.is_none() {
                return Ok(completed.or(last));
            }
        }
    }
}

impl Plugin {
    /// The plugin, for one server of an object store.
    #[must_use]
    pub fn of(object_store: &str, server: &str) -> Self {
        let parameters =
            Parameters { barman_object_name: object_store.to_owned(), server_name: server.to_owned() };
        Self { name: PLUGIN.to_owned(), is_wal_archiver: None, parameters }
    }

    /// The same, which archives what its cluster writes.
    #[must_use]
    pub fn archiving(self) -> Self {
        Self { is_wal_archiver: Some(true), ..self }
    }
}

impl Postgres {
    /// Asks the cluster to sleep, or not to.
    #[must_use]
    pub fn asleep(mut self, asleep: bool) -> Self {
        let annotations = self.metadata.annotations.get_or_insert_default();
        annotations.insert(HIBERNATION.to_owned(), if asleep { "on" } else { "off" }.to_owned());
        self
    }

    /// Whether it is asked to sleep.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.metadata
            .annotations
            .as_ref()
            .is_some_and(|all| all.get(HIBERNATION).is_some_and(|it| it == "on"))
    }
}

/// One that is asked to sleep is ready when it does: the operator goes on calling it healthy, with no instance ready.
impl Progress for Postgres {
    fn progress(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        let sleeping = status.conditions.find(HIBERNATION);
        if LOST.contains(&status.phase.as_str()) {
            return State::failed(&status.phase, &status.phase_reason);
        }
        match (self.is_asleep(), sleeping) {
            (true, Some(sleeping)) if sleeping.status == "True" => return State::Ready,
            (true, Some(sleeping)) => return State::waiting(&sleeping.reason, &sleeping.message),
            // It sleeps only once it is well.
            (true, None) if status.phase == HEALTHY => {
                return State::waiting("Hibernation", "it has not begun to sleep yet");
            }
            (false, Some(_)) => return State::waiting("Hibernation", "it has not begun to wake up yet"),
            _ => {}
        }
        match status.conditions.ready(self.metadata.generation) {
            State::Ready if status.phase != HEALTHY => State::waiting(&status.phase, &status.phase_reason),
            // It says of no change that it has seen it: what it says of itself may be of the time before.
            State::Ready if status.ready_instances != self.spec.instances => {
                let told = format!("{} of {} instances serve", status.ready_instances, self.spec.instances);
                State::waiting("Scaling", told)
            }
            State::Waiting { .. } if !status.phase.is_empty() => {
                State::waiting(&status.phase, &status.phase_reason)
            }
            state => state,
        }
    }
}

impl Postgres {
    /// Whether one of its pods is as it is asked for now. The operator does not say of a change that it has seen it.
    #[must_use]
    pub fn made(&self, pod: &Pod) -> bool {
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let Some(postgres) = containers.into_iter().find(|it| it.name == "postgres") else { return true };
        let asked = self.spec.resources.clone().unwrap_or_default();
        let given = postgres.resources.clone().unwrap_or_default();
        let has = |asked: Option<BTreeMap<String, Quantity>>, given: Option<BTreeMap<String, Quantity>>| {
            let given = given.unwrap_or_default();
            asked.unwrap_or_default().iter().all(|(name, amount)| given.get(name) == Some(amount))
        };
        let image = self.spec.image_name.as_ref().is_none_or(|image| postgres.image.as_ref() == Some(image));
        image && has(asked.requests, given.requests) && has(asked.limits, given.limits)
    }
}

impl Cluster {
    /// The pods of a database, and of the jobs that fill its volumes: [`Trouble::of`] says what keeps one from running.
    ///
    /// [`Trouble::of`]: crate::Trouble::of
    pub async fn pods(&self, postgres: &Postgres) -> Result<Vec<Pod>, Fault> {
        let (namespace, name) = (&postgres.metadata.namespace, &postgres.metadata.name);
        let selector = format!("{CLUSTER}={}", name.as_deref().unwrap_or_default());
        Ok(self.list::<Pod>(namespace.as_deref(), &selector, None).await?.items)
    }
}
