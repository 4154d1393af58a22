//! Who manages which field. Server-side apply, by the leaf: a manager owns the fields that it applied; one that
//! another wants otherwise is a conflict; one that it applies no more, and nobody else owns, goes.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>
//!
//! Simplified: a field is owned or not, whatever the version of the API it was written in.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::refused::Cause;
use super::schema::{Shape, Topology};

/// One step of the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hop {
    Field(String),
    /// An item of a list, by its keys as JSON.
    Item(String),
    /// An item of a set, as JSON.
    Value(String),
}

pub(crate) type Path = Vec<Hop>;
pub(crate) type Fields = BTreeSet<Path>;

/// One who writes fields, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    pub(crate) name: String,
    /// By apply; otherwise by any other change.
    pub(crate) applies: bool,
    pub(crate) at: Timestamp,
    pub(crate) fields: Fields,
}

impl Manager {
    pub(crate) fn show(&self, api_version: &str) -> Value {
        let operation = if self.applies { "Apply" } else { "Update" };
        json!({
            "manager": self.name, "operation": operation, "apiVersion": api_version, "time": self.at,
            "fieldsType": "FieldsV1", "fieldsV1": fields_v1(&self.fields),
        })
    }
}

fn fields_v1(fields: &Fields) -> Value {
    let mut root = json!({});
    for path in fields {
        let mut at = &mut root;
        for hop in path {
            at = &mut at[match hop {
                Hop::Field(name) => format!("f:{name}"),
                Hop::Item(keys) => format!("k:{keys}"),
                Hop::Value(value) => format!("v:{value}"),
            }];
        }
        if matches!(path.last(), Some(Hop::Item(_))) {
            at["."] = json!({});
        } else if at.is_null() {
            *at = json!({});
        }
    }
    root
}

/// As messages name a field: `.spec.template.spec.containers[name="web"].image`.
fn told(path: &Path) -> String {
    let hop = |hop: &Hop| match hop {
        Hop::Field(name) => format!(".{name}"),
        Hop::Value(value) => format!("[={value}]"),
        Hop::Item(keys) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
    };
    path.iter().map(hop).collect()
}

/// Fields that nobody manages: what an object is called, and what the server writes.
fn is_nobodys(path: &[Hop]) -> bool {
    let name = |hop: Option<&Hop>| match hop {
        Some(Hop::Field(name)) => name.clone(),
        _ => String::new(),
    };
    match name(path.first()).as_str() {
        "apiVersion" | "kind" | "status" => true,
        "metadata" => {
            let field = name(path.get(1));
            !["labels", "annotations", "finalizers", "ownerReferences"].contains(&field.as_str())
        }
        _ => false,
    }
}

/// The keys of an item. A port without a protocol is TCP's.
fn keys_of(item: &Value, keys: &[String]) -> String {
    let value = |key: &String| match item.get(key) {
        Some(value) => value.clone(),
        None if key == "protocol" => json!("TCP"),
        None => Value::Null,
    };
    Value::Object(keys.iter().map(|key| (key.clone(), value(key))).collect()).to_string()
}

/// Whether a field is what its item is told apart by.
fn is_key(path: &Path) -> bool {
    let [.., Hop::Item(keys), Hop::Field(name)] = path.as_slice() else { return false };
    serde_json::from_str::<Map<String, Value>>(keys).is_ok_and(|keys| keys.contains_key(name))
}

/// Every leaf of an object that somebody can own.
pub(crate) fn leaves(shape: Shape<'_>, value: &Value) -> Fields {
    let mut found = Fields::new();
    collect(shape, value, &mut Path::new(), &mut found);
    found.retain(|path| !is_nobodys(path));
    found
}

fn collect(shape: Shape<'_>, value: &Value, at: &mut Path, found: &mut Fields) {
    match value {
        Value::Object(fields) if !fields.is_empty() && !shape.is_atomic() => {
            for (name, value) in fields {
                at.push(Hop::Field(name.clone()));
                collect(shape.field(name), value, at, found);
                at.pop();
            }
        }
        Value::Array(items) => match shape.topology() {
            Topology::Atomic => drop(found.insert(at.clone())),
            Topology::Set => {
                for item in items {
                    at.push(Hop::Value(item.to_string()));
                    found.insert(at.clone());
                    at.pop();
                }
            }
            Topology::Map(keys) => {
                for item in items {
                    at.push(Hop::Item(keys_of(item, &keys)));
                    found.insert(at.clone());
                    collect(shape.items(), item, at, found);
                    at.pop();
                }
            }
        },
        _ => drop(found.insert(at.clone())),
    }
}

/// What stands at a path.
fn get<'a>(value: &'a Value, path: &[Hop]) -> Option<&'a Value> {
    let Some((hop, rest)) = path.split_first() else { return Some(value) };
    match hop {
        Hop::Field(name) => get(value.get(name)?, rest),
        Hop::Item(keys) => get(&value.as_array()?[position(value, keys)?], rest),
        Hop::Value(wanted) => value.as_array()?.iter().find(|item| item.to_string() == *wanted),
    }
}

fn position(list: &Value, keys: &str) -> Option<usize> {
    let wanted: Map<String, Value> = serde_json::from_str(keys).ok()?;
    let names: Vec<String> = wanted.keys().cloned().collect();
    list.as_array()?.iter().position(|item| keys_of(item, &names) == keys)
}

fn remove(value: &mut Value, path: &[Hop]) {
    match path {
        [] => {}
        [Hop::Field(name)] => drop(value.as_object_mut().map(|fields| fields.remove(name))),
        [Hop::Item(keys)] => {
            if let (Some(index), Some(items)) = (position(value, keys), value.as_array_mut()) {
                items.remove(index);
            }
        }
        [Hop::Value(wanted), ..] => {
            if let Some(items) = value.as_array_mut() {
                items.retain(|item| item.to_string().as_str() != wanted);
            }
        }
        [Hop::Field(name), rest @ ..] => {
            let Some(inner) = value.get_mut(name) else { return };
            remove(inner, rest);
            // A map or a list of which nothing is left goes, too.
            let empty =
                inner.as_object().is_some_and(Map::is_empty) || inner.as_array().is_some_and(Vec::is_empty);
            if empty && let Some(fields) = value.as_object_mut() {
                fields.remove(name);
            }
        }
        [Hop::Item(keys), rest @ ..] => {
            if let Some(index) = position(value, keys) {
                remove(&mut value[index], rest);
            }
        }
    }
}

/// Writes what is applied into what is there, item by item where a list has keys.
fn merge(shape: Shape<'_>, live: &mut Value, applied: &Value) {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !shape.is_atomic() => {
            for (name, value) in applied {
                merge(shape.field(name), live.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (live @ Value::Array(_), Value::Array(applied)) => match shape.topology() {
            Topology::Atomic => *live = json!(applied),
            Topology::Set => {
                for item in applied {
                    if let Some(items) = live.as_array_mut().filter(|items| !items.contains(item)) {
                        items.push(item.clone());
                    }
                }
            }
            Topology::Map(keys) => {
                for item in applied {
                    match position(live, &keys_of(item, &keys)) {
                        Some(index) => merge(shape.items(), &mut live[index], item),
                        None => drop(live.as_array_mut().map(|items| items.push(item.clone()))),
                    }
                }
            }
        },
        (live, applied) => *live = applied.clone(),
    }
}

/// What becomes of an object when a manager applies, and of its managers; or whose fields it wants otherwise.
pub(crate) fn apply(
    shape: Shape<'_>,
    live: &Value,
    managers: &[Manager],
    (name, applied): (&str, &Value),
    (now, force): (Timestamp, bool),
) -> Result<(Value, Vec<Manager>), Vec<Cause>> {
    let wanted = leaves(shape, applied);
    let mut managers = managers.to_vec();
    let is_mine = |manager: &Manager| manager.applies && manager.name == name;
    let mut conflicts = Vec::new();
    for manager in managers.iter_mut().filter(|manager| !is_mine(manager)) {
        let differs = |path: &&Path| {
            // That an item is there is nobody's alone.
            !matches!(path.last(), Some(Hop::Item(_))) && get(live, path) != get(applied, path)
        };
        let lost: Vec<Path> = wanted.intersection(&manager.fields).filter(differs).cloned().collect();
        for path in lost {
            if force {
                manager.fields.remove(&path);
            } else {
                conflicts.push((manager.name.clone(), path));
            }
        }
    }
    if !conflicts.is_empty() {
        let version = applied["apiVersion"].as_str().unwrap_or_default();
        let cause = |(manager, path): &(String, Path)| Cause {
            reason: "FieldManagerConflict",
            field: told(path),
            message: format!("conflict with \"{manager}\" using {version}"),
        };
        return Err(conflicts.iter().map(cause).collect());
    }
    let mut object = live.clone();
    merge(shape, &mut object, applied);
    let before = managers.iter().position(is_mine).map(|index| managers.remove(index));
    if let Some(before) = &before {
        // An item goes before what is in it, and with it; while it stays, so do its keys.
        for path in before.fields.difference(&wanted).filter(|path| !is_key(path)) {
            let kept = |fields: &Fields| {
                fields.range(path.clone()..).next().is_some_and(|next| next.starts_with(path))
            };
            if !kept(&wanted) && !managers.iter().any(|other| kept(&other.fields)) {
                remove(&mut object, path);
            }
        }
    }
    let at = before.filter(|before| before.fields == wanted).map_or(now, |before| before.at);
    managers.push(Manager { name: name.to_owned(), applies: true, at, fields: wanted });
    managers.retain(|manager| !manager.fields.is_empty());
    Ok((object, managers))
}

/// The managers after a change that was no apply: who changed a field owns it now.
pub(crate) fn update(
    shape: Shape<'_>,
    (before, after): (&Value, &Value),
    managers: &[Manager],
    name: &str,
    now: Timestamp,
) -> Vec<Manager> {
    let there = leaves(shape, after);
    let changed: Fields =
        there.iter().filter(|path| get(before, path) != get(after, path)).cloned().collect();
    let mut managers = managers.to_vec();
    for manager in &mut managers {
        manager.fields.retain(|path| there.contains(path) && !changed.contains(path));
    }
    if !changed.is_empty() {
        let mine = managers.iter_mut().find(|manager| !manager.applies && manager.name == name);
        if let Some(mine) = mine {
            mine.fields.extend(changed);
            mine.at = now;
        } else {
            managers.push(Manager { name: name.to_owned(), applies: false, at: now, fields: changed });
        }
    }
    managers.retain(|manager| !manager.fields.is_empty());
    managers
}

/// RFC 7386: what is null goes.
pub(crate) fn merge_patch(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, new) in patch {
        if new.is_null() {
            drop(value.as_object_mut().map(|fields| fields.remove(name)));
        } else {
            merge_patch(&mut value[name], new);
        }
    }
}
