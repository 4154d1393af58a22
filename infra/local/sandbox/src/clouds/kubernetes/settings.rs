//! What a cluster is like from the start.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::rights::Subject;

/// The secrets of AWS Secrets Manager, as External Secrets reads them.
pub trait RemoteSecrets: Debug + Send + Sync {
    /// The text of a secret, if there is one of this name.
    fn read(&self, name: &str) -> Option<String>;
}

impl RemoteSecrets for BTreeMap<String, String> {
    fn read(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

/// A repository of charts, as Flux and as K3s know it, with the chart of this repository in it.
#[derive(Debug, Clone)]
pub struct Charts {
    /// Flux's `HelmRepository`, and the namespace that it is in.
    pub repository: String,
    pub namespace: String,
    pub url: String,
    /// Of the chart, the oldest first.
    pub versions: Vec<String>,
}

/// What a cluster is like from the start.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Calls on its API in a second.
    pub calls_per_second: u64,
    /// Who has a token beside whoever may do all.
    pub subjects: Vec<Subject>,
    /// What one node has room for: CPUs, and memory in GiB.
    pub node: (u32, u32),
    /// `ClusterIssuer`s of cert-manager.
    pub issuers: Vec<String>,
    /// `ClusterSecretStore`s of External Secrets.
    pub stores: Vec<String>,
    /// Where those lead to.
    pub remote: Arc<dyn RemoteSecrets>,
    /// `AppProject`s of Argo CD.
    pub projects: Vec<String>,
    /// The one repository that Argo CD can reach, and the folder with a `kustomization.yaml` in it.
    pub repository: String,
    pub folder: String,
    /// What that folder holds, as `kustomize build` gives it.
    pub manifests: Vec<Value>,
    /// Where charts are fetched from.
    pub charts: Charts,
    /// Images with this in their names crash, and so do jobs of them.
    pub broken: Vec<String>,
    /// Those with this in their names run out of memory once, when they have run for so long, and are started again.
    pub leaking: Vec<(String, Duration)>,
}

impl Default for Cluster {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            calls_per_second: 400,
            subjects: Vec::new(),
            node: (16, 64),
            issuers: names(&["letsencrypt-prod"]),
            stores: names(&["aws-secrets-manager"]),
            remote: Arc::new(BTreeMap::new()),
            projects: names(&["default", "tenants"]),
            repository: "https://github.com/company/e-commerce-manifests".to_owned(),
            folder: "tenant".to_owned(),
            manifests: shop(),
            charts: Charts {
                repository: "mechanicbuddy".to_owned(),
                namespace: "flux-system".to_owned(),
                url: "https://charts.mechanicbuddy.example".to_owned(),
                versions: names(&["1.0.0"]),
            },
            broken: Vec::new(),
            leaking: Vec::new(),
        }
    }
}

/// The services of a shop, and the secret that each of them reads, if any.
const SERVICES: [(&str, Option<&str>); 13] = [
    ("api-gateway", None),
    ("auth-service", Some("auth-db-credentials")),
    ("products-service", Some("products-db-credentials")),
    ("orders-service", Some("orders-db-credentials")),
    ("baskets-service", Some("baskets-db-credentials")),
    ("addresses-service", Some("addresses-db-credentials")),
    ("deliveries-service", Some("deliveries-db-credentials")),
    ("newsletters-service", Some("newsletters-db-credentials")),
    ("sav-service", Some("sav-db-credentials")),
    ("contacts-service", Some("contacts-db-credentials")),
    ("questions-service", Some("questions-db-credentials")),
    ("websites-service", Some("websites-db-credentials")),
    ("messages-broker", Some("rabbitmq-credentials")),
];

/// A deployment and a service for each; what they read may come later than they do.
fn shop() -> Vec<Value> {
    SERVICES.iter().flat_map(|(name, secret)| [deployment(name, *secret), service(name)]).collect()
}

fn deployment(name: &str, secret: Option<&str>) -> Value {
    let mut sources = vec![json!({"configMapRef": {"name": "tenant-config", "optional": true}})];
    sources.extend(secret.map(|secret| json!({"secretRef": {"name": secret}})));
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}, "initialDelaySeconds": 5});
    let container = json!({
        "name": name, "image": format!("ecommerce/{name}:v1.2.3"), "envFrom": sources,
        "ports": [{"name": "http", "containerPort": 8100, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"},
        },
        "livenessProbe": probe("/health"), "readinessProbe": probe("/ready"),
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 1, "progressDeadlineSeconds": 120, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    })
}

fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": "http", "port": 8100, "targetPort": "http", "protocol": "TCP"}],
        },
    })
}
