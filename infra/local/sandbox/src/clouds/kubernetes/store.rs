//! The objects of a cluster, as its API server keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::Manager;
use super::kinds::{self, Kind};
use crate::clouds::ask::uuid;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `deployments.apps`
    pub(crate) resource: &'static str,
    /// Empty where there is none.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// An object, who manages which field of it, and when what began that goes on with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) value: Value,
    pub(crate) managers: Vec<Manager>,
    since: BTreeMap<&'static str, Timestamp>,
}

impl Object {
    pub(crate) fn uid(&self) -> &str {
        self.value["metadata"]["uid"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_going(&self) -> bool {
        self.value["metadata"].get("deletionTimestamp").is_some()
    }

    pub(crate) fn finalizers(&self) -> Vec<&str> {
        self.value["metadata"]["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    pub(crate) fn since(&self, what: &str) -> Option<Timestamp> {
        self.since.get(what).copied()
    }

    /// As it is answered: with who manages what.
    pub(crate) fn show(&self) -> Value {
        let mut shown = self.value.clone();
        if !self.managers.is_empty() {
            let version = shown["apiVersion"].as_str().unwrap_or_default().to_owned();
            shown["metadata"]["managedFields"] = self.managers.iter().map(|it| it.show(&version)).collect();
        }
        shown
    }
}

/// All objects. A clone shares what neither changes.
///
/// They are found by what controllers ask, so that a cluster of a thousand tenants is as quick as one of ten.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    /// By the place where controllers see to them: see [`place`].
    places: BTreeMap<String, BTreeSet<Key>>,
    /// By the uid of what owns them.
    owned: BTreeMap<String, BTreeSet<Key>>,
    uids: BTreeMap<String, Key>,
    /// Ingresses, by the host that they name.
    hosts: BTreeMap<String, BTreeSet<Key>>,
    version: u64,
    made: u64,
    /// Places, since somebody last asked.
    changed: BTreeSet<String>,
}

/// Where an object is seen to, together with all that it has to do with: in its namespace, a namespace in itself, and what
/// deploys to one from elsewhere, there.
pub(crate) fn place(key: &Key, value: &Value) -> String {
    let destination = match key.resource {
        "namespaces" => Some(key.name.as_str()),
        "applications.argoproj.io" => value["spec"]["destination"]["namespace"].as_str(),
        "helmreleases.helm.toolkit.fluxcd.io" | "helmcharts.helm.cattle.io" => {
            value["spec"]["targetNamespace"].as_str()
        }
        _ => None,
    };
    destination.unwrap_or(&key.namespace).to_owned()
}

fn hosts<'a>(key: &Key, value: &'a Value) -> impl Iterator<Item = &'a str> {
    let rules = value["spec"]["rules"].as_array().filter(|_| key.resource == "ingresses.networking.k8s.io");
    rules.into_iter().flatten().filter_map(|rule| rule["host"].as_str())
}

/// A moment as metadata have it: in whole seconds.
pub(crate) fn second(at: Timestamp) -> Value {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    json!(whole.to_string())
}

impl Store {
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many objects there ever were.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// Where anything was changed since.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.changed)
    }

    /// What was changed there is seen to.
    pub(crate) fn seen(&mut self, place: &str) {
        self.changed.remove(place);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key).map(AsRef::as_ref)
    }

    pub(crate) fn value(&self, resource: &'static str, namespace: &str, name: &str) -> Option<&Value> {
        self.get(&Key::new(resource, namespace, name)).map(|object| &object.value)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Object)> {
        self.objects.iter().map(|(key, object)| (key, object.as_ref()))
    }

    pub(crate) fn of(&self, resource: &'static str) -> impl Iterator<Item = (&Key, &Object)> {
        let first = Key::new(resource, "", "");
        let all = self.objects.range(first..).map(|(key, object)| (key, object.as_ref()));
        all.take_while(move |(key, _)| key.resource == resource)
    }

    /// Those of a kind in a namespace; in all, if none is named.
    pub(crate) fn within<'a>(
        &'a self,
        resource: &'static str,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Object)> {
        let first = Key::new(resource, namespace, "");
        let all = self.objects.range(first..).map(|(key, object)| (key, object.as_ref()));
        all.take_while(move |(key, _)| {
            key.resource == resource && (namespace.is_empty() || key.namespace == namespace)
        })
    }

    /// What of a kind is seen to in a place.
    pub(crate) fn keys(&self, resource: &'static str, place: &str) -> Vec<Key> {
        let there =
            self.places.get(place).into_iter().flat_map(|all| all.range(Key::new(resource, "", "")..));
        there.take_while(|key| key.resource == resource).cloned().collect()
    }

    /// All that is seen to in a place.
    pub(crate) fn at(&self, place: &str) -> impl Iterator<Item = (&Key, &Object)> {
        let keys = self.places.get(place).into_iter().flatten();
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    /// The ingresses that name a host.
    pub(crate) fn ingresses(&self, host: &str) -> impl Iterator<Item = (&Key, &Object)> {
        let keys = self.hosts.get(host).into_iter().flatten();
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    /// What names this object as its owner.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Key> {
        self.owned.get(uid).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains_key(uid)
    }

    fn link(&mut self, key: &Key, value: &Value) {
        self.places.entry(place(key, value)).or_default().insert(key.clone());
        for owner in owners(value) {
            self.owned.entry(owner.to_owned()).or_default().insert(key.clone());
        }
        for host in hosts(key, value) {
            self.hosts.entry(host.to_owned()).or_default().insert(key.clone());
        }
        self.uids.extend(value["metadata"]["uid"].as_str().map(|uid| (uid.to_owned(), key.clone())));
        self.touch(key, value);
    }

    fn unlink(&mut self, key: &Key, value: &Value) {
        drop_from(&mut self.places, &place(key, value), key);
        for owner in owners(value) {
            drop_from(&mut self.owned, owner, key);
        }
        for host in hosts(key, value) {
            drop_from(&mut self.hosts, host, key);
        }
        if let Some(uid) = value["metadata"]["uid"].as_str() {
            self.uids.remove(uid);
        }
        self.touch(key, value);
    }

    /// Where an object is seen to something has changed, and where what owns it is and what it owns.
    fn touch(&mut self, key: &Key, value: &Value) {
        self.changed.insert(place(key, value));
        let uid = value["metadata"]["uid"].as_str().unwrap_or_default();
        let owned = self.owned.get(uid).into_iter().flatten();
        for other in owners(value).filter_map(|owner| self.uids.get(owner)).chain(owned) {
            let object = self.objects.get(other);
            self.changed.extend(object.map(|object| place(other, &object.value)));
        }
    }

    /// A new object, as the server completes it. Its place was free.
    pub(crate) fn create(&mut self, now: Timestamp, key: &Key, mut value: Value, managers: Vec<Manager>) {
        self.made += 1;
        self.version += 1;
        let kind = kinds::of(key.resource);
        if let Some(kind) = kind {
            value["apiVersion"] = json!(kind.api_version());
            value["kind"] = json!(kind.kind);
        }
        let metadata = &mut value["metadata"];
        metadata["name"] = json!(key.name);
        if kind.is_some_and(|kind| kind.namespaced) {
            metadata["namespace"] = json!(key.namespace);
        }
        metadata["uid"] =
            json!(uuid(&["kubernetes", key.resource, &key.namespace, &key.name, &self.made.to_string()]));
        metadata["resourceVersion"] = json!(self.version.to_string());
        if kind.is_some_and(has_generation) {
            metadata["generation"] = json!(1);
        }
        metadata["creationTimestamp"] = second(now);
        let since = BTreeMap::from([("made", now)]);
        self.link(key, &value);
        self.objects.insert(key.clone(), Arc::new(Object { value, managers, since }));
    }

    /// Writes an object anew; nothing happens when nothing differs.
    pub(crate) fn write(&mut self, key: &Key, value: Value) {
        let Some(before) = self.objects.get(key).cloned() else { return };
        if before.value == value {
            return;
        }
        self.version += 1;
        let version = self.version;
        self.unlink(key, &before.value);
        drop(before);
        let Some(object) = self.objects.get_mut(key) else { return };
        let object = Arc::make_mut(object);
        let ordered = asked_for(&object.value) != asked_for(&value);
        object.value = value;
        let metadata = &mut object.value["metadata"];
        metadata["resourceVersion"] = json!(version.to_string());
        if let Some(generation) = metadata["generation"].as_i64().filter(|_| ordered) {
            metadata["generation"] = json!(generation + 1);
        }
        let Some(written) = self.objects.get(key).cloned() else { return };
        self.link(key, &written.value);
    }

    pub(crate) fn set_managers(&mut self, key: &Key, managers: Vec<Manager>) {
        if let Some(object) = self.objects.get_mut(key).filter(|object| object.managers != managers) {
            Arc::make_mut(object).managers = managers;
        }
    }

    pub(crate) fn set_status(&mut self, key: &Key, status: Value) {
        let Some(object) = self.get(key) else { return };
        if object.value["status"] != status {
            let mut value = object.value.clone();
            value["status"] = status;
            self.write(key, value);
        }
    }

    /// Changes metadata of an object.
    pub(crate) fn edit(&mut self, key: &Key, edit: impl FnOnce(&mut Value)) {
        let Some(object) = self.get(key) else { return };
        let mut value = object.value.clone();
        edit(&mut value["metadata"]);
        self.write(key, value);
    }

    /// Notes when something began, unless that is known.
    pub(crate) fn begin(&mut self, key: &Key, what: &'static str, at: Timestamp) -> Timestamp {
        let Some(object) = self.objects.get_mut(key) else { return at };
        if let Some(since) = object.since.get(what) {
            return *since;
        }
        Arc::make_mut(object).since.insert(what, at);
        at
    }

    pub(crate) fn forget(&mut self, key: &Key, what: &str) {
        if let Some(object) = self.objects.get_mut(key).filter(|object| object.since.contains_key(what)) {
            Arc::make_mut(object).since.remove(what);
        }
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let removed = self.objects.remove(key)?;
        self.version += 1;
        self.unlink(key, &removed.value);
        Some(removed)
    }
}

fn drop_from(index: &mut BTreeMap<String, BTreeSet<Key>>, under: &str, key: &Key) {
    if let Some(keys) = index.get_mut(under) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(under);
        }
    }
}

/// What counts generations: all that is ordered, which is neither metadata nor status.
fn asked_for(value: &Value) -> Vec<(&String, &Value)> {
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(name, _)| !["metadata", "status"].contains(&name.as_str())).collect()
}

fn has_generation(kind: &Kind) -> bool {
    kind.schema.shape().has_field("spec")
        && !["namespaces", "services", "persistentvolumeclaims", "resourcequotas", "limitranges"]
            .contains(&kind.resource)
}

pub(crate) fn owners(value: &Value) -> impl Iterator<Item = &str> {
    value["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|owner| owner["uid"].as_str())
}

/// A reference to an owner, as controllers write it.
pub(crate) fn owner(of: &Value) -> Value {
    json!([{
        "apiVersion": of["apiVersion"], "kind": of["kind"], "name": of["metadata"]["name"],
        "uid": of["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    }])
}
