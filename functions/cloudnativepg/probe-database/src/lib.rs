//! Looks whether a tenant's database serves with all its instances, and whether it is backed up; if it is to sleep, that it
//! does.
//!
//! The condition `LastBackupSucceeded` is false while a backup runs, too: what is looked at are the backups.

use std::collections::BTreeMap;

use fault::{Actor, Fault};
use jiff::Timestamp;
use kubernetes::api::core::v1::Pod;
use kubernetes::cnpg::{ARCHIVING, Backup, Postgres};
use kubernetes::{Cluster, PodHealth, Progress as _, State, Trouble};
use saga::{Context, Probe, whole_number};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProbeDatabase {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    cluster: String,
    instances: String,
    /// `true` or `false`: whether it is to be backed up.
    backup: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// `Cluster in healthy state`
    phase: String,
    asleep: bool,
    primary: Option<String>,
    pods: Vec<PodHealth>,
    /// `True`, `False` or `Unknown`, by type.
    conditions: BTreeMap<String, String>,
    last_backup: Option<LastBackup>,
}

#[derive(Debug, Serialize)]
pub struct LastBackup {
    name: String,
    phase: String,
    /// When it was done.
    at: Option<Timestamp>,
}

impl Probe for ProbeDatabase {
    const NAME: &'static str = "cloudnativepg-probe-database";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let (name, owner) = (params.cluster.as_str(), cx.mark.to_string());
        let what = format!("the database {name}");
        let found: Option<Postgres> = self.cluster.find_own(Some(&params.namespace), name, &owner).await?;
        let postgres = found.ok_or_else(|| Fault::terminal(format!("{what} is not there")))?;
        let pods = self.cluster.pods(&postgres).await?;
        let instances: u32 = whole_number("instances", &params.instances)?;
        let asleep = cx.tenant.rests();
        if asleep != postgres.is_asleep() {
            let told = if asleep { "is not asked to sleep" } else { "is asked to sleep" };
            return Err(Fault::not_ready(format!("{what} {told}")));
        }
        explained(postgres.progress(), &pods).demand(&what)?;
        let status = postgres.status.clone().unwrap_or_default();
        if !asleep && (status.ready_instances < instances || status.current_primary.is_none()) {
            let told = format!("{} of {instances} instances serve", status.ready_instances);
            return Err(Fault::not_ready(format!("{what} is not ready: {told}")));
        }
        let mut last_backup = None;
        if params.is_backed_up()? {
            last_backup = self.cluster.last_backup(&params.namespace, name).await?;
            if !asleep {
                archives(&postgres, &what)?;
                is_backed_up(last_backup.as_ref(), &what)?;
            }
        }
        let conditions = status.conditions.conditions.into_iter().map(|it| (it.kind, it.status)).collect();
        Ok(Output {
            phase: status.phase,
            asleep,
            primary: status.current_primary.filter(|_| !asleep),
            pods: pods.iter().map(PodHealth::of).collect(),
            conditions,
            last_backup: last_backup.map(LastBackup::of),
        })
    }
}

/// The same, with the first of its pods that says what keeps it.
fn explained(state: State, pods: &[Pod]) -> State {
    let trouble = pods.iter().find_map(Trouble::of);
    match (state, trouble) {
        (State::Waiting { .. }, Some(Trouble { pod, reason, message })) => {
            State::Waiting { reason, message: format!("pod {pod}: {message}") }
        }
        (State::Failed { message, .. }, Some(Trouble { pod, reason, message: why })) => {
            State::Failed { reason, message: format!("{message} Pod {pod}: {why}") }
        }
        (state, _) => state,
    }
}

/// Whether what is written reaches the object store.
fn archives(postgres: &Postgres, what: &str) -> Result<(), Fault> {
    let conditions = postgres.status.as_ref().map(|status| &status.conditions);
    match conditions.and_then(|conditions| conditions.find(ARCHIVING)) {
        Some(archiving) if archiving.status == "True" => Ok(()),
        Some(archiving) => {
            let hint = if archiving.message.contains("Expected empty archive") {
                "Another database has written into this folder before: give this one another server name or path."
            } else {
                "Compare the bucket, the user's policy and the secret with its key."
            };
            Err(Fault::not_ready(format!("{what} does not archive: {}", archiving.message)).hint(hint))
        }
        None => Err(Fault::not_ready(format!("{what} has archived nothing yet"))),
    }
}

/// One that failed is not tried again before the next night, or the next operation.
fn is_backed_up(last: Option<&Backup>, what: &str) -> Result<(), Fault> {
    let last = last.ok_or_else(|| Fault::not_ready(format!("no backup of {what} is ordered yet")))?;
    last.failure().map_or(Ok(()), |why| {
        Err(Fault::terminal(format!("the backup of {what} failed: {why}"))
            .for_actor(Actor::Us)
            .hint("Mend that and retry: each operation orders one more."))
    })
}

impl Params {
    fn is_backed_up(&self) -> Result<bool, Fault> {
        self.backup.parse().map_err(|_| {
            Fault::terminal(format!("the setting backup is '{}'", self.backup)).hint("`true` or `false`.")
        })
    }
}

impl LastBackup {
    fn of(backup: Backup) -> Self {
        let status = backup.status.unwrap_or_default();
        Self { name: backup.metadata.name.unwrap_or_default(), phase: status.phase, at: status.stopped_at }
    }
}

#[cfg(test)]
mod tests;
