use k8s_openapi::api::networking::v1::{Ingress, IngressLoadBalancerIngress, IngressTLS};
use kube::core::ObjectMeta;

use crate::{Progress, State};

/// What of an ingress is for ingress-nginx: limits, timeouts, redirects.
const CONTROLLER: &str = "nginx.ingress.kubernetes.io/";
/// Leads whoever comes by plain HTTP to HTTPS, also while there is no certificate: nobody is to sign in without one.
const REDIRECT: &str = "nginx.ingress.kubernetes.io/force-ssl-redirect";

/// What a tenant is reached by, in its namespace, at the name that the platform gave it.
#[derive(Clone, Copy, Debug)]
pub struct TenantIngress;

impl TenantIngress {
    pub const NAME: &str = "tenant-ingress";
    /// Its certificate, and the secret that this is kept in.
    pub const CERTIFICATE: &str = "tenant-tls";

    /// The same for another name: its paths and its limits are what the tenant's ingress says, so they are said once. It is called
    /// as the name is, and so is the secret of its certificate, if it has one.
    #[must_use]
    pub fn at(of: &Ingress, hostname: &str, secret: Option<&str>) -> Ingress {
        let annotations = of.metadata.annotations.iter().flatten();
        let annotations = annotations.filter(|(name, _)| name.starts_with(CONTROLLER));
        let annotations = annotations.map(|(name, value)| (name.clone(), value.clone()));
        let redirect = (REDIRECT.to_owned(), "true".to_owned());
        let metadata = ObjectMeta {
            name: Some(hostname.to_owned()),
            namespace: of.metadata.namespace.clone(),
            annotations: Some(annotations.chain([redirect]).collect()),
            ..ObjectMeta::default()
        };
        let mut spec = of.spec.clone().unwrap_or_default();
        let mut rules = spec.rules.unwrap_or_default();
        rules.truncate(1);
        for rule in &mut rules {
            rule.host = Some(hostname.to_owned());
        }
        spec.rules = Some(rules);
        let tls = |secret: &str| IngressTLS {
            hosts: Some(vec![hostname.to_owned()]),
            secret_name: Some(secret.to_owned()),
        };
        spec.tls = secret.map(|secret| vec![tls(secret)]);
        Ingress { metadata, spec: Some(spec), status: None }
    }

    /// Whether it is one for another name: it is called as its only host.
    #[must_use]
    pub fn is_at_another(ingress: &Ingress) -> bool {
        let rules = ingress.spec.as_ref().and_then(|spec| spec.rules.as_deref()).unwrap_or_default();
        matches!(rules, [rule] if rule.host.is_some() && rule.host == ingress.metadata.name)
    }

    /// Where its controller has it answer: addresses, and names that lead to some.
    #[must_use]
    pub fn addresses(ingress: &Ingress) -> Vec<String> {
        let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let points: &[IngressLoadBalancerIngress] =
            status.and_then(|status| status.ingress.as_deref()).unwrap_or_default();
        let of = |point: &IngressLoadBalancerIngress| point.ip.clone().or_else(|| point.hostname.clone());
        points.iter().filter_map(of).collect()
    }
}

impl Progress for Ingress {
    fn progress(&self) -> State {
        if TenantIngress::addresses(self).is_empty() {
            return State::waiting("Pending", "no controller has taken it up yet");
        }
        State::Ready
    }
}
