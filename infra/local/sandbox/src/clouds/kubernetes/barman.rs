//! The Barman Cloud plugin of CloudNativePG: what a database writes goes into an object store, from there backups are
//! taken by a schedule, kept for as long as they are to be, and databases made anew.
//! <https://cloudnative-pg.io/plugin-barman-cloud/docs/intro/>
//!
//! Below `<path>/<server>/`, `base/<id>/` is a backup and `wals/` what was written since. Of the latter as little is there as
//! says how far it goes. What the objects hold is not a database: only `backup.info` says something.
//!
//! Deliberately absent: stores other than this cluster's MinIO, replica clusters, and tags of objects.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cron::Schedule;
use super::postgres::{CLUSTERS, HEALTHY, condition_of, set_condition};
use super::refused::Cause;
use super::store::{self, Key, second};
use super::{Kubernetes, kinds};
use crate::clouds::Host;
use crate::clouds::minio::Client;
use crate::clouds::pace::{Moment, POSTGRES_BACKUP};

const PLUGIN: &str = "barman-cloud.cloudnative-pg.io";
const STORES: &str = "objectstores.barmancloud.cnpg.io";
const SCHEDULES: &str = "scheduledbackups.postgresql.cnpg.io";
const BACKUPS: &str = "backups.postgresql.cnpg.io";
const ARCHIVING: &str = "ContinuousArchiving";
const LAST_BACKUP: &str = "LastBackupSucceeded";
/// On a cluster that may write where something is already.
const UNCHECKED: &str = "cnpg.io/skipEmptyWalArchiveCheck";
/// Since when a cluster has archived: from then on, what is there is its own.
const SINCE: &str = "archiving";
/// On the first volume of a recovered cluster: which backup it holds, and what was written until when. The real one says so
/// in the database alone.
const HELD: &str = "sandbox/recovered-from";
const UNTIL: &str = "sandbox/recovered-until";

/// Where the backups of one server are.
#[derive(Debug)]
struct Archive {
    client: Client,
    /// `acme/1/postgres`
    folder: String,
}

/// A base backup, as its `backup.info` has it.
#[derive(Debug, Clone, PartialEq)]
struct Base {
    id: String,
    ended: Timestamp,
    begin_wal: String,
}

impl Kubernetes {
    /// Whether anything here is backed up.
    pub(super) fn keeps_backups(&self) -> bool {
        self.store.of(STORES).next().is_some()
    }

    /// The first plugin that a cluster asks for and that is not installed.
    pub(super) fn unknown_plugin<'a>(&self, cluster: &'a Value) -> Option<&'a str> {
        plugins(cluster).filter_map(|plugin| plugin["name"].as_str()).find(|name| *name != PLUGIN)
    }

    /// The plugin waits for the stores that a cluster names.
    pub(super) fn has_object_stores(&self, namespace: &str, cluster: &Value) -> bool {
        plugins(cluster).chain(origin(cluster).map(|it| &it["plugin"])).all(|plugin| {
            let store = plugin["parameters"]["barmanObjectName"].as_str();
            store.is_none_or(|store| self.store.value(STORES, namespace, store).is_some())
        })
    }

    /// Archives what a healthy database writes, if it is to: begins, or goes on where that has failed.
    pub(super) fn archive(&mut self, moment: Moment, key: &Key) {
        let Some(object) = self.store.get(key) else { return };
        let (value, begun) = (object.value.clone(), object.since(SINCE).is_some());
        let works = condition_of(&value, ARCHIVING).is_some_and(|it| it["status"] == "True");
        if archiver(&value).is_none() || begun && works {
            return;
        }
        let archived = self.archive_of(&key.namespace, &value).and_then(|archive| {
            if !begun {
                self.is_free(&value, &archive)?;
            }
            self.write_wal(moment, key, &archive)
        });
        match archived {
            Ok(()) if begun => {}
            Ok(()) => drop(self.store.begin(key, SINCE, moment.now)),
            // What the object store lets do is not of this place.
            Err(_) => self.look_again(),
        }
        self.tell_archiving(moment, key, archived.err());
    }

    fn tell_archiving(&mut self, moment: Moment, key: &Key, failure: Option<String>) {
        let (works, reason, message) = match failure {
            None => (true, "ContinuousArchivingSuccess", "Continuous archiving is working".to_owned()),
            Some(why) => (false, "ContinuousArchivingFailing", why),
        };
        self.tell_condition(moment, key, (ARCHIVING, works), reason, &message);
    }

    fn tell_condition(&mut self, moment: Moment, key: &Key, of: (&str, bool), reason: &str, message: &str) {
        let condition = self.condition(key, moment.now, of, reason, message);
        let Some(mut status) = self.store.get(key).map(|object| object.value["status"].clone()) else {
            return;
        };
        set_condition(&mut status, condition);
        self.store.set_status(key, status);
    }

    /// Nobody writes where somebody else has.
    fn is_free(&self, cluster: &Value, archive: &Archive) -> Result<(), String> {
        if cluster["metadata"]["annotations"][UNCHECKED] == "enabled" {
            return Ok(());
        }
        let there = self.minio.client_lists(&archive.client, &format!("{}/wals/", archive.folder))?;
        let server = archive.folder.rsplit('/').next().unwrap_or_default();
        match there.is_empty() {
            true => Ok(()),
            false => Err(format!("WAL archive check failed for server {server}: Expected empty archive")),
        }
    }

    /// The segment that is written at this moment: one is full after five minutes at most.
    fn write_wal(&mut self, moment: Moment, key: &Key, archive: &Archive) -> Result<(), String> {
        let name = self.segment(key, moment.now);
        let place = format!("{}/wals/{}/{name}.gz", archive.folder, &name[..16]);
        self.minio.client_writes(moment.now, &archive.client, &place, Bytes::from_static(b"wal"))
    }

    fn segment(&self, key: &Key, at: Timestamp) -> String {
        let made = self.store.get(key).and_then(|object| object.since("made")).unwrap_or(at);
        let number = at.duration_since(made).as_secs().max(0) / 300 + 1;
        format!("00000001{:08X}{:08X}", number / 256, number % 256)
    }

    /// Where a cluster keeps its backups.
    fn archive_of(&self, namespace: &str, cluster: &Value) -> Result<Archive, String> {
        let plugin = archiver(cluster).ok_or("no WAL archiver is configured")?;
        let own = cluster["metadata"]["name"].as_str().unwrap_or_default();
        self.archive_at(namespace, plugin, own)
    }

    fn archive_at(&self, namespace: &str, plugin: &Value, server: &str) -> Result<Archive, String> {
        let parameters = &plugin["parameters"];
        let name = parameters["barmanObjectName"].as_str().unwrap_or_default();
        let none = || format!("objectstores.barmancloud.cnpg.io \"{name}\" not found");
        let configuration =
            &self.store.value(STORES, namespace, name).ok_or_else(none)?["spec"]["configuration"];
        let secret = |field: &str| {
            let (secret, key) = (
                configuration["s3Credentials"][field]["name"].as_str().unwrap_or_default(),
                configuration["s3Credentials"][field]["key"].as_str().unwrap_or_default(),
            );
            let found = self.store.value("secrets", namespace, secret);
            let found = found
                .ok_or_else(|| format!("while getting secret {secret}: secrets \"{secret}\" not found"))?;
            let text = found["data"][key].as_str().and_then(|text| STANDARD.decode(text).ok());
            let text = text.and_then(|text| String::from_utf8(text).ok());
            text.ok_or_else(|| format!("missing key {key}, inside secret {secret}"))
        };
        let (access_key, secret_key) = (secret("accessKeyId")?, secret("secretAccessKey")?);
        let endpoint = configuration["endpointURL"].as_str().unwrap_or("https://s3.amazonaws.com");
        let host = endpoint.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        if host.as_deref().and_then(Host::of) != Some(Host::Minio) {
            return Err(format!("Could not connect to the endpoint URL: \"{endpoint}\""));
        }
        let path = configuration["destinationPath"].as_str().unwrap_or_default();
        let path =
            path.strip_prefix("s3://").ok_or_else(|| format!("Cloud storage URL {path} is malformed"))?;
        let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
        let server = parameters["serverName"].as_str().unwrap_or(server);
        let folder = format!("{}/{server}", folder.trim_matches('/'));
        let client = Client { access_key, secret_key, bucket: bucket.to_owned() };
        Ok(Archive { client, folder: folder.trim_start_matches('/').to_owned() })
    }

    /// Orders the backups that are due.
    pub(super) fn backup_schedules(&mut self, moment: Moment) {
        for key in self.here(SCHEDULES) {
            let Some(object) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let (value, made) = (object.value.clone(), object.since("made").unwrap_or(moment.now));
            let Ok(schedule) = Schedule::read(value["spec"]["schedule"].as_str().unwrap_or_default()) else {
                continue;
            };
            if value["spec"]["suspend"] == true {
                continue;
            }
            let mut status = if value["status"].is_object() { value["status"].clone() } else { json!({}) };
            let read = |status: &Value, field: &str| status[field].as_str().and_then(|at| at.parse().ok());
            let checked: Option<Timestamp> = read(&status, "lastCheckTime");
            let at_once = checked.is_none() && value["spec"]["immediate"] == true;
            let Some(due) = schedule.after(checked.unwrap_or(made)) else { continue };
            if at_once || due <= moment.now {
                self.order_backup(moment, &key, &value);
                status["lastScheduleTime"] = second(moment.now);
            }
            if checked.is_none() || due <= moment.now {
                status["lastCheckTime"] = second(moment.now);
            }
            if let Some(next) = schedule.after(moment.now) {
                status["nextScheduleTime"] = second(next);
                self.alarms.set(&self.place, next);
            }
            self.store.set_status(&key, status);
        }
    }

    fn order_backup(&mut self, moment: Moment, key: &Key, schedule: &Value) {
        let spec = &schedule["spec"];
        let name = format!("{}-{}", key.name, moment.now.strftime("%Y%m%d%H%M%S"));
        let cluster = spec["cluster"]["name"].as_str().unwrap_or_default();
        let owner = match spec["backupOwnerReference"].as_str() {
            Some("self") => Some(schedule.clone()),
            Some("cluster") => self.store.value(CLUSTERS, &key.namespace, cluster).cloned(),
            _ => None,
        };
        let labels = json!({
            "cnpg.io/cluster": cluster, "cnpg.io/scheduled-backup": key.name,
            "cnpg.io/immediateBackup": (schedule["status"].get("lastCheckTime").is_none()).to_string(),
        });
        let mut metadata = json!({"labels": labels});
        if let Some(owner) = owner {
            metadata["ownerReferences"] = store::owner(&owner);
        }
        let mut order = json!({"cluster": spec["cluster"], "method": spec["method"]});
        if let Some(plugin) = spec.get("pluginConfiguration") {
            order["pluginConfiguration"] = plugin.clone();
        }
        let backup = Key::new(BACKUPS, &key.namespace, &name);
        let object = json!({"metadata": metadata, "spec": order});
        if kinds::of(BACKUPS).is_some_and(|kind| self.lets_in(kind, &backup, &object).is_ok()) {
            self.store.create(moment.now, &backup, object, Vec::new());
        }
    }

    /// Takes the backups that are ordered, one of a cluster at a time.
    pub(super) fn backups(&mut self, moment: Moment) {
        let mut busy = Vec::new();
        for key in self.here(BACKUPS) {
            let Some(object) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let value = &object.value;
            if ["completed", "failed"].contains(&value["status"]["phase"].as_str().unwrap_or_default()) {
                continue;
            }
            let (value, begun) = (value.clone(), object.since("begun"));
            let name = value["spec"]["cluster"]["name"].as_str().unwrap_or_default();
            let cluster = Key::new(CLUSTERS, &key.namespace, name);
            if busy.contains(&cluster) {
                self.store.set_status(&key, json!({"phase": "pending", "method": "plugin"}));
                continue;
            }
            busy.push(cluster.clone());
            self.backup(moment, &key, &value, &cluster, begun);
        }
    }

    fn backup(&mut self, moment: Moment, key: &Key, value: &Value, cluster: &Key, begun: Option<Timestamp>) {
        let failed =
            |why: String| json!({"phase": "failed", "method": value["spec"]["method"], "error": why});
        // A cluster that is not there may come.
        let of = self.store.get(cluster).map(|object| object.value.clone()).unwrap_or_default();
        if of.is_null() {
            self.store.set_status(key, json!({"phase": "pending", "method": "plugin"}));
            return;
        }
        let plugin = value["spec"]["pluginConfiguration"]["name"].as_str().unwrap_or_default();
        if value["spec"]["method"] != "plugin" || !plugins(&of).any(|it| it["name"] == plugin) {
            let why = format!("requested plugin is not available: {plugin}");
            self.store.set_status(key, failed(why));
            return;
        }
        let sleeps = condition_of(&of, "cnpg.io/hibernation").is_some();
        if of["status"]["phase"] != HEALTHY || sleeps {
            self.store.set_status(key, json!({"phase": "pending", "method": "plugin"}));
            return;
        }
        let archive = self.archive_of(&key.namespace, &of).and_then(|archive| {
            let reached = self.minio.client_lists(&archive.client, &format!("{}/base/", archive.folder));
            reached.map(|_| archive)
        });
        let archive = match archive {
            Ok(archive) => archive,
            Err(why) => {
                self.tell_archiving(moment, cluster, Some(why.clone()));
                self.tell_condition(moment, cluster, (LAST_BACKUP, false), "LastBackupFailed", &why);
                self.store.set_status(key, failed(why));
                return;
            }
        };
        let begun = match begun {
            Some(begun) => begun,
            None => {
                let message = "New Backup starting up";
                self.tell_condition(moment, cluster, (LAST_BACKUP, false), "BackupStarted", message);
                self.store.begin(key, "begun", moment.now)
            }
        };
        let mut status = json!({
            "phase": "running", "method": "plugin", "startedAt": second(begun),
            "instanceID": {"podName": of["status"]["currentPrimary"]},
        });
        // It ends with what was written meanwhile, which must have gone there.
        let archives = condition_of(&of, ARCHIVING).is_some_and(|it| it["status"] == "True");
        if !archives || !self.is_done(moment, begun, POSTGRES_BACKUP) {
            self.store.set_status(key, status);
            return;
        }
        match self.take(moment, cluster, &archive, begun) {
            Ok(base) => {
                status["phase"] = json!("completed");
                status["stoppedAt"] = second(base.ended);
                status["backupId"] = json!(base.id);
                status["backupName"] = json!(format!("backup-{}", begun.strftime("%Y%m%d%H%M%S")));
                status["beginWal"] = json!(base.begin_wal);
                status["endWal"] = json!(base.begin_wal);
                let message = "Backup was successful";
                self.tell_condition(moment, cluster, (LAST_BACKUP, true), "LastBackupSucceeded", message);
                self.store.set_status(key, status);
                self.keep(moment, cluster, &of, &archive);
            }
            Err(why) => {
                self.tell_archiving(moment, cluster, Some(why.clone()));
                self.tell_condition(moment, cluster, (LAST_BACKUP, false), "LastBackupFailed", &why);
                self.store.set_status(key, failed(why));
            }
        }
    }

    fn take(
        &mut self,
        moment: Moment,
        cluster: &Key,
        archive: &Archive,
        begun: Timestamp,
    ) -> Result<Base, String> {
        let id = begun.strftime("%Y%m%dT%H%M%S").to_string();
        let base = Base { id, ended: moment.now, begin_wal: self.segment(cluster, begun) };
        let info = format!(
            "begin_time={begun}\nbegin_wal={}\nend_time={}\nserver_name=cloud\nstatus=DONE\n",
            base.begin_wal, base.ended
        );
        self.write_wal(Moment { now: begun, ..moment }, cluster, archive)?;
        for (name, body) in [("data.tar.gz", Bytes::from_static(b"base")), ("backup.info", Bytes::from(info))]
        {
            let place = format!("{}/base/{}/{name}", archive.folder, base.id);
            self.minio.client_writes(moment.now, &archive.client, &place, body)?;
        }
        Ok(base)
    }

    /// The backups that are in an archive, the oldest first.
    fn bases(&self, archive: &Archive) -> Result<Vec<Base>, String> {
        let folder = format!("{}/base/", archive.folder);
        let mut bases = Vec::new();
        for key in self.minio.client_lists(&archive.client, &folder)? {
            let Some(id) = key.strip_prefix(&folder).and_then(|rest| rest.strip_suffix("/backup.info"))
            else {
                continue;
            };
            let body = self.minio.client_reads(&archive.client, &key)?;
            let text = String::from_utf8_lossy(&body);
            let lines: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
            let line = |name: &str| lines.get(name).copied().unwrap_or_default();
            if let Ok(ended) = line("end_time").parse() {
                bases.push(Base { id: id.to_owned(), ended, begin_wal: line("begin_wal").to_owned() });
            }
        }
        Ok(bases)
    }

    /// Lets go of what is older than it has to be, and of the orders of it. Whatever cannot be done is done the next time.
    fn keep(&mut self, moment: Moment, cluster: &Key, of: &Value, archive: &Archive) {
        let name = archiver(of).and_then(|plugin| plugin["parameters"]["barmanObjectName"].as_str());
        let store = Key::new(STORES, &cluster.namespace, name.unwrap_or_default());
        let Some(value) = self.store.get(&store).map(|object| object.value.clone()) else { return };
        let Ok(mut bases) = self.bases(archive) else { return };
        if let Some(window) = window(value["spec"]["retentionPolicy"].as_str().unwrap_or_default()) {
            let begins = moment.now.saturating_sub(window).unwrap_or(Timestamp::MIN);
            // The last before that is where the window begins to be recovered from.
            let needed = bases.iter().rposition(|base| base.ended <= begins).unwrap_or(0);
            let first = bases.split_off(needed);
            let doomed = std::mem::replace(&mut bases, first);
            self.forget_bases(moment, archive, &doomed, bases.first());
            self.forget_orders(moment, cluster, &doomed);
        }
        let server = archive.folder.rsplit('/').next().unwrap_or_default();
        let mut status = if value["status"].is_object() { value["status"].clone() } else { json!({}) };
        status["serverRecoveryWindow"][server] = json!({
            "firstRecoverabilityPoint": bases.first().map(|base| second(base.ended)),
            "lastSuccessfulBackupTime": bases.last().map(|base| second(base.ended)),
        });
        self.store.set_status(&store, status);
    }

    fn forget_bases(&mut self, moment: Moment, archive: &Archive, doomed: &[Base], first: Option<&Base>) {
        if doomed.is_empty() {
            return;
        }
        let there =
            self.minio.client_lists(&archive.client, &format!("{}/", archive.folder)).unwrap_or_default();
        for key in there {
            let rest = key.strip_prefix(archive.folder.as_str()).unwrap_or_default();
            let of_doomed = doomed.iter().any(|base| rest.starts_with(&format!("/base/{}/", base.id)));
            let segment = rest.strip_prefix("/wals/").and_then(|rest| rest.split('/').nth(1));
            let is_before = segment.zip(first).is_some_and(|(segment, first)| *segment < *first.begin_wal);
            if of_doomed || is_before {
                drop(self.minio.client_deletes(moment.now, &archive.client, &key));
            }
        }
    }

    fn forget_orders(&mut self, moment: Moment, cluster: &Key, doomed: &[Base]) {
        for order in self.here(BACKUPS) {
            let Some(object) = self.store.get(&order) else { continue };
            let is_its = object.value["spec"]["cluster"]["name"] == cluster.name.as_str();
            let id = &object.value["status"]["backupId"];
            if is_its && doomed.iter().any(|base| *id == base.id.as_str()) {
                self.doom(moment.now, &order, "Background");
            }
        }
    }

    /// How the job of a pod ends that recovers a database: what keeps it from that, if anything does.
    pub(super) fn recover(&mut self, moment: Moment, pod: &Key) -> Result<(), String> {
        let Some(labels) = self.store.get(pod).map(|pod| pod.value["metadata"]["labels"].clone()) else {
            return Ok(());
        };
        if labels["cnpg.io/jobRole"] != "full-recovery" {
            return Ok(());
        }
        let name = labels["cnpg.io/cluster"].as_str().unwrap_or_default();
        let Some(cluster) = self.store.value(CLUSTERS, &pod.namespace, name).cloned() else { return Ok(()) };
        if archiver(&cluster).is_some() {
            self.is_free(&cluster, &self.archive_of(&pod.namespace, &cluster)?)?;
        }
        let source = cluster["spec"]["bootstrap"]["recovery"]["source"].as_str().unwrap_or_default();
        let origin = origin(&cluster).next().ok_or_else(|| format!("missing external cluster: {source}"))?;
        let archive = self.archive_at(&pod.namespace, &origin["plugin"], source)?;
        let target = &cluster["spec"]["bootstrap"]["recovery"]["recoveryTarget"]["targetTime"];
        let target = match target.as_str() {
            None => None,
            Some(text) => Some(instant(text).ok_or_else(|| format!("invalid target time {text}"))?),
        };
        let bases = self.bases(&archive)?;
        let base = bases.iter().rev().find(|base| target.is_none_or(|target| base.ended <= target));
        let base = base.ok_or("no target backup found")?;
        if target.is_some_and(|target| target > moment.now) {
            return Err("recovery ended before configured recovery target was reached".to_owned());
        }
        let volume = labels["cnpg.io/instanceName"].as_str().unwrap_or_default();
        let volume = Key::new("persistentvolumeclaims", &pod.namespace, volume);
        let (held, until) = (format!("{}/base/{}", archive.folder, base.id), target.unwrap_or(moment.now));
        self.store.edit(&volume, |metadata| {
            metadata["annotations"][HELD] = json!(held);
            metadata["annotations"][UNTIL] = second(until);
        });
        Ok(())
    }
}

fn plugins(cluster: &Value) -> impl Iterator<Item = &Value> {
    let plugins = cluster["spec"]["plugins"].as_array().into_iter().flatten();
    plugins.filter(|plugin| plugin["enabled"] != false)
}

/// The plugin that archives what a cluster writes.
fn archiver(cluster: &Value) -> Option<&Value> {
    plugins(cluster).find(|plugin| plugin["name"] == PLUGIN && plugin["isWALArchiver"] == true)
}

/// What a cluster is recovered from.
fn origin(cluster: &Value) -> impl Iterator<Item = &Value> {
    let source = cluster["spec"]["bootstrap"]["recovery"]["source"].as_str();
    let all = cluster["spec"]["externalClusters"].as_array().into_iter().flatten();
    all.filter(move |it| source.is_some() && it["name"].as_str() == source)
}

/// `30d`, `4w`, `1m`.
fn window(policy: &str) -> Option<SignedDuration> {
    let (count, unit) = policy.split_at_checked(policy.len().checked_sub(1)?)?;
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "m" => 31,
        _ => return None,
    };
    count.parse::<i32>().ok().map(|count| SignedDuration::from_hours(24).saturating_mul(days * count))
}

/// RFC 3339, or as Postgres writes it.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{}Z", text.replacen(' ', "T", 1)).parse().ok())
}

/// What the operator's webhook refuses of a schedule.
pub(super) fn check_schedule(spec: &Value) -> Vec<Cause> {
    match Schedule::read(spec["schedule"].as_str().unwrap_or_default()) {
        Ok(_) => Vec::new(),
        Err(why) => vec![Cause::invalid("spec.schedule", &spec["schedule"], &why)],
    }
}
