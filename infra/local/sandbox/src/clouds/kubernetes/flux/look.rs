//! A HelmRelease that is looked at: what it asks for, what was tried, and what will be said of it.

use serde_json::{Value, json};

use crate::clouds::ask::digits;
use crate::clouds::kubernetes::chart;
use crate::clouds::kubernetes::helm::{Named, Revision};
use crate::clouds::kubernetes::store::{Key, second};
use crate::clouds::pace::Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Install,
    Upgrade,
}

impl Action {
    pub(super) fn verb(self) -> &'static str {
        if self == Self::Install { "install" } else { "upgrade" }
    }

    /// The reason of conditions: `InstallFailed`.
    pub(super) fn reason(self, outcome: &str) -> String {
        format!("{}{outcome}", if self == Self::Install { "Install" } else { "Upgrade" })
    }

    /// What of the status counts how often it failed.
    pub(super) fn failures(self) -> String {
        format!("{}Failures", self.verb())
    }
}

/// A HelmRelease that is looked at: what it asks for, and what will be said of it.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) moment: Moment,
    pub(super) key: Key,
    pub(super) spec: Value,
    pub(super) generation: Value,
    pub(super) status: Value,
    pub(super) release: Named,
    /// Of the chart.
    pub(super) version: String,
}

impl Look {
    /// Of what Flux remembers of its revisions.
    pub(super) fn latest(&self) -> &Value {
        &self.status["history"][0]
    }

    pub(super) fn condition(&self, kind: &str) -> Value {
        let conditions = self.status["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().find(|it| it["type"] == kind).cloned().unwrap_or_default()
    }

    pub(super) fn unmark(&mut self, kind: &str) {
        if let Some(conditions) = self.status["conditions"].as_array_mut() {
            conditions.retain(|it| it["type"] != kind);
        }
    }

    /// What failed of something else counts no more.
    pub(super) fn count_anew(&mut self) {
        let asked = [
            ("lastAttemptedGeneration", self.generation.clone()),
            ("lastAttemptedRevision", json!(self.version)),
            ("lastAttemptedConfigDigest", json!(digest(&self.spec["values"]))),
        ];
        if asked.iter().all(|(name, value)| self.status[*name] == *value) {
            return;
        }
        for (name, value) in asked {
            self.status[name] = value;
        }
        if let Some(fields) = self.status.as_object_mut() {
            for name in ["failures", "installFailures", "upgradeFailures"] {
                fields.remove(name);
            }
        }
        let Key { namespace, name, .. } = &self.key;
        let source = self.spec["chart"]["spec"]["sourceRef"]["namespace"].as_str().unwrap_or(namespace);
        self.status["helmChart"] = json!(format!("{source}/{namespace}-{name}"));
        self.status["storageNamespace"] = json!(self.release.namespace);
    }

    /// The last that was tried.
    pub(super) fn action(&self) -> Action {
        match self.status["lastAttemptedReleaseAction"] == "upgrade" {
            true => Action::Upgrade,
            false => Action::Install,
        }
    }

    pub(super) fn failed(&self, action: Action) -> u64 {
        self.status[action.failures()].as_u64().unwrap_or_default()
    }

    /// Below nought there is no end to them.
    pub(super) fn is_exhausted(&self, action: Action) -> bool {
        let retries = self.spec[action.verb()]["remediation"]["retries"].as_i64().unwrap_or_default();
        u64::try_from(retries).is_ok_and(|retries| self.failed(action) > retries)
    }

    pub(super) fn remediates_last(&self, action: Action) -> bool {
        let remediation = &self.spec[action.verb()]["remediation"];
        let retries = remediation["retries"].as_i64().unwrap_or_default();
        let usual = action == Action::Upgrade && retries > 0;
        remediation["remediateLastFailure"].as_bool().unwrap_or(usual)
    }

    pub(super) fn is_as_asked(&self) -> bool {
        let latest = self.latest();
        latest["chartVersion"] == *self.version && latest["configDigest"] == digest(&self.spec["values"])
    }

    pub(super) fn snapshot(&mut self, revision: &Revision) {
        let now = second(self.moment.now);
        let history = self.status["history"].as_array().cloned().unwrap_or_default();
        let first = history.last().map_or(&now, |it| &it["firstDeployed"]).clone();
        let snapshot = json!({
            "name": self.release.name, "namespace": self.release.namespace, "version": revision.number,
            "status": revision.status, "chartName": chart::NAME, "chartVersion": revision.version,
            "configDigest": digest(&revision.config), "firstDeployed": first, "lastDeployed": now,
            "digest": format!("sha256:{}", digits(&[&self.release.name, &revision.number.to_string()], 64)),
        });
        self.status["history"] = std::iter::once(snapshot).chain(history).take(5).collect();
    }

    /// `acme/workshop.v1`
    pub(super) fn full(&self, snapshot: &Value) -> String {
        format!("{}/{}.v{}", self.release.namespace, self.release.name, snapshot["version"])
    }
}

/// `mechanicbuddy-tenant@1.0.0`
pub(super) fn versioned(snapshot: &Value) -> String {
    format!("{}@{}", text(&snapshot["chartName"]), text(&snapshot["chartVersion"]))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn named(key: &Key, spec: &Value) -> Named {
    let target = spec["targetNamespace"].as_str();
    let name = match (spec["releaseName"].as_str(), target) {
        (Some(name), _) => name.to_owned(),
        (None, Some(target)) => format!("{target}-{}", key.name),
        (None, None) => key.name.clone(),
    };
    Named { name, namespace: target.unwrap_or(&key.namespace).to_owned() }
}

fn digest(values: &Value) -> String {
    format!("sha256:{}", digits(&["values", &values.to_string()], 64))
}
