use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::core::ObjectMeta;
use serde::Deserialize;

/// What a namespace may use at most, in Kubernetes' quantities: `500m`, `512Mi`.
/// <https://kubernetes.io/docs/concepts/policy/resource-quotas/>
#[derive(Clone, Debug, Deserialize)]
pub struct NamespaceQuota {
    /// What all containers ask for, and what they may have.
    pub cpu: String,
    pub cpu_limit: String,
    pub memory: String,
    pub memory_limit: String,
    /// What all volumes hold, and how many there are.
    pub storage: String,
    pub volumes: String,
    pub load_balancers: String,
    pub pods: String,
    pub deployments: String,
    pub stateful_sets: String,
}

impl NamespaceQuota {
    /// Of the one that a namespace has.
    pub const NAME: &str = "tenant-quota";

    /// By Kubernetes' names. What a quota has no name of its own for is counted by `count/<resource>.<group>`: `deployments.apps`
    /// is refused.
    #[must_use]
    pub fn hard(&self) -> BTreeMap<String, Quantity> {
        [
            ("requests.cpu", self.cpu.as_str()),
            ("limits.cpu", &self.cpu_limit),
            ("requests.memory", &self.memory),
            ("limits.memory", &self.memory_limit),
            ("requests.storage", &self.storage),
            ("persistentvolumeclaims", &self.volumes),
            ("services.loadbalancers", &self.load_balancers),
            ("services.nodeports", "0"),
            ("pods", &self.pods),
            ("count/deployments.apps", &self.deployments),
            ("count/statefulsets.apps", &self.stateful_sets),
        ]
        .map(|(what, most)| (what.to_owned(), Quantity(most.to_owned())))
        .into()
    }

    /// The quota of a namespace that may use so much.
    #[must_use]
    pub fn object(namespace: &str, hard: BTreeMap<String, Quantity>) -> ResourceQuota {
        ResourceQuota {
            metadata: ObjectMeta {
                name: Some(Self::NAME.to_owned()),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            spec: Some(ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() }),
            status: None,
        }
    }
}
