//! Has what a tenant's services sign in with stand in its namespace, one secret for each of them, read from the vault by External
//! Secrets: no password goes through here.
//!
//! What is no secret, as a server's name, is written by the ExternalSecret's template, which is Go's: nothing that a tenant's
//! people chose is in it.

use std::collections::BTreeMap;

use fault::Fault;
use futures_util::future::try_join_all;
use kubernetes::external_secrets::{ExternalSecret, Kept};
use kubernetes::{Cluster, Progress as _};
use saga::{Context, Setup};
use secrets::SecretRef;
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProjectSecrets {
    pub cluster: Cluster,
}

/// What the steps before have made, and where the services find it.
#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// External Secrets' ClusterSecretStore.
    secret_store: String,
    /// One JSON object in the vault, with a password for each service.
    logins: SecretRef,
    /// The owner's first password.
    password: SecretRef,
    databases: BTreeMap<String, Database>,
    mysql_host: String,
    mysql_port: String,
    /// The object store's user, and its buckets by purpose.
    store_user: String,
    buckets: BTreeMap<String, String>,
    /// `minio.example:9000`
    object_store_endpoint: String,
    object_store_tls: String,
    vhost: String,
    broker_user: String,
    exchange: String,
    rabbitmq_host: String,
    rabbitmq_port: String,
}

#[derive(Debug, Deserialize)]
pub struct Database {
    database: String,
    user: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The secret of each service's database.
    secrets: BTreeMap<String, String>,
}

impl Setup for ProjectSecrets {
    const NAME: &'static str = "kubernetes-project-secrets";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let owner = cx.mark.to_string();
        let wanted = params.wanted();
        let mut applied = try_join_all(wanted.iter().map(|it| self.cluster.apply(it, &owner))).await?;
        self.cluster.settle(&params.namespace, &owner, &mut applied).await?;
        for external in &applied {
            external.progress().demand(&format!("the secret {}", external.spec.target.name))?;
        }
        let secret = |service: &String| (service.clone(), database_secret(service));
        Ok(Output { secrets: params.databases.keys().map(secret).collect() })
    }
}

impl Params {
    fn wanted(&self) -> Vec<ExternalSecret> {
        let of_database = |(service, at): (&String, &Database)| {
            let plain = [
                ("DB_HOST", self.mysql_host.as_str()),
                ("DB_PORT", &self.mysql_port),
                ("DB_DATABASE", &at.database),
                ("DB_USERNAME", &at.user),
            ];
            self.secret(&database_secret(service), &plain, ("DB_PASSWORD", self.login(service)))
        };
        let bucket = |(purpose, name): (&String, &String)| {
            (format!("MINIO_BUCKET_{}", purpose.to_uppercase()), name.clone())
        };
        let buckets: Vec<(String, String)> = self.buckets.iter().map(bucket).collect();
        let mut store = vec![
            ("MINIO_ENDPOINT", self.object_store_endpoint.as_str()),
            ("MINIO_USE_SSL", &self.object_store_tls),
            ("MINIO_ACCESS_KEY", &self.store_user),
        ];
        store.extend(buckets.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let broker = [
            ("RABBITMQ_HOST", self.rabbitmq_host.as_str()),
            ("RABBITMQ_PORT", &self.rabbitmq_port),
            ("RABBITMQ_USER", &self.broker_user),
            ("RABBITMQ_VHOST", &self.vhost),
            ("RABBITMQ_EXCHANGE", &self.exchange),
        ];
        let others = [
            self.secret("minio-credentials", &store, ("MINIO_SECRET_KEY", self.login("object-store"))),
            self.secret("rabbitmq-credentials", &broker, ("RABBITMQ_PASSWORD", self.login("rabbitmq"))),
            self.secret(
                "owner-credentials",
                &[],
                ("ADMIN_PASSWORD", Kept { secret: &self.password, property: None }),
            ),
        ];
        self.databases.iter().map(of_database).chain(others).collect()
    }

    fn login<'a>(&'a self, purpose: &'a str) -> Kept<'a> {
        Kept { secret: &self.logins, property: Some(purpose) }
    }

    fn secret(&self, name: &str, plain: &[(&str, &str)], from_vault: (&str, Kept<'_>)) -> ExternalSecret {
        let place = (self.namespace.as_str(), name, self.secret_store.as_str());
        ExternalSecret::templated(place, plain.iter().copied(), from_vault)
    }
}

fn database_secret(service: &str) -> String {
    format!("{service}-db-credentials")
}
