//! The operators whose work is done some time after it was asked for: CloudNativePG, Flux's and K3s's Helm
//! controllers, MySQL's. Each says in its own way that it is done.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::store::{self, Key};
use super::{Kubernetes, kinds};
use crate::clouds::ask::digits;
use crate::clouds::pace::{Moment, OPERATOR_CHART, OPERATOR_DATABASE};

/// MySQL's operator gives up on a longer name.
const LONGEST_INNODB_CLUSTER: usize = 28;

impl Kubernetes {
    pub(super) fn operators(&mut self, moment: Moment) {
        for resource in [
            "clusters.postgresql.cnpg.io",
            "helmcharts.helm.cattle.io",
            "helmreleases.helm.toolkit.fluxcd.io",
            "innodbclusters.mysql.oracle.com",
        ] {
            for key in self.here(resource) {
                let Some(object) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
                let (value, made) = (object.value.clone(), object.since("made").unwrap_or(moment.now));
                let takes = if resource.starts_with("helm") { OPERATOR_CHART } else { OPERATOR_DATABASE };
                let done = self.is_done(moment, made, takes);
                let status = match resource {
                    "clusters.postgresql.cnpg.io" => self.postgres(moment, &key, &value, done),
                    "helmcharts.helm.cattle.io" => {
                        Some(json!({"jobName": format!("helm-install-{}", key.name)}))
                    }
                    "innodbclusters.mysql.oracle.com" => mysql(&key, &value, done),
                    _ => Some(self.release(moment, &key, &value, done)),
                };
                if let Some(status) = status {
                    self.store.set_status(&key, status);
                }
            }
        }
    }

    fn postgres(&mut self, moment: Moment, key: &Key, value: &Value, done: bool) -> Option<Value> {
        let instances = value["spec"]["instances"].as_u64().unwrap_or(1);
        let secret = Key::new("secrets", &key.namespace, &format!("{}-app", key.name));
        if done && self.store.get(&secret).is_none() {
            let database = value["spec"]["bootstrap"]["initdb"]["database"].as_str().unwrap_or("app");
            let host = format!("{}-rw", key.name);
            let data: Value = [
                ("username", database),
                ("dbname", database),
                ("host", &host),
                ("port", "5432"),
                ("password", &digits(&["pg", &key.name], 24)),
            ]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(STANDARD.encode(text))))
            .collect();
            let object = json!({
                "metadata": {"ownerReferences": store::owner(value)}, "type": "kubernetes.io/basic-auth", "data": data,
            });
            if kinds::of("secrets").is_some_and(|kind| self.lets_in(kind, &secret, &object).is_ok()) {
                self.store.create(moment.now, &secret, object, Vec::new());
            }
        }
        let (phase, reason, message) = if done {
            ("Cluster in healthy state", "ClusterIsReady", "Cluster is Ready")
        } else {
            ("Setting up primary", "ClusterIsNotReady", "Cluster Is Not Ready")
        };
        let ready = self.condition(key, moment.now, ("Ready", done), reason, message);
        Some(json!({
            "phase": phase, "instances": instances, "readyInstances": if done { instances } else { 0 },
            "conditions": [ready],
        }))
    }

    fn release(&self, moment: Moment, key: &Key, value: &Value, done: bool) -> Value {
        let generation = value["metadata"]["generation"].clone();
        let (reason, message) = if done {
            (
                "InstallSucceeded",
                format!("Helm install succeeded for release {}/{}.v1", key.namespace, key.name),
            )
        } else {
            ("Progressing", "Running 'install' action".to_owned())
        };
        let mut ready = self.condition(key, moment.now, ("Ready", done), reason, &message);
        if !done {
            ready["status"] = json!("Unknown");
        }
        json!({"observedGeneration": generation, "conditions": [ready]})
    }
}

/// A name that is too long is refused where nobody sees it: the cluster never says anything.
fn mysql(key: &Key, value: &Value, done: bool) -> Option<Value> {
    if key.name.len() > LONGEST_INNODB_CLUSTER {
        return None;
    }
    let instances = value["spec"]["instances"].as_u64().unwrap_or(1);
    let (status, online) = if done { ("ONLINE", instances) } else { ("PENDING", 0) };
    Some(json!({"cluster": {"status": status, "onlineInstances": online}}))
}
