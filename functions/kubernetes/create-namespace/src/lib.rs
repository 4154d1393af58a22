//! Gives a tenant a namespace of its own, with what it may use at most (`quota.rs`) and whom it may talk to (`policies.rs`),
//! before anything runs in it.
//!
//! What other steps put into it goes with it. A namespace that goes takes seconds, in which it is still there.

mod policies;
mod quota;

use fault::Fault;
use kubernetes::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use kubernetes::{Cluster, NamespaceQuota, Propagation, manifest};
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::{Mark, Snapshot};

#[derive(Debug)]
pub struct CreateNamespace {
    pub cluster: Cluster,
    pub deployment: String,
    /// What tenants' namespaces begin with.
    pub prefix: String,
    /// The namespaces of those that tenants talk to.
    pub neighbours: Neighbours,
}

/// Namespaces, by who is in them.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// The ingress controller.
    pub ingress: String,
    /// Databases, object store and broker.
    pub shared: String,
    /// Prometheus.
    pub monitoring: String,
    /// The operators of what runs for a tenant.
    pub operators: String,
}

/// What the plan allows, in Kubernetes' quantities.
#[derive(Debug, Deserialize)]
pub struct Params {
    /// `eu-west`
    region: String,
    /// What tenants' addresses end with: `collectverything.example`.
    domain: String,
    quota: NamespaceQuota,
    /// The most that one container, and one volume, may have.
    container_cpu: String,
    container_memory: String,
    volume: String,
    /// Whom visitors come to.
    visited: Vec<Visited>,
    /// What Prometheus asks, of whichever pod has it.
    measured: Vec<u16>,
    /// What operators ask, likewise.
    operated: Vec<u16>,
    /// What is asked of those that all tenants share.
    shared: Vec<u16>,
}

/// Pods by their label `app`, and what they listen on.
#[derive(Debug, Deserialize)]
pub struct Visited {
    app: String,
    port: u16,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    namespace: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    namespace: String,
}

impl Step for CreateNamespace {
    const NAME: &'static str = "kubernetes-create-namespace";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { namespace: format!("{}-{}", self.prefix, mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (name, owner) = (&handle.namespace, cx.mark.to_string());
        let namespace: Namespace = manifest(namespace(name, &cx.tenant, params))?;
        self.cluster.apply(&namespace, &owner).await?;
        for policy in policies::all(name, &self.neighbours, params)? {
            self.cluster.apply(&policy, &owner).await?;
        }
        let there = self.cluster.find_own::<ResourceQuota>(Some(name), NamespaceQuota::NAME, &owner).await?;
        let hard = quota::with_room(there.as_ref(), &params.quota)?;
        self.cluster.apply(&NamespaceQuota::object(name, hard), &owner).await?;
        let there = self.cluster.find_own::<LimitRange>(Some(name), quota::LIMITS, &owner).await?;
        self.cluster.apply(&quota::limits(name, there.as_ref(), params)?, &owner).await?;
        Ok(Output { namespace: name.clone() })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let (name, owner) = (&handle.namespace, mark.to_string());
        self.cluster.delete::<Namespace>(None, name, &owner, Propagation::Foreground).await?;
        self.cluster.gone::<Namespace>(None, &owner).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.cluster.find_own::<Namespace>(None, &handle.namespace, &mark.to_string()).await?;
        Ok(Presence::from(found.is_some()))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.cluster.marked::<Namespace>(None, &self.deployment, after).await?;
        let held = |namespace: &Namespace| {
            let (owner, made_at) = Cluster::owner(namespace)?;
            let handle = Handle { namespace: namespace.metadata.name.clone()? };
            Some(Held { owner: owner.to_owned(), handle, made_at })
        };
        Ok(Inventory { held: part.items.iter().filter_map(held).collect(), next: part.next })
    }
}

/// What is selected by is a label, and what people read is an annotation: an address of mail is no label.
fn namespace(name: &str, tenant: &Snapshot, params: &Params) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                "tenant": tenant.id.as_str(), "tier": tenant.plan.id, "region": params.region,
                "environment": "production", "managed-by": "tenantry",
                // What runs here needs nothing of its node.
                "pod-security.kubernetes.io/enforce": "baseline",
            },
            "annotations": {
                "domain": format!("{}.{}", tenant.subdomain, params.domain),
                "billing-email": tenant.email.as_str(),
                "suspended": tenant.suspended.to_string(),
            },
        },
    })
}
