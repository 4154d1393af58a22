//! Flux's helm-controller: a HelmRelease is a release of Helm's, installed, upgraded, taken back when that fails, and taken away.
//! <https://fluxcd.io/flux/components/helm/helmreleases/>
//!
//! What a HelmRelease asks for is done once, and again when it asks for something else. An action that is under way goes on to its
//! end, whatever is asked for meanwhile.
//! Deliberately absent: Flux's own HelmChart, values from elsewhere, tests, drift, dependencies, and what annotations ask for.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::look::{Action, Look, named, text, versioned};
use super::helm::{Readiness, Revision};
use super::store::Key;
use super::{Kubernetes, chart};
use crate::clouds::pace::{Moment, OPERATOR_CHART};

mod look;

const RELEASES: &str = "helmreleases.helm.toolkit.fluxcd.io";
const FINALIZER: &str = "finalizers.fluxcd.io";
const MANAGER: &str = "helm-controller";
/// As long as an action may take unless it is said otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

impl Kubernetes {
    pub(super) fn flux(&mut self, moment: Moment) {
        for key in self.here(RELEASES) {
            let Some(object) = self.store.get(&key) else { continue };
            let finalizes = object.finalizers().contains(&FINALIZER);
            if object.is_going() {
                if finalizes {
                    self.leave_release(moment, &key);
                }
                continue;
            }
            if !finalizes {
                self.add_finalizer(&key, FINALIZER);
            }
            let Some(object) = self.store.get(&key) else { continue };
            let value = &object.value;
            let settled = value["status"]["observedGeneration"] == value["metadata"]["generation"];
            if settled || value["spec"]["suspend"] == true {
                continue;
            }
            let (value, acting) = (value.clone(), object.since("acting"));
            let status = self.reconcile(moment, &key, &value, acting);
            self.store.set_status(&key, status);
        }
    }

    pub(super) fn add_finalizer(&mut self, key: &Key, finalizer: &str) {
        self.store.edit(key, |metadata| match metadata["finalizers"].as_array_mut() {
            Some(finalizers) => finalizers.push(json!(finalizer)),
            None => metadata["finalizers"] = json!([finalizer]),
        });
    }

    /// The release goes first; of one that is suspended Flux lets all be.
    fn leave_release(&mut self, moment: Moment, key: &Key) {
        let Some(object) = self.store.get(key) else { return };
        let suspended = object.value["spec"]["suspend"] == true;
        let release = named(key, &object.value["spec"]);
        if suspended || self.uninstall(moment, &release) {
            self.drop_finalizer(key, FINALIZER);
        }
    }

    fn reconcile(&mut self, moment: Moment, key: &Key, value: &Value, acting: Option<Timestamp>) -> Value {
        let spec = &value["spec"];
        let mut look = Look {
            moment,
            key: key.clone(),
            spec: spec.clone(),
            generation: value["metadata"]["generation"].clone(),
            status: value["status"].clone(),
            release: named(key, spec),
            version: String::new(),
        };
        if look.status.is_null() {
            look.status = json!({});
        }
        let under_way = look.latest()["status"].as_str().unwrap_or_default().to_owned();
        match (acting, under_way.as_str()) {
            (Some(began), "pending-install" | "pending-upgrade" | "pending-rollback") => {
                self.wait_for(&mut look, began);
            }
            (_, "uninstalling") => self.uninstalled(&mut look),
            _ => match self.fetched(key, spec) {
                Err(why) => self.mark(&mut look, ("Ready", "False"), "SourceNotReady", &why),
                Ok(version) => {
                    look.version = version;
                    match acting {
                        Some(began) if self.is_done(moment, began, OPERATOR_CHART) => self.act(&mut look),
                        Some(_) => {}
                        None => self.decide(&mut look),
                    }
                }
            },
        }
        look.status
    }

    /// The version of the chart that a HelmRelease names, if its repository has it.
    fn fetched(&self, key: &Key, spec: &Value) -> Result<String, String> {
        let (wanted, charts) = (&spec["chart"]["spec"], &self.cluster.charts);
        let source = &wanted["sourceRef"];
        let namespace = source["namespace"].as_str().unwrap_or(&key.namespace);
        let name = source["name"].as_str().unwrap_or_default();
        let why = |why: String| {
            Err(format!("HelmChart '{namespace}/{}-{}' is not ready: {why}", key.namespace, key.name))
        };
        if source["kind"] != "HelmRepository" || (namespace, name) != (&charts.namespace, &charts.repository)
        {
            let kind = source["kind"].as_str().unwrap_or_default();
            return why(format!(
                "failed to get source: {kind}.source.toolkit.fluxcd.io \"{name}\" not found"
            ));
        }
        let asked = wanted["version"].as_str().unwrap_or("*");
        let chart = wanted["chart"].as_str().unwrap_or_default();
        let version = charts.versions.iter().rfind(|version| asked == "*" || *version == asked);
        match version.filter(|_| chart == chart::NAME) {
            Some(version) => Ok(version.clone()),
            None => why(format!(
                "chart pull error: failed to get chart version for remote reference: no '{chart}' chart with version matching \
                 '{asked}' found"
            )),
        }
    }

    /// What is to be done now that nothing is.
    fn decide(&mut self, look: &mut Look) {
        look.count_anew();
        let latest = look.latest().clone();
        let status = latest["status"].as_str().unwrap_or("uninstalled");
        match status {
            "uninstalled" if look.is_exhausted(Action::Install) => self.stall(look),
            "uninstalled" => self.begin(look, Action::Install),
            "deployed" if look.is_as_asked() => self.in_sync(look),
            "deployed" if look.is_exhausted(Action::Upgrade) => self.stall(look),
            "deployed" => self.begin(look, Action::Upgrade),
            _ => {
                let action = look.action();
                let failed = look.failed(action);
                if failed == 0 {
                    self.begin(look, Action::Upgrade);
                } else if look.is_exhausted(action) && !look.remediates_last(action) {
                    self.stall(look);
                } else {
                    self.remediate(look, action);
                }
            }
        }
    }

    fn begin(&mut self, look: &mut Look, action: Action) {
        look.status["lastAttemptedReleaseAction"] = json!(action.verb());
        let told = format!(
            "Running '{}' action with timeout of {}",
            action.verb(),
            look.spec["timeout"].as_str().unwrap_or("5m0s")
        );
        self.mark(look, ("Ready", "Unknown"), "Progressing", &told);
        self.mark(look, ("Reconciling", "True"), "Progressing", &told);
        look.unmark("Stalled");
        let now = look.moment.now;
        self.store.begin(&look.key, "acting", now);
        self.is_done(look.moment, now, OPERATOR_CHART);
    }

    /// Installs or upgrades, now that the chart is there.
    fn act(&mut self, look: &mut Look) {
        let action = look.action();
        let config = look.spec["values"].clone();
        let labels = [
            ("helm.toolkit.fluxcd.io/name", look.key.name.as_str()),
            ("helm.toolkit.fluxcd.io/namespace", look.key.namespace.as_str()),
        ];
        // What the chart does not take is no revision.
        let objects = match self.rendered(&look.release, &look.version, &config, &labels) {
            Ok(objects) => objects,
            Err(why) => return self.failed(look, action, &why),
        };
        let number = self.last_revision(&look.release).map_or(1, |last| last.number + 1);
        let revision = Revision {
            number,
            status: format!("pending-{}", action.verb()),
            version: look.version.clone(),
            config,
        };
        if let Err(why) = self.keep_revision(look.moment, &look.release, &revision) {
            return self.failed(look, action, &why);
        }
        look.snapshot(&revision);
        if let Err(why) = self.release(look.moment, MANAGER, &look.release, &objects) {
            self.note(look, "failed");
            self.failed(look, action, &why);
        }
    }

    /// Until all of it serves, something of it has failed and the rest does, or the time is up.
    fn wait_for(&mut self, look: &mut Look, began: Timestamp) {
        let rolls_back = look.latest()["status"] == "pending-rollback";
        let action = look.action();
        let waits = look.spec[if rolls_back { "rollback" } else { action.verb() }]["disableWait"] != true;
        let unready = if waits { self.unready(&look.release) } else { Vec::new() };
        let timeout = look.spec["timeout"].as_str().and_then(duration).unwrap_or(TIMEOUT);
        let late = !unready.is_empty() && self.is_done(look.moment, began, timeout);
        let waited_for = unready.iter().any(|(_, it)| matches!(it, Readiness::InProgress(_)));
        if waited_for && !late {
            return;
        }
        let mut wrong: Vec<String> = unready
            .iter()
            .map(|(key, readiness)| {
                let (status, message) = match readiness {
                    Readiness::Failed(why) => ("Failed", *why),
                    Readiness::InProgress(why) => ("InProgress", why.as_str()),
                    Readiness::Current => ("Current", ""),
                };
                format!(
                    "resource Deployment/{}/{} not ready. status: {status}, message: {message}",
                    key.namespace, key.name
                )
            })
            .collect();
        if late {
            wrong.push("context deadline exceeded".to_owned());
        }
        let latest = look.latest();
        let (full, versioned) = (look.full(latest), versioned(latest));
        self.note(look, if wrong.is_empty() { "deployed" } else { "failed" });
        match (rolls_back, wrong.is_empty()) {
            (false, true) => {
                let told =
                    format!("Helm {} succeeded for release {full} with chart {versioned}", action.verb());
                self.mark(look, ("Released", "True"), &action.reason("Succeeded"), &told);
                look.unmark("Remediated");
                self.store.forget(&look.key, "acting");
            }
            (false, false) => self.failed(look, action, &wrong.join("\n")),
            (true, true) => {
                let told =
                    format!("Helm rollback to previous release {full} with chart {versioned} succeeded");
                self.remediated(look, "True", "RollbackSucceeded", &told);
            }
            (true, false) => {
                let told = format!(
                    "Helm rollback to previous release {full} with chart {versioned} failed: {}",
                    wrong.join("\n")
                );
                self.remediated(look, "False", "RollbackFailed", &told);
            }
        }
    }

    fn failed(&mut self, look: &mut Look, action: Action, why: &str) {
        for counter in [action.failures(), "failures".to_owned()] {
            let failures = look.status[&counter].as_u64().unwrap_or_default();
            look.status[&counter] = json!(failures + 1);
        }
        let told = format!(
            "Helm {} failed for release {}/{} with chart {}@{}: {why}",
            action.verb(),
            look.release.namespace,
            look.release.name,
            chart::NAME,
            look.latest()["chartVersion"]
                .as_str()
                .filter(|_| look.version.is_empty())
                .unwrap_or(&look.version)
        );
        for kind in ["Released", "Ready"] {
            self.mark(look, (kind, "False"), &action.reason("Failed"), &told);
        }
        look.unmark("Remediated");
        self.store.forget(&look.key, "acting");
    }

    /// Back to what was deployed before, or to nothing.
    fn remediate(&mut self, look: &mut Look, action: Action) {
        let usual = if action == Action::Install { "uninstall" } else { "rollback" };
        if look.spec[action.verb()]["remediation"]["strategy"].as_str().unwrap_or(usual) == "uninstall" {
            look.status["history"][0]["status"] = json!("uninstalling");
            return;
        }
        let history = look.status["history"].as_array().into_iter().flatten();
        let mut good = history.filter(|it| it["status"] == "superseded" || it["status"] == "deployed");
        let good = good.find_map(|it| self.revision(&look.release, it["version"].as_u64()?));
        let Some(good) = good else {
            let why = "Failed to perform remediation: missing target release for rollback: cannot remediate failed release";
            self.settle_release(look, ("Stalled", "True"), "MissingRollbackTarget", why);
            return;
        };
        let number = self.last_revision(&look.release).map_or(1, |last| last.number + 1);
        let revision = Revision { number, status: "pending-rollback".to_owned(), ..good };
        let labels = [
            ("helm.toolkit.fluxcd.io/name", look.key.name.as_str()),
            ("helm.toolkit.fluxcd.io/namespace", look.key.namespace.as_str()),
        ];
        let objects = self.rendered(&look.release, &revision.version, &revision.config, &labels);
        let done = objects.and_then(|objects| {
            self.keep_revision(look.moment, &look.release, &revision)?;
            self.release(look.moment, MANAGER, &look.release, &objects)
        });
        look.snapshot(&revision);
        self.store.begin(&look.key, "acting", look.moment.now);
        if let Err(why) = done {
            self.note(look, "failed");
            let told =
                format!("Helm rollback to previous release {} failed: {why}", look.full(look.latest()));
            self.remediated(look, "False", "RollbackFailed", &told);
        }
    }

    fn uninstalled(&mut self, look: &mut Look) {
        if self.uninstall(look.moment, &look.release) {
            let (full, versioned) = (look.full(look.latest()), versioned(look.latest()));
            look.status["history"][0]["status"] = json!("uninstalled");
            let told =
                format!("Helm uninstall remediation for release {full} with chart {versioned} succeeded");
            self.remediated(look, "True", "UninstallSucceeded", &told);
        }
    }

    /// However it ended: what was asked for is not there.
    fn remediated(&mut self, look: &mut Look, holds: &str, reason: &str, told: &str) {
        self.mark(look, ("Remediated", holds), reason, told);
        self.mark(look, ("Ready", "False"), reason, told);
        self.store.forget(&look.key, "acting");
    }

    fn stall(&mut self, look: &mut Look) {
        let action = look.action();
        let told = format!("Failed to {} after {} attempt(s)", action.verb(), look.failed(action));
        self.settle_release(look, ("Stalled", "True"), "RetriesExceeded", &told);
    }

    fn in_sync(&mut self, look: &mut Look) {
        let latest = look.latest();
        let (full, versioned) = (look.full(latest), versioned(latest));
        let released = look.condition("Released");
        let (mut reason, mut told) = (text(&released["reason"]), text(&released["message"]));
        // What it was led back to may be what is asked for now.
        if released["status"] != "True" || look.condition("Remediated")["status"] == "True" {
            reason = Action::Upgrade.reason("Succeeded");
            told = format!("Helm upgrade succeeded for release {full} with chart {versioned}");
            self.mark(look, ("Released", "True"), &reason, &told);
            look.unmark("Remediated");
        }
        look.unmark("Stalled");
        self.settle_release(look, ("Ready", "True"), &reason, &told);
    }

    /// There is nothing more to be done for this generation.
    fn settle_release(&self, look: &mut Look, condition: (&str, &str), reason: &str, told: &str) {
        self.mark(look, condition, reason, told);
        look.unmark("Reconciling");
        look.status["observedGeneration"] = look.generation.clone();
    }

    /// Writes down how the latest revision is, where Helm and where Flux keep that.
    fn note(&mut self, look: &mut Look, status: &str) {
        let number = look.latest()["version"].as_u64().unwrap_or_default();
        if let Some(mut revision) = self.revision(&look.release, number) {
            revision.status = status.to_owned();
            // Written over what is there, which nothing refuses.
            drop(self.keep_revision(look.moment, &look.release, &revision));
        }
        let Some(history) = look.status["history"].as_array_mut() else { return };
        for (index, snapshot) in history.iter_mut().enumerate() {
            if index == 0 {
                snapshot["status"] = json!(status);
            } else if status == "deployed" && snapshot["status"] == "deployed" {
                snapshot["status"] = json!("superseded");
            }
        }
    }

    fn mark(&self, look: &mut Look, (kind, status): (&str, &str), reason: &str, message: &str) {
        let mut condition =
            self.condition(&look.key, look.moment.now, (kind, status == "True"), reason, message);
        condition["status"] = json!(status);
        condition["observedGeneration"] = look.generation.clone();
        look.unmark(kind);
        match look.status["conditions"].as_array_mut() {
            Some(conditions) => conditions.push(condition),
            None => look.status["conditions"] = json!([condition]),
        }
    }
}

/// `1h30m`, `300s`
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    for part in text.split_inclusive(|c: char| c.is_ascii_alphabetic()).collect::<Vec<_>>() {
        let (number, unit) = part.split_at(part.len().checked_sub(1)?);
        let of = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * of;
    }
    Duration::try_from_secs_f64(seconds).ok()
}
