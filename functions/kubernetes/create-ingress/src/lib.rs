//! Makes a tenant be reached at its name, where it is to with `www`, too, and have a certificate for it.
//!
//! The certificate is asked for by itself. The annotation that has cert-manager make one for an ingress would make a second for
//! the same secret, and the two would take it from each other for ever. Of a tenant that is suspended nothing runs, and
//! ingress-nginx says 503 by itself.

use fault::Fault;
use kubernetes::api::networking::v1::Ingress;
use kubernetes::cert_manager::{Certificate, CertificateSpec, IssuerRef};
use kubernetes::{Cluster, Progress as _, TenantIngress, manifest};
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug)]
pub struct CreateIngress {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// What tenants' names end with: `collectverything.example`.
    domain: String,
    /// Whether it is reached with `www` before its name, too.
    www: bool,
    /// Which service is reached by which path; of several, the longest that fits.
    paths: Vec<Path>,
    /// cert-manager's ClusterIssuer.
    issuer: String,
    /// How many requests of one visitor are served in a second.
    requests_per_second: String,
    /// `50m`, in nginx' notation.
    body_size: String,
}

#[derive(Debug, Deserialize)]
pub struct Path {
    path: String,
    /// It has a port of the name `http`.
    service: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    host: String,
}

impl Setup for CreateIngress {
    const NAME: &'static str = "kubernetes-create-ingress";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let owner = cx.mark.to_string();
        let host = format!("{}.{}", cx.tenant.subdomain, params.domain);
        let mut hosts = vec![host.clone()];
        if params.www {
            hosts.push(format!("www.{host}"));
        }
        let ingress: Ingress = manifest(ingress(params, &hosts))?;
        self.cluster.apply(&ingress, &owner).await?;
        let certificate = CertificateSpec {
            secret_name: TenantIngress::CERTIFICATE.to_owned(),
            dns_names: hosts,
            issuer_ref: IssuerRef { name: params.issuer.clone(), kind: "ClusterIssuer".to_owned() },
        };
        let certificate = Certificate::new(&params.namespace, TenantIngress::CERTIFICATE, certificate);
        let mut applied = [self.cluster.apply(&certificate, &owner).await?];
        self.cluster.settle(&params.namespace, &owner, &mut applied).await?;
        let [certificate] = applied;
        certificate.progress().demand(&format!("the certificate of {host}"))?;
        Ok(Output { host })
    }
}

fn ingress(params: &Params, hosts: &[String]) -> Value {
    let path = |Path { path, service }: &Path| {
        let backend = json!({ "service": { "name": service, "port": { "name": "http" } } });
        json!({ "path": path, "pathType": "Prefix", "backend": backend })
    };
    let paths: Vec<Value> = params.paths.iter().map(path).collect();
    let rule = |host: &String| json!({ "host": host, "http": { "paths": paths } });
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "name": TenantIngress::NAME, "namespace": params.namespace,
            "annotations": {
                "nginx.ingress.kubernetes.io/ssl-redirect": "true",
                "nginx.ingress.kubernetes.io/proxy-body-size": params.body_size,
                "nginx.ingress.kubernetes.io/limit-rps": params.requests_per_second,
                "nginx.ingress.kubernetes.io/proxy-connect-timeout": "30",
                "nginx.ingress.kubernetes.io/proxy-send-timeout": "30",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "30",
            },
        },
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{ "hosts": hosts, "secretName": TenantIngress::CERTIFICATE }],
            "rules": hosts.iter().map(rule).collect::<Vec<_>>(),
        },
    })
}
