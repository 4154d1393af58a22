//! What the chart is told: `infra/local/charts/mechanicbuddy-tenant/values.yaml`.

use fault::Fault;
use saga::{Context, whole_number};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::{OWNER, Params};

/// How large one of the two is, in Kubernetes' quantities, and how long it may take to serve.
#[derive(Debug, Deserialize)]
pub struct Size {
    pub(crate) replicas: String,
    pub(crate) deadline_seconds: String,
    pub(crate) cpu_request: String,
    pub(crate) cpu_limit: String,
    pub(crate) memory_request: String,
    pub(crate) memory_limit: String,
}

impl Size {
    pub(crate) fn deadline(&self, of: &str) -> Result<u32, Fault> {
        whole_number(&format!("{of}_deadline_seconds"), &self.deadline_seconds)
    }

    fn component(&self, of: &str, runs: bool) -> Result<Value, Fault> {
        let replicas: u32 = whole_number(&format!("{of}_replicas"), &self.replicas)?;
        Ok(json!({
            "replicas": if runs { replicas } else { 0 },
            "deadlineSeconds": self.deadline(of)?,
            "resources": {
                "requests": { "cpu": self.cpu_request, "memory": self.memory_request },
                "limits": { "cpu": self.cpu_limit, "memory": self.memory_limit },
            },
        }))
    }
}

/// Whoever is suspended or asleep has nothing run.
pub(crate) fn runs(cx: &Context) -> bool {
    !cx.tenant.suspended && !cx.tenant.hibernating
}

impl Params {
    /// With a revision, if that is not told otherwise.
    pub(crate) fn values(&self, cx: &Context, stage: &Stage, revision: Option<&str>) -> Result<Value, Fault> {
        let tenant = &cx.tenant;
        let [canary, other] = stage.beside.tags();
        let runs = runs(cx);
        let mechanics: u32 = whole_number("mechanics", &self.mechanics)?;
        let mut values = json!({
            "tenant": { "id": tenant.id.as_str(), "name": tenant.name, "plan": tenant.plan.id },
            "url": format!("https://{}.{}", tenant.subdomain, self.domain),
            "image": { "registry": self.registry, "tag": stage.tag },
            "database": { "secret": self.database_secret },
            "owner": { "secret": OWNER, "email": tenant.email.as_str() },
            "mechanics": mechanics,
            "access": if tenant.suspended { "suspended" } else { tenant.access.name() },
            "api": self.api.component("api", runs)?,
            "web": self.web.component("web", runs)?,
            "canary": { "tag": canary },
            "slot": stage.slot,
            "other": { "tag": other },
        });
        if let Some(revision) = revision {
            values["revision"] = json!(revision);
        }
        Ok(values)
    }
}
