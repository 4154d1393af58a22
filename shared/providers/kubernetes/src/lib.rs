#![doc = include_str!("../README.md")]

mod access;
pub mod argocd;
pub mod cert_manager;
pub mod cnpg;
mod custom;
pub mod external_secrets;
pub mod helm;
mod ingress;
mod mark;
pub mod monitoring;
mod objects;
mod pod_health;
mod quota;
mod refusal;
mod rollout;
mod settle;
mod state;
mod workload;

use std::fmt;
use std::sync::Arc;

pub use access::Access;
pub use custom::{Custom, Definition};
use fault::Fault;
use http_client::{Api, Governor, Http, Method, Quota, RequestBuilder};
pub use ingress::TenantIngress;
pub use k8s_openapi::{api, apimachinery};
pub use kube::core::ObjectMeta;
pub use mark::{DEPLOYMENT, OWNER};
pub use objects::{Object, Part, Propagation, manifest};
pub use pod_health::PodHealth;
pub use quota::NamespaceQuota;
pub use rollout::{Rollout, rolled_out};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
pub use state::{Condition, Conditions, Progress, State};
pub use workload::{Trouble, Workload};

const SERVICE: &str = "kubernetes";

/// As whom we own fields.
pub const MANAGER: &str = "tenantry";

/// An API server has no limit that it tells beforehand: it shares itself out among its callers, and answers 429 to what is
/// too much (<https://kubernetes.io/docs/concepts/cluster-administration/flow-control/>). This is what we ask of one.
pub const CALLS: Quota = Quota { provider: SERVICE, of: "calls", calls: 1200, seconds: 60, burst: 100 };

/// A cluster, as one of its accounts.
#[derive(Clone)]
pub struct Cluster {
    api: Api,
    token: SecretString,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads who we are in the cluster, and where it is, from the vault: `KUBERNETES_SECRET` names it there (see
    /// [`Access`]). `KUBERNETES_URL` says where the cluster answers, if elsewhere.
    pub async fn from_env(governor: Arc<dyn Governor>) -> Result<Self, Fault> {
        let reference = aws::variable("KUBERNETES_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let access = Access::read(&Vault::from_env().await.read(&SecretRef(reference)).await?)?;
        let (http, url) = match aws::variable("KUBERNETES_URL") {
            Ok(elsewhere) => (Http::network(), elsewhere),
            Err(_) => (access.http()?, access.server.clone()),
        };
        Ok(Self::new(http, &url, access.token)?.governed(governor))
    }

    pub fn new(http: Http, url: &str, token: SecretString) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, token })
    }

    /// The same, asked only when the governor lets it be.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>) -> Self {
        Self { api: self.api.governed(governor, |_| CALLS), ..self }
    }

    /// A request of a kind's address; of one object of it, if it has a name.
    fn request<K: Object>(
        &self,
        method: Method,
        namespace: Option<&str>,
        name: Option<&str>,
    ) -> Result<RequestBuilder, Fault> {
        let (group, version, plural) = (K::group(&()), K::version(&()), K::plural(&()));
        let mut path = if group.is_empty() { vec!["api"] } else { vec!["apis", &group] };
        path.push(&version);
        if let Some(namespace) = namespace {
            path.extend(["namespaces", namespace]);
        }
        path.push(&plural);
        path.extend(name);
        Ok(self.api.request(method, &path)?.bearer_auth(self.token.expose_secret()))
    }
}

#[cfg(test)]
mod tests;
