//! The kinds of objects that the cluster serves, each by its published schema: those of Kubernetes itself, and those
//! that its operators brought. A version that a definition has and does not serve is not here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::schema::Schema;

/// One kind, at one version.
#[derive(Debug)]
pub(crate) struct Kind {
    /// `deployments.apps`; the core group has no name: `pods`.
    pub(crate) resource: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    /// Of Kubernetes itself: read by a decoder that knows types, not by a schema alone.
    pub(crate) built_in: bool,
    pub(crate) schema: Schema,
    verbs: [String; 8],
}

impl Kind {
    fn new(resource: &'static str, version: &str, kind: &str, namespaced: bool, schema: Schema) -> Self {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let verbs = ["Get", "List", "Watch", "Create", "Apply", "Patch", "Update", "Delete"]
            .map(|verb| format!("{verb}{kind}"));
        Self {
            resource,
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced,
            built_in: BUILT_IN.iter().any(|(known, ..)| *known == resource),
            schema,
            verbs,
        }
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `GetDeployment`, as faults name operations.
    pub(crate) fn operation(&'static self, verb: &str) -> &'static str {
        self.verbs
            .iter()
            .find(|name| name.strip_suffix(&self.kind) == Some(verb))
            .map_or("PostUnknown", String::as_str)
    }

    /// `Deployment.apps`, as refusals of what is invalid begin.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }
}

type Definition = (&'static str, &'static str, &'static str, bool, &'static str);

/// Resource, version, kind, whether in a namespace, and the name of its definition.
const BUILT_IN: [Definition; 18] = [
    ("namespaces", "v1", "Namespace", false, "io.k8s.api.core.v1.Namespace"),
    ("configmaps", "v1", "ConfigMap", true, "io.k8s.api.core.v1.ConfigMap"),
    ("limitranges", "v1", "LimitRange", true, "io.k8s.api.core.v1.LimitRange"),
    (
        "persistentvolumeclaims",
        "v1",
        "PersistentVolumeClaim",
        true,
        "io.k8s.api.core.v1.PersistentVolumeClaim",
    ),
    ("pods", "v1", "Pod", true, "io.k8s.api.core.v1.Pod"),
    ("resourcequotas", "v1", "ResourceQuota", true, "io.k8s.api.core.v1.ResourceQuota"),
    ("secrets", "v1", "Secret", true, "io.k8s.api.core.v1.Secret"),
    ("serviceaccounts", "v1", "ServiceAccount", true, "io.k8s.api.core.v1.ServiceAccount"),
    ("services", "v1", "Service", true, "io.k8s.api.core.v1.Service"),
    ("deployments.apps", "v1", "Deployment", true, "io.k8s.api.apps.v1.Deployment"),
    ("statefulsets.apps", "v1", "StatefulSet", true, "io.k8s.api.apps.v1.StatefulSet"),
    ("cronjobs.batch", "v1", "CronJob", true, "io.k8s.api.batch.v1.CronJob"),
    ("jobs.batch", "v1", "Job", true, "io.k8s.api.batch.v1.Job"),
    ("ingresses.networking.k8s.io", "v1", "Ingress", true, "io.k8s.api.networking.v1.Ingress"),
    (
        "networkpolicies.networking.k8s.io",
        "v1",
        "NetworkPolicy",
        true,
        "io.k8s.api.networking.v1.NetworkPolicy",
    ),
    (
        "poddisruptionbudgets.policy",
        "v1",
        "PodDisruptionBudget",
        true,
        "io.k8s.api.policy.v1.PodDisruptionBudget",
    ),
    ("roles.rbac.authorization.k8s.io", "v1", "Role", true, "io.k8s.api.rbac.v1.Role"),
    ("rolebindings.rbac.authorization.k8s.io", "v1", "RoleBinding", true, "io.k8s.api.rbac.v1.RoleBinding"),
];

const KUBERNETES: &str = include_str!("../../../../../../tests/contract/specs/kubernetes/kubernetes.json");

/// The definitions that operators brought, by resource.
const BROUGHT: [(&str, &str); 11] = [
    (
        "applications.argoproj.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/applications.argoproj.io.json"),
    ),
    (
        "applicationsets.argoproj.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/applicationsets.argoproj.io.json"),
    ),
    (
        "appprojects.argoproj.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/appprojects.argoproj.io.json"),
    ),
    (
        "certificates.cert-manager.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/certificates.cert-manager.io.json"),
    ),
    (
        "clusters.postgresql.cnpg.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/clusters.postgresql.cnpg.io.json"),
    ),
    (
        "databases.postgresql.cnpg.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/databases.postgresql.cnpg.io.json"),
    ),
    (
        "externalsecrets.external-secrets.io",
        include_str!(
            "../../../../../../tests/contract/specs/kubernetes/externalsecrets.external-secrets.io.json"
        ),
    ),
    (
        "helmcharts.helm.cattle.io",
        include_str!("../../../../../../tests/contract/specs/kubernetes/helmcharts.helm.cattle.io.json"),
    ),
    (
        "helmreleases.helm.toolkit.fluxcd.io",
        include_str!(
            "../../../../../../tests/contract/specs/kubernetes/helmreleases.helm.toolkit.fluxcd.io.json"
        ),
    ),
    (
        "prometheusrules.monitoring.coreos.com",
        include_str!(
            "../../../../../../tests/contract/specs/kubernetes/prometheusrules.monitoring.coreos.com.json"
        ),
    ),
    (
        "servicemonitors.monitoring.coreos.com",
        include_str!(
            "../../../../../../tests/contract/specs/kubernetes/servicemonitors.monitoring.coreos.com.json"
        ),
    ),
];

/// Read once for all clusters of the process.
pub(super) static DEFINITIONS: LazyLock<Value> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(KUBERNETES).unwrap_or_default();
    let mut definitions = document["definitions"].clone();
    // What swagger has no words for: a quantity may be a number, a port a name.
    for name in
        ["io.k8s.apimachinery.pkg.api.resource.Quantity", "io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    {
        definitions[name] = json!({"anyOf": [{"type": "string"}, {"type": "number"}]});
    }
    definitions
});

/// All kinds, by resource.
pub(crate) static KINDS: LazyLock<BTreeMap<&'static str, Kind>> = LazyLock::new(|| {
    let built_in = BUILT_IN.iter().map(|(resource, version, kind, namespaced, definition)| {
        let schema = Schema::of(json!({"$ref": format!("#/definitions/{definition}")}));
        Kind::new(resource, version, kind, *namespaced, schema)
    });
    let brought = BROUGHT.iter().filter_map(|(resource, text)| brought(resource, text));
    built_in
        .chain(brought)
        .chain([innodb_cluster()])
        .chain(backups())
        .map(|kind| (kind.resource, kind))
        .collect()
});

/// The version that a definition serves.
fn brought(resource: &'static str, text: &str) -> Option<Kind> {
    let definition: Value = serde_json::from_str(text).ok()?;
    let spec = &definition["spec"];
    let version = spec["versions"].as_array()?.iter().find(|version| version["served"] == true)?;
    let schema = Schema::of(version["schema"]["openAPIV3Schema"].clone());
    let namespaced = spec["scope"] == "Namespaced";
    Some(Kind::new(resource, version["name"].as_str()?, spec["names"]["kind"].as_str()?, namespaced, schema))
}

/// MySQL's operator, as far as its documentation tells of it: its definition is under a licence of its own.
/// <https://dev.mysql.com/doc/mysql-operator/en/mysql-operator-properties.html>
fn innodb_cluster() -> Kind {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let spec = json!({
        "type": "object", "required": ["secretName"], "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "secretName": {"type": "string"},
            "instances": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
            "tlsUseSelfSigned": {"type": "boolean", "default": false},
            "router": anything, "datadirVolumeClaimTemplate": anything,
        },
    });
    let schema = json!({"type": "object", "required": ["spec"], "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "spec": spec, "status": anything,
    }});
    Kind::new("innodbclusters.mysql.oracle.com", "v2", "InnoDBCluster", true, Schema::of(schema))
}

/// CloudNativePG's backups and its plugin's object stores, as far as their documentation tells of them.
/// <https://cloudnative-pg.io/docs/current/cloudnative-pg.v1/>,
/// <https://cloudnative-pg.io/plugin-barman-cloud/docs/plugin-barman-cloud.v1/>
fn backups() -> [Kind; 3] {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let text = json!({"type": "string"});
    let object = |required: Value, properties: Value| json!({"type": "object", "required": required, "properties": properties});
    let texts = json!({"type": "object", "additionalProperties": text});
    let method = json!({"type": "string", "enum": ["barmanObjectStore", "volumeSnapshot", "plugin"], "default": "barmanObjectStore"});
    let mut order = json!({
        "cluster": object(json!(["name"]), json!({"name": text})), "method": method, "online": {"type": "boolean"},
        "pluginConfiguration": object(json!(["name"]), json!({"name": text, "parameters": texts})),
        "target": {"type": "string", "enum": ["primary", "prefer-standby"]},
    });
    let backup = object(json!(["cluster"]), order.clone());
    order["schedule"] = text.clone();
    order["suspend"] = json!({"type": "boolean"});
    order["immediate"] = json!({"type": "boolean"});
    order["backupOwnerReference"] =
        json!({"type": "string", "enum": ["none", "self", "cluster"], "default": "none"});
    let schedule = object(json!(["cluster", "schedule"]), order);
    let of_secret = object(json!(["key", "name"]), json!({"key": text, "name": text}));
    let credentials = object(
        json!([]),
        json!({
            "accessKeyId": of_secret, "secretAccessKey": of_secret, "region": of_secret, "sessionToken": of_secret,
            "inheritFromIAMRole": {"type": "boolean"},
        }),
    );
    let compression = json!({"type": "string", "enum": ["bzip2", "gzip", "lz4", "snappy", "xz", "zstd"]});
    let wal = object(
        json!([]),
        json!({"compression": compression, "encryption": text, "maxParallel": {"type": "integer"}}),
    );
    let data = object(
        json!([]),
        json!({
            "compression": compression, "encryption": text, "jobs": {"type": "integer"},
            "immediateCheckpoint": {"type": "boolean"},
        }),
    );
    let configuration = object(
        json!(["destinationPath"]),
        json!({
            "destinationPath": {"type": "string", "minLength": 1}, "endpointURL": text, "endpointCA": of_secret,
            "s3Credentials": credentials, "wal": wal, "data": data, "tags": texts, "historyTags": texts,
        }),
    );
    let sidecar = object(
        json!([]),
        json!({
            "resources": anything, "env": {"type": "array", "items": anything},
            "retentionPolicyIntervalSeconds": {"type": "integer", "default": 1800},
        }),
    );
    let retention = json!({"type": "string", "pattern": "^[1-9][0-9]*[dwm]$"});
    let store = object(
        json!(["configuration"]),
        json!({
            "configuration": configuration, "retentionPolicy": retention, "instanceSidecarConfiguration": sidecar,
        }),
    );
    [
        ("backups.postgresql.cnpg.io", "Backup", backup),
        ("scheduledbackups.postgresql.cnpg.io", "ScheduledBackup", schedule),
        ("objectstores.barmancloud.cnpg.io", "ObjectStore", store),
    ]
    .map(|(resource, kind, spec)| {
        let schema = object(json!(["spec"]), json!({
            "apiVersion": text, "kind": text, "metadata": {"type": "object"}, "spec": spec, "status": anything,
        }));
        Kind::new(resource, "v1", kind, true, Schema::of(schema))
    })
}

/// The kind that an address names by group, version and plural.
pub(crate) fn served(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    KINDS.values().find(|kind| kind.plural == plural && kind.group == group && kind.version == version)
}

/// The kind of a resource that is known to be there.
pub(crate) fn of(resource: &str) -> Option<&'static Kind> {
    KINDS.get(resource)
}
