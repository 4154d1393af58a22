//! What Helm makes of a chart and somebody's values: of the one chart that there is, which lies in this repository. A test holds it
//! against what Helm itself makes of each plan. <https://helm.sh/docs/topics/charts/>

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// What the chart is called.
pub(crate) const NAME: &str = "mechanicbuddy-tenant";

macro_rules! of_the_chart {
    ($path:literal) => {
        include_str!(concat!("../../../../charts/mechanicbuddy-tenant/", $path))
    };
}

static DEFAULTS: LazyLock<Value> =
    LazyLock::new(|| yaml_serde::from_str(of_the_chart!("values.yaml")).unwrap_or_default());

static SCHEMA: LazyLock<Option<Validator>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(of_the_chart!("values.schema.json")).ok()?;
    jsonschema::validator_for(&schema).ok()
});

/// Under which name, where, and which version of the chart is installed.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    pub name: &'a str,
    pub namespace: &'a str,
    pub version: &'a str,
}

/// The API or the web front end, as both templates order it.
struct Component<'a> {
    name: &'static str,
    port: u16,
    health: &'static str,
    /// Whether it has the database, and brings it up to date first.
    migrates: bool,
    config: Value,
    values: &'a Value,
}

/// One deployment of a component.
struct Deployed {
    name: String,
    tag: Value,
    replicas: Value,
    selector: Value,
}

/// What is installed of the chart with these values, or why the chart does not take them.
pub fn render(release: Release<'_>, values: &Value) -> Result<Vec<Value>, String> {
    let mut all = DEFAULTS.clone();
    lay_over(&mut all, values);
    refusal(&all)?;
    let text = |at: &str| all.pointer(at).cloned().unwrap_or_default();
    let told = |more: &[(&str, Value)]| {
        let mut config = json!({
            "ACCESS": text("/access"), "PUBLIC_URL": text("/url"), "TENANT_ID": text("/tenant/id"),
            "TENANT_NAME": text("/tenant/name"), "TENANT_PLAN": text("/tenant/plan"),
        });
        for (name, value) in more {
            config[*name] = value.clone();
        }
        config
    };
    let mechanics = json!(text("/mechanics").to_string());
    let components = [
        Component {
            name: "api",
            port: 8080,
            health: "/api/health",
            migrates: true,
            config: told(&[
                ("ADMIN_EMAIL", text("/owner/email")),
                ("MECHANIC_LIMIT", mechanics),
                ("PORT", json!("8080")),
            ]),
            values: &all["api"],
        },
        Component {
            name: "web",
            port: 3000,
            health: "/health",
            migrates: false,
            config: told(&[("API_URL", json!("http://api:8080")), ("PORT", json!("3000"))]),
            values: &all["web"],
        },
    ];
    Ok(components.iter().flat_map(|component| component.objects(release, &all)).collect())
}

/// Maps are merged, all else takes the place of what was there, and nothing takes it away.
fn lay_over(below: &mut Value, above: &Value) {
    let (Some(fields), Some(over)) = (below.as_object_mut(), above.as_object()) else { return };
    for (name, value) in over {
        match fields.get_mut(name) {
            _ if value.is_null() => drop(fields.remove(name)),
            Some(there) if there.is_object() && value.is_object() => lay_over(there, value),
            _ => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

/// In Helm's words, as far as these are the same for all that can be wrong.
fn refusal(values: &Value) -> Result<(), String> {
    let wrong: Vec<String> = SCHEMA
        .iter()
        .flat_map(|schema| schema.iter_errors(values))
        .map(|error| format!("- at '{}': {}", error.instance_path(), complaint(&error)))
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let head = "values don't meet the specifications of the schema(s) in the following chart(s):";
    Err(format!("{head}\n{NAME}:\n{}\n", wrong.join("\n")))
}

fn complaint(error: &ValidationError<'_>) -> String {
    let got = error.instance();
    let quoted =
        |names: &[String]| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    match error.kind() {
        ValidationErrorKind::Minimum { limit } => format!("minimum: got {got}, want {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("maximum: got {got}, want {limit}"),
        ValidationErrorKind::Pattern { pattern } => {
            format!("'{}' does not match pattern '{pattern}'", got.as_str().unwrap_or_default())
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", quoted(unexpected))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
                .collect();
            format!("value must be one of {}", quoted(&options))
        }
        ValidationErrorKind::Required { property } => {
            format!("missing property '{}'", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => {
            format!("got {}, want {kind}", kind_of(got))
        }
        _ => error.to_string(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Component<'_> {
    fn objects(&self, release: Release<'_>, all: &Value) -> Vec<Value> {
        let name = self.name;
        let slot = all["slot"].as_str().unwrap_or_default();
        let other = if slot == "blue" { "green" } else { "blue" };
        let of = |slot: &str| if slot == "blue" { name.to_owned() } else { format!("{name}-{slot}") };
        let stable = |slot: &str| json!({"app": name, "slot": slot, "track": "stable"});
        let canary = json!({"app": name, "track": "canary"});
        let replicas = &self.values["replicas"];
        let deployed = |name: String, tag: &Value, replicas: Value, selector: Value| Deployed {
            name,
            tag: tag.clone(),
            replicas,
            selector,
        };
        let mut deployments = vec![deployed(of(slot), &all["image"]["tag"], replicas.clone(), stable(slot))];
        let mut services = vec![(name.to_owned(), stable(slot))];
        if is_said(&all["other"]["tag"]) {
            deployments.push(deployed(of(other), &all["other"]["tag"], replicas.clone(), stable(other)));
        }
        if is_said(&all["canary"]["tag"]) {
            let (name, one) = (format!("{name}-canary"), replicas.as_u64().unwrap_or_default().min(1));
            deployments.push(deployed(name.clone(), &all["canary"]["tag"], json!(one), canary.clone()));
            services.push((name, canary));
        }
        let metadata = |own: &str| json!({"name": own, "namespace": release.namespace, "labels": self.labels(release, all)});
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(&format!("{name}-config")), "data": self.config,
        });
        let mut objects = vec![config];
        for deployment in &deployments {
            let mut metadata = metadata(&deployment.name);
            if deployment.replicas.as_u64() > Some(1) {
                objects.push(json!({
                    "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
                    "spec": {"maxUnavailable": 1, "selector": {"matchLabels": deployment.selector}},
                }));
            }
            metadata["labels"]["app.kubernetes.io/version"] = deployment.tag.clone();
            if is_said(&all["revision"]) {
                metadata["annotations"] = json!({"mechanicbuddy.example/revision": all["revision"]});
            }
            objects.push(json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                "spec": self.deployment(release, all, deployment),
            }));
        }
        objects.extend(services.into_iter().map(|(own, selector)| {
            let port = json!({"name": "http", "port": self.port, "targetPort": "http", "protocol": "TCP"});
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": metadata(&own),
                "spec": {"type": "ClusterIP", "selector": selector, "ports": [port]},
            })
        }));
        objects
    }

    fn labels(&self, release: Release<'_>, all: &Value) -> Value {
        json!({
            "app": self.name, "app.kubernetes.io/component": self.name, "app.kubernetes.io/instance": release.name,
            "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "mechanicbuddy",
            "helm.sh/chart": format!("{NAME}-{}", release.version), "tenant": all["tenant"]["id"],
        })
    }

    fn deployment(&self, release: Release<'_>, all: &Value, deployed: &Deployed) -> Value {
        let mut labels = json!({
            "app.kubernetes.io/component": self.name, "app.kubernetes.io/instance": release.name,
            "app.kubernetes.io/name": "mechanicbuddy", "tenant": all["tenant"]["id"],
        });
        for (name, value) in deployed.selector.as_object().into_iter().flatten() {
            labels[name] = value.clone();
        }
        let probe = |more: Value| {
            let mut probe = more;
            probe["httpGet"] = json!({"path": self.health, "port": "http"});
            probe["timeoutSeconds"] = json!(3);
            probe
        };
        let mut serving = self.container(all, &deployed.tag);
        serving["name"] = json!(self.name);
        serving["ports"] = json!([{"name": "http", "containerPort": self.port, "protocol": "TCP"}]);
        serving["readinessProbe"] = probe(json!({"periodSeconds": 5}));
        serving["livenessProbe"] =
            probe(json!({"initialDelaySeconds": 30, "periodSeconds": 10, "failureThreshold": 6}));
        let mut pod = json!({
            "automountServiceAccountToken": false, "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 10001, "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [serving], "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        });
        if self.migrates {
            let mut migrate = self.container(all, &deployed.tag);
            migrate["name"] = json!("migrate");
            migrate["args"] = json!(["migrate"]);
            pod["initContainers"] = json!([migrate]);
        }
        json!({
            "replicas": deployed.replicas, "progressDeadlineSeconds": self.values["deadlineSeconds"],
            "revisionHistoryLimit": 2, "selector": {"matchLabels": deployed.selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels, "annotations": {"checksum/config": digest(&self.config)}},
                "spec": pod,
            },
        })
    }

    fn container(&self, all: &Value, tag: &Value) -> Value {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut container = json!({
            "image": format!("{}/{}:{}", text(&all["image"]["registry"]), self.name, text(tag)),
            "envFrom": [{"configMapRef": {"name": format!("{}-config", self.name)}}],
            "resources": self.values["resources"],
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        });
        if self.migrates {
            let owner = json!({"secretRef": {"name": all["owner"]["secret"]}});
            container["envFrom"].as_array_mut().into_iter().for_each(|sources| sources.push(owner.clone()));
            let reference = json!({"name": all["database"]["secret"], "key": "uri"});
            container["env"] = json!([{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": reference}}]);
        }
        container
    }
}

fn is_said(text: &Value) -> bool {
    text.as_str().is_some_and(|text| !text.is_empty())
}

/// Of a map as Go writes it as JSON: sorted, and with what HTML would take for its own written otherwise.
fn digest(config: &Value) -> String {
    let sorted: Map<String, Value> = config.as_object().cloned().unwrap_or_default();
    let mut sorted: Vec<_> = sorted.into_iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let fields: Vec<String> = sorted.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    let mut text = format!("{{{}}}", fields.join(","));
    for (plain, escaped) in [
        ('&', "\\u0026"),
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        text = text.replace(plain, escaped);
    }
    hex::encode(Sha256::digest(text))
}
