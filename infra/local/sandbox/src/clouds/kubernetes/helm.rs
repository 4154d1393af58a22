//! Helm 4, as controllers run it: the objects of a release say whose they are, and for each of its revisions there is a secret with
//! what it was made of. <https://helm.sh/docs/topics/advanced/#storage-backends>
//!
//! Deliberately absent: hooks, tests, dependencies, other storage, and the compression of what is stored, without which Helm
//! reads it as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::store::{Key, Object, second};
use super::{Kubernetes, chart, kinds};
use crate::clouds::pace::Moment;

const DEPLOYMENTS: &str = "deployments.apps";
const RELEASE: &str = "meta.helm.sh/release-name";
const NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// So many revisions are kept.
const HISTORY: u64 = 5;

/// A release by its name, and where its objects and secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) namespace: String,
}

/// One of a release's, as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) number: u64,
    /// `pending-install`, `deployed`, `superseded`, `failed`, ...
    pub(super) status: String,
    /// Of the chart.
    pub(super) version: String,
    pub(super) config: Value,
}

/// How far an object has come, by the rules that Helm and Flux share.
/// <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    Current,
    InProgress(String),
    Failed(&'static str),
}

impl Kubernetes {
    /// What a chart makes of a release's values, with Helm's marks and those of whoever runs it, in the order of their making.
    pub(super) fn rendered(
        &self,
        release: &Named,
        version: &str,
        config: &Value,
        labels: &[(&str, &str)],
    ) -> Result<Vec<(Key, Value)>, String> {
        let named = chart::Release { name: &release.name, namespace: &release.namespace, version };
        let mut objects = Vec::new();
        for mut object in chart::render(named, config)? {
            let metadata = &mut object["metadata"];
            metadata["annotations"][RELEASE] = json!(release.name);
            metadata["annotations"][NAMESPACE] = json!(release.namespace);
            for (name, value) in labels {
                metadata["labels"][*name] = json!(value);
            }
            let name = metadata["name"].as_str().unwrap_or_default().to_owned();
            let kind = kinds::KINDS.values().find(|kind| object["kind"] == *kind.kind);
            let kind = kind.ok_or_else(|| format!("no matches for kind {}", object["kind"]))?;
            objects.push((Key::new(kind.resource, &release.namespace, &name), object));
        }
        let order = ["poddisruptionbudgets.policy", "configmaps", "services", DEPLOYMENTS];
        objects.sort_by_key(|(key, _)| order.iter().position(|resource| *resource == key.resource));
        Ok(objects)
    }

    /// Makes a release what was rendered; what it made before and does not now goes.
    pub(super) fn release(
        &mut self,
        moment: Moment,
        manager: &str,
        release: &Named,
        objects: &[(Key, Value)],
    ) -> Result<(), String> {
        for (key, object) in objects {
            if let Some(there) = self.store.get(key).filter(|there| !is_of(release, there)) {
                return Err(foreign(release, key, &there.value));
            }
            self.put_applied(moment, manager, key, object).map_err(|refused| refused.message)?;
        }
        for key in self.made_of(release) {
            if !objects.iter().any(|(it, _)| *it == key) {
                self.doom(moment.now, &key, "Background");
            }
        }
        Ok(())
    }

    /// Takes away what a release made and what is kept of it; whether none of its objects is there any more.
    pub(super) fn uninstall(&mut self, moment: Moment, release: &Named) -> bool {
        for key in self.made_of(release) {
            self.doom(moment.now, &key, "Background");
        }
        let gone = self.made_of(release).is_empty();
        if gone {
            for key in self.revisions(release) {
                self.doom(moment.now, &key, "Background");
            }
        }
        gone
    }

    fn made_of(&self, release: &Named) -> Vec<Key> {
        let all = self.store.at(&release.namespace).filter(|(_, object)| is_of(release, object));
        all.map(|(key, _)| key.clone()).collect()
    }

    /// What of a release is not as it is to be, and what is said of it.
    pub(super) fn unready(&self, release: &Named) -> Vec<(Key, Readiness)> {
        let deployments = self.store.within(DEPLOYMENTS, &release.namespace);
        let of_it = deployments.filter(|(_, object)| is_of(release, object));
        let judged = of_it.map(|(key, object)| (key.clone(), readiness(&object.value)));
        judged.filter(|(_, readiness)| *readiness != Readiness::Current).collect()
    }

    /// Keeps a revision, as it is now. What is deployed supersedes what was.
    pub(super) fn keep_revision(
        &mut self,
        moment: Moment,
        release: &Named,
        revision: &Revision,
    ) -> Result<(), String> {
        if revision.status == "deployed" {
            let kept = self.revisions(release).into_iter().filter_map(|key| self.read_revision(&key));
            let before: Vec<Revision> =
                kept.filter(|it| it.status == "deployed" && it.number != revision.number).collect();
            for revision in before {
                let superseded = Revision { status: "superseded".to_owned(), ..revision };
                self.keep_revision(moment, release, &superseded)?;
            }
        }
        let key = Key::new("secrets", &release.namespace, &secret(release, revision.number));
        let record = json!({
            "name": release.name, "namespace": release.namespace, "version": revision.number,
            "info": {"status": revision.status, "last_deployed": second(moment.now)},
            "chart": {"metadata": {"name": chart::NAME, "version": revision.version}}, "config": revision.config,
        });
        let labels = json!({
            "name": release.name, "owner": "helm", "status": revision.status, "version": revision.number.to_string(),
        });
        // Once by Helm, and once more as all of a secret is.
        let data = json!({"release": STANDARD.encode(STANDARD.encode(record.to_string()))});
        if let Some(there) = self.store.get(&key) {
            let mut value = there.value.clone();
            value["metadata"]["labels"] = labels;
            value["data"] = data;
            self.store.write(&key, value);
            return Ok(());
        }
        let Some(kind) = kinds::of("secrets") else { return Ok(()) };
        let value = json!({"metadata": {"labels": labels}, "type": "helm.sh/release.v1", "data": data});
        let made = self.create(moment.now, kind, &key, value, Vec::new());
        made.map_err(|refused| format!("create: failed to create: {}", refused.message))?;
        let oldest = Key::new(
            "secrets",
            &release.namespace,
            &secret(release, revision.number.saturating_sub(HISTORY)),
        );
        self.doom(moment.now, &oldest, "Background");
        Ok(())
    }

    /// The secrets of a release.
    fn revisions(&self, release: &Named) -> Vec<Key> {
        let prefix = secret(release, 0);
        let prefix = prefix.trim_end_matches('0');
        let all = self.store.within("secrets", &release.namespace);
        all.map(|(key, _)| key).filter(|key| key.name.starts_with(prefix)).cloned().collect()
    }

    pub(super) fn last_revision(&self, release: &Named) -> Option<Revision> {
        self.revisions(release).iter().filter_map(|key| self.read_revision(key)).max_by_key(|it| it.number)
    }

    pub(super) fn revision(&self, release: &Named, number: u64) -> Option<Revision> {
        self.read_revision(&Key::new("secrets", &release.namespace, &secret(release, number)))
    }

    fn read_revision(&self, key: &Key) -> Option<Revision> {
        let value = &self.store.get(key)?.value;
        let record = STANDARD.decode(value["data"]["release"].as_str()?).ok()?;
        let record: Value = serde_json::from_slice(&STANDARD.decode(record).ok()?).ok()?;
        Some(Revision {
            number: record["version"].as_u64()?,
            status: value["metadata"]["labels"]["status"].as_str()?.to_owned(),
            version: record["chart"]["metadata"]["version"].as_str()?.to_owned(),
            config: record["config"].clone(),
        })
    }
}

fn secret(release: &Named, number: u64) -> String {
    format!("sh.helm.release.v1.{}.v{number}", release.name)
}

fn is_of(release: &Named, object: &Object) -> bool {
    let annotations = &object.value["metadata"]["annotations"];
    annotations[RELEASE] == *release.name && annotations[NAMESPACE] == *release.namespace
}

/// What is there already and is not the release's is not taken from whoever made it.
fn foreign(release: &Named, key: &Key, there: &Value) -> String {
    let annotations = &there["metadata"]["annotations"];
    let wrong = [(RELEASE, &release.name), (NAMESPACE, &release.namespace)].map(|(name, wanted)| {
        match annotations[name].as_str() {
            None => format!("annotation validation error: missing key \"{name}\": must be set to \"{wanted}\""),
            Some(is) => format!(
                "annotation validation error: key \"{name}\" must equal \"{wanted}\": current value is \"{is}\""
            ),
        }
    });
    let kind = there["kind"].as_str().unwrap_or_default();
    format!(
        "unable to continue with install: {kind} \"{}\" in namespace \"{}\" exists and cannot be imported into the current \
         release: invalid ownership metadata; {}",
        key.name,
        key.namespace,
        wrong.join("; ")
    )
}

fn readiness(deployment: &Value) -> Readiness {
    let (status, generation) = (&deployment["status"], &deployment["metadata"]["generation"]);
    let observed = &status["observedGeneration"];
    if observed != generation {
        let observed = observed.as_u64().unwrap_or_default();
        return Readiness::InProgress(format!(
            "Deployment generation is {generation}, but latest observed generation is {observed}"
        ));
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    if conditions.into_iter().any(|it| it["reason"] == "ProgressDeadlineExceeded") {
        return Readiness::Failed("Progress deadline exceeded");
    }
    let count = |name: &str| status[name].as_u64().unwrap_or_default();
    let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    let (all, updated, available) = (count("replicas"), count("updatedReplicas"), count("availableReplicas"));
    if all < wanted {
        Readiness::InProgress(format!("Replicas: {all}/{wanted}"))
    } else if updated < wanted {
        Readiness::InProgress(format!("Updated: {updated}/{wanted}"))
    } else if all > wanted {
        Readiness::InProgress(format!("Pending termination: {}", all - wanted))
    } else if available < wanted {
        Readiness::InProgress(format!("Available: {available}/{wanted}"))
    } else {
        Readiness::Current
    }
}
