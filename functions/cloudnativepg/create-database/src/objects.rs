//! What is applied, as the settings have it.

use fault::Fault;
use kubernetes::ObjectMeta;
use kubernetes::api::core::v1::ResourceRequirements;
use kubernetes::apimachinery::pkg::api::resource::Quantity;
use kubernetes::cnpg::{
    Bootstrap, ClusterSpec, Compressed, Configuration, InitDb, Method, Named, ObjectStore, ObjectStoreSpec,
    OfSecret, Plugin, Postgres, S3Credentials, ScheduledBackup, ScheduledBackupSpec, Sidecar, Storage,
};
use kubernetes::external_secrets::{ExternalSecret, Kept};
use kubernetes::{Custom, cnpg};
use saga::whole_number;

use crate::Params;

pub(crate) const STORE: &str = "backups";
pub(crate) const SCHEDULE: &str = "nightly";
/// The secret that what archives signs in by.
pub(crate) const CREDENTIALS: &str = "backup-credentials";
/// What the vault has its password for.
const LOGIN: &str = "backups";
/// The database, and who owns it.
const DATABASE: &str = "app";

impl Params {
    pub(crate) fn is_backed_up(&self) -> Result<bool, Fault> {
        self.backup.parse().map_err(|_| {
            Fault::terminal(format!("the setting backup is '{}'", self.backup)).hint("`true` or `false`.")
        })
    }

    pub(crate) fn postgres(&self, storage: &str) -> Result<Postgres, Fault> {
        let instances = whole_number("instances", &self.instances)?;
        let class = Some(self.storage_class.clone()).filter(|class| !class.is_empty());
        let initdb = InitDb { database: DATABASE.to_owned(), owner: DATABASE.to_owned() };
        let plugins = match self.is_backed_up()? {
            // Each cluster in a folder of its own.
            true => vec![Plugin::of(STORE, &self.cluster).archiving()],
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
            bootstrap: Some(Bootstrap::InitDb(initdb)),
            external_clusters: Vec::new(),
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
        let entry = |key: &str| OfSecret { name: CREDENTIALS.to_owned(), key: key.to_owned() };
        let gzip = || Compressed { compression: "gzip".to_owned() };
        let size = (self.backup_cpu.as_str(), self.backup_memory.as_str());
        let spec = ObjectStoreSpec {
            configuration: Configuration {
                destination_path: self.path.clone(),
                endpoint_url: Some(self.endpoint.clone()).filter(|endpoint| !endpoint.is_empty()),
                s3_credentials: S3Credentials {
                    access_key_id: entry("ACCESS_KEY_ID"),
                    secret_access_key: entry("SECRET_ACCESS_KEY"),
                },
                wal: gzip(),
                data: gzip(),
            },
            retention_policy: Some(format!("{days}d")),
            instance_sidecar_configuration: Some(Sidecar { resources: resources(size, size) }),
        };
        Ok(Custom::new(&self.namespace, STORE, spec))
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
