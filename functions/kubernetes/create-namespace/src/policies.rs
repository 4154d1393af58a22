//! Whom a tenant's pods may talk to, and who may talk to them: nobody but these.
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
//!
//! Policies add up, and a connection must be let out where it begins and in where it ends. Namespaces are told by the one label
//! that each has of itself. A selector of namespaces selects pods: what is not in the cluster has an address only.

use fault::Fault;
use kubernetes::api::networking::v1::NetworkPolicy;
use kubernetes::manifest;
use serde_json::{Value, json};

use crate::{Neighbours, Params, Visited};

/// What cert-manager's solver listens on while it proves a name.
const SOLVER: u16 = 8089;

pub(crate) fn all(
    namespace: &str,
    neighbours: &Neighbours,
    params: &Params,
) -> Result<Vec<NetworkPolicy>, Fault> {
    let Neighbours { ingress, shared, monitoring, operators } = neighbours;
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
            { "to": [pods_of(shared)], "ports": tcp(&params.shared) },
            { "to": internet, "ports": tcp(&[443]) },
        ],
    });
    let solver = json!({ "matchLabels": { "acme.cert-manager.io/http01-solver": "true" } });
    let mut policies = vec![
        ("tenant-isolation".to_owned(), isolation),
        // The label's value is cert-manager's.
        ("certificate".to_owned(), lets_in(&solver, ingress, &[SOLVER])),
    ];
    for Visited { app, port } in &params.visited {
        let pods = json!({ "matchLabels": { "app": app } });
        policies.push((format!("visitors-of-{app}"), lets_in(&pods, ingress, &[*port])));
    }
    for (name, from, ports) in
        [("metrics", monitoring, &params.measured), ("operators", operators, &params.operated)]
    {
        // A rule without ports is one of all ports.
        if !ports.is_empty() {
            policies.push((name.to_owned(), lets_in(&everything, from, ports)));
        }
    }
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
fn lets_in(pods: &Value, namespace: &str, ports: &[u16]) -> Value {
    json!({
        "podSelector": pods, "policyTypes": ["Ingress"],
        "ingress": [{ "from": [pods_of(namespace)], "ports": tcp(ports) }],
    })
}
