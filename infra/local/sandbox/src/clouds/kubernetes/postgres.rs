//! CloudNativePG, 1.30: Postgres in pods that no StatefulSet makes. A job fills the first volume, by `initdb` or from a
//! backup, and one each the volumes of replicas, which come one after another; then a pod runs on each.
//! <https://cloudnative-pg.io/documentation/current/instance_manager/>
//!
//! Deliberately absent: failover and switchover (the first instance is the primary for as long as its volume is there),
//! fencing, poolers, tablespaces, disruption budgets, service accounts, and what any of it writes into a log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::quantity::Quantity;
use super::refused::Cause;
use super::store::{self, Key};
use super::workloads::is_ready;
use super::{Kubernetes, kinds};
use crate::clouds::ask::digits;
use crate::clouds::pace::{Moment, POSTGRES_FIRST_START, POSTGRES_START};

pub(super) const CLUSTERS: &str = "clusters.postgresql.cnpg.io";
const CLUSTER: &str = "cnpg.io/cluster";
const INSTANCE: &str = "cnpg.io/instanceName";
const ROLE: &str = "cnpg.io/instanceRole";
/// On a volume: whether a job fills it yet.
const VOLUME: &str = "cnpg.io/pvcStatus";
const SERIAL: &str = "cnpg.io/nodeSerial";
/// On a pod: what it was made by.
const MADE_BY: &str = "cnpg.io/podSpec";
const HIBERNATION: &str = "cnpg.io/hibernation";

pub(super) const HEALTHY: &str = "Cluster in healthy state";
const SETTING_UP: &str = "Setting up primary";
const CREATING_REPLICA: &str = "Creating a new replica";
const WAITING: &str = "Waiting for the instances to become active";
const UPGRADING: &str = "Upgrading cluster";
const RESTARTING: &str = "Primary instance is being restarted without a switchover";
const UNRECOVERABLE: &str = "Cluster is unrecoverable and needs manual intervention";
const UNKNOWN_PLUGIN: &str =
    "Cluster cannot proceed to reconciliation due to an unknown plugin being required";
const CANNOT_CREATE: &str = "Unable to create required cluster objects";

/// A cluster as the operator finds it: what it says, and why.
type Phase = (&'static str, String);

/// A volume, and what runs on it.
#[derive(Debug)]
struct Instance {
    name: String,
    serial: u64,
    /// What fills its volume yet.
    job: Option<Key>,
    is_filled: bool,
    /// The pod, unless it is going.
    pod: Option<Key>,
    is_ready: bool,
    /// Made by what the cluster asks for now.
    is_current: bool,
}

impl Kubernetes {
    pub(super) fn postgres_clusters(&mut self, moment: Moment) {
        for key in self.here(CLUSTERS) {
            let Some(object) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let (value, uid) = (object.value.clone(), object.uid().to_owned());
            if self.sleeps(moment, &key, &value, &uid) {
                continue;
            }
            let Some((phase, reason)) = self.postgres(moment, &key, &value, &uid) else { continue };
            self.tell(moment, &key, &value, &uid, phase, &reason);
            if phase == HEALTHY {
                self.archive(moment, &key);
            }
        }
    }

    /// Takes a healthy cluster's pods away and leaves its volumes, while it is asked to sleep.
    fn sleeps(&mut self, moment: Moment, key: &Key, value: &Value, uid: &str) -> bool {
        let began = condition_of(value, HIBERNATION).is_some();
        let is_healthy = value["status"]["phase"] == HEALTHY;
        if value["metadata"]["annotations"][HIBERNATION] != "on" || !(began || is_healthy) {
            return false;
        }
        let owned = self.store.owned_by(uid);
        let pods: Vec<Key> = owned.into_iter().filter(|it| it.resource == "pods").collect();
        for pod in &pods {
            self.doom(moment.now, pod, "Background");
        }
        let (reason, message) = match pods.first() {
            None => ("Hibernated", "Cluster has been hibernated".to_owned()),
            Some(pod) => ("WaitingPodsDeletion", format!("Waiting for {} to be deleted", pod.name)),
        };
        let condition = self.condition(key, moment.now, (HIBERNATION, pods.is_empty()), reason, &message);
        let mut status = value["status"].clone();
        status["readyInstances"] = json!(0);
        set_condition(&mut status, condition);
        self.store.set_status(key, status);
        true
    }

    /// Goes one step towards what is asked for; what it waits for then. Nothing, while a plugin keeps it from beginning.
    fn postgres(&mut self, moment: Moment, key: &Key, value: &Value, uid: &str) -> Option<Phase> {
        if let Some(unknown) = self.unknown_plugin(value) {
            return Some((UNKNOWN_PLUGIN, format!("Unknown plugin: '{unknown}'")));
        }
        if !self.has_object_stores(&key.namespace, value) {
            return None;
        }
        if let Err(why) = self.belongings(moment, key, value) {
            return Some((CANNOT_CREATE, why));
        }
        let instances = self.instances(key, value, uid);
        let wanted = value["spec"]["instances"].as_u64().unwrap_or(1);
        let made = value["status"]["latestGeneratedNode"].as_u64().unwrap_or(0);
        if instances.is_empty() && made > 0 {
            let why = "One or more instances were previously created, but no PersistentVolumeClaims (PVCs) exist. The \
                       cluster is in an unrecoverable state. To resolve this, restore the cluster from a recent backup.";
            return Some((UNRECOVERABLE, why.to_owned()));
        }
        if instances.is_empty() {
            return Some(self.new_instance(moment, key, value, 1));
        }
        self.grow(key, value, &instances);
        if let Some(instance) = instances.iter().find(|it| !it.is_filled) {
            return Some(self.fill(moment, key, value, instance));
        }
        let without: Vec<&Instance> = instances.iter().filter(|it| it.pod.is_none()).collect();
        let is_first = value["status"]["currentPrimary"].is_null();
        let start = if is_first { POSTGRES_FIRST_START } else { POSTGRES_START };
        for instance in &without {
            // One that is going yet, or does not fit, is made when something changes.
            drop(self.instance_pod(moment, key, value, instance, start.as_secs()));
        }
        // What was made by an order that has been mended since is not waited for.
        let mended = instances.iter().filter(|it| !it.is_ready && !it.is_current);
        for pod in mended.filter_map(|it| it.pod.as_ref()) {
            self.doom(moment.now, pod, "Background");
        }
        if !without.is_empty() || instances.iter().any(|it| !it.is_ready) {
            return Some((WAITING, "Some instances are not yet active. Please wait.".to_owned()));
        }
        // The primary last.
        if let Some(old) = instances.iter().rev().find(|it| !it.is_current) {
            if let Some(pod) = &old.pod {
                self.doom(moment.now, pod, "Background");
            }
            let phase = if old.serial == instances[0].serial { RESTARTING } else { UPGRADING };
            return Some((phase, format!("Restarting instance {}, because of: pod spec changed", old.name)));
        }
        if let Some(surplus) = instances.last().filter(|_| instances.len() as u64 > wanted) {
            if let Some(pod) = &surplus.pod {
                self.doom(moment.now, pod, "Background");
            }
            let volume = Key::new("persistentvolumeclaims", &key.namespace, &surplus.name);
            self.doom(moment.now, &volume, "Background");
        } else if (instances.len() as u64) < wanted {
            return Some(self.new_instance(moment, key, value, made + 1));
        }
        Some((HEALTHY, String::new()))
    }

    fn instances(&self, key: &Key, value: &Value, uid: &str) -> Vec<Instance> {
        let owned = self.store.owned_by(uid);
        let made_by = made_by(value);
        let volumes = owned.iter().filter(|it| it.resource == "persistentvolumeclaims");
        let instance = |volume: &Key| {
            let claim = &self.store.get(volume)?.value;
            let annotations = &claim["metadata"]["annotations"];
            let is_its = |it: &&Key| {
                let object = self.store.get(it);
                object.is_some_and(|object| {
                    object.value["metadata"]["labels"][INSTANCE] == volume.name.as_str()
                })
            };
            let pod = Key::new("pods", &key.namespace, &volume.name);
            let running = self.store.get(&pod).filter(|pod| !pod.is_going());
            Some(Instance {
                name: volume.name.clone(),
                serial: annotations[SERIAL].as_str()?.parse().ok()?,
                job: owned.iter().filter(|it| it.resource == "jobs.batch").find(is_its).cloned(),
                is_filled: annotations[VOLUME] == "ready",
                is_ready: running.is_some_and(is_ready),
                is_current: running
                    .is_some_and(|pod| pod.value["metadata"]["annotations"][MADE_BY] == made_by.as_str()),
                pod: running.map(|_| pod.clone()),
            })
        };
        let mut instances: Vec<Instance> = volumes.filter_map(instance).collect();
        instances.sort_by_key(|it| it.serial);
        instances
    }

    /// A volume; the job that fills it follows.
    fn new_instance(&mut self, moment: Moment, key: &Key, value: &Value, serial: u64) -> Phase {
        let name = format!("{}-{serial}", key.name);
        let storage = &value["spec"]["storage"];
        let mut spec = json!({
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage["size"]}},
        });
        if let Some(class) = storage.get("storageClass") {
            spec["storageClassName"] = class.clone();
        }
        let role = if serial == 1 { "primary" } else { "replica" };
        let claim = json!({
            "metadata": {
                "labels": {CLUSTER: key.name, INSTANCE: name, ROLE: role, "cnpg.io/pvcRole": "PG_DATA"},
                "annotations": {SERIAL: serial.to_string(), VOLUME: "initializing"},
                "ownerReferences": store::owner(value),
            },
            "spec": spec, "status": {"phase": "Pending"},
        });
        let volume = Key::new("persistentvolumeclaims", &key.namespace, &name);
        match self.give(moment, &volume, claim) {
            Ok(()) => filling(serial, &name),
            Err(why) => (CANNOT_CREATE, why),
        }
    }

    /// Has a volume filled, unless that is done or will never be.
    fn fill(&mut self, moment: Moment, key: &Key, value: &Value, instance: &Instance) -> Phase {
        let how = match (instance.serial, value["spec"]["bootstrap"].get("recovery")) {
            (1, None) => "initdb",
            (1, Some(_)) => "full-recovery",
            _ => "join",
        };
        let Some(job) = &instance.job else {
            let name = format!("{}-{how}", instance.name);
            let labels = json!({CLUSTER: key.name, INSTANCE: instance.name, "cnpg.io/jobRole": how});
            let mut pod = pod_spec(value);
            pod["restartPolicy"] = json!("Never");
            pod["containers"][0]["name"] = json!(how);
            let mut job = json!({
                "metadata": {"labels": labels, "ownerReferences": store::owner(value)},
                "spec": {
                    "backoffLimit": 6, "completions": 1, "parallelism": 1,
                    "template": {"metadata": {"labels": labels}, "spec": pod},
                },
            });
            let place = Key::new("jobs.batch", &key.namespace, &name);
            super::jobs::name_pods(&place, &mut job);
            drop(self.give(moment, &place, job));
            return filling(instance.serial, &instance.name);
        };
        let told = self.store.get(job).map(|job| job.value["status"].clone()).unwrap_or_default();
        let holds = |kind: &str| condition_in(&told, kind).is_some_and(|it| it["status"] == "True");
        if holds("Failed") {
            return (UNRECOVERABLE, format!("Instance creation job {} failed: look at its logs.", job.name));
        }
        if holds("Complete") {
            self.doom(moment.now, job, "Background");
            let volume = Key::new("persistentvolumeclaims", &key.namespace, &instance.name);
            self.store.edit(&volume, |metadata| metadata["annotations"][VOLUME] = json!("ready"));
        }
        filling(instance.serial, &instance.name)
    }

    fn instance_pod(
        &mut self,
        moment: Moment,
        key: &Key,
        value: &Value,
        instance: &Instance,
        start: u64,
    ) -> Result<(), String> {
        let role = if instance.serial == 1 { "primary" } else { "replica" };
        let labels = json!({
            CLUSTER: key.name, INSTANCE: instance.name, ROLE: role, "cnpg.io/podRole": "instance",
        });
        let mut spec = pod_spec(value);
        spec["containers"][0]["readinessProbe"] = json!({
            "httpGet": {"path": "/readyz", "port": 8000, "scheme": "HTTPS"}, "initialDelaySeconds": start,
        });
        let annotations = json!({MADE_BY: made_by(value), SERIAL: instance.serial.to_string()});
        let template = json!({"metadata": {"annotations": annotations}, "spec": spec});
        let pod = Key::new("pods", &key.namespace, &instance.name);
        self.make_pod(moment, &pod, &template, &labels, value)
    }

    /// Volumes follow what is asked for upwards.
    fn grow(&mut self, key: &Key, value: &Value, instances: &[Instance]) {
        let size = &value["spec"]["storage"]["size"];
        for instance in instances {
            let volume = Key::new("persistentvolumeclaims", &key.namespace, &instance.name);
            let Some(claim) = self.store.get(&volume) else { continue };
            let asked = &claim.value["spec"]["resources"]["requests"]["storage"];
            if Quantity::of(asked) < Quantity::of(size) {
                let mut claim = claim.value.clone();
                claim["spec"]["resources"]["requests"]["storage"] = size.clone();
                self.store.write(&volume, claim);
            }
        }
    }

    /// Certificates, the application's password, and the services.
    fn belongings(&mut self, moment: Moment, key: &Key, value: &Value) -> Result<(), String> {
        let name = &key.name;
        let app = Key::new("secrets", &key.namespace, &format!("{name}-app"));
        if self.store.get(&app).is_none() && value["spec"]["bootstrap"]["initdb"].get("secret").is_none() {
            let data = encoded(application(key, value).iter().map(|(name, text)| (*name, text.as_str())));
            let secret = json!({"type": "kubernetes.io/basic-auth", "data": data});
            self.belonging(moment, &app, secret, value)?;
        }
        for suffix in ["ca", "server", "replication"] {
            let place = Key::new("secrets", &key.namespace, &format!("{name}-{suffix}"));
            let (certificate, private) =
                if suffix == "ca" { ("ca.crt", "ca.key") } else { ("tls.crt", "tls.key") };
            let data = encoded([
                (certificate, "-----BEGIN CERTIFICATE-----"),
                (private, "-----BEGIN PRIVATE KEY-----"),
            ]);
            let kind = if suffix == "ca" { "Opaque" } else { "kubernetes.io/tls" };
            self.belonging(moment, &place, json!({"type": kind, "data": data}), value)?;
        }
        for (suffix, role) in [("rw", Some("primary")), ("ro", Some("replica")), ("r", None)] {
            let mut selector = json!({CLUSTER: name, "cnpg.io/podRole": "instance"});
            if let Some(role) = role {
                selector[ROLE] = json!(role);
            }
            let port = json!({"name": "postgres", "port": 5432, "targetPort": 5432, "protocol": "TCP"});
            let spec = json!({"type": "ClusterIP", "selector": selector, "ports": [port]});
            let place = Key::new("services", &key.namespace, &format!("{name}-{suffix}"));
            self.belonging(moment, &place, json!({"spec": spec}), value)?;
        }
        Ok(())
    }

    fn belonging(
        &mut self,
        moment: Moment,
        place: &Key,
        mut object: Value,
        of: &Value,
    ) -> Result<(), String> {
        if self.store.get(place).is_some() {
            return Ok(());
        }
        object["metadata"] = json!({
            "labels": {CLUSTER: of["metadata"]["name"], "cnpg.io/reload": ""}, "ownerReferences": store::owner(of),
        });
        self.give(moment, place, object)
    }

    /// Makes an object, if the namespace lets it in; the error is the API server's.
    fn give(&mut self, moment: Moment, place: &Key, object: Value) -> Result<(), String> {
        let Some(kind) = kinds::of(place.resource) else { return Ok(()) };
        self.lets_in(kind, place, &object).map_err(|refused| refused.message)?;
        self.store.create(moment.now, place, object, Vec::new());
        Ok(())
    }

    /// Writes the status. What plugins say in it stays.
    fn tell(&mut self, moment: Moment, key: &Key, before: &Value, uid: &str, phase: &str, reason: &str) {
        let instances = self.instances(key, before, uid);
        let (is_ready, why, message) = match phase {
            HEALTHY => (true, "ClusterIsReady", "Cluster is Ready"),
            _ => (false, "ClusterIsNotReady", "Cluster Is Not Ready"),
        };
        let mut status = if before["status"].is_object() { before["status"].clone() } else { json!({}) };
        set_condition(&mut status, self.condition(key, moment.now, ("Ready", is_ready), why, message));
        if let Some(conditions) = status["conditions"].as_array_mut() {
            conditions.retain(|it| it["type"] != HIBERNATION);
        }
        let names: Vec<&str> = instances.iter().map(|it| it.name.as_str()).collect();
        status["phase"] = json!(phase);
        status["phaseReason"] = json!(reason);
        status["instances"] = json!(instances.len());
        status["pvcCount"] = json!(instances.len());
        status["readyInstances"] = json!(instances.iter().filter(|it| it.is_ready).count());
        status["instanceNames"] = json!(names);
        status["image"] = json!(image(before));
        status["writeService"] = json!(format!("{}-rw", key.name));
        status["readService"] = json!(format!("{}-r", key.name));
        let made = status["latestGeneratedNode"].as_u64().unwrap_or(0);
        status["latestGeneratedNode"] =
            json!(instances.iter().map(|it| it.serial).max().unwrap_or(0).max(made));
        if let Some(first) = instances.first().filter(|first| first.is_filled) {
            status["targetPrimary"] = json!(first.name);
            if first.is_ready {
                status["currentPrimary"] = json!(first.name);
            }
        }
        self.store.set_status(key, status);
    }
}

fn filling(serial: u64, name: &str) -> Phase {
    match serial {
        1 => (SETTING_UP, format!("Creating primary instance {name}")),
        _ => (CREATING_REPLICA, format!("Creating replica {name}")),
    }
}

/// What says how to connect, as the secret of the application has it.
fn application(key: &Key, cluster: &Value) -> Vec<(&'static str, String)> {
    let bootstrap = &cluster["spec"]["bootstrap"];
    let of = |field: &str| {
        let given = ["initdb", "recovery"].iter().find_map(|how| bootstrap[how][field].as_str());
        given.map(str::to_owned)
    };
    let database = of("database").unwrap_or_else(|| "app".to_owned());
    let user = of("owner").unwrap_or_else(|| database.clone());
    let host = format!("{}-rw", key.name);
    let whole = format!("{host}.{}.svc.cluster.local", key.namespace);
    let password = digits(&["pg", cluster["metadata"]["uid"].as_str().unwrap_or_default()], 24);
    let uri = |host: &str| format!("postgresql://{user}:{password}@{host}:5432/{database}");
    let jdbc =
        |host: &str| format!("jdbc:postgresql://{host}:5432/{database}?password={password}&user={user}");
    vec![
        ("username", user.clone()),
        ("user", user.clone()),
        ("password", password.clone()),
        ("dbname", database.clone()),
        ("host", host.clone()),
        ("port", "5432".to_owned()),
        ("uri", uri(&host)),
        ("jdbc-uri", jdbc(&host)),
        ("fqdn-uri", uri(&whole)),
        ("fqdn-jdbc-uri", jdbc(&whole)),
        ("pgpass", format!("{host}:5432:{database}:{user}:{password}\n")),
    ]
}

fn encoded<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    texts.into_iter().map(|(name, text)| (name.to_owned(), json!(STANDARD.encode(text)))).collect()
}

fn image(cluster: &Value) -> &str {
    cluster["spec"]["imageName"].as_str().unwrap_or("ghcr.io/cloudnative-pg/postgresql:18")
}

fn pod_spec(cluster: &Value) -> Value {
    let mut postgres = json!({"name": "postgres", "image": image(cluster)});
    if let Some(resources) = cluster["spec"].get("resources") {
        postgres["resources"] = resources.clone();
    }
    json!({"containers": [postgres], "restartPolicy": "Always"})
}

/// What a pod is made of, told in short.
fn made_by(cluster: &Value) -> String {
    digits(&[image(cluster), &cluster["spec"]["resources"].to_string()], 16)
}

pub(super) fn condition_of<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    condition_in(&object["status"], kind)
}

fn condition_in<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|it| it["type"] == kind)
}

/// Puts a condition in the place of the one of its type.
pub(super) fn set_condition(status: &mut Value, condition: Value) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    match conditions.iter_mut().find(|it| it["type"] == condition["type"]) {
        Some(place) => *place = condition,
        None => conditions.push(condition),
    }
}

/// What the operator's webhook refuses.
pub(super) fn check(name: &str, value: &Value, old: Option<&Value>) -> Vec<Cause> {
    let (mut found, spec) = (Vec::new(), &value["spec"]);
    if name.len() > 50 {
        let why = "the maximum length of a cluster name is 50 characters";
        found.push(Cause::invalid("metadata.name", &json!(name), why));
    }
    let size = &spec["storage"]["size"];
    if Quantity::of(size).is_none() && spec["storage"].get("pvcTemplate").is_none() {
        let why = "Size value isn't valid";
        found.push(Cause::invalid("spec.storage.size", size, why));
    }
    let was = old.map(|old| &old["spec"]["storage"]["size"]);
    if let Some(was) = was.filter(|was| Quantity::of(size) < Quantity::of(was)) {
        let told = |size: &Value| size.as_str().unwrap_or_default().to_owned();
        let why = format!("can't shrink existing storage from {} to {}", told(was), told(size));
        found.push(Cause::invalid("spec.storage", size, &why));
    }
    for (resource, title) in [("cpu", "CPU"), ("memory", "Memory")] {
        let of = |side: &str| Quantity::of(&spec["resources"][side][resource]);
        if let (Some(request), Some(limit)) = (of("requests"), of("limits"))
            && request > limit
        {
            let why = format!("{title} request is greater than the limit");
            let at = format!("spec.resources.requests.{resource}");
            found.push(Cause::invalid(&at, &spec["resources"]["requests"][resource], &why));
        }
    }
    found
}
