//! K3s's helm-controller: a HelmChart is a job that runs Helm, once for each thing that the chart asks for.
//! <https://docs.k3s.io/add-ons/helm>
//!
//! The job has installed a release when it is done, and does not wait until that serves. Why one failed stands in its log.
//! Deliberately absent: HelmChartConfig, what is set within something else, the secret with values, the job's service account, and failure policies.

use serde_json::{Value, json};

use super::Kubernetes;
use super::chart;
use super::helm::{Named, Revision};
use super::store::{self, Key};
use crate::clouds::ask::digits;
use crate::clouds::pace::Moment;

const CHARTS: &str = "helmcharts.helm.cattle.io";
const JOBS: &str = "jobs.batch";
const FINALIZER: &str = "wrangler.cattle.io/on-helm-chart-remove";
const MANAGER: &str = "helm";
/// On a job and its pods: whose they are, and what they were asked for.
const CHART: &str = "helmcharts.helm.cattle.io/chart";
const HASH: &str = "helmcharts.helm.cattle.io/configHash";
/// What runs Helm. It is on every node of K3s.
pub(super) const IMAGE: &str = "rancher/klipper-helm:v0.9.14-build20260210";

impl Kubernetes {
    pub(super) fn k3s(&mut self, moment: Moment) {
        for key in self.here(CHARTS) {
            let Some(object) = self.store.get(&key) else { continue };
            let finalizes = object.finalizers().contains(&FINALIZER);
            let value = object.value.clone();
            if object.is_going() {
                if finalizes && self.leave_chart(moment, &key, &value) {
                    self.drop_finalizer(&key, FINALIZER);
                }
                continue;
            }
            if !finalizes {
                self.add_finalizer(&key, FINALIZER);
            }
            let job = self.helm_job(moment, &key, &value, "install");
            let mut failed = json!({"type": "Failed", "status": "False"});
            match job.as_ref().and_then(ended) {
                Some("Complete") => self.install_chart(moment, &key, &value),
                Some(_) => {
                    let message = "Job has reached configured number of retries without succeeding";
                    failed = json!({"type": "Failed", "status": "True", "reason": "Job failed", "message": message});
                }
                None => {}
            }
            let name = job_name(&key, "install");
            let message = format!("Applying HelmChart using Job {}/{name}", key.namespace);
            let created =
                json!({"type": "JobCreated", "status": "True", "reason": "Job created", "message": message});
            self.store.set_status(&key, json!({"jobName": name, "conditions": [created, failed]}));
        }
    }

    /// The job for what is asked for now; one for what was asked for before makes room when none of its pods runs.
    fn helm_job(&mut self, moment: Moment, key: &Key, chart: &Value, act: &str) -> Option<Value> {
        let place = Key::new(JOBS, &key.namespace, &job_name(key, act));
        let hash = format!("SHA256={}", digits(&[&chart["spec"].to_string()], 64).to_uppercase());
        if let Some(job) = self.store.get(&place) {
            let (value, going) = (job.value.clone(), job.is_going());
            if value["spec"]["template"]["metadata"]["annotations"][HASH] == *hash {
                return Some(value);
            }
            if !going && value["status"]["active"].as_u64().unwrap_or_default() == 0 {
                self.doom(moment.now, &place, "Background");
            }
            if self.store.get(&place).is_some() {
                return None;
            }
        }
        let labels = json!({CHART: key.name});
        let mut args = vec![if act == "install" { "install".to_owned() } else { "delete".to_owned() }];
        for (name, value) in set(chart).filter(|_| act == "install") {
            args.extend(["--set-string".to_owned(), format!("{name}={value}")]);
        }
        let container = json!({"name": "helm", "image": IMAGE, "args": args});
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": place.name, "namespace": place.namespace, "labels": labels, "ownerReferences": owner(chart),
            },
            "spec": {
                "backoffLimit": chart["spec"]["backOffLimit"].as_u64().unwrap_or(1000),
                "template": {
                    "metadata": {"labels": labels, "annotations": {HASH: hash}},
                    "spec": {"restartPolicy": "OnFailure", "containers": [container]},
                },
            },
        });
        // What the namespace does not let in now is asked for again.
        if self.put_applied(moment, MANAGER, &place, &job).is_err() {
            self.look_again();
        }
        self.store.get(&place).map(|job| job.value.clone())
    }

    /// What the job does when it is done, and once.
    fn install_chart(&mut self, moment: Moment, key: &Key, chart: &Value) {
        let place = Key::new(JOBS, &key.namespace, &job_name(key, "install"));
        if self.store.get(&place).is_none_or(|job| job.since("installed").is_some()) {
            return;
        }
        self.store.begin(&place, "installed", moment.now);
        let release = named(key, chart);
        let config = values(chart);
        let version = self.served(chart).unwrap_or_default();
        let Ok(objects) = self.rendered(&release, &version, &config, &[]) else { return };
        let number = self.last_revision(&release).map_or(1, |last| last.number + 1);
        let installed = self.release(moment, MANAGER, &release, &objects);
        let status = if installed.is_ok() { "deployed" } else { "failed" };
        let revision = Revision { number, status: status.to_owned(), version, config };
        drop(self.keep_revision(moment, &release, &revision));
    }

    /// A job takes the release away, unless all of the namespace goes anyway.
    fn leave_chart(&mut self, moment: Moment, key: &Key, chart: &Value) -> bool {
        let home = Key::new("namespaces", "", &key.namespace);
        if self.store.get(&home).is_none_or(store::Object::is_going) {
            return true;
        }
        let job = self.helm_job(moment, key, chart, "delete");
        self.store.set_status(key, json!({"jobName": job_name(key, "delete")}));
        job.as_ref().and_then(ended) == Some("Complete") && self.uninstall(moment, &named(key, chart))
    }

    /// Whether a pod is one that runs Helm, on something that Helm will not do.
    pub(super) fn fails_to_install(&self, namespace: &str, pod: &Value) -> bool {
        let Some(chart) = pod["metadata"]["labels"][CHART].as_str() else { return false };
        let installs = pod["spec"]["containers"][0]["args"][0] == "install";
        let key = Key::new(CHARTS, namespace, chart);
        let Some(chart) = self.store.get(&key).filter(|_| installs) else { return false };
        let (release, config) = (named(&key, &chart.value), values(&chart.value));
        self.served(&chart.value)
            .is_none_or(|version| self.rendered(&release, &version, &config, &[]).is_err())
    }

    /// The version that a chart's repository has.
    fn served(&self, chart: &Value) -> Option<String> {
        let (spec, charts) = (&chart["spec"], &self.cluster.charts);
        if spec["repo"] != *charts.url || spec["chart"] != chart::NAME {
            return None;
        }
        let asked = spec["version"].as_str().unwrap_or_default();
        charts.versions.iter().rfind(|version| asked.is_empty() || *version == asked).cloned()
    }
}

/// K3s's does not keep its owner from going.
fn owner(chart: &Value) -> Value {
    let mut owner = store::owner(chart);
    for name in ["controller", "blockOwnerDeletion"] {
        owner[0][name] = json!(false);
    }
    owner
}

fn job_name(key: &Key, act: &str) -> String {
    format!("helm-{act}-{}", key.name)
}

fn named(key: &Key, chart: &Value) -> Named {
    let namespace = chart["spec"]["targetNamespace"].as_str().unwrap_or(&key.namespace);
    Named { name: key.name.clone(), namespace: namespace.to_owned() }
}

fn values(chart: &Value) -> Value {
    let content = chart["spec"]["valuesContent"].as_str().unwrap_or_default();
    // What is no YAML is no values, which no chart takes.
    let mut values: Value = yaml_serde::from_str(content).unwrap_or_default();
    for (name, value) in set(chart) {
        values[name] = json!(value);
    }
    values
}

fn set(chart: &Value) -> impl Iterator<Item = (&str, &str)> {
    let set = chart["spec"]["set"].as_object().into_iter().flatten();
    set.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// `Complete` or `Failed`, once the job is over.
fn ended(job: &Value) -> Option<&str> {
    let conditions = job["status"]["conditions"].as_array()?.iter();
    let over = |it: &&Value| it["type"] == "Complete" || it["type"] == "Failed";
    conditions.into_iter().find(over)?["type"].as_str()
}
