//! A tenant as whoever visits it sees it: through ingress-nginx, which knows its host, its certificate and its pods.
//! <https://kubernetes.github.io/ingress-nginx/user-guide/tls/>
//!
//! Deliberately absent: wildcards, the redirect of plain HTTP, what annotations ask for, and the product itself.

use http::{Method, Response, StatusCode};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::Kubernetes;
use super::workloads::is_ready;
use crate::clouds::ask::{self, Ask};
use crate::clouds::pace::Moment;

/// What tenants' names end with.
const DOMAINS: [&str; 2] = ["collectverything.example", "mechanicbuddy.example"];

/// Whether it is a tenant's name.
pub(crate) fn is_tenant(host: &str) -> bool {
    DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|name| name.ends_with('.')))
}

/// What each service that visitors come to has pages at.
const PAGES: [(&str, &[&str]); 3] =
    [("api-gateway", &["/", "/admin", "/health"]), ("web", &["/", "/health"]), ("api", &["/api/health"])];

impl Kubernetes {
    pub(crate) fn visit(&mut self, moment: Moment, host: &str, ask: &Ask<'_>) -> Response<Bytes> {
        self.settle(moment);
        let path = ask.uri.path();
        let Some((namespace, ingress, backend)) = self.route(host, path) else {
            return says(StatusCode::NOT_FOUND, "Nobody here is called that.");
        };
        // A client that verifies ends the handshake: it has no answer at all. There is no handshake here, so it has one that is
        // no success of anybody's, and says why.
        if !self.has_certificate(namespace, ingress, host) {
            let message =
                "The certificate is ingress-nginx's own, Kubernetes Ingress Controller Fake Certificate.";
            return says(StatusCode::BAD_GATEWAY, message);
        }
        if !self.has_ready_pod(namespace, &backend["service"]) {
            return says(StatusCode::SERVICE_UNAVAILABLE, "Service Temporarily Unavailable");
        }
        let mut pages = PAGES.iter().filter(|(service, _)| backend["service"]["name"] == **service);
        if *ask.method != Method::GET || !pages.any(|(_, pages)| pages.contains(&path)) {
            return says(StatusCode::NOT_FOUND, "There is no such page.");
        }
        ask::json(StatusCode::OK, &json!({"status": "ok", "tenant": namespace}))
    }

    /// The namespace, the spec of the ingress there and the backend that a host and a path lead to; of several paths the
    /// longest.
    fn route(&self, host: &str, path: &str) -> Option<(&str, &Value, &Value)> {
        let ingresses = self.store.ingresses(host).filter(|(_, it)| !it.is_going());
        let served = ingresses.filter(|(_, it)| it.value["spec"]["ingressClassName"] == "nginx");
        let paths = served.flat_map(|(key, it)| {
            let spec = &it.value["spec"];
            let rules = spec["rules"].as_array().into_iter().flatten().filter(|rule| rule["host"] == *host);
            let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
            paths.map(move |path| (key.namespace.as_str(), spec, path))
        });
        let (namespace, spec, route) = paths
            .filter(|(_, _, route)| leads(route, path))
            .max_by_key(|(_, _, route)| route["path"].as_str().map(str::len))?;
        Some((namespace, spec, &route["backend"]))
    }

    /// Whether the ingress has a secret for the host, and a certificate for it in there. What that is for is not in its PEM,
    /// which is nobody's, but beside it.
    fn has_certificate(&self, namespace: &str, ingress: &Value, host: &str) -> bool {
        let named = |names: &Value| names.as_array().is_some_and(|names| names.contains(&json!(host)));
        let mut secrets = ingress["tls"].as_array().into_iter().flatten().filter(|tls| named(&tls["hosts"]));
        secrets.any(|tls| {
            let name = tls["secretName"].as_str().unwrap_or_default();
            let secret = self.store.value("secrets", namespace, name);
            secret.is_some_and(|secret| {
                let names = secret["metadata"]["annotations"]["cert-manager.io/alt-names"].as_str();
                names.is_some_and(|names| names.split(',').any(|name| name == host))
            })
        })
    }

    fn has_ready_pod(&self, namespace: &str, backend: &Value) -> bool {
        let name = backend["name"].as_str().unwrap_or_default();
        let Some(service) = self.store.value("services", namespace, name) else { return false };
        let ports = service["spec"]["ports"].as_array();
        let is_it = |port: &Value| {
            let wanted = &backend["port"];
            let by_name = wanted["name"].is_string() && wanted["name"] == port["name"];
            by_name || wanted["number"].is_i64() && wanted["number"] == port["port"]
        };
        let Some(selector) = service["spec"]["selector"].as_object() else { return false };
        ports.is_some_and(|ports| ports.iter().any(is_it))
            && self.store.within("pods", namespace).any(|(_, pod)| {
                let labels = &pod.value["metadata"]["labels"];
                !pod.is_going()
                    && selector.iter().all(|(label, value)| labels[label] == *value)
                    && is_ready(pod)
            })
    }
}

/// A prefix is one of whole segments.
fn leads(route: &Value, path: &str) -> bool {
    let wanted = route["path"].as_str().unwrap_or("/");
    if route["pathType"] == "Exact" {
        return wanted == path;
    }
    let rest = path.strip_prefix(wanted.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn says(status: StatusCode, message: &str) -> Response<Bytes> {
    ask::json(status, &json!({ "message": message }))
}
