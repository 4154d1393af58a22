//! What a namespace may use at most, and a container that says nothing of itself.
//! <https://kubernetes.io/docs/concepts/policy/resource-quotas/>

use fault::Fault;
use kubernetes::api::core::v1::{LimitRange, ResourceQuota};
use kubernetes::manifest;
use serde_json::json;

use crate::Params;

/// What has no resource of its own in a quota is counted by `count/<resource>.<group>`: `deployments.apps` is refused.
pub(crate) fn quota(namespace: &str, params: &Params) -> Result<ResourceQuota, Fault> {
    manifest(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": { "name": "tenant-quota", "namespace": namespace },
        "spec": { "hard": {
            "requests.cpu": params.quota_cpu, "limits.cpu": params.quota_cpu_limit,
            "requests.memory": params.quota_memory, "limits.memory": params.quota_memory_limit,
            "requests.storage": params.quota_storage, "persistentvolumeclaims": params.quota_volumes,
            "services.loadbalancers": params.quota_load_balancers, "services.nodeports": "0",
            "pods": params.quota_pods,
            "count/deployments.apps": params.quota_deployments,
            "count/statefulsets.apps": params.quota_stateful_sets,
        } },
    }))
}

/// The least is what cert-manager's solver asks for, which proves a name from within the tenant's namespace: a higher one would
/// keep it from its certificate.
pub(crate) fn limits(namespace: &str, params: &Params) -> Result<LimitRange, Fault> {
    manifest(json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": { "name": "tenant-limits", "namespace": namespace },
        "spec": { "limits": [
            {
                "type": "Container",
                "max": { "cpu": params.container_cpu, "memory": params.container_memory },
                "min": { "cpu": "10m", "memory": "32Mi" },
                "default": { "cpu": "500m", "memory": "512Mi" },
                "defaultRequest": { "cpu": "100m", "memory": "128Mi" },
            },
            { "type": "PersistentVolumeClaim", "max": { "storage": params.volume }, "min": { "storage": "1Gi" } },
        ] },
    }))
}
