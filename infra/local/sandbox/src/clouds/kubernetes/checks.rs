//! What the server checks beyond a schema: names and labels, what must agree within an object, what cannot be
//! changed any more, and the rules that definitions carry (`x-kubernetes-validations`), each under its own name.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::limits;
use super::refused::Cause;
use super::{barman, postgres};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character";

/// A DNS label of at most 63 characters.
fn is_label(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(good)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label_of_any_length)
}

fn is_label_of_any_length(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(good) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(good) && ends(text.bytes().next()) && ends(text.bytes().last())
}

/// Whether a label may have this value.
pub(crate) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_word(value)
}

fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_word(name),
        None => is_word(key),
    }
}

/// What is wrong with an object, by itself and as what becomes of the one that was there.
pub(crate) fn check(kind: &Kind, name: &str, value: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut found = Vec::new();
    metadata(kind, name, &value["metadata"], &mut found);
    let spec = &value["spec"];
    match kind.resource {
        "resourcequotas" => found.extend(limits::check_quota(value)),
        "deployments.apps" | "statefulsets.apps" => {
            template(&spec["template"], "spec.template", &["Always"], &mut found);
            selector(spec, &mut found);
        }
        "jobs.batch" => template(&spec["template"], "spec.template", &["OnFailure", "Never"], &mut found),
        "cronjobs.batch" => {
            if name.len() > 52 {
                found.push(Cause::invalid(
                    "metadata.name",
                    &json!(name),
                    "must be no more than 52 characters",
                ));
            }
            let at = "spec.jobTemplate.spec.template";
            template(&spec["jobTemplate"]["spec"]["template"], at, &["OnFailure", "Never"], &mut found);
        }
        "pods" => pod(spec, "spec", &["Always", "OnFailure", "Never"], &mut found),
        "services" => service(spec, &mut found),
        "ingresses.networking.k8s.io" => ingress(spec, &mut found),
        "networkpolicies.networking.k8s.io" => network_policy(spec, &mut found),
        "poddisruptionbudgets.policy" => disruption_budget(spec, &mut found),
        "secrets" => secret(value, &mut found),
        "clusters.postgresql.cnpg.io" => found.extend(postgres::check(name, value, old)),
        "scheduledbackups.postgresql.cnpg.io" => found.extend(barman::check_schedule(spec)),
        "helmreleases.helm.toolkit.fluxcd.io" => helm_release(spec, &mut found),
        _ => {}
    }
    if let Some(old) = old {
        immutable(kind, value, old, &mut found);
    }
    found
}

fn metadata(kind: &Kind, name: &str, metadata: &Value, found: &mut Vec<Cause>) {
    let strictly = ["namespaces", "services"].contains(&kind.resource);
    if name.is_empty() {
        found.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if strictly && !is_label(name) {
        let why = if name.len() > 63 { "must be no more than 63 characters" } else { LABEL };
        found.push(Cause::invalid("metadata.name", &json!(name), why));
    } else if !is_subdomain(name) && !kind.resource.starts_with("role") {
        found.push(Cause::invalid("metadata.name", &json!(name), SUBDOMAIN));
    } else if kind.resource == "jobs.batch" && name.len() > 63 {
        let why = "must be no more than 63 characters";
        found.push(Cause::invalid("spec.template.labels", &json!(name), why));
    }
    labels(&metadata["labels"], "metadata.labels", found);
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        if !is_qualified(&key.to_lowercase()) {
            let why = "name part must consist of alphanumeric characters, '-', '_' or '.'";
            found.push(Cause::invalid("metadata.annotations", &json!(key), why));
        }
    }
    if size > 256 * 1024 {
        let why = "may not be more than 262144 bytes";
        found.push(Cause {
            reason: "FieldValueTooLong",
            field: "metadata.annotations".to_owned(),
            message: format!("Too long: {why}"),
        });
    }
}

fn labels(labels: &Value, field: &str, found: &mut Vec<Cause>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        if !is_qualified(key) {
            let why = "name part must consist of alphanumeric characters, '-', '_' or '.'";
            found.push(Cause::invalid(field, &json!(key), why));
        }
        let text = value.as_str().unwrap_or_default();
        if !is_label_value(text) {
            let why = if text.len() > 63 { "must be no more than 63 bytes" } else { LABEL_VALUE };
            found.push(Cause::invalid(field, value, why));
        }
    }
}

fn selector(spec: &Value, found: &mut Vec<Cause>) {
    let wanted = spec["selector"]["matchLabels"].as_object();
    if wanted.is_none_or(|wanted| wanted.is_empty()) && spec["selector"]["matchExpressions"].is_null() {
        let why = "empty selector is invalid for deployment";
        found.push(Cause::invalid("spec.selector", &spec["selector"], why));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if wanted.into_iter().flatten().any(|(key, value)| labels.get(key) != Some(value)) {
        let why = "`selector` does not match template `labels`";
        found.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
}

fn template(template: &Value, at: &str, policies: &[&str], found: &mut Vec<Cause>) {
    labels(&template["metadata"]["labels"], &format!("{at}.labels"), found);
    pod(&template["spec"], &format!("{at}.spec"), policies, found);
}

fn pod(spec: &Value, at: &str, policies: &[&str], found: &mut Vec<Cause>) {
    let policy = &spec["restartPolicy"];
    // What must finish says whether it is begun again: what stands there otherwise is `Always`.
    if policy.is_null() && !policies.contains(&"Always") {
        let told = "valid values: \"OnFailure\", \"Never\"";
        found.push(Cause::required(&format!("{at}.restartPolicy"), told));
    } else if !policy.is_null() && !policies.iter().any(|it| policy == it) {
        found.push(Cause::unsupported(&format!("{at}.restartPolicy"), policy, policies));
    }
    let containers = spec["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        found.push(Cause::required(&format!("{at}.containers"), ""));
    }
    for (index, container) in containers.into_iter().flatten().enumerate() {
        let at = format!("{at}.containers[{index}]");
        if !container["name"].as_str().is_some_and(is_label) {
            found.push(Cause::invalid(&format!("{at}.name"), &container["name"], LABEL));
        }
        if container["image"].as_str().is_none_or(str::is_empty) {
            found.push(Cause::required(&format!("{at}.image"), ""));
        }
        for (name, request) in container["resources"]["requests"].as_object().into_iter().flatten() {
            let amount = super::quantity::Quantity::of;
            let limit = amount(&container["resources"]["limits"][name]);
            if limit.is_some_and(|limit| amount(request).is_some_and(|request| request > limit)) {
                let why =
                    format!("must be less than or equal to {name} limit of {}", limit.unwrap_or_default());
                found.push(Cause::invalid(&format!("{at}.resources.requests"), request, &why));
            }
        }
        for (side, resources) in container["resources"].as_object().into_iter().flatten() {
            for (name, amount) in resources.as_object().into_iter().flatten() {
                if super::quantity::Quantity::of(amount).is_none() {
                    let why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
                    found.push(Cause::invalid(&format!("{at}.resources.{side}[{name}]"), amount, why));
                }
            }
        }
    }
}

fn service(spec: &Value, found: &mut Vec<Cause>) {
    let ports = spec["ports"].as_array();
    if ports.is_none_or(Vec::is_empty) && spec["type"] != "ExternalName" && spec["clusterIP"] != "None" {
        found.push(Cause::required("spec.ports", ""));
    }
    let many = ports.is_some_and(|ports| ports.len() > 1);
    for (index, port) in ports.into_iter().flatten().enumerate() {
        if !port["port"].as_i64().is_some_and(|port| (1..=65_535).contains(&port)) {
            let why = "must be between 1 and 65535, inclusive";
            found.push(Cause::invalid(&format!("spec.ports[{index}].port"), &port["port"], why));
        }
        if many && port["name"].is_null() {
            found.push(Cause::required(&format!("spec.ports[{index}].name"), ""));
        }
    }
}

fn ingress(spec: &Value, found: &mut Vec<Cause>) {
    for (index, rule) in spec["rules"].as_array().into_iter().flatten().enumerate() {
        if let Some(host) = rule["host"].as_str()
            && !is_subdomain(host.trim_start_matches("*."))
        {
            found.push(Cause::invalid(&format!("spec.rules[{index}].host"), &rule["host"], SUBDOMAIN));
        }
        for (place, path) in rule["http"]["paths"].as_array().into_iter().flatten().enumerate() {
            let at = format!("spec.rules[{index}].http.paths[{place}]");
            let kinds = ["Exact", "ImplementationSpecific", "Prefix"];
            if !kinds.iter().any(|kind| path["pathType"] == *kind) {
                found.push(Cause::unsupported(&format!("{at}.pathType"), &path["pathType"], &kinds));
            }
            if !path["path"].as_str().is_none_or(|path| path.starts_with('/')) {
                found.push(Cause::invalid(&format!("{at}.path"), &path["path"], "must be an absolute path"));
            }
        }
    }
}

fn network_policy(spec: &Value, found: &mut Vec<Cause>) {
    for (index, kind) in spec["policyTypes"].as_array().into_iter().flatten().enumerate() {
        if kind != "Ingress" && kind != "Egress" {
            let at = format!("spec.policyTypes[{index}]");
            found.push(Cause::unsupported(&at, kind, &["Ingress", "Egress"]));
        }
    }
    for (side, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in spec[side].as_array().into_iter().flatten().enumerate() {
            for (place, peer) in rule[peers].as_array().into_iter().flatten().enumerate() {
                let at = format!("spec.{side}[{index}].{peers}[{place}]");
                let has = |name: &str| peer.get(name).is_some_and(|it| !it.is_null());
                if has("ipBlock") && (has("podSelector") || has("namespaceSelector")) {
                    found.push(Cause::forbidden(&at, "may not specify both ipBlock and another peer"));
                }
                if !has("ipBlock") && !has("podSelector") && !has("namespaceSelector") {
                    found.push(Cause::required(&at, "must specify a peer"));
                }
            }
        }
    }
}

fn disruption_budget(spec: &Value, found: &mut Vec<Cause>) {
    let has = |name: &str| spec.get(name).is_some_and(|it| !it.is_null());
    if has("minAvailable") && has("maxUnavailable") {
        let why = "minAvailable and maxUnavailable cannot be both set";
        found.push(Cause::invalid("spec", spec, why));
    }
}

fn secret(value: &Value, found: &mut Vec<Cause>) {
    use base64::Engine as _;
    for (name, data) in value["data"].as_object().into_iter().flatten() {
        let text = data.as_str().unwrap_or_default();
        if base64::engine::general_purpose::STANDARD.decode(text).is_err() {
            found.push(Cause::invalid(&format!("data[{name}]"), &json!("<hidden>"), "illegal base64 data"));
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !name.bytes().all(good) {
            found.push(Cause::invalid(
                &format!("data[{name}]"),
                &json!(name),
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            ));
        }
    }
    if value["type"] == "kubernetes.io/tls" {
        for name in ["tls.crt", "tls.key"] {
            if value["data"].get(name).is_none() {
                found.push(Cause::required(&format!("data[{name}]"), ""));
            }
        }
    }
}

/// "either chart or chartRef must be set"
fn helm_release(spec: &Value, found: &mut Vec<Cause>) {
    if spec.get("chart").is_some() == spec.get("chartRef").is_some() {
        found.push(Cause::invalid("spec", spec, "either chart or chartRef must be set"));
    }
}

/// What was settled when an object was made.
fn immutable(kind: &Kind, value: &Value, old: &Value, found: &mut Vec<Cause>) {
    let fixed: &[&str] = match kind.resource {
        "deployments.apps" => &["/spec/selector"],
        "statefulsets.apps" => &["/spec/selector", "/spec/serviceName", "/spec/volumeClaimTemplates"],
        "jobs.batch" => &["/spec/template", "/spec/selector", "/spec/completions"],
        "services" => &["/spec/clusterIP"],
        "persistentvolumeclaims" => &[
            "/spec/accessModes",
            "/spec/storageClassName",
            "/spec/volumeName",
            "/spec/volumeMode",
            "/spec/selector",
        ],
        "secrets" => &["/type"],
        "rolebindings.rbac.authorization.k8s.io" => &["/roleRef"],
        // "cluster reference is immutable after creation", "name is immutable"
        "databases.postgresql.cnpg.io" => &["/spec/cluster", "/spec/name"],
        // "driver is immutable after creation"
        "helmcharts.helm.cattle.io" => &["/spec/driver"],
        _ => &[],
    };
    for pointer in fixed {
        let (new, was) = (value.pointer(pointer), old.pointer(pointer));
        if was.is_some() && new != was {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            found.push(Cause::invalid(&field, new.unwrap_or(&Value::Null), "field is immutable"));
        }
    }
    if kind.resource == "persistentvolumeclaims" {
        let asked =
            |of: &Value| super::quantity::Quantity::of(&of["spec"]["resources"]["requests"]["storage"]);
        if asked(value) < asked(old) {
            let why = "field can not be less than status.capacity";
            found.push(Cause::forbidden("spec.resources.requests.storage", why));
        }
    }
    let frozen = |name: &str| ["secrets", "configmaps"].contains(&kind.resource) && old[name] != value[name];
    if old["immutable"] == true && (frozen("data") || frozen("immutable")) {
        found.push(Cause::forbidden("data", "field is immutable when `immutable` is set"));
    }
}

/// What an object of Kubernetes' own has unless it says otherwise; of others the schema knows.
pub(crate) fn fill(kind: &Kind, value: &mut Value) {
    let default = |value: &mut Value, name: &str, default: Value| {
        if value.get(name).is_none()
            && let Some(fields) = value.as_object_mut()
        {
            fields.insert(name.to_owned(), default);
        }
    };
    if !kind.built_in {
        kind.schema.shape().fill(value);
        return;
    }
    // Texts are written as data, and not shown again.
    if kind.resource == "secrets" {
        use base64::Engine as _;
        let texts = value.as_object_mut().and_then(|fields| fields.remove("stringData"));
        for (name, text) in texts.iter().filter_map(Value::as_object).flatten() {
            let text = text.as_str().unwrap_or_default();
            value["data"][name] = json!(base64::engine::general_purpose::STANDARD.encode(text));
        }
        default(value, "type", json!("Opaque"));
    }
    let Some(spec) = value.get_mut("spec") else { return };
    match kind.resource {
        "deployments.apps" => {
            default(spec, "replicas", json!(1));
            default(spec, "progressDeadlineSeconds", json!(600));
            default(spec, "revisionHistoryLimit", json!(10));
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
            default(spec, "strategy", rolling);
            default(&mut spec["template"]["spec"], "restartPolicy", json!("Always"));
        }
        "statefulsets.apps" => {
            default(spec, "replicas", json!(1));
            default(&mut spec["template"]["spec"], "restartPolicy", json!("Always"));
        }
        "jobs.batch" => {
            default(spec, "backoffLimit", json!(6));
            default(spec, "completions", json!(1));
            default(spec, "parallelism", json!(1));
        }
        "pods" => default(spec, "restartPolicy", json!("Always")),
        "services" => {
            default(spec, "type", json!("ClusterIP"));
            default(spec, "sessionAffinity", json!("None"));
            for port in spec["ports"].as_array_mut().into_iter().flatten() {
                default(port, "protocol", json!("TCP"));
                let own = port["port"].clone();
                default(port, "targetPort", own);
            }
        }
        "persistentvolumeclaims" => default(spec, "volumeMode", json!("Filesystem")),
        _ => {}
    }
}
