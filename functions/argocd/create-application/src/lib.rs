//! Has Argo CD deploy a tenant's services, and keep them deployed: one Application, of the product's repository, with what is
//! this tenant's own said in the Application and in a ConfigMap beside it.
//!
//! The tenant's label is on all that is made, and in the selectors of deployments, which cannot be changed: so it is the only
//! one, and what may change is an annotation. The Application is no part of an ApplicationSet, which would make it again when it is
//! deleted. It carries the finalizer that takes along what it made, and goes before the namespace does.

use std::collections::BTreeMap;

use fault::Fault;
use kubernetes::api::apps::v1::Deployment;
use kubernetes::api::core::v1::ConfigMap;
use kubernetes::argocd::{
    Application, ApplicationSpec, Automated, Destination, FINALIZER, IN_CLUSTER, Kustomize, Replicas, Source,
    SyncPolicy,
};
use kubernetes::{Cluster, ObjectMeta, Progress as _, Propagation, State};
use saga::{Context, Held, Inventory, Presence, Step, whole_number};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenancy::Mark;

/// What Argo CD calls an application with a service that failed, or is late.
const DEGRADED: &str = "Degraded";
/// What services read as their environment.
const CONFIG: &str = "tenant-config";

#[derive(Debug)]
pub struct CreateApplication {
    pub cluster: Cluster,
    pub deployment: String,
    /// Where Argo CD and its Applications are.
    pub argocd: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// What shops' names end with: `collectverything.example`.
    domain: String,
    repository: String,
    /// The folder with the `kustomization.yaml`.
    path: String,
    /// A branch, a tag or a commit.
    revision: String,
    /// Argo CD's AppProject.
    project: String,
    /// What stands before a service's name in its image: `ecommerce`.
    registry: String,
    /// The tag of all images.
    version: String,
    /// The deployment that visitors come to.
    gateway: String,
    /// The other deployments' names, by spaces.
    services: String,
    gateway_replicas: String,
    service_replicas: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    application: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    application: String,
    version: String,
}

impl Step for CreateApplication {
    const NAME: &'static str = "argocd-create-application";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { application: format!("tenant-{}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let owner = cx.mark.to_string();
        let config = configuration(cx, params);
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(CONFIG.to_owned()),
                namespace: Some(params.namespace.clone()),
                ..ObjectMeta::default()
            },
            data: Some(config.clone()),
            ..ConfigMap::default()
        };
        self.cluster.apply(&map, &owner).await?;
        let mut application = Application::new(&self.argocd, &handle.application, params.spec(cx, &config)?);
        application.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
        let mut applied = [self.cluster.apply(&application, &owner).await?];
        self.cluster.settle(&self.argocd, &owner, &mut applied).await?;
        let [application] = applied;
        match application.progress() {
            State::Ready => {
                Ok(Output { application: handle.application.clone(), version: params.version.clone() })
            }
            state => Err(self.trouble(params, cx, state).await),
        }
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let (name, owner) = (&handle.application, mark.to_string());
        let argocd = Some(self.argocd.as_str());
        self.cluster.delete::<Application>(argocd, name, &owner, Propagation::Foreground).await?;
        self.cluster.gone::<Application>(argocd, &owner).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let owner = mark.to_string();
        let found =
            self.cluster.find_own::<Application>(Some(&self.argocd), &handle.application, &owner).await?;
        Ok(Presence::from(found.is_some()))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.cluster.marked::<Application>(Some(&self.argocd), &self.deployment, after).await?;
        let held = |application: &Application| {
            let (owner, made_at) = Cluster::owner(application)?;
            let handle = Handle { application: application.metadata.name.clone()? };
            Some(Held { owner: owner.to_owned(), handle, made_at })
        };
        Ok(Inventory { held: part.items.iter().filter_map(held).collect(), next: part.next })
    }
}

impl CreateApplication {
    /// Argo CD says that something is not healthy, and not what: the first deployment with a reason is told, by its pod. To Argo
    /// CD one that is late is lost; it is waited for if its pods come after all.
    async fn trouble(&self, params: &Params, cx: &Context, state: State) -> Fault {
        let is_degraded = matches!(&state, State::Failed { reason, .. } if reason == DEGRADED);
        let is_final = matches!(state, State::Failed { .. }) && !is_degraded;
        let whole = state.demand("the application").err();
        let whole = whole.unwrap_or_else(|| Fault::not_ready("the application is not ready"));
        if is_final {
            return whole;
        }
        let selector = format!("tenant={}", cx.tenant.id);
        let deployments = self.cluster.list::<Deployment>(Some(&params.namespace), &selector, None).await;
        let mut waiting = None;
        for deployment in deployments.map(|part| part.items).unwrap_or_default() {
            let name = deployment.metadata.name.clone().unwrap_or_default();
            let what = format!("the service {name}");
            match self.cluster.state(&deployment).await {
                Ok(state @ State::Failed { .. }) if is_degraded => {
                    return state.demand(&what).err().unwrap_or(whole);
                }
                // Whether to wait is Argo CD's word: it sees all of it.
                Ok(State::Failed { reason, message } | State::Waiting { reason, message }) => {
                    waiting = waiting.or_else(|| State::Waiting { reason, message }.demand(&what).err());
                }
                Ok(State::Ready) | Err(_) => {}
            }
        }
        waiting.unwrap_or(whole)
    }
}

/// What the services are told of whose they are.
fn configuration(cx: &Context, params: &Params) -> BTreeMap<String, String> {
    let told = [
        ("TENANT_ID", cx.tenant.id.as_str()),
        ("TENANT_TIER", &cx.tenant.plan.id),
        ("TENANT_DOMAIN", &format!("{}.{}", cx.tenant.subdomain, params.domain)),
        ("TENANT_ACCESS", cx.tenant.access.name()),
        ("APP_ENV", "production"),
        ("APP_DEBUG", "false"),
        ("LOG_LEVEL", "info"),
    ];
    told.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Params {
    fn spec(&self, cx: &Context, config: &BTreeMap<String, String>) -> Result<ApplicationSpec, Fault> {
        let kustomize = Kustomize {
            images: self.each(|name| format!("{0}/{name}:{1}", self.registry, self.version)),
            common_labels: BTreeMap::from([("tenant".to_owned(), cx.tenant.id.to_string())]),
            // Of the pods, too: what they are told is read when they start, and a change starts others.
            common_annotations: BTreeMap::from([
                ("tier".to_owned(), cx.tenant.plan.id.clone()),
                ("tenantry.dev/config".to_owned(), digest(config)),
            ]),
            replicas: self.replicas(cx.tenant.suspended)?,
        };
        Ok(ApplicationSpec {
            project: self.project.clone(),
            source: Source {
                repo_url: self.repository.clone(),
                path: self.path.clone(),
                target_revision: self.revision.clone(),
                kustomize: Some(kustomize),
            },
            destination: Destination { server: IN_CLUSTER.to_owned(), namespace: self.namespace.clone() },
            sync_policy: Some(SyncPolicy {
                automated: Some(Automated { prune: true, self_heal: true }),
                sync_options: Vec::new(),
            }),
        })
    }

    fn each<T>(&self, of: impl Fn(&str) -> T) -> Vec<T> {
        std::iter::once(self.gateway.as_str()).chain(self.services.split_whitespace()).map(of).collect()
    }

    /// None of a tenant that is suspended.
    fn replicas(&self, suspended: bool) -> Result<Vec<Replicas>, Fault> {
        let gateway = whole_number("gateway_replicas", &self.gateway_replicas)?;
        let other = whole_number("service_replicas", &self.service_replicas)?;
        let count = |name: &str| match name {
            _ if suspended => 0,
            name if name == self.gateway => gateway,
            _ => other,
        };
        Ok(self.each(|name| Replicas { name: name.to_owned(), count: count(name) }))
    }
}

fn digest(config: &BTreeMap<String, String>) -> String {
    let mut digest = Sha256::new();
    for (name, value) in config {
        digest.update(format!("{name}={value}\n"));
    }
    hex::encode(&digest.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        let text = str::to_owned;
        Params {
            namespace: text("e-commerce-acme-7f3a9c"),
            domain: text("collectverything.example"),
            repository: text("https://git.example/manifests"),
            path: text("tenant"),
            revision: text("HEAD"),
            project: text("tenants"),
            registry: text("ecommerce"),
            version: text("v1.2.3"),
            gateway: text("api-gateway"),
            services: text("auth-service  orders-service"),
            gateway_replicas: text("3"),
            service_replicas: text("1"),
        }
    }

    #[test]
    fn the_gateway_has_replicas_of_its_own_and_whoever_is_suspended_has_none() {
        let counts = |suspended| -> Vec<u32> {
            params().replicas(suspended).expect("numbers").iter().map(|it| it.count).collect()
        };
        assert_eq!((counts(false), counts(true)), (vec![3, 1, 1], vec![0, 0, 0]));
        let fault = Params { service_replicas: "many".to_owned(), ..params() }.replicas(false);
        assert!(fault.expect_err("no number").hint.is_some());
    }

    #[test]
    fn a_changed_configuration_is_seen_in_its_digest() {
        let config = |level: &str| BTreeMap::from([("LOG_LEVEL".to_owned(), level.to_owned())]);
        assert_eq!(digest(&config("info")), digest(&config("info")));
        assert_ne!(digest(&config("info")), digest(&config("debug")));
    }
}
