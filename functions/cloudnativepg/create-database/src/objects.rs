//! What is applied, as the settings have it.

use fault::Fault;
use kubernetes::ObjectMeta;
use kubernetes::api::core::v1::ResourceRequirements;
use kubernetes::apimachinery::pkg::api::resource::Quantity;
use kubernetes::cnpg::{
    Backup, BackupSpec, ClusterSpec, Compressed, Configuration, Method, Named, ObjectStore, ObjectStoreSpec,
    OfSecret, Plugin, Postgres, S3Credentials, ScheduledBackup, ScheduledBackupSpec, Sidecar, Storage,
};
use kubernetes::external_secrets::{ExternalSecret, Kept};
use kubernetes::{Custom, cnpg};
use saga::whole_number;
use tenancy::OperationId;

use crate::Params;
use crate::birth::Birth;

pub(crate) const STORE: &str = "backups";
pub(crate) const SCHEDULE: &str = "nightly";
/// The secret that what archives signs in by.
pub(crate) const CREDENTIALS: &str = "backup-credentials";
/// What the vault has its password for.
const LOGIN: &str = "backups";
/// Where another's backups are, of one that is made from them.
pub(crate) const ORIGIN: &str = "origin";
/// The database, and who owns it.
pub(crate) const DATABASE: &str = "app";

impl Params {
    pub(crate) fn is_backed_up(&self) -> Result<bool, Fault> {
        self.backup.parse().map_err(|_| {
            Fault::terminal(format!("the setting backup is '{}'", self.backup)).hint("`true` or `false`.")
        })
    }

    pub(crate) fn postgres(&self, storage: &str, birth: Birth) -> Result<Postgres, Fault> {
        let instances = whole_number("instances", &self.instances)?;
        let class = Some(self.storage_class.clone()).filter(|class| !class.is_empty());
        let plugins = match self.is_backed_up()? {
            true => vec![Plugin::of(STORE, &birth.server).archiving()],
            false => Vec::new(),
        };
        let spec = ClusterSpec {
            instances,
            image_name: Some(self.image.clone()),
            storage: Storage { size: storage.to_owned(), storage_class: class },
            resources: Some(resources(
                (&self.cpu_request, &self.memory_request),
                (&self.cpu_limit, &self.memory_limit),
            )),
            bootstrap: birth.bootstrap,
            external_clusters: birth.external_clusters,
            plugins,
        };
        Ok(Custom::new(&self.namespace, &self.cluster, spec))
    }

    pub(crate) fn credentials(&self) -> ExternalSecret {
        let place = (self.namespace.as_str(), CREDENTIALS, self.secret_store.as_str());
        let password = Kept { secret: &self.logins, property: Some(LOGIN) };
        ExternalSecret::templated(
            place,
            [("ACCESS_KEY_ID", self.user.as_str())],
            ("SECRET_ACCESS_KEY", password),
        )
    }

    pub(crate) fn object_store(&self) -> Result<ObjectStore, Fault> {
        let days: u32 = whole_number("keep_days", &self.keep_days)?;
        Ok(self.store(STORE, &self.path, Some(format!("{days}d"))))
    }

    /// What is in it goes by the rules of whose it is.
    pub(crate) fn origin(&self) -> Option<ObjectStore> {
        (!self.origin_server.is_empty()).then(|| self.store(ORIGIN, &self.origin_path, None))
    }

    fn store(&self, name: &str, path: &str, retention_policy: Option<String>) -> ObjectStore {
        let entry = |key: &str| OfSecret { name: CREDENTIALS.to_owned(), key: key.to_owned() };
        let gzip = || Compressed { compression: "gzip".to_owned() };
        let size = (self.backup_cpu.as_str(), self.backup_memory.as_str());
        let spec = ObjectStoreSpec {
            configuration: Configuration {
                destination_path: path.to_owned(),
                endpoint_url: Some(self.endpoint.clone()).filter(|endpoint| !endpoint.is_empty()),
                s3_credentials: S3Credentials {
                    access_key_id: entry("ACCESS_KEY_ID"),
                    secret_access_key: entry("SECRET_ACCESS_KEY"),
                },
                wal: gzip(),
                data: gzip(),
            },
            retention_policy,
            instance_sidecar_configuration: Some(Sidecar { resources: resources(size, size) }),
        };
        Custom::new(&self.namespace, name, spec)
    }

    pub(crate) fn scheduled_backup(&self, suspend: bool) -> ScheduledBackup {
        let spec = ScheduledBackupSpec {
            cluster: Named { name: self.cluster.clone() },
            schedule: self.schedule.clone(),
            immediate: true,
            suspend,
            backup_owner_reference: "self".to_owned(),
            method: Method::default(),
        };
        let mut backup = Custom::new(&self.namespace, SCHEDULE, spec);
        label(&mut backup.metadata, &self.cluster);
        backup
    }

    /// By name it comes after those of the schedule, and after what an earlier operation ordered.
    pub(crate) fn backup_again(&self, by: OperationId) -> Backup {
        let spec = BackupSpec { cluster: Named { name: self.cluster.clone() }, method: Method::default() };
        let name = format!("retry-{}", by.to_string().to_lowercase());
        let mut backup = Custom::new(&self.namespace, &name, spec);
        label(&mut backup.metadata, &self.cluster);
        backup
    }
}

fn label(metadata: &mut ObjectMeta, cluster: &str) {
    metadata.labels.get_or_insert_default().insert(cnpg::CLUSTER.to_owned(), cluster.to_owned());
}

/// CPU and memory, asked for and allowed.
fn resources(requests: (&str, &str), limits: (&str, &str)) -> ResourceRequirements {
    let of = |(cpu, memory): (&str, &str)| {
        let amounts = [("cpu", cpu), ("memory", memory)];
        Some(amounts.map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned()))).into())
    };
    ResourceRequirements { requests: of(requests), limits: of(limits), ..ResourceRequirements::default() }
}
