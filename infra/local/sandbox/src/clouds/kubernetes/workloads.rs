//! Deployments and stateful sets: as many pods of the present template as are asked for, the new ones first and the
//! old ones gone when those serve. <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>

use std::time::Duration;

use serde_json::{Value, json};

use super::store::{self, Key, Object, second};
use super::{Kubernetes, kinds, limits};
use crate::clouds::ask::digits;
use crate::clouds::pace::Moment;

const HASH: &str = "pod-template-hash";

/// How many pods there are, of which template, and how they do.
#[derive(Debug, Default)]
struct Census {
    new: Vec<Key>,
    old: Vec<Key>,
    ready: usize,
    /// Of the present template.
    ready_new: usize,
}

impl Kubernetes {
    pub(super) fn workloads(&mut self, moment: Moment) {
        for resource in ["deployments.apps", "statefulsets.apps"] {
            for key in self.here(resource) {
                if self.store.get(&key).is_some_and(|object| !object.is_going()) {
                    self.workload(moment, &key);
                }
            }
        }
    }

    fn workload(&mut self, moment: Moment, key: &Key) {
        let Some(object) = self.store.get(key) else { return };
        let (value, uid) = (object.value.clone(), object.uid().to_owned());
        let wanted = usize::try_from(value["spec"]["replicas"].as_u64().unwrap_or(1)).unwrap_or(usize::MAX);
        let hash = digits(&[&value["spec"]["template"].to_string()], 10);
        let census = self.census(&uid, &hash);
        let mut failure = None;
        for index in census.new.len()..wanted {
            if let Err(why) = self.replica(moment, &value, &hash, index) {
                failure = Some(why);
                break;
            }
        }
        let surplus = census.new.iter().skip(wanted);
        // Whatever serves goes on serving until its successors do.
        let replaced = census
            .old
            .iter()
            .filter(|_| census.ready_new >= wanted || failure.is_some() && census.ready == 0);
        let leave: Vec<Key> = surplus.chain(replaced).cloned().collect();
        for pod in leave {
            self.doom(moment.now, &pod, "Background");
        }
        let census = self.census(&uid, &hash);
        let status = self.workload_status(moment, key, &value, &hash, wanted, &census, failure);
        self.store.set_status(key, status);
    }

    fn census(&self, uid: &str, hash: &str) -> Census {
        let mut census = Census::default();
        for (key, pod) in self.store.owned_by(uid).iter().filter_map(|key| Some((key, self.store.get(key)?)))
        {
            if pod.is_going() {
                continue;
            }
            let ready = is_ready(pod);
            census.ready += usize::from(ready);
            if pod.value["metadata"]["labels"][HASH] == hash {
                census.ready_new += usize::from(ready);
                census.new.push(key.clone());
            } else {
                census.old.push(key.clone());
            }
        }
        census
    }

    /// Makes one pod of a workload, if the namespace lets it in.
    fn replica(&mut self, moment: Moment, of: &Value, hash: &str, index: usize) -> Result<(), String> {
        let name = of["metadata"]["name"].as_str().unwrap_or_default();
        let name = if of["kind"] == "StatefulSet" {
            format!("{name}-{index}")
        } else {
            let tail = digits(&[hash, &self.store.made().to_string(), &index.to_string()], 5);
            format!("{name}-{hash}-{tail}")
        };
        let template = &of["spec"]["template"];
        let mut labels = template["metadata"]["labels"].clone();
        labels[HASH] = json!(hash);
        let namespace = of["metadata"]["namespace"].as_str().unwrap_or_default();
        self.make_pod(moment, &Key::new("pods", namespace, &name), template, &labels, of)
    }

    /// Makes a pod as a controller does; the error is the API server's.
    pub(super) fn make_pod(
        &mut self,
        moment: Moment,
        key: &Key,
        template: &Value,
        labels: &Value,
        owner: &Value,
    ) -> Result<(), String> {
        let Some(kind) = kinds::of("pods") else { return Ok(()) };
        let mut pod = json!({
            "metadata": {
                "labels": labels, "annotations": template["metadata"]["annotations"], "ownerReferences": store::owner(owner),
            },
            "spec": template["spec"], "status": {"phase": "Pending"},
        });
        if pod["metadata"]["annotations"].is_null() {
            drop(pod["metadata"].as_object_mut().map(|metadata| metadata.remove("annotations")));
        }
        let lets_in =
            limits::bound(&self.store, kind, key, &mut pod).and_then(|()| self.lets_in(kind, key, &pod));
        lets_in.map_err(|refused| refused.message)?;
        self.store.create(moment.now, key, pod, Vec::new());
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all that a status tells")]
    fn workload_status(
        &mut self,
        moment: Moment,
        key: &Key,
        value: &Value,
        hash: &str,
        wanted: usize,
        census: &Census,
        failure: Option<String>,
    ) -> Value {
        let pods = census.new.len() + census.old.len();
        let generation = value["metadata"]["generation"].clone();
        if key.resource == "statefulsets.apps" {
            let mut status = json!({
                "observedGeneration": generation, "replicas": pods, "updatedReplicas": census.new.len(),
                "currentRevision": hash, "updateRevision": hash, "collisionCount": 0,
            });
            for name in ["readyReplicas", "availableReplicas", "currentReplicas"] {
                status[name] = json!(census.ready);
            }
            return status;
        }
        // Since when this template is being rolled out.
        let rolling = value["status"]["observedGeneration"] != generation;
        let said = |kind: &Value| {
            let mut said = value["status"]["conditions"].as_array().into_iter().flatten();
            said.find(|it| it["type"] == *kind)
        };
        let was_done = !rolling
            && said(&json!("Progressing")).is_some_and(|it| it["reason"] == "NewReplicaSetAvailable");
        let all_serve = census.ready_new >= wanted && census.new.len() == wanted;
        // A pod that does not serve any more is no new rollout.
        let done = (all_serve || was_done) && census.old.is_empty();
        if rolling || done {
            self.store.forget(key, "rolling");
        }
        let mut late = false;
        if !done {
            let began = self.store.begin(key, "rolling", moment.now);
            let deadline =
                Duration::from_secs(value["spec"]["progressDeadlineSeconds"].as_u64().unwrap_or(600));
            late = self.is_done(moment, began, deadline);
        }
        let name = &key.name;
        let available = census.ready >= wanted;
        let (reason, message) = if available {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        let (why, told) = match (done, late) {
            (true, _) => (
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{name}-{hash}\" has successfully progressed."),
            ),
            (_, true) => (
                "ProgressDeadlineExceeded",
                format!("ReplicaSet \"{name}-{hash}\" has timed out progressing."),
            ),
            _ => ("ReplicaSetUpdated", format!("ReplicaSet \"{name}-{hash}\" is progressing.")),
        };
        let mut conditions = vec![
            self.condition(key, moment.now, ("Available", available), reason, message),
            self.condition(key, moment.now, ("Progressing", !late), why, &told),
        ];
        if let Some(failure) = failure {
            conditions.push(self.condition(
                key,
                moment.now,
                ("ReplicaFailure", true),
                "FailedCreate",
                &failure,
            ));
        }
        for condition in &mut conditions {
            let same =
                |it: &&Value| it["status"] == condition["status"] && it["reason"] == condition["reason"];
            let before = said(&condition["type"]).filter(same);
            condition["lastUpdateTime"] =
                before.map_or_else(|| second(moment.now), |it| it["lastUpdateTime"].clone());
        }
        let mut status = json!({"observedGeneration": generation, "conditions": conditions});
        for (name, count) in [
            ("replicas", pods),
            ("updatedReplicas", census.new.len()),
            ("readyReplicas", census.ready),
            ("availableReplicas", census.ready),
            ("unavailableReplicas", wanted.saturating_sub(census.ready)),
        ] {
            if count > 0 {
                status[name] = json!(count);
            }
        }
        status
    }
}

pub(super) fn is_ready(pod: &Object) -> bool {
    let conditions = pod.value["status"]["conditions"].as_array().into_iter().flatten();
    conditions.filter(|it| it["type"] == "Ready").any(|it| it["status"] == "True")
}
