//! What a namespace may hold: LimitRange, which completes and bounds each pod and claim, and ResourceQuota, which
//! counts them all. <https://kubernetes.io/docs/concepts/policy/resource-quotas/>
//!
//! Deliberately absent: scopes and priority classes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::quantity::Quantity;
use super::refused::{Cause, Refused};
use super::store::{Key, Store};

type Amounts = BTreeMap<String, Quantity>;

/// Keys of a quota without a slash that mean something; `requests.` and `limits.` are known beside them.
const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "storage",
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
];

/// A key of a quota must be a standard one, or have a domain before a slash.
pub(crate) fn check_quota(value: &Value) -> Vec<Cause> {
    let mut found = Vec::new();
    for (key, amount) in value["spec"]["hard"].as_object().into_iter().flatten() {
        let field = format!("spec.hard[{key}]");
        let known =
            STANDARD.contains(&key.as_str()) || key == "limits.ephemeral-storage" || key.contains('/');
        if !known {
            found.push(Cause::invalid(
                &field,
                &json!(key),
                "must be a standard resource type or fully qualified",
            ));
            found.push(Cause::invalid(&field, &json!(key), "must be a standard resource for quota"));
        }
        match Quantity::of(amount) {
            None => {
                found.push(Cause::invalid(&field, amount, "quantities must match the regular expression"));
            }
            Some(amount) if amount.0 < 0 => {
                found.push(Cause::invalid(
                    &field,
                    &json!(amount.to_string()),
                    "must be greater than or equal to 0",
                ));
            }
            Some(_) => {}
        }
    }
    found
}

/// Completes a pod or a claim by the namespace's ranges, and refuses what they do not let be.
pub(crate) fn bound(store: &Store, kind: &Kind, key: &Key, value: &mut Value) -> Result<(), Refused> {
    for (_, range) in store.within("limitranges", &key.namespace) {
        for limit in range.value["spec"]["limits"].as_array().into_iter().flatten() {
            match (limit["type"].as_str(), key.resource) {
                (Some("Container"), "pods") => {
                    for container in value["spec"]["containers"].as_array_mut().into_iter().flatten() {
                        complete(limit, &mut container["resources"]);
                        within(kind, key, limit, &container["resources"], "Container")?;
                    }
                }
                (Some(what @ "PersistentVolumeClaim"), "persistentvolumeclaims") => {
                    within(kind, key, limit, &value["spec"]["resources"], what)?;
                }
                _ => {}
            }
        }
    }
    if key.resource != "pods" {
        return Ok(());
    }
    // A limit alone is a request, too.
    for container in value["spec"]["containers"].as_array_mut().into_iter().flatten() {
        let limits = container["resources"]["limits"].clone();
        for (name, limit) in limits.as_object().into_iter().flatten() {
            if container["resources"]["requests"].get(name).is_none() {
                container["resources"]["requests"][name] = limit.clone();
            }
        }
        if container["resources"]["limits"].is_null() {
            container["resources"] = without_nulls(&container["resources"]);
        }
    }
    Ok(())
}

/// Looking for what is not there writes a null in its place.
fn without_nulls(resources: &Value) -> Value {
    let fields = resources.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn complete(limit: &Value, resources: &mut Value) {
    for (of, what) in [("default", "limits"), ("defaultRequest", "requests")] {
        for (name, amount) in limit[of].as_object().into_iter().flatten() {
            let limited = resources["limits"].get(name).is_some();
            if resources[what].get(name).is_none()
                && !(what == "requests" && limited && limit["default"].get(name).is_none())
            {
                resources[what][name] = amount.clone();
            }
        }
    }
}

fn within(kind: &Kind, key: &Key, limit: &Value, resources: &Value, what: &str) -> Result<(), Refused> {
    for (bound, side, least) in
        [("max", "limits", false), ("min", "requests", true), ("max", "requests", false)]
    {
        for (name, allowed) in limit[bound].as_object().into_iter().flatten() {
            let (Some(given), Some(allowed)) = (Quantity::of(&resources[side][name]), Quantity::of(allowed))
            else {
                continue;
            };
            let side = side.trim_end_matches('s');
            if least && given < allowed {
                let why = format!("minimum {name} usage per {what} is {allowed}, but {side} is {given}");
                return Err(Refused::forbidden(kind, &key.name, &why));
            }
            if !least && given > allowed {
                let why = format!("maximum {name} usage per {what} is {allowed}, but {side} is {given}");
                return Err(Refused::forbidden(kind, &key.name, &why));
            }
        }
    }
    Ok(())
}

/// What one object takes of what quotas count.
fn taken(resource: &str, value: &Value) -> Amounts {
    let mut taken = Amounts::new();
    let one = Quantity::whole(1);
    if let Some(kind) = kinds::of(resource).filter(|kind| kind.namespaced) {
        let counted = if kind.group.is_empty() { kind.plural.clone() } else { resource.to_owned() };
        taken.insert(format!("count/{counted}"), one);
    }
    match resource {
        "pods"
            if ["Succeeded", "Failed"].contains(&value["status"]["phase"].as_str().unwrap_or_default()) => {}
        "pods" => {
            taken.insert("pods".to_owned(), one);
            for name in ["cpu", "memory", "ephemeral-storage"] {
                let sum = |side: &str| {
                    let containers = value["spec"]["containers"].as_array().into_iter().flatten();
                    containers.filter_map(|it| Quantity::of(&it["resources"][side][name])).sum::<Quantity>()
                };
                taken.insert(format!("limits.{name}"), sum("limits"));
                taken.insert(format!("requests.{name}"), sum("requests"));
                taken.insert(name.to_owned(), sum("requests"));
            }
        }
        "persistentvolumeclaims" => {
            taken.insert(resource.to_owned(), one);
            let asked = Quantity::of(&value["spec"]["resources"]["requests"]["storage"]).unwrap_or_default();
            taken.insert("requests.storage".to_owned(), asked);
        }
        "services" => {
            taken.insert(resource.to_owned(), one);
            match value["spec"]["type"].as_str() {
                Some("LoadBalancer") => drop(taken.insert("services.loadbalancers".to_owned(), one)),
                Some("NodePort") => drop(taken.insert("services.nodeports".to_owned(), one)),
                _ => {}
            }
        }
        "secrets" | "configmaps" | "resourcequotas" => drop(taken.insert(resource.to_owned(), one)),
        _ => {}
    }
    taken
}

/// What all of a namespace takes of one thing.
fn used(store: &Store, namespace: &str, what: &str) -> Quantity {
    let resources: Vec<&'static str> = match what.strip_prefix("count/") {
        Some(counted) => kinds::of(counted).map(|kind| kind.resource).into_iter().collect(),
        None if what.starts_with("services") => vec!["services"],
        None if ["requests.storage", "persistentvolumeclaims"].contains(&what) => {
            vec!["persistentvolumeclaims"]
        }
        None if ["secrets", "configmaps", "resourcequotas"].contains(&what) => {
            kinds::of(what).map(|kind| kind.resource).into_iter().collect()
        }
        None => vec!["pods"],
    };
    let all = resources.into_iter().flat_map(|resource| store.within(resource, namespace));
    all.filter_map(|(key, object)| taken(key.resource, &object.value).get(what).copied()).sum()
}

/// Refuses what does not fit into the namespace's quotas any more.
pub(crate) fn fits(store: &Store, kind: &Kind, key: &Key, value: &Value) -> Result<(), Refused> {
    let asks = taken(key.resource, value);
    for (quota, object) in store.within("resourcequotas", &key.namespace) {
        let (mut asked, mut used_up, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for (what, hard) in object.value["spec"]["hard"].as_object().into_iter().flatten() {
            let (Some(more), Some(hard)) = (asks.get(what), Quantity::of(hard)) else { continue };
            let computes = key.resource == "pods" && what != "pods" && !what.starts_with("count/");
            if computes && let Some(container) = unspecified(value, what) {
                let why = format!("failed quota: {}: must specify {what} for: {container}", quota.name);
                return Err(Refused::forbidden(kind, &key.name, &why));
            }
            let used = used(store, &key.namespace, what);
            if more.0 > 0 && used + *more > hard {
                asked.push(format!("{what}={more}"));
                used_up.push(format!("{what}={used}"));
                limited.push(format!("{what}={hard}"));
            }
        }
        if !asked.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.name,
                asked.join(","),
                used_up.join(","),
                limited.join(",")
            );
            return Err(Refused::forbidden(kind, &key.name, &why));
        }
    }
    Ok(())
}

/// The first container that does not say how much of it that is.
fn unspecified<'a>(pod: &'a Value, what: &str) -> Option<&'a str> {
    let (side, name) = what.split_once('.').unwrap_or(("requests", what));
    let mut containers = pod["spec"]["containers"].as_array()?.iter();
    containers.find(|container| container["resources"][side].get(name).is_none())?["name"].as_str()
}

/// What a quota says of itself.
pub(crate) fn status(store: &Store, namespace: &str, quota: &Value) -> Value {
    let hard = quota["spec"]["hard"].as_object().cloned().unwrap_or_default();
    let used: Value =
        hard.keys().map(|what| (what.clone(), json!(used(store, namespace, what).to_string()))).collect();
    json!({"hard": hard, "used": used})
}
