//! The published schemas, read by another hand than the cluster's: closed, so that what they do not know is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

const CORE: &str = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

fn read(name: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/contract/specs/kubernetes");
    Some(serde_json::from_str(&std::fs::read_to_string(folder.join(name)).ok()?).unwrap())
}

/// No object of a known shape has fields beside it.
fn close(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(close),
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            let open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            let shaped = fields.get("properties").is_some_and(Value::is_object);
            if shaped && !open && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        _ => {}
    }
}

fn definitions() -> Value {
    let mut definitions = read("kubernetes.json").unwrap()["definitions"].clone();
    for name in ["api.resource.Quantity", "util.intstr.IntOrString"] {
        let either = json!({"anyOf": [{"type": "string"}, {"type": "number"}]});
        definitions[format!("io.k8s.apimachinery.pkg.{name}")] = either;
    }
    definitions
}

fn validator(api_version: &str, kind: &str) -> Option<Validator> {
    let definitions = definitions();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let is_it = |definition: &Value| {
        let served = definition["x-kubernetes-group-version-kind"].as_array()?;
        (served.len() == 1 && served[0] == json!({"group": group, "kind": kind, "version": version}))
            .then_some(())
    };
    let built_in =
        definitions.as_object()?.iter().find(|(_, it)| is_it(it).is_some()).map(|(name, _)| name.clone());
    let root = match built_in {
        Some(name) => json!({"$ref": format!("#/definitions/{name}")}),
        None => {
            let plural = format!("{}s", kind.to_lowercase());
            let definition = read(&format!("{plural}.{group}.json"))?;
            let versions = definition["spec"]["versions"].as_array()?.clone();
            let served = versions.iter().find(|it| it["name"] == version && it["served"] == true)?;
            let mut schema = served["schema"]["openAPIV3Schema"].clone();
            schema["properties"]["metadata"] = json!({"$ref": CORE});
            schema
        }
    };
    let mut whole = json!({"allOf": [root], "definitions": definitions});
    close(&mut whole);
    Some(jsonschema::options().with_draft(Draft::Draft4).build(&whole).unwrap())
}

/// Where an object that was answered departs from what is published of its kind.
pub(crate) fn departures(object: &Value) -> Vec<String> {
    static VALIDATORS: OnceLock<Mutex<BTreeMap<String, Option<Validator>>>> = OnceLock::new();
    let (api_version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    let mut validators = VALIDATORS.get_or_init(Mutex::default).lock().unwrap();
    let name = format!("{api_version} {kind}");
    let validator = validators.entry(name.clone()).or_insert_with(|| validator(api_version, kind));
    let Some(validator) = validator else {
        // Nobody publishes MySQL's under a licence that we may hand on; of backups the documentation is held to.
        let documented = ["InnoDBCluster", "Backup", "ScheduledBackup", "ObjectStore"].contains(&kind);
        return if documented { Vec::new() } else { vec![format!("no schema of {name}")] };
    };
    validator.iter_errors(object).map(|error| format!("{name}{}: {error}", error.instance_path())).collect()
}
