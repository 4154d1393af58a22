//! Makes the tables in a tenant's databases, by the migrations that each service's own image brings: a Job for each database, all
//! at once. The first service's also makes what a shop begins with, and its owner.
//!
//! What a Job runs cannot be changed. So its name ends in a digest of that: another version of the image is another Job, and the
//! same one is found as it ended. Jobs go with their namespace.

use std::collections::BTreeMap;

use fault::Fault;
use futures_util::future::try_join_all;
use kubernetes::api::batch::v1::Job;
use kubernetes::{Cluster, State, manifest};
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenancy::Snapshot;

/// Whose database has the users: its migration also fills the shop.
const FIRST: &str = "auth";

/// Of what a Job is made of beside what its name says: whoever changes that counts on.
const VERSION: u8 = 1;

#[derive(Debug)]
pub struct RunMigrations {
    pub cluster: Cluster,
    /// The page that shows an owner the first password, once.
    pub welcome_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// What stands before a service's name in its image: `ecommerce`.
    registry: String,
    /// The tag of all images.
    version: String,
    /// By service, the secret with its database.
    secrets: BTreeMap<String, String>,
    /// What a migration asks for, and may have.
    migration_cpu: String,
    migration_memory: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    first_sign_in: String,
}

impl Setup for RunMigrations {
    const NAME: &'static str = "kubernetes-run-migrations";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        // Nothing runs that would need them.
        if cx.tenant.suspended {
            return Ok(self.migrated());
        }
        let owner = cx.mark.to_string();
        let jobs = params.secrets.iter().map(|(service, secret)| params.job(&cx.tenant, service, secret));
        let jobs = jobs.map(manifest).collect::<Result<Vec<Job>, Fault>>()?;
        let mut jobs = try_join_all(jobs.iter().map(|job| self.cluster.apply(job, &owner))).await?;
        self.cluster.settle(&params.namespace, &owner, &mut jobs).await?;
        // One that failed is told before those that still run.
        let mut waiting = Ok(());
        for job in &jobs {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            let state = self.cluster.state(job).await?;
            let failed = matches!(state, State::Failed { .. });
            let told = state.demand(&format!("the migration {name}"));
            if failed {
                return told.map(|()| self.migrated()).map_err(|fault| {
                    fault.hint(format!("Mend what its log says, delete the Job {name}, and retry."))
                });
            }
            waiting = waiting.and(told);
        }
        waiting.map(|()| self.migrated())
    }
}

impl RunMigrations {
    fn migrated(&self) -> Output {
        Output { first_sign_in: self.welcome_url.clone() }
    }
}

impl Params {
    fn job(&self, tenant: &Snapshot, service: &str, secret: &str) -> Value {
        let sources = |name: &str| json!({ "secretRef": { "name": name } });
        let (mut command, mut from) = (vec!["php", "artisan", "migrate", "--force"], vec![sources(secret)]);
        let mut environment = vec![json!({ "name": "DB_CONNECTION", "value": "mysql" })];
        // Once its people have it, what the shop begins with is theirs.
        let email = (service == FIRST && !tenant.inhabited).then_some(tenant.email.as_str());
        if let Some(email) = email {
            command.extend(["--seed", "--seeder=InitialDataSeeder"]);
            from.push(sources("owner-credentials"));
            environment.push(json!({ "name": "ADMIN_EMAIL", "value": literally(email) }));
        }
        let image = format!("{}/{service}-service:{}", self.registry, self.version);
        // Also of whether its people have it: what was put back from an archive may be of an older version.
        let ordered = format!(
            "{VERSION} {image} {command:?} {secret} {email:?} {} {} {}",
            self.migration_cpu, self.migration_memory, tenant.inhabited
        );
        let name = format!("migrate-{service}-{}", hex::encode(&Sha256::digest(ordered)[..4]));
        let size = json!({ "cpu": self.migration_cpu, "memory": self.migration_memory });
        let container = json!({
            "name": "migrate", "image": image, "command": command, "env": environment, "envFrom": from,
            "resources": { "requests": size, "limits": size },
        });
        let pod = json!({
            "containers": [container], "restartPolicy": "Never", "automountServiceAccountToken": false,
        });
        let labels = json!({ "tenant": tenant.id.as_str(), "migration": service });
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": name, "namespace": self.namespace, "labels": labels },
            "spec": {
                "backoffLimit": 3, "activeDeadlineSeconds": 600,
                "template": { "metadata": { "labels": labels }, "spec": pod },
            },
        })
    }
}

/// In what a container is told, `$(NAME)` stands for another variable, unless its dollar is doubled.
fn literally(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_mail_reads_another_variable() {
        assert_eq!(literally("$(ADMIN_PASSWORD)@acme.example"), "$$(ADMIN_PASSWORD)@acme.example");
        assert_eq!(literally("owner@acme.example"), "owner@acme.example");
    }
}
