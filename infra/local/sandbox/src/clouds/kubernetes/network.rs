//! What NetworkPolicies let through. Pods are told by the labels of theirs and of their namespaces, and addresses
//! outside of the cluster are no pods. <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
//!
//! Deliberately absent: named ports, ranges of ports, and addresses but by their whole.

use serde_json::{Value, json};

use super::Kubernetes;
use super::listing::selects;

/// An end of a connection.
#[derive(Debug, Clone)]
pub enum End {
    /// Pods with these labels, of a namespace.
    Pod { namespace: String, labels: Value },
    /// Whatever is not in the cluster.
    Internet,
}

impl End {
    /// The pods of a namespace that have these labels.
    #[must_use]
    pub fn pod(namespace: &str, labels: Value) -> Self {
        Self::Pod { namespace: namespace.to_owned(), labels }
    }
}

impl Kubernetes {
    /// Whether a connection is let out of where it begins and in where it ends.
    pub(crate) fn lets_through(&self, from: &End, to: &End, protocol: &str, port: u64) -> bool {
        self.permits("Egress", from, to, protocol, port) && self.permits("Ingress", to, from, protocol, port)
    }

    /// A pod that no policy selects is open.
    fn permits(&self, side: &str, of: &End, other: &End, protocol: &str, port: u64) -> bool {
        let End::Pod { namespace, labels } = of else { return true };
        let policies = self.store.within("networkpolicies.networking.k8s.io", namespace);
        let mut selecting = policies
            .map(|(_, policy)| &policy.value["spec"])
            .filter(|spec| selects(&spec["podSelector"], labels))
            .filter(|spec| spec["policyTypes"].as_array().is_some_and(|types| types.contains(&json!(side))))
            .peekable();
        if selecting.peek().is_none() {
            return true;
        }
        let (rules, peers) = if side == "Egress" { ("egress", "to") } else { ("ingress", "from") };
        let mut rules = selecting.flat_map(|spec| spec[rules].as_array().into_iter().flatten());
        rules.any(|rule| {
            let ports = rule["ports"].as_array();
            let fits = |it: &Value| {
                it["protocol"].as_str().unwrap_or("TCP") == protocol
                    && (it["port"].is_null() || it["port"] == port)
            };
            let peers = rule[peers].as_array();
            ports.is_none_or(|ports| ports.iter().any(fits))
                && peers.is_none_or(|peers| peers.iter().any(|peer| self.is_peer(namespace, peer, other)))
        })
    }

    fn is_peer(&self, home: &str, peer: &Value, other: &End) -> bool {
        match other {
            // A selector of namespaces, be it of all, selects pods.
            End::Internet => peer["ipBlock"]["cidr"] == "0.0.0.0/0",
            End::Pod { namespace, labels } => {
                let of_namespace = match peer.get("namespaceSelector") {
                    None => peer.get("podSelector").is_some() && namespace == home,
                    Some(selector) => {
                        let found = self.store.value("namespaces", "", namespace);
                        found.is_some_and(|found| selects(selector, &found["metadata"]["labels"]))
                    }
                };
                of_namespace && peer.get("podSelector").is_none_or(|selector| selects(selector, labels))
            }
        }
    }
}
