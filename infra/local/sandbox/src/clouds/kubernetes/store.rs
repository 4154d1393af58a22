//! The objects of a cluster, as its API server keeps them.

use std::collections::BTreeMap;
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
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    version: u64,
    made: u64,
    /// Since somebody last asked.
    changed: bool,
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

    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(crate) fn touch(&mut self) {
        self.changed = true;
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

    pub(crate) fn within<'a>(
        &'a self,
        resource: &'static str,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Object)> {
        let first = Key::new(resource, namespace, "");
        let all = self.objects.range(first..).map(|(key, object)| (key, object.as_ref()));
        all.take_while(move |(key, _)| key.resource == resource && key.namespace == namespace)
    }

    pub(crate) fn keys(&self, resource: &'static str) -> Vec<Key> {
        self.of(resource).map(|(key, _)| key.clone()).collect()
    }

    /// What names this object as its owner.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Key> {
        let owned = |object: &Object| owners(&object.value).any(|owner| owner == uid);
        self.all().filter(|(_, object)| owned(object)).map(|(key, _)| key.clone()).collect()
    }

    /// A new object, as the server completes it. Its place was free.
    pub(crate) fn create(&mut self, now: Timestamp, key: &Key, mut value: Value, managers: Vec<Manager>) {
        self.made += 1;
        self.version += 1;
        self.changed = true;
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
        self.objects.insert(key.clone(), Arc::new(Object { value, managers, since }));
    }

    /// Writes an object anew; nothing happens when nothing differs.
    pub(crate) fn write(&mut self, key: &Key, value: Value) {
        let Some(object) = self.objects.get_mut(key) else { return };
        if object.value == value {
            return;
        }
        self.version += 1;
        self.changed = true;
        let object = Arc::make_mut(object);
        let ordered = asked_for(&object.value) != asked_for(&value);
        object.value = value;
        let metadata = &mut object.value["metadata"];
        metadata["resourceVersion"] = json!(self.version.to_string());
        if let Some(generation) = metadata["generation"].as_i64().filter(|_| ordered) {
            metadata["generation"] = json!(generation + 1);
        }
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
        self.changed = true;
        Some(removed)
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
