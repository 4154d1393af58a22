//! Has a tenant's namespace use no more than its plan allows, once all that it has is of that plan.
//!
//! Until then there is room for what another plan has left, too: `kubernetes-create-namespace` makes it. A quota may be smaller than
//! what is used. That lets in nothing more, and takes nothing away: pods that are still going are not waited for, and a
//! volume, which never shrinks, is kept.

use fault::Fault;
use kubernetes::{Cluster, NamespaceQuota};
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct SetQuota {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    quota: NamespaceQuota,
}

#[derive(Debug, Serialize)]
pub struct Output {}

impl Setup for SetQuota {
    const NAME: &'static str = "kubernetes-set-quota";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let quota = NamespaceQuota::object(&params.namespace, params.quota.hard());
        self.cluster.apply(&quota, &cx.mark.to_string()).await?;
        Ok(Output {})
    }
}

#[cfg(test)]
mod tests;
