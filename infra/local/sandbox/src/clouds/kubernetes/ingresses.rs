//! ingress-nginx, and the part of cert-manager that reads its annotations: an ingress that names an issuer gets a
//! Certificate of its own for each secret that its TLS names.
//! <https://cert-manager.io/docs/usage/ingress/>

use serde_json::{Value, json};

use super::refused::Refused;
use super::store::{self, Key, Store};
use super::{Kubernetes, kinds};
use crate::clouds::pace::Moment;

const INGRESSES: &str = "ingresses.networking.k8s.io";

/// The controller's hook: a host and a path lead to one place in the whole cluster.
pub(super) fn admit(store: &Store, key: &Key, value: &Value) -> Result<(), Refused> {
    if key.resource != INGRESSES {
        return Ok(());
    }
    let wanted: Vec<(String, String)> = routes(value).collect();
    let neighbours = wanted.iter().flat_map(|(host, _)| store.ingresses(host));
    for (other, object) in neighbours.filter(|(other, _)| *other != key) {
        if let Some((host, path)) = routes(&object.value).find(|route| wanted.contains(route)) {
            let why = format!(
                "host \"{host}\" and path \"{path}\" is already defined in ingress {}/{}",
                other.namespace, other.name
            );
            return Err(Refused::denied("validate.nginx.ingress.kubernetes.io", &why));
        }
    }
    Ok(())
}

fn routes(ingress: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ingress["spec"]["rules"].as_array().into_iter().flatten().flat_map(move |rule| {
        let paths = rule["http"]["paths"].as_array().into_iter().flatten();
        paths.map(move |path| (text(&rule["host"]), text(&path["path"])))
    })
}

impl Kubernetes {
    pub(super) fn ingresses(&mut self, moment: Moment) {
        for key in self.here(INGRESSES) {
            let Some(ingress) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let value = ingress.value.clone();
            if value["spec"]["ingressClassName"] == "nginx" {
                self.store.set_status(&key, json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}));
            }
            let issuer = ["cluster-issuer", "issuer"].iter().find_map(|which| {
                let name = value["metadata"]["annotations"][format!("cert-manager.io/{which}")].as_str()?;
                let kind = if *which == "issuer" { "Issuer" } else { "ClusterIssuer" };
                Some(json!({"name": name, "kind": kind, "group": "cert-manager.io"}))
            });
            let Some(issuer) = issuer else { continue };
            for tls in value["spec"]["tls"].as_array().into_iter().flatten() {
                let Some(secret) = tls["secretName"].as_str() else { continue };
                let certificate = Key::new("certificates.cert-manager.io", &key.namespace, secret);
                let spec = json!({"secretName": secret, "issuerRef": issuer, "dnsNames": tls["hosts"]});
                self.shim(moment, &certificate, &value, spec);
            }
        }
    }

    /// Makes the certificate of an ingress, or keeps it as the ingress has it. One of somebody else's is left alone.
    fn shim(&mut self, moment: Moment, key: &Key, ingress: &Value, spec: Value) {
        let uid = ingress["metadata"]["uid"].as_str().unwrap_or_default();
        match self.store.get(key) {
            Some(there) if store::owners(&there.value).any(|owner| owner == uid) => {
                let mut value = there.value.clone();
                value["spec"] = spec;
                self.store.write(key, value);
            }
            Some(_) => {}
            None => {
                let value = json!({"metadata": {"ownerReferences": store::owner(ingress)}, "spec": spec});
                let fits =
                    kinds::of(key.resource).is_some_and(|kind| self.lets_in(kind, key, &value).is_ok());
                if fits {
                    self.store.create(moment.now, key, value, Vec::new());
                }
            }
        }
    }
}
