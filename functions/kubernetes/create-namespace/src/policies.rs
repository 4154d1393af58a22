//! Whom a tenant's pods may talk to, and who may talk to them: nobody but these.
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
//!
//! Policies add up, and a connection must be let out where it begins and in where it ends. Namespaces are told by the one label
//! that each has of itself. A selector of namespaces selects pods: what is not in the cluster has an address only.

use fault::Fault;
use kubernetes::api::networking::v1::NetworkPolicy;
use kubernetes::manifest;
use serde_json::{Value, json};

use crate::Neighbours;

/// What the services listen on, for visitors and for Prometheus.
const SERVICE: u16 = 8100;
/// What cert-manager's solver listens on while it proves a name.
const SOLVER: u16 = 8089;
/// MySQL, the broker without and with TLS, and the object store.
const SHARED: [u16; 4] = [3306, 5672, 5671, 9000];

pub(crate) fn all(namespace: &str, neighbours: &Neighbours) -> Result<Vec<NetworkPolicy>, Fault> {
    let Neighbours { ingress, shared, monitoring } = neighbours;
    let everything = json!({});
    let own = json!([{ "podSelector": {} }]);
    let dns = json!([{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }]);
    // Not the private networks, nor the nodes' metadata: what is there is ours.
    let internet = json!([{ "ipBlock": {
        "cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
    } }]);
    let isolation = json!({
        "podSelector": everything, "policyTypes": ["Ingress", "Egress"],
        "ingress": [{ "from": own }],
        "egress": [
            { "to": own },
            { "to": [pods_of("kube-system")], "ports": dns },
            { "to": [pods_of(shared)], "ports": tcp(&SHARED) },
            { "to": internet, "ports": tcp(&[443]) },
        ],
    });
    let policies = [
        ("tenant-isolation", isolation),
        ("visitors", lets_in(&json!({ "matchLabels": { "app": "api-gateway" } }), ingress, SERVICE)),
        // The label's value is cert-manager's.
        (
            "certificate",
            lets_in(
                &json!({ "matchLabels": { "acme.cert-manager.io/http01-solver": "true" } }),
                ingress,
                SOLVER,
            ),
        ),
        ("metrics", lets_in(&everything, monitoring, SERVICE)),
    ];
    let policy = |(name, spec)| {
        manifest(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": name, "namespace": namespace }, "spec": spec,
        }))
    };
    policies.into_iter().map(policy).collect()
}

fn pods_of(namespace: &str) -> Value {
    json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } })
}

fn tcp(ports: &[u16]) -> Vec<Value> {
    ports.iter().map(|port| json!({ "protocol": "TCP", "port": port })).collect()
}

/// The pods of a namespace may come to these.
fn lets_in(pods: &Value, namespace: &str, port: u16) -> Value {
    json!({
        "podSelector": pods, "policyTypes": ["Ingress"],
        "ingress": [{ "from": [pods_of(namespace)], "ports": tcp(&[port]) }],
    })
}
