//! Gives a tenant a Postgres of its own, in its namespace: a cluster of CloudNativePG, where the plan has backups with the
//! object store that it archives into and the schedule of its base backups. All of it goes with the namespace.
//!
//! A cluster says nothing of the time that it takes, and goes on for ever. So it has a time here, which begins when it
//! stopped being ready, or anew with a pod that was made since: what was mended is not lost by what was before.
//!
//! Whose tenant has an origin, its database begins as that one's was, recovered from where the object store has it. And
//! each archives under a name of its own, by the operation that made it: none archives where another has.
//!
//! Of a tenant that sleeps or is suspended the database is put to sleep, which keeps its volumes.

use fault::{Actor, Fault};
use jiff::{SignedDuration, Timestamp};
use kubernetes::api::core::v1::Pod;
use kubernetes::cnpg::{ObjectStore, Postgres, ScheduledBackup};
use kubernetes::external_secrets::ExternalSecret;
use kubernetes::{Cluster, Progress as _, Propagation, State, Trouble};
use saga::{Context, Setup, whole_number};
use secrets::SecretRef;
use serde::{Deserialize, Serialize};
use tenancy::Quantity;

use crate::birth::Birth;

mod birth;
mod objects;

#[derive(Debug)]
pub struct CreateDatabase {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// What the cluster is called: `postgres`.
    cluster: String,
    image: String,
    instances: String,
    /// `10Gi`; where there is more already, that.
    storage: String,
    /// The cluster's own, if it is empty.
    storage_class: String,
    /// What each instance asks for, and may have.
    cpu_request: String,
    memory_request: String,
    cpu_limit: String,
    memory_limit: String,
    /// For how long it may be on its way.
    deadline_seconds: String,
    /// `true` or `false`; all that follows says nothing if it is not.
    backup: String,
    /// Six fields: `0 0 2 * * *`.
    schedule: String,
    /// For how many days back it can be recovered.
    keep_days: String,
    /// `s3://backups/acme-7f3a9c`
    path: String,
    endpoint: String,
    /// Where it begins from, and which server's database there; it begins empty if that says nothing.
    origin_path: String,
    origin_server: String,
    /// Whom the object store knows there, and where the password of that user is.
    user: String,
    logins: SecretRef,
    /// External Secrets' ClusterSecretStore.
    secret_store: String,
    /// What moves the backups asks for, and may have, beside each instance.
    backup_cpu: String,
    backup_memory: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    cluster: String,
    /// The secret that says how to connect.
    secret: String,
    instances: u32,
    /// What each has: it stays when the plan becomes a smaller one.
    storage: String,
}

impl Setup for CreateDatabase {
    const NAME: &'static str = "cloudnativepg-create-database";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let (namespace, owner) = (params.namespace.as_str(), cx.mark.to_string());
        let deadline = SignedDuration::from_secs(whole_number("deadline_seconds", &params.deadline_seconds)?);
        let asleep = cx.tenant.rests();
        let there: Option<Postgres> = self.cluster.find_own(Some(namespace), &params.cluster, &owner).await?;
        let storage = match &there {
            Some(there) => larger(&there.spec.storage.size, &params.storage)?,
            None => params.storage.clone(),
        };
        let birth = Birth::of(there.as_ref(), cx, params);
        let postgres = params.postgres(&storage, birth)?.asleep(asleep);
        let backed_up = params.is_backed_up()?;
        if backed_up {
            // The pods that archive wait for it by themselves.
            self.cluster.apply(&params.credentials(), &owner).await?;
            self.cluster.apply(&params.object_store()?, &owner).await?;
            if let Some(origin) = params.origin() {
                self.cluster.apply(&origin, &owner).await?;
            }
        }
        let mut applied = [self.cluster.apply(&postgres, &owner).await?];
        if backed_up {
            self.cluster.apply(&params.scheduled_backup(asleep), &owner).await?;
        } else {
            self.discard::<ScheduledBackup>(namespace, objects::SCHEDULE, &owner).await?;
        }
        self.cluster.settle(namespace, &owner, &mut applied).await?;
        let [postgres] = applied;
        self.demand(&postgres, deadline).await?;
        if backed_up && !asleep {
            self.back_up_again(cx, params).await?;
        }
        if !backed_up {
            // No pod of it archives any more.
            self.discard::<ObjectStore>(namespace, objects::STORE, &owner).await?;
            self.discard::<ExternalSecret>(namespace, objects::CREDENTIALS, &owner).await?;
        }
        let secret = format!("{}-app", params.cluster);
        Ok(Output { cluster: params.cluster.clone(), secret, instances: postgres.spec.instances, storage })
    }
}

impl CreateDatabase {
    async fn discard<K: kubernetes::Object>(
        &self,
        namespace: &str,
        name: &str,
        owner: &str,
    ) -> Result<(), Fault> {
        self.cluster.delete::<K>(Some(namespace), name, owner, Propagation::Background).await
    }

    /// Where every backup so far has failed, one more by each operation: the next night's would be hours away.
    async fn back_up_again(&self, cx: &Context, params: &Params) -> Result<(), Fault> {
        let last = self.cluster.last_backup(&params.namespace, &params.cluster).await?;
        if last.is_some_and(|last| last.failure().is_some()) {
            self.cluster.apply(&params.backup_again(cx.operation), &cx.mark.to_string()).await?;
        }
        Ok(())
    }

    /// Ready, or what keeps it, and whether that is waited for.
    async fn demand(&self, postgres: &Postgres, deadline: SignedDuration) -> Result<(), Fault> {
        let name = postgres.metadata.name.as_deref().unwrap_or_default();
        let what = format!("the database {name}");
        let state = postgres.progress();
        let pods = self.cluster.pods(postgres).await?;
        let (reason, message, lost) = match state {
            State::Ready if postgres.is_asleep() => return Ok(()),
            State::Ready => match pods.iter().find(|pod| !postgres.made(pod)) {
                None => return Ok(()),
                Some(old) => {
                    let message = format!("{} is yet as it was before", named(old));
                    return State::Waiting { reason: "Upgrading".to_owned(), message }.demand(&what);
                }
            },
            State::Waiting { reason, message } => (reason, message, false),
            State::Failed { reason, message } => (reason, message, true),
        };
        let told = match pods.iter().find_map(Trouble::of) {
            Some(Trouble { pod, reason, message }) => format!("{reason}: pod {pod}: {message}"),
            None => format!("{reason}: {message}"),
        };
        let late = since(postgres, &pods).is_some_and(|since| clock::now().duration_since(since) > deadline);
        if !lost && !late {
            return Err(Fault::not_ready(format!("{what} is not ready: {told}")));
        }
        let cause = if lost {
            format!("{what} failed: {told}")
        } else {
            format!("{what} is not ready after {} seconds: {told}", deadline.as_secs())
        };
        Err(Fault::terminal(cause).for_actor(Actor::Us).hint(
            "Mend what keeps the pod. A job that fills a volume is not made anew: delete the cluster, if there is nothing in \
             it yet, and retry.",
        ))
    }
}

/// Since when a database is on its way to what it is to be, if it is not ready.
fn since(postgres: &Postgres, pods: &[Pod]) -> Option<Timestamp> {
    let conditions = postgres.status.as_ref().map(|status| &status.conditions);
    let ready = conditions.and_then(|conditions| conditions.find("Ready"));
    let begun = match ready {
        Some(ready) if ready.status == "True" => return None,
        Some(ready) => ready.last_transition_time,
        None => postgres.metadata.creation_timestamp.as_ref().map(|at| at.0),
    };
    let made = pods.iter().filter_map(|pod| Some(pod.metadata.creation_timestamp.as_ref()?.0));
    begun.into_iter().chain(made).max()
}

fn named(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// A volume never shrinks: whoever has a larger one keeps it.
fn larger(there: &str, asked: &str) -> Result<String, Fault> {
    let read = |text: &str| {
        text.parse::<Quantity>()
            .map_err(|why| Fault::terminal(why).hint("The setting storage, in plan or blueprint."))
    };
    Ok(if read(there)? > read(asked)? { there } else { asked }.to_owned())
}

#[cfg(test)]
mod tests;
