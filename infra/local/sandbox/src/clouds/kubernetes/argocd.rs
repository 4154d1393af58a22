//! Argo CD 3: an Application is compared with what its repository holds, synced, and as healthy as what it made.
//! An ApplicationSet makes Applications, and makes them anew when somebody deletes one.
//! <https://argo-cd.readthedocs.io/en/stable/>
//!
//! There is one repository, with one folder in it that kustomize builds; what an Application's own `kustomize` says is
//! done to that. As of version 3, an Application does not tell the health of each of its resources.
//! Deliberately absent: hooks, waves, patches and components, Helm, several sources, and ignored differences.

use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::store::{self, Key, second};
use super::{Kubernetes, decode, fields, kinds};
use crate::clouds::pace::{ARGOCD_COMPARE, ARGOCD_SYNC, Moment};

const APPLICATIONS: &str = "applications.argoproj.io";
const TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// An Application that carries it takes what it made along.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
const MANAGER: &str = "argocd-controller";
/// The repository never changes.
const REVISION: &str = "8a7d3b6f1c2e4d5a9b0c1d2e3f4a5b6c7d8e9f00";
/// What of `kustomize` is done here.
const BUILT: [&str; 7] =
    ["images", "namespace", "namePrefix", "nameSuffix", "commonLabels", "commonAnnotations", "replicas"];

impl Kubernetes {
    pub(super) fn sync_applications(&mut self, moment: Moment) {
        for key in self.here(APPLICATIONS) {
            let Some(application) = self.store.get(&key).filter(|_| key.namespace == "argocd") else {
                continue;
            };
            let value = application.value.clone();
            if application.is_going() {
                self.leave_application(moment, &key, application.finalizers().contains(&FINALIZER));
                continue;
            }
            let status = self.sync_application(moment, &key, &value);
            self.store.set_status(&key, status);
        }
    }

    fn leave_application(&mut self, moment: Moment, key: &Key, cascades: bool) {
        if !cascades {
            return;
        }
        let made = self.made_by(&key.name);
        for key in &made {
            self.doom(moment.now, key, "Foreground");
        }
        if made.iter().all(|key| self.store.get(key).is_none()) {
            self.drop_finalizer(key, FINALIZER);
        }
    }

    /// What an application made, by the mark it leaves.
    fn made_by(&self, application: &str) -> Vec<Key> {
        let mark = format!("{application}:");
        let is_its = |value: &Value| {
            value["metadata"]["annotations"][TRACKING].as_str().is_some_and(|it| it.starts_with(&mark))
        };
        self.store.at(&self.place).filter(|(_, it)| is_its(&it.value)).map(|(key, _)| key.clone()).collect()
    }

    fn sync_application(&mut self, moment: Moment, key: &Key, value: &Value) -> Value {
        let spec = &value["spec"];
        let before = &value["status"];
        let compared = json!({"source": spec["source"], "destination": spec["destination"]});
        if !before.is_null() && before["sync"]["comparedTo"] != compared {
            self.store.forget(key, "compared");
            self.store.forget(key, "drifted");
        }
        let began = self.store.begin(key, "compared", moment.now);
        let unknown = |conditions: Value| {
            json!({
                "sync": {"status": "Unknown", "comparedTo": compared}, "health": {"status": "Unknown"},
                "conditions": conditions,
            })
        };
        if !self.is_done(moment, began, ARGOCD_COMPARE) {
            return if before.is_null() { Value::Null } else { sync_of(before, &compared) };
        }
        let wanted = match self.build(&key.name, spec) {
            Ok(wanted) => wanted,
            Err((kind, message)) => {
                let condition =
                    json!({"type": kind, "message": message, "lastTransitionTime": second(began)});
                return unknown(json!([condition]));
            }
        };
        let stray: Vec<Key> = self
            .made_by(&key.name)
            .into_iter()
            .filter(|key| !wanted.iter().any(|(it, _)| it == key))
            .collect();
        let compare = |state: &Self| -> Vec<bool> {
            wanted.iter().map(|(key, object)| state.is_as(key, object)).collect()
        };
        let mut same = compare(self);
        let prunes = spec["syncPolicy"]["automated"]["prune"] == true;
        let mut operation = before["operationState"].clone();
        let mut failure = None;
        let synced = operation["phase"] == "Succeeded" && operation["syncResult"]["source"] == spec["source"];
        let automated = spec["syncPolicy"]["automated"].is_object()
            && spec["syncPolicy"]["automated"]["enabled"] != false;
        let heals = spec["syncPolicy"]["automated"]["selfHeal"] == true;
        let drifted = same.contains(&false) || prunes && !stray.is_empty();
        if !drifted {
            self.store.forget(key, "drifted");
        } else if automated && (heals || !synced) {
            let began = self.store.begin(key, "drifted", moment.now);
            let mut phase = json!({
                "operation": {"sync": {"revision": REVISION}}, "phase": "Running", "startedAt": second(began),
                "syncResult": {"revision": REVISION, "source": spec["source"]},
            });
            if self.is_done(moment, began, ARGOCD_SYNC) {
                let done = self.sync(moment, spec, &wanted);
                let (word, message) = match &done {
                    Ok(()) => ("Succeeded", "successfully synced (all tasks run)".to_owned()),
                    Err(why) => ("Failed", format!("one or more objects failed to apply, reason: {why}")),
                };
                if prunes && done.is_ok() {
                    for key in &stray {
                        self.doom(moment.now, key, "Foreground");
                    }
                }
                // What could not be applied may be another time.
                if done.is_err() {
                    self.look_again();
                }
                phase["phase"] = json!(word);
                phase["message"] = json!(message);
                phase["finishedAt"] = second(moment.of(began, ARGOCD_SYNC));
                failure = done.err();
                same = compare(self);
            }
            operation = phase;
        }
        let is_synced = !same.contains(&false) && stray.is_empty();
        let (health, message) = self.health(&wanted);
        let resource = |((key, object), same): (&(Key, Value), &bool)| {
            let (group, version) =
                kinds::of(key.resource).map_or(("", ""), |kind| (kind.group.as_str(), kind.version.as_str()));
            let status = if *same { "Synced" } else { "OutOfSync" };
            let mut resource = json!({
                "version": version, "kind": object["kind"], "namespace": key.namespace, "name": key.name, "status": status,
            });
            if !group.is_empty() {
                resource["group"] = json!(group);
            }
            resource
        };
        let images: Vec<&str> = wanted
            .iter()
            .flat_map(|(_, object)| containers(object))
            .filter_map(|it| it["image"].as_str())
            .collect();
        let mut status = json!({
            "sync": {"status": if is_synced { "Synced" } else { "OutOfSync" }, "revision": REVISION, "comparedTo": compared},
            "health": {"status": health},
            "resources": wanted.iter().zip(&same).map(resource).collect::<Vec<_>>(),
            "sourceType": "Kustomize", "summary": {"images": images},
        });
        if !message.is_empty() && health != "Healthy" {
            status["health"]["message"] = json!(message);
        }
        if !operation.is_null() {
            status["operationState"] = operation;
        }
        if let Some(failure) = failure {
            let condition = json!({
                "type": "SyncError", "message": format!("Failed sync attempt to {REVISION}: {failure}"),
                "lastTransitionTime": second(moment.now),
            });
            status["conditions"] = json!([condition]);
        }
        status
    }

    /// Whether an object is there as it is wanted; what others wrote beside that does not count.
    fn is_as(&self, key: &Key, wanted: &Value) -> bool {
        let Some(there) = self.store.get(key).filter(|it| !it.is_going()) else { return false };
        let Some(kind) = kinds::of(key.resource) else { return false };
        let mine: Vec<_> = there.managers.iter().filter(|it| it.name == MANAGER).cloned().collect();
        let when = (jiff::Timestamp::UNIX_EPOCH, true);
        fields::apply(kind.schema.shape(), &there.value, &mine, (MANAGER, wanted), when)
            .is_ok_and(|(after, _)| after == there.value)
    }

    /// The objects that an application wants, or why that cannot be said.
    fn build(&self, name: &str, spec: &Value) -> Result<Vec<(Key, Value)>, (&'static str, String)> {
        let project = spec["project"].as_str().unwrap_or_default();
        if self.store.value("appprojects.argoproj.io", "argocd", project).is_none() {
            return Err((
                "InvalidSpecError",
                format!("Application referencing project {project} which does not exist"),
            ));
        }
        let destination = &spec["destination"];
        if destination["server"] != "https://kubernetes.default.svc" && destination["name"] != "in-cluster" {
            return Err(("InvalidSpecError", "there are no clusters with this name or address".to_owned()));
        }
        let wrong = |why: String| {
            (
                "ComparisonError",
                format!(
                    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: {why}"
                ),
            )
        };
        let source = &spec["source"];
        let (repository, path) =
            (source["repoURL"].as_str().unwrap_or_default(), source["path"].as_str().unwrap_or_default());
        if repository.trim_end_matches(".git") != self.cluster.repository {
            return Err(wrong(format!(
                "code = Unknown desc = failed to list refs: repository not found: {repository}"
            )));
        }
        if path.trim_matches('/') != self.cluster.folder {
            return Err(wrong(format!("code = Unknown desc = {path}: app path does not exist")));
        }
        // Saying anything about Helm says that it is a chart.
        if source.get("helm").is_some() {
            return Err(wrong(format!(
                "code = Unknown desc = error building helm chart: open {path}/Chart.yaml: no such file or directory"
            )));
        }
        let kustomize = &source["kustomize"];
        if let Some(other) = kustomize
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .find(|it| !BUILT.contains(&it.as_str()))
        {
            return Err(wrong(format!(
                "code = Unimplemented desc = the sandbox does not do kustomize.{other}"
            )));
        }
        let namespace =
            kustomize["namespace"].as_str().or(destination["namespace"].as_str()).unwrap_or("default");
        let built = self.cluster.manifests.iter().filter_map(|manifest| {
            let mut object = manifest.clone();
            customise(&mut object, kustomize);
            let kind = kinds::KINDS.values().find(|kind| object["kind"] == *kind.kind)?;
            let own = object["metadata"]["name"].as_str()?.to_owned();
            let place = if kind.namespaced { namespace } else { "" };
            if kind.namespaced {
                object["metadata"]["namespace"] = json!(namespace);
            }
            let id = format!("{name}:{}/{}:{place}/{own}", kind.group, kind.kind);
            object["metadata"]["annotations"][TRACKING] = json!(id);
            Some((Key::new(kind.resource, place, &own), object))
        });
        Ok(built.collect())
    }

    fn sync(&mut self, moment: Moment, spec: &Value, wanted: &[(Key, Value)]) -> Result<(), String> {
        let namespace = spec["destination"]["namespace"].as_str().unwrap_or_default();
        let options = spec["syncPolicy"]["syncOptions"].as_array();
        let place = Key::new("namespaces", "", namespace);
        if options.is_some_and(|it| it.contains(&json!("CreateNamespace=true")))
            && self.store.get(&place).is_none()
        {
            self.put_applied(
                moment,
                MANAGER,
                &place,
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
            )
            .map_err(|refused| refused.message)?;
        }
        for (key, object) in
            wanted.iter().filter(|(key, object)| !self.is_as(key, object)).collect::<Vec<_>>()
        {
            self.put_applied(moment, MANAGER, key, object).map_err(|refused| refused.message)?;
        }
        Ok(())
    }

    /// Applies as a controller does that takes its fields from whoever has them.
    pub(super) fn put_applied(
        &mut self,
        moment: Moment,
        manager: &str,
        key: &Key,
        object: &Value,
    ) -> Result<(), Refused> {
        let Some(kind) = kinds::of(key.resource) else { return Ok(()) };
        let before = self.store.get(key).cloned();
        let (live, managers) =
            before.as_ref().map_or((json!({}), Vec::new()), |it| (it.value.clone(), it.managers.clone()));
        let shape = kind.schema.shape();
        let (value, managers) = fields::apply(shape, &live, &managers, (manager, object), (moment.now, true))
            .map_err(|causes| Refused::owned_by_others(&causes))?;
        let mut value = self.complete(kind, key, value, before.as_ref().map(|it| &it.value))?;
        match before {
            None => self.create(moment.now, kind, key, value, managers).map(drop),
            Some(before) => {
                decode::keep(&before.value, &mut value);
                self.store.write(key, value);
                self.store.set_managers(key, managers);
                Ok(())
            }
        }
    }

    /// The worst of all, in Argo CD's order, and what is said of it.
    fn health(&self, wanted: &[(Key, Value)]) -> (&'static str, String) {
        let order = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"];
        let mut worst = ("Healthy", String::new());
        for (key, _) in wanted {
            let health = match self.store.get(key) {
                None => ("Missing", format!("{} {} is missing", key.resource, key.name)),
                Some(object) if key.resource == "deployments.apps" => {
                    deployment_health(&key.name, &object.value)
                }
                Some(_) => ("Healthy", String::new()),
            };
            let rank = |word: &str| order.iter().position(|it| *it == word);
            if rank(health.0) > rank(worst.0) {
                worst = health;
            }
        }
        worst
    }

    /// Each element of a list makes an application; one that is gone takes its application along.
    pub(super) fn generate_applications(&mut self, moment: Moment) {
        for key in self.here("applicationsets.argoproj.io") {
            let Some(set) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let (value, uid) = (set.value.clone(), set.uid().to_owned());
            let mut wanted = Vec::new();
            for generator in value["spec"]["generators"].as_array().into_iter().flatten() {
                for element in generator["list"]["elements"].as_array().into_iter().flatten() {
                    let application = filled(&value["spec"]["template"], element);
                    let name = application["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                    wanted.push((Key::new(APPLICATIONS, &key.namespace, &name), application));
                }
            }
            for owned in self.store.owned_by(&uid) {
                if !wanted.iter().any(|(key, _)| *key == owned) {
                    self.doom(moment.now, &owned, "Background");
                }
            }
            for (place, application) in wanted {
                match self.store.get(&place) {
                    Some(there) => {
                        let mut value = there.value.clone();
                        value["spec"] = application["spec"].clone();
                        self.store.write(&place, value);
                    }
                    None => {
                        let mut metadata = application["metadata"].clone();
                        metadata["ownerReferences"] = store::owner(&value);
                        let application = json!({"metadata": metadata, "spec": application["spec"]});
                        let fits = kinds::of(APPLICATIONS)
                            .is_some_and(|kind| self.lets_in(kind, &place, &application).is_ok());
                        if fits {
                            self.store.create(moment.now, &place, application, Vec::new());
                        }
                    }
                }
            }
        }
    }
}

/// What was said before, of a source that is about to be compared anew.
fn sync_of(before: &Value, compared: &Value) -> Value {
    let mut status = before.clone();
    status["sync"] = json!({"status": "OutOfSync", "revision": REVISION, "comparedTo": compared});
    status
}

/// A template with an element's values in the places of their names.
fn filled(template: &Value, element: &Value) -> Value {
    match template {
        Value::String(text) => {
            let mut text = text.clone();
            for (name, value) in element.as_object().into_iter().flatten() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text = text
                    .replace(&format!("{{{{{name}}}}}"), &value)
                    .replace(&format!("{{{{ {name} }}}}"), &value);
            }
            json!(text)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, element)).collect(),
        Value::Object(fields) => {
            let fields: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), filled(value, element))).collect();
            Value::Object(fields)
        }
        other => other.clone(),
    }
}

fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten()
}

/// What `kustomize edit` and then `kustomize build` make of an object.
fn customise(object: &mut Value, kustomize: &Value) {
    let text = |name: &str| kustomize[name].as_str().unwrap_or_default();
    let own = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if kustomize.get("namePrefix").is_some() || kustomize.get("nameSuffix").is_some() {
        object["metadata"]["name"] = json!(format!("{}{own}{}", text("namePrefix"), text("nameSuffix")));
    }
    for replicas in kustomize["replicas"].as_array().into_iter().flatten().filter(|it| it["name"] == own) {
        let count = &replicas["count"];
        let count = count
            .as_str()
            .and_then(|text| text.parse::<u64>().ok())
            .map_or_else(|| count.clone(), |it| json!(it));
        object["spec"]["replicas"] = count;
    }
    for (name, pointers) in [
        (
            "commonLabels",
            &["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"][..],
        ),
        ("commonAnnotations", &["/metadata/annotations", "/spec/template/metadata/annotations"]),
    ] {
        for (key, value) in kustomize[name].as_object().into_iter().flatten() {
            let makes_pods = object["spec"].get("template").is_some();
            for pointer in pointers.iter().filter(|pointer| makes_pods || pointer.starts_with("/metadata")) {
                if let Some(parent) =
                    pointer.rsplit_once('/').and_then(|(parent, _)| object.pointer_mut(parent))
                {
                    let last = pointer.rsplit('/').next().unwrap_or_default();
                    parent[last][key.as_str()] = value.clone();
                }
            }
            if name == "commonLabels" && object["kind"] == "Service" {
                object["spec"]["selector"][key.as_str()] = value.clone();
            }
        }
    }
    let images: Vec<(String, String)> = kustomize["images"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(replacement)
        .collect();
    let pod = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    for container in pod.into_iter().flatten() {
        let image = container["image"].as_str().unwrap_or_default().to_owned();
        if let Some((_, new)) = images.iter().find(|(old, _)| *old == untagged(&image)) {
            container["image"] = json!(new);
        }
    }
}

/// `name:tag`, `name=other:tag`, `name@sha256:...`: which image is replaced, and by what.
fn replacement(text: &str) -> Option<(String, String)> {
    match text.split_once('=') {
        Some((old, new)) => Some((old.to_owned(), new.to_owned())),
        None => Some((untagged(text).to_owned(), text.to_owned())),
    }
}

/// An image without its tag or digest.
fn untagged(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// As Argo CD judges a deployment.
fn deployment_health(name: &str, deployment: &Value) -> (&'static str, String) {
    let status = &deployment["status"];
    let count = |of: &Value, name: &str| of[name].as_u64().unwrap_or_default();
    let wanted = count(&deployment["spec"], "replicas");
    let conditions = status["conditions"].as_array().into_iter().flatten();
    if conditions.into_iter().any(|it| it["reason"] == "ProgressDeadlineExceeded") {
        return ("Degraded", format!("Deployment \"{name}\" exceeded its progress deadline"));
    }
    if status["observedGeneration"] != deployment["metadata"]["generation"] {
        return (
            "Progressing",
            "Waiting for rollout to finish: observed deployment generation less than desired generation"
                .to_owned(),
        );
    }
    let (updated, available) = (count(status, "updatedReplicas"), count(status, "availableReplicas"));
    if updated < wanted {
        return (
            "Progressing",
            format!(
                "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
            ),
        );
    }
    if count(status, "replicas") > updated {
        return (
            "Progressing",
            "Waiting for rollout to finish: old replicas are pending termination...".to_owned(),
        );
    }
    if available < updated {
        return (
            "Progressing",
            format!(
                "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
            ),
        );
    }
    ("Healthy", String::new())
}
