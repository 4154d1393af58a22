//! What Prometheus takes metrics from: the ports of services that a ServiceMonitor selects and names.
//! <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor>

use serde_json::Value;

use super::Kubernetes;
use super::listing::selects;

impl Kubernetes {
    /// The services of a namespace that are scraped, as `service:port`.
    pub(crate) fn scraped(&self, namespace: &str) -> Vec<String> {
        let monitors = self.store.within("servicemonitors.monitoring.coreos.com", namespace);
        let mut found = Vec::new();
        for (_, monitor) in monitors {
            let spec = &monitor.value["spec"];
            for (key, service) in self.store.within("services", namespace) {
                if !selects(&spec["selector"], &service.value["metadata"]["labels"]) {
                    continue;
                }
                let ports = service.value["spec"]["ports"].as_array().into_iter().flatten();
                let names: Vec<&str> = ports.filter_map(|port| port["name"].as_str()).collect();
                let endpoints = spec["endpoints"].as_array().into_iter().flatten();
                let named = endpoints.filter_map(|endpoint: &Value| endpoint["port"].as_str());
                found.extend(
                    named.filter(|port| names.contains(port)).map(|port| format!("{}:{port}", key.name)),
                );
            }
        }
        found.sort();
        found.dedup();
        found
    }
}
