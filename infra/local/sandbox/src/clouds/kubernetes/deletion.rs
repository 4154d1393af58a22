//! How things go: with what they own, before it, or without it; not while a finalizer is on them; and a namespace
//! last of all that is in it, which takes seconds during which nothing new may be made there.
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/>

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::refused::Refused;
use super::store::{self, Key, Object, second};
use super::{Kubernetes, Outcome, Place, decode};
use crate::clouds::ask::{Ask, digits};
use crate::clouds::pace::{KUBERNETES_NAMESPACE, KUBERNETES_STOP, Moment};

/// What keeps an owner until what it owns is gone.
const FOREGROUND: &str = "foregroundDeletion";

impl Kubernetes {
    pub(super) fn delete(&mut self, moment: Moment, place: &Place<'_>, name: &str, ask: &Ask<'_>) -> Outcome {
        let (kind, key) = (place.kind, place.key(name));
        let object = self.store.get(&key).ok_or_else(|| Refused::missing(kind, name))?;
        let uid = object.uid().to_owned();
        let how = decode::deletion(kind, &key, ask, &object.value)?;
        // Of what is asked without saying how: jobs leave their pods behind, all else takes what it owns along.
        let usual = if kind.resource == "jobs.batch" { "Orphan" } else { "Background" };
        self.doom(moment.now, &key, how.propagation.as_deref().unwrap_or(usual));
        Ok((
            StatusCode::OK,
            match self.store.get(&key) {
                Some(going) => going.show(),
                None => {
                    let details = json!({"name": name, "group": kind.group, "kind": kind.plural, "uid": uid});
                    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
                }
            },
        ))
    }

    /// Begins the end of an object, which may be at once.
    pub(super) fn doom(&mut self, now: Timestamp, key: &Key, propagation: &str) {
        let Some(object) = self.store.get(key) else { return };
        let uid = object.uid().to_owned();
        match propagation {
            "Orphan" => {
                for owned in self.store.owned_by(&uid) {
                    self.store.edit(&owned, |metadata| {
                        drop(metadata.as_object_mut().map(|it| it.remove("ownerReferences")));
                    });
                }
            }
            "Foreground" if !object.finalizers().contains(&FOREGROUND) => {
                self.store.edit(key, |metadata| match metadata["finalizers"].as_array_mut() {
                    Some(finalizers) => finalizers.push(json!(FOREGROUND)),
                    None => metadata["finalizers"] = json!([FOREGROUND]),
                });
            }
            _ => {}
        }
        let Some(object) = self.store.get(key) else { return };
        let lingers = ["namespaces", "pods"].contains(&key.resource) || !object.finalizers().is_empty();
        if !lingers {
            self.store.remove(key);
        } else if !object.is_going() {
            self.store.begin(key, "going", now);
            self.store.edit(key, |metadata| metadata["deletionTimestamp"] = second(now));
        }
    }

    pub(super) fn collect_garbage(&mut self, moment: Moment) {
        self.drop_orphans(moment.now);
        let going = |object: &Object| object.is_going();
        let keys: Vec<Key> =
            self.store.at(&self.place).filter(|(_, it)| going(it)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            if key.resource == "namespaces" {
                self.leave_namespace(moment, &key);
            } else {
                self.finish(moment, &key);
            }
        }
    }

    /// What was owned, and has no owner any more, goes.
    fn drop_orphans(&mut self, now: Timestamp) {
        let is_orphan = |object: &Object| {
            let mut owners = store::owners(&object.value).peekable();
            owners.peek().is_some() && !owners.any(|owner| self.store.has_uid(owner)) && !object.is_going()
        };
        let orphans: Vec<Key> =
            self.store.at(&self.place).filter(|(_, it)| is_orphan(it)).map(|(key, _)| key.clone()).collect();
        for key in orphans {
            self.doom(now, &key, "Background");
        }
    }

    fn finish(&mut self, moment: Moment, key: &Key) {
        let Some(object) = self.store.get(key) else { return };
        let (uid, began) = (object.uid().to_owned(), object.since("going").unwrap_or(moment.now));
        let finalizers: Vec<String> = object.finalizers().into_iter().map(str::to_owned).collect();
        if finalizers.iter().any(|it| it == FOREGROUND) {
            let owned = self.store.owned_by(&uid);
            for owned in &owned {
                self.doom(moment.now, owned, "Background");
            }
            if self.store.owned_by(&uid).is_empty() {
                self.drop_finalizer(key, FOREGROUND);
            }
        }
        let free = self.store.get(key).is_some_and(|object| object.finalizers().is_empty());
        if free && (key.resource != "pods" || self.is_done(moment, began, KUBERNETES_STOP)) {
            self.store.remove(key);
        }
    }

    pub(super) fn drop_finalizer(&mut self, key: &Key, finalizer: &str) {
        self.store.edit(key, |metadata| {
            if let Some(finalizers) = metadata["finalizers"].as_array_mut() {
                finalizers.retain(|it| it != finalizer);
            }
        });
    }

    fn leave_namespace(&mut self, moment: Moment, key: &Key) {
        let inside = |it: &Key| it.namespace == key.name;
        let content: Vec<Key> =
            self.store.at(&key.name).map(|(key, _)| key).filter(|it| inside(it)).cloned().collect();
        for key in content {
            self.doom(moment.now, &key, "Background");
        }
        let left: Vec<String> = self
            .store
            .at(&key.name)
            .filter(|(it, _)| inside(it))
            .map(|(it, _)| format!("{} {}", it.resource, it.name))
            .collect();
        let message = if left.is_empty() {
            "All content successfully removed".to_owned()
        } else {
            format!("Some resources are remaining: {}", left.join(", "))
        };
        let remaining = self.condition(
            key,
            moment.now,
            ("NamespaceContentRemaining", !left.is_empty()),
            if left.is_empty() { "ContentRemoved" } else { "SomeResourcesRemain" },
            &message,
        );
        self.store.set_status(key, json!({"phase": "Terminating", "conditions": [remaining]}));
        if !left.is_empty() {
            return;
        }
        let emptied = self.store.begin(key, "emptied", moment.now);
        let more = u32::from_str_radix(&digits(&["leaves", &key.name], 4), 16).unwrap_or_default() % 100;
        if self.is_done(moment, emptied, KUBERNETES_NAMESPACE + KUBERNETES_NAMESPACE * more / 100) {
            self.store.remove(key);
        }
    }
}
