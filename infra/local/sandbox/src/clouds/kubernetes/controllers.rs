//! What goes on in the cluster by itself. Each controller compares what is asked for with what there is, and does
//! what can be done at that moment; what takes longer has a moment at which it is done, and there the cluster is
//! looked at again. So nothing depends on how often somebody asks.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::store::{Key, second};
use super::{Kubernetes, limits};
use crate::clouds::ask::digits;
use crate::clouds::pace::Moment;

/// Controllers answer each other's changes; more rounds than this at one moment are a quarrel.
const ROUNDS: usize = 50;

impl Kubernetes {
    /// Brings the cluster to this moment: place by place, each at the moments at which something is done there.
    pub(super) fn settle(&mut self, moment: Moment) {
        while let Some((now, place)) = self.alarms.take(moment.now) {
            self.see_to(place, Moment { now, ..moment });
        }
        let mut changed = self.store.take_changed();
        changed.append(&mut self.restless);
        // What is changed in one place may be of another.
        for _ in 0..ROUNDS {
            for place in std::mem::take(&mut changed) {
                self.see_to(place, moment);
            }
            changed = self.store.take_changed();
            if changed.is_empty() {
                return;
            }
        }
    }

    fn see_to(&mut self, place: String, moment: Moment) {
        self.place = place;
        for _ in 0..ROUNDS {
            let before = self.store.version();
            self.alarms.clear(&self.place);
            self.restless.remove(&self.place);
            self.pass(moment);
            if self.store.version() == before {
                break;
            }
        }
        self.store.seen(&self.place);
    }

    /// What of a kind is in the place that is seen to.
    pub(super) fn here(&self, resource: &'static str) -> Vec<Key> {
        self.store.keys(resource, &self.place)
    }

    /// Nobody tells when that changes which keeps something here: it is looked at again whenever somebody asks.
    pub(super) fn look_again(&mut self) {
        self.restless.insert(self.place.clone());
    }

    fn pass(&mut self, moment: Moment) {
        self.minio.it_is(moment.now);
        self.collect_garbage(moment);
        self.generate_applications(moment);
        self.sync_applications(moment);
        self.ingresses(moment);
        self.sync_secrets(moment);
        self.certificates(moment);
        self.jobs(moment);
        self.workloads(moment);
        self.pods(moment);
        self.claims();
        self.addresses();
        self.postgres_clusters(moment);
        self.backup_schedules(moment);
        self.backups(moment);
        self.flux(moment);
        self.k3s(moment);
        self.operators(moment);
        self.count();
    }

    /// Whether what began then and takes so long is done; otherwise the place is looked at again when it is.
    pub(super) fn is_done(&mut self, moment: Moment, began: Timestamp, takes: Duration) -> bool {
        let at = moment.of(began, takes);
        if at > moment.now {
            self.alarms.set(&self.place, at);
        }
        at <= moment.now
    }

    /// A volume is made for whoever claims one.
    fn claims(&mut self) {
        for key in self.here("persistentvolumeclaims") {
            let Some(claim) = self.store.get(&key) else { continue };
            let asked = claim.value["spec"]["resources"]["requests"].clone();
            let modes = claim.value["spec"]["accessModes"].clone();
            self.store.set_status(&key, json!({"phase": "Bound", "accessModes": modes, "capacity": asked}));
        }
    }

    /// A service has an address of its own, and may ask for one that can be reached from outside.
    fn addresses(&mut self) {
        for key in self.here("services") {
            let Some(service) = self.store.get(&key) else { continue };
            let spec = &service.value["spec"];
            let outside = if spec["type"] == "LoadBalancer" {
                json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})
            } else {
                json!({"loadBalancer": {}})
            };
            if spec.get("clusterIP").is_none() && spec["type"] != "ExternalName" {
                let mut value = service.value.clone();
                let part = |at: usize| {
                    u8::from_str_radix(&digits(&["ip", service.uid()], 8)[at..at + 2], 16).unwrap_or(1)
                };
                let address = format!("10.96.{}.{}", part(0), part(2).max(1));
                value["spec"]["clusterIP"] = json!(address);
                value["spec"]["clusterIPs"] = json!([address]);
                self.store.write(&key, value);
            }
            self.store.set_status(&key, outside);
        }
    }

    /// Quotas say what is used of them.
    fn count(&mut self) {
        for key in self.here("resourcequotas") {
            let Some(quota) = self.store.get(&key) else { continue };
            let status = limits::status(&self.store, &key.namespace, &quota.value);
            self.store.set_status(&key, status);
        }
    }

    /// A condition, which keeps the moment of its last change.
    pub(super) fn condition(
        &self,
        key: &Key,
        now: Timestamp,
        (kind, holds): (&str, bool),
        reason: &str,
        message: &str,
    ) -> Value {
        let status = if holds { "True" } else { "False" };
        let conditions = self.store.get(key).map(|object| &object.value["status"]["conditions"]);
        let before = conditions.and_then(Value::as_array).into_iter().flatten().find(|it| it["type"] == kind);
        let since = match before {
            Some(before) if before["status"] == status => before["lastTransitionTime"].clone(),
            _ => second(now),
        };
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since})
    }
}
