use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::{DEPLOYMENT, OWNER};

/// How a service scales that does not say.
pub(super) const AUTOMATIC: &str = "AUTOMATIC";

/// A service as it is wanted (`GoogleCloudRunV2Service`). Without a mark it belongs to nobody: [`Service::owned`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// At most 512 characters.
    pub description: String,
    pub ingress: Ingress,
    /// Everybody may call it, whatever the policy says.
    pub invoker_iam_disabled: bool,
    pub scaling: ServiceScaling,
    pub template: Template,
}

/// Where calls may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ingress {
    #[serde(rename = "INGRESS_TRAFFIC_ALL")]
    All,
    #[serde(rename = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")]
    LoadBalancer,
    #[serde(rename = "INGRESS_TRAFFIC_INTERNAL_ONLY")]
    Internal,
    /// From nowhere: the service is suspended.
    #[serde(rename = "INGRESS_TRAFFIC_NONE")]
    Nowhere,
}

/// Who says how many instances run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceScaling {
    /// The calls: so many stand ready at least, whatever the revision, and another number makes no new one. The template
    /// says how many there are at most.
    Automatic(u32),
    /// We. None at all stops a service, which a minimum of none does not.
    Manual(u32),
}

/// What a revision is made from (`GoogleCloudRunV2RevisionTemplate`).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub labels: BTreeMap<String, String>,
    pub scaling: InstanceScaling,
    /// Calls that one instance answers at a time.
    pub max_instance_request_concurrency: u16,
    /// How long a call may take, `300s`.
    pub timeout: String,
    /// The account the containers run as: each tenant needs its own to have secrets of its own.
    pub service_account: String,
    pub containers: Vec<Container>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceScaling {
    /// Of this revision, beside the service's own: better none, for what they are told stands until the next revision.
    pub min_instance_count: u32,
    pub max_instance_count: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// `southamerica-east1-docker.pkg.dev/project/repository/image@sha256:...`; a tag may mean another image tomorrow.
    pub image: String,
    /// One at most, and Cloud Run tells the container by `PORT`.
    pub ports: Vec<Port>,
    /// `PORT` and what begins with `K_` are Cloud Run's own.
    pub env: Vec<EnvVar>,
    pub resources: Resources,
    #[serde(rename = "startupProbe", skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    pub container_port: u16,
}

/// A variable of the container's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvVar {
    Plain {
        name: String,
        value: String,
    },
    /// The value stays in Secret Manager, and is read when an instance starts.
    Secret {
        name: String,
        from: SecretVersion,
    },
}

/// `version` is a number, or `latest`: then an instance that starts later may have another value than its neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretVersion {
    /// The id of a secret of the same project.
    pub secret: String,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// `cpu` as `1`, `2`, `4` or `8` (or thousandths, `500m`), `memory` as `512Mi`.
    pub limits: BTreeMap<String, String>,
    /// The processor is there only while calls are answered.
    pub cpu_idle: bool,
    pub startup_cpu_boost: bool,
}

/// When a container counts as started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Boot {
    pub http_get: HttpGet,
    pub period_seconds: u16,
    pub timeout_seconds: u16,
    /// It is given up after so many; with the period that makes 240 seconds at most.
    pub failure_threshold: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpGet {
    pub path: String,
    pub port: u16,
}

impl Service {
    /// A service with the owner's mark and the deployment's label, open to calls from everywhere.
    #[must_use]
    pub fn owned(owner: &str, deployment: &str, template: Template) -> Self {
        Self {
            labels: BTreeMap::from([(DEPLOYMENT.to_owned(), deployment.to_owned())]),
            annotations: BTreeMap::from([(OWNER.to_owned(), owner.to_owned())]),
            description: String::new(),
            ingress: Ingress::All,
            invoker_iam_disabled: false,
            scaling: ServiceScaling::Automatic(0),
            template,
        }
    }
}

impl Template {
    /// The least that answers: one small container, of which there are none while nobody calls.
    #[must_use]
    pub fn small(image: &str, service_account: &str, env: Vec<EnvVar>) -> Self {
        let limits =
            [("cpu", "1"), ("memory", "512Mi")].map(|(name, limit)| (name.to_owned(), limit.to_owned()));
        let container = Container {
            image: image.to_owned(),
            ports: vec![Port { container_port: 8080 }],
            env,
            resources: Resources { limits: limits.into(), cpu_idle: true, startup_cpu_boost: false },
            boot: None,
        };
        Self {
            labels: BTreeMap::new(),
            scaling: InstanceScaling { min_instance_count: 0, max_instance_count: 1 },
            max_instance_request_concurrency: 80,
            timeout: "60s".to_owned(),
            service_account: service_account.to_owned(),
            containers: vec![container],
        }
    }
}

impl Serialize for ServiceScaling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scaling = match self {
            Self::Automatic(least) => json!({ "scalingMode": AUTOMATIC, "minInstanceCount": least }),
            Self::Manual(instances) => json!({ "scalingMode": "MANUAL", "manualInstanceCount": instances }),
        };
        scaling.serialize(serializer)
    }
}

impl Serialize for EnvVar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let variable = match self {
            Self::Plain { name, value } => json!({ "name": name, "value": value }),
            Self::Secret { name, from } => json!({ "name": name, "valueSource": { "secretKeyRef": from } }),
        };
        variable.serialize(serializer)
    }
}
