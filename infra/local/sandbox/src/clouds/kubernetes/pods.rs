//! Pods: placed on a node if one has room, their images fetched if there are any, and begun once what they are
//! configured with is there. What keeps one from running stands where the kubelet writes it.
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::quantity::Quantity;
use super::store::{Key, Object, second};
use super::{Kubernetes, k3s};
use crate::clouds::ask::digits;
use crate::clouds::pace::{
    KUBERNETES_CRASH, KUBERNETES_INIT, KUBERNETES_JOB, KUBERNETES_PULL, KUBERNETES_SCHEDULE,
    KUBERNETES_START, Moment,
};

/// How far a pod has come.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Unplaced,
    /// No node has room, and why.
    Unschedulable(String),
    /// Its containers wait: the kubelet's word for why, and what it says of it.
    Waiting(&'static str, String),
    /// As many init containers have done their work, and how the next one does.
    Initializing(usize, Box<Stage>),
    Running {
        since: Timestamp,
        ready: bool,
        /// When it ended before, if it did.
        ended: Option<Timestamp>,
    },
    Crashing {
        since: Timestamp,
    },
    /// Why it did not end well, if it did not.
    Done {
        since: Timestamp,
        failure: Option<String>,
    },
}

impl Kubernetes {
    pub(super) fn pods(&mut self, moment: Moment) {
        for key in self.here("pods") {
            let Some(pod) = self.store.get(&key).filter(|pod| !pod.is_going()) else { continue };
            if ["Succeeded", "Failed"].contains(&pod.value["status"]["phase"].as_str().unwrap_or_default()) {
                continue;
            }
            let pod = pod.clone();
            let stage = self.stage(moment, &key, &pod);
            let status = self.pod_status(&key, moment.now, &pod.value, &stage);
            self.store.set_status(&key, status);
        }
    }

    fn stage(&mut self, moment: Moment, key: &Key, pod: &Object) -> Stage {
        let made = pod.since("made").unwrap_or(moment.now);
        if !self.is_done(moment, made, KUBERNETES_SCHEDULE) {
            return Stage::Unplaced;
        }
        if let Some(why) = self.no_room(&pod.value) {
            return Stage::Unschedulable(why);
        }
        let initialized = pod.since("initialized").is_some() || init_containers(&pod.value).next().is_none();
        if !self.is_done(moment, made, KUBERNETES_SCHEDULE + KUBERNETES_PULL) {
            return if initialized { creating() } else { Stage::Initializing(0, Box::new(on_the_way())) };
        }
        if !initialized {
            if let Some(stage) = self.initializing(moment, key, &pod.value) {
                return stage;
            }
            self.store.begin(key, "initialized", moment.now);
        }
        if let Some(image) = self.missing_image(containers(&pod.value)) {
            return Stage::Waiting("ImagePullBackOff", back_off(image));
        }
        if let Some(why) = self.missing_configuration(&key.namespace, containers(&pod.value)) {
            self.store.forget(key, "configured");
            return Stage::Waiting("CreateContainerConfigError", why);
        }
        let configured = self.store.begin(key, "configured", moment.now);
        if !self.is_done(moment, configured, KUBERNETES_START) {
            return if init_containers(&pod.value).next().is_some() { on_the_way() } else { creating() };
        }
        let since = moment.of(configured, KUBERNETES_START);
        let broken =
            self.is_broken(containers(&pod.value)) || self.fails_to_install(&key.namespace, &pod.value);
        let finishes = pod.value["metadata"]["labels"].get("batch.kubernetes.io/job-name").is_some();
        if finishes {
            return match self.is_done(moment, since, KUBERNETES_JOB) {
                true => Stage::Done { since, failure: self.failure(moment, key, broken) },
                false => Stage::Running { since, ready: true, ended: None },
            };
        }
        if broken && self.is_done(moment, since, KUBERNETES_CRASH) {
            return Stage::Crashing { since };
        }
        let ended = self.leaks(containers(&pod.value)).map(|after| moment.of(since, after));
        let ended = ended.filter(|ended| self.is_done(moment, *ended, Duration::ZERO));
        let since = ended.map_or(since, |ended| moment.of(ended, KUBERNETES_START));
        let ready = self.is_done(moment, since, probed_after(&pod.value)) && !broken;
        Stage::Running { since, ready, ended }
    }

    /// What keeps a job's pod from ending well.
    fn failure(&mut self, moment: Moment, key: &Key, broken: bool) -> Option<String> {
        if broken { Some(String::new()) } else { self.recover(moment, key).err() }
    }

    /// Init containers do their work one after the other, before any other container is begun. None if all of them have.
    fn initializing(&mut self, moment: Moment, key: &Key, pod: &Value) -> Option<Stage> {
        let waits = |reason, why| Some(Stage::Initializing(0, Box::new(Stage::Waiting(reason, why))));
        if let Some(image) = self.missing_image(init_containers(pod)) {
            return waits("ImagePullBackOff", back_off(image));
        }
        if let Some(why) = self.missing_configuration(&key.namespace, init_containers(pod)) {
            self.store.forget(key, "initializing");
            return waits("CreateContainerConfigError", why);
        }
        let mut since = self.store.begin(key, "initializing", moment.now);
        for (index, container) in init_containers(pod).enumerate() {
            let begins = moment.of(since, KUBERNETES_START);
            if !self.is_done(moment, since, KUBERNETES_START) {
                return Some(Stage::Initializing(index, Box::new(on_the_way())));
            }
            if self.is_broken(std::iter::once(container)) && self.is_done(moment, begins, KUBERNETES_CRASH) {
                return Some(Stage::Initializing(index, Box::new(Stage::Crashing { since: begins })));
            }
            if !self.is_done(moment, begins, KUBERNETES_INIT) || self.is_broken(std::iter::once(container)) {
                let running = Stage::Running { since: begins, ready: false, ended: None };
                return Some(Stage::Initializing(index, Box::new(running)));
            }
            since = moment.of(begins, KUBERNETES_INIT);
        }
        None
    }

    /// Every node is empty: what one has no room for, none has.
    fn no_room(&self, pod: &Value) -> Option<String> {
        let asked = |name: &str| {
            let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
            containers.filter_map(|it| Quantity::of(&it["resources"]["requests"][name])).sum::<Quantity>()
        };
        let (cpu, memory) = self.cluster.node;
        let room = [
            ("cpu", Quantity(i128::from(cpu) * 1000)),
            ("memory", Quantity((i128::from(memory) << 30) * 1000)),
        ];
        let short = room.iter().find(|(name, room)| asked(name) > *room)?.0;
        Some(format!("0/3 nodes are available: 3 Insufficient {short}."))
    }

    fn missing_image<'a>(&self, containers: impl Iterator<Item = &'a Value>) -> Option<&'a str> {
        let images = self.images.as_ref()?;
        let mut used = containers.filter_map(|container| container["image"].as_str());
        used.find(|image| *image != k3s::IMAGE && !images.iter().any(|known| known == image))
    }

    fn is_broken<'a>(&self, containers: impl Iterator<Item = &'a Value>) -> bool {
        let mut used = containers.filter_map(|container| container["image"].as_str());
        used.any(|image| self.cluster.broken.iter().any(|broken| image.contains(broken.as_str())))
    }

    /// After how long one of them is out of memory.
    fn leaks<'a>(&self, containers: impl Iterator<Item = &'a Value>) -> Option<Duration> {
        let mut used = containers.filter_map(|container| container["image"].as_str());
        used.find_map(|image| {
            let leaking = self.cluster.leaking.iter().find(|(name, _)| image.contains(name.as_str()));
            leaking.map(|(_, after)| *after)
        })
    }

    /// The first of the secrets and maps that a container is configured with and that is not there.
    fn missing_configuration<'a>(
        &self,
        namespace: &str,
        mut containers: impl Iterator<Item = &'a Value>,
    ) -> Option<String> {
        let missing = |resource: &'static str, word: &str, reference: &Value| {
            let name = reference["name"].as_str()?;
            if reference["optional"] == true {
                return None;
            }
            let Some(there) = self.store.value(resource, namespace, name) else {
                return Some(format!("{word} \"{name}\" not found"));
            };
            let key = reference["key"].as_str()?;
            let has = there["data"].get(key).is_some();
            let title = if word == "secret" { "Secret" } else { "ConfigMap" };
            (!has).then(|| format!("couldn't find key {key} in {title} {namespace}/{name}"))
        };
        containers.find_map(|container| {
            let whole = container["envFrom"].as_array().into_iter().flatten();
            let single =
                container["env"].as_array().into_iter().flatten().map(|variable| &variable["valueFrom"]);
            let of = |source: &Value, map: &str, secret: &str| {
                missing("configmaps", "configmap", &source[map])
                    .or_else(|| missing("secrets", "secret", &source[secret]))
            };
            whole
                .map(|source| of(source, "configMapRef", "secretRef"))
                .chain(single.map(|source| of(source, "configMapKeyRef", "secretKeyRef")))
                .find_map(|missing| missing)
        })
    }

    fn pod_status(&self, key: &Key, now: Timestamp, pod: &Value, stage: &Stage) -> Value {
        let condition = |kind: &str, holds: bool, reason: &str, message: &str| {
            let mut condition = self.condition(key, now, (kind, holds), reason, message);
            for (name, empty) in [("reason", reason.is_empty()), ("message", message.is_empty())] {
                if empty && let Some(fields) = condition.as_object_mut() {
                    fields.remove(name);
                }
            }
            condition
        };
        let phase = match stage {
            Stage::Unplaced | Stage::Unschedulable(_) | Stage::Waiting(..) | Stage::Initializing(..) => {
                "Pending"
            }
            Stage::Running { .. } | Stage::Crashing { .. } => "Running",
            Stage::Done { failure: None, .. } => "Succeeded",
            Stage::Done { failure: Some(_), .. } => "Failed",
        };
        let placed = match stage {
            Stage::Unplaced => return json!({"phase": phase}),
            Stage::Unschedulable(why) => {
                return json!({"phase": phase, "conditions": [condition("PodScheduled", false, "Unschedulable", why)]});
            }
            _ => condition("PodScheduled", true, "", ""),
        };
        let ready = matches!(stage, Stage::Running { ready: true, .. });
        let why = match (ready, phase) {
            (true, _) => "",
            (_, "Succeeded" | "Failed") => "PodCompleted",
            _ => "ContainersNotReady",
        };
        let initialized = match stage {
            Stage::Initializing(done, _) => {
                let left = init_containers(pod).skip(*done).filter_map(|it| it["name"].as_str());
                let left: Vec<&str> = left.collect();
                let told = format!("containers with incomplete status: [{}]", left.join(" "));
                condition("Initialized", false, "ContainersNotInitialized", &told)
            }
            _ => condition("Initialized", true, "", ""),
        };
        let conditions = [
            placed,
            initialized,
            condition("ContainersReady", ready, why, ""),
            condition("Ready", ready, why, ""),
        ];
        let status = |container: &Value| {
            let last = last_state(stage);
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
                "restartCount": u8::from(last.is_some()), "started": matches!(stage, Stage::Running { .. }),
                "state": state(stage, container), "lastState": last.unwrap_or_else(|| json!({})),
            })
        };
        let initial = |(index, container): (usize, &Value)| {
            let well = Stage::Done { since: Timestamp::UNIX_EPOCH, failure: None };
            let waiting = on_the_way();
            let stage = match stage {
                Stage::Initializing(done, now) if index == *done => now,
                Stage::Initializing(done, _) if index > *done => &waiting,
                _ => &well,
            };
            let last = last_state(stage);
            json!({
                "name": container["name"], "image": container["image"], "imageID": "",
                "ready": matches!(stage, Stage::Done { .. }), "restartCount": u8::from(last.is_some()),
                "started": matches!(stage, Stage::Running { .. }), "state": state(stage, container),
                "lastState": last.unwrap_or_else(|| json!({})),
            })
        };
        let last =
            u8::from_str_radix(&digits(&["pod", &key.namespace, &key.name], 2), 16).unwrap_or(1).max(1);
        let mut shown = json!({
            "phase": phase, "conditions": conditions, "podIP": format!("10.244.1.{last}"), "hostIP": "10.0.0.11",
            "startTime": pod["metadata"]["creationTimestamp"],
            "containerStatuses": containers(pod).map(status).collect::<Vec<_>>(),
        });
        if init_containers(pod).next().is_some() {
            shown["initContainerStatuses"] = init_containers(pod).enumerate().map(initial).collect();
        }
        shown
    }
}

fn began(stage: &Stage) -> Timestamp {
    match stage {
        Stage::Running { since, .. } | Stage::Crashing { since } | Stage::Done { since, .. } => *since,
        _ => Timestamp::UNIX_EPOCH,
    }
}

fn state(stage: &Stage, container: &Value) -> Value {
    let at = second(began(stage));
    match stage {
        Stage::Initializing(..) => state(&on_the_way(), container),
        Stage::Waiting(reason, message) if message.is_empty() => json!({"waiting": {"reason": reason}}),
        Stage::Waiting(reason, message) => json!({"waiting": {"reason": reason, "message": message}}),
        Stage::Crashing { .. } => {
            let name = container["name"].as_str().unwrap_or_default();
            let message = format!("back-off 10s restarting failed container={name}");
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
        }
        Stage::Done { failure, .. } => {
            let (code, reason) = if failure.is_none() { (0, "Completed") } else { (1, "Error") };
            let mut ended = json!({"exitCode": code, "reason": reason, "startedAt": at, "finishedAt": at});
            if let Some(why) = failure.as_ref().filter(|why| !why.is_empty()) {
                ended["message"] = json!(why);
            }
            json!({"terminated": ended})
        }
        _ => json!({"running": {"startedAt": at}}),
    }
}

/// How a container ended before it was started again, if it was.
fn last_state(stage: &Stage) -> Option<Value> {
    let (at, code, reason) = match stage {
        Stage::Crashing { since } => (since, 1, "Error"),
        Stage::Running { ended: Some(at), .. } => (at, 137, "OOMKilled"),
        _ => return None,
    };
    let at = second(*at);
    Some(json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": at, "finishedAt": at}}))
}

fn init_containers(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["spec"]["initContainers"].as_array().into_iter().flatten()
}

fn creating() -> Stage {
    Stage::Waiting("ContainerCreating", String::new())
}

/// The kubelet's word for it where there are init containers.
fn on_the_way() -> Stage {
    Stage::Waiting("PodInitializing", String::new())
}

fn back_off(image: &str) -> String {
    format!("Back-off pulling image \"{image}\"")
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["spec"]["containers"].as_array().into_iter().flatten()
}

/// How long it takes at least until a container is asked for the first time whether it serves.
fn probed_after(pod: &Value) -> Duration {
    let delays =
        containers(pod).filter_map(|container| container["readinessProbe"]["initialDelaySeconds"].as_u64());
    Duration::from_secs(delays.max().unwrap_or(0))
}
