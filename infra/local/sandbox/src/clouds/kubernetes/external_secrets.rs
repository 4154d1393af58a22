//! External Secrets: an ExternalSecret becomes a secret, read from where its store leads to.
//! <https://external-secrets.io/latest/api/externalsecret/>
//!
//! Deliberately absent: `dataFrom` with anything but `extract`, generators, pushing, and of templates all but `data` in
//! which nothing but `{{ .name }}` is a template.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::store::{self, Key};
use super::{Kubernetes, kinds};
use crate::clouds::pace::{EXTERNAL_SECRETS_SYNC, Moment};

const EXTERNAL_SECRETS: &str = "externalsecrets.external-secrets.io";

impl Kubernetes {
    pub(super) fn sync_secrets(&mut self, moment: Moment) {
        for key in self.here(EXTERNAL_SECRETS) {
            let Some(external) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let began = external.since("made").unwrap_or(moment.now);
            let value = external.value.clone();
            if !self.is_done(moment, began, EXTERNAL_SECRETS_SYNC) {
                continue;
            }
            let outcome =
                self.fetch(&value["spec"]).and_then(|data| self.keep_secret(moment, &key, &value, data));
            let (ready, reason, message) = match &outcome {
                Ok(()) => (true, "SecretSynced", "secret synced".to_owned()),
                Err(why) => {
                    self.look_again();
                    (false, "SecretSyncedError", why.clone())
                }
            };
            let condition = self.condition(&key, moment.now, ("Ready", ready), reason, &message);
            let mut status = json!({"conditions": [condition]});
            if ready {
                status["refreshTime"] = condition_time(&status);
                status["binding"] = json!({"name": target(&key, &value)});
                status["syncedResourceVersion"] =
                    json!(format!("{}-{}", value["metadata"]["generation"], "sandbox"));
            } else if let Some(before) = value["status"].get("refreshTime") {
                status["refreshTime"] = before.clone();
            }
            self.store.set_status(&key, status);
        }
    }

    fn fetch(&self, spec: &Value) -> Result<Map<String, Value>, String> {
        let store = &spec["secretStoreRef"];
        if store["kind"] != "ClusterSecretStore"
            || !self.cluster.stores.iter().any(|known| store["name"] == *known)
        {
            let name = store["name"].as_str().unwrap_or_default();
            return Err(format!(
                "could not get secret data from provider: ClusterSecretStore \"{name}\" is not ready"
            ));
        }
        let mut found = Map::new();
        for from in spec["dataFrom"].as_array().into_iter().flatten() {
            let all: Value = serde_json::from_str(&self.remote(&from["extract"])?).unwrap_or_default();
            found.extend(all.as_object().cloned().unwrap_or_default());
        }
        for wanted in spec["data"].as_array().into_iter().flatten() {
            let remote = &wanted["remoteRef"];
            let text = self.remote(remote)?;
            let value = match remote["property"].as_str() {
                None => text,
                Some(property) => {
                    let all: Value = serde_json::from_str(&text).unwrap_or_default();
                    let key = remote["key"].as_str().unwrap_or_default();
                    let none = || {
                        format!(
                            "could not get secret data from provider: key {property} does not exist in secret {key}"
                        )
                    };
                    all.get(property).map(plain).ok_or_else(none)?
                }
            };
            found.insert(wanted["secretKey"].as_str().unwrap_or_default().to_owned(), json!(value));
        }
        let found = templated(&spec["target"]["template"], found)?;
        Ok(found.into_iter().map(|(name, value)| (name, json!(STANDARD.encode(plain(&value))))).collect())
    }

    /// What External Secrets reads from where stores lead to, each once.
    pub(crate) fn remote_names(&self) -> Vec<String> {
        let specs = self.store.of(EXTERNAL_SECRETS).map(|(_, external)| &external.value["spec"]);
        let references = specs.flat_map(|spec| {
            let of = |list: &str, reference: &'static str| {
                spec[list].as_array().into_iter().flatten().map(move |wanted| &wanted[reference])
            };
            of("data", "remoteRef").chain(of("dataFrom", "extract"))
        });
        let mut names: Vec<_> =
            references.filter_map(|reference| reference["key"].as_str()).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    fn remote(&self, reference: &Value) -> Result<String, String> {
        let key = reference["key"].as_str().unwrap_or_default();
        let none = || format!("could not get secret data from provider: Secret does not exist: {key}");
        self.cluster.remote.read(key).ok_or_else(none)
    }

    fn keep_secret(
        &mut self,
        moment: Moment,
        key: &Key,
        external: &Value,
        data: Map<String, Value>,
    ) -> Result<(), String> {
        let place = Key::new("secrets", &key.namespace, &target(key, external));
        match self.store.get(&place) {
            Some(secret) => {
                let uid = external["metadata"]["uid"].as_str().unwrap_or_default();
                let mut value = secret.value.clone();
                if !store::owners(&value).any(|owner| owner == uid)
                    && external["spec"]["target"]["creationPolicy"] != "Merge"
                {
                    return Err(format!("could not update secret: {} is owned by somebody else", place.name));
                }
                value["data"] = Value::Object(data);
                self.store.write(&place, value);
            }
            None => {
                let metadata = json!({
                    "ownerReferences": store::owner(external),
                    "labels": {"reconcile.external-secrets.io/managed": "true"},
                });
                let value = json!({"metadata": metadata, "type": "Opaque", "data": data});
                let kind = kinds::of("secrets").ok_or("no secrets")?;
                self.lets_in(kind, &place, &value).map_err(|refused| refused.message)?;
                self.store.create(moment.now, &place, value, Vec::new());
            }
        }
        Ok(())
    }
}

fn target(key: &Key, external: &Value) -> String {
    external["spec"]["target"]["name"].as_str().unwrap_or(&key.name).to_owned()
}

/// What the secret holds: what its template says, and beside it what was read only if that is to be merged.
fn templated(template: &Value, found: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let Some(entries) = template["data"].as_object().filter(|entries| !entries.is_empty()) else {
        return Ok(found);
    };
    let mut secret = if template["mergePolicy"] == "Merge" { found.clone() } else { Map::new() };
    for (name, text) in entries {
        let text = render(name, text.as_str().unwrap_or_default(), &found)
            .map_err(|why| format!("could not update secret: could not apply template: {why}"))?;
        secret.insert(name.clone(), json!(text));
    }
    Ok(secret)
}

fn render(entry: &str, text: &str, found: &Map<String, Value>) -> Result<String, String> {
    let unparsed = |why: &str| format!("unable to parse template at key {entry}: template: {entry}:1: {why}");
    let mut parts = text.split("{{");
    let mut rendered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (action, rest) = part.split_once("}}").ok_or_else(|| unparsed("unclosed action"))?;
        let is_name = |name: &&str| {
            name.starts_with(|first: char| first.is_alphabetic() || first == '_')
                && name.chars().all(|it| it.is_alphanumeric() || it == '_')
        };
        let name = action.trim().strip_prefix('.').filter(is_name).ok_or_else(|| {
            unparsed(&format!("the sandbox knows {{{{ .name }}}} only, not {{{{{action}}}}}"))
        })?;
        let value = found.get(name).ok_or_else(|| {
            format!(
                "unable to execute template at key {entry}: template: {entry}:1: executing \"{entry}\" at <.{name}>: \
                 map has no entry for key \"{name}\""
            )
        })?;
        rendered.push_str(&plain(value));
        rendered.push_str(rest);
    }
    Ok(rendered)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn condition_time(status: &Value) -> Value {
    status["conditions"][0]["lastTransitionTime"].clone()
}
