//! Looks whether all that a tenant is made of runs in its namespace; if it is suspended or asleep, that nothing does.
//!
//! A pod that has done its work is no pod that does not run: what is looked at are deployments, and the pods that serve for them.

use std::collections::BTreeMap;

use fault::Fault;
use kubernetes::api::apps::v1::Deployment;
use kubernetes::api::core::v1::Namespace;
use kubernetes::external_secrets::ExternalSecret;
use kubernetes::{Cluster, PodHealth, Progress as _};
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProbeWorkloads {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// Names of deployments; one text may have several, by spaces.
    deployments: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    services: Vec<Service>,
}

#[derive(Debug, Serialize)]
pub struct Service {
    name: String,
    /// How many of its pods serve.
    serving: i32,
    wanted: i32,
    pods: Vec<PodHealth>,
    /// `True`, `False` or `Unknown`, by type.
    conditions: BTreeMap<String, String>,
}

impl Probe for ProbeWorkloads {
    const NAME: &'static str = "kubernetes-probe-workloads";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let (name, owner) = (&params.namespace, cx.mark.to_string());
        let namespace = self.cluster.find_own::<Namespace>(None, name, &owner).await?;
        let gone = || Fault::terminal(format!("the namespace {name} is not there"));
        namespace.ok_or_else(gone)?.progress().demand(&format!("the namespace {name}"))?;
        let secrets = self.cluster.marked::<ExternalSecret>(Some(name), &cx.mark.deployment, None).await?;
        for secret in &secrets.items {
            secret.progress().demand(&format!("the secret {}", secret.spec.target.name))?;
        }
        let selector = format!("tenant={}", cx.tenant.id);
        let found = self.cluster.list::<Deployment>(Some(name), &selector, None).await?.items;
        let found: BTreeMap<&str, &Deployment> =
            found.iter().filter_map(|it| Some((it.metadata.name.as_deref()?, it))).collect();
        let mut services = Vec::new();
        for service in params.deployments.iter().flat_map(|names| names.split_whitespace()) {
            let missing = || Fault::not_ready(format!("the service {service} is not deployed yet"));
            let deployment = *found.get(service).ok_or_else(missing)?;
            let status = deployment.status.clone().unwrap_or_default();
            let serving = status.ready_replicas.unwrap_or_default();
            if cx.tenant.rests() && serving > 0 {
                return Err(Fault::not_ready(format!("the service {service} still runs")));
            }
            self.cluster.state(deployment).await?.demand(&format!("the service {service}"))?;
            services.push(Service {
                name: service.to_owned(),
                serving,
                wanted: deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
                pods: self.cluster.pods_of(deployment).await?.iter().map(PodHealth::of).collect(),
                conditions: status.conditions.into_iter().flatten().map(|it| (it.type_, it.status)).collect(),
            });
        }
        Ok(Output { services })
    }
}

#[cfg(test)]
mod tests;
