use fault::Fault;
use http_client::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Neon;

/// How much an endpoint may compute, in compute units: a quarter or more. It scales between the two by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compute {
    pub min_cu: f64,
    pub max_cu: f64,
}

/// What a branch is connected to through.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `ep-...`, given by Neon.
    pub id: String,
    pub host: String,
    pub compute: Compute,
    /// Refuses connections until it is enabled again.
    pub disabled: bool,
    /// It computes, or is about to; otherwise it waits for a connection.
    pub awake: bool,
}

#[derive(Deserialize)]
struct Listing {
    endpoints: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    id: String,
    host: String,
    r#type: String,
    autoscaling_limit_min_cu: f64,
    autoscaling_limit_max_cu: f64,
    disabled: bool,
    current_state: String,
}

impl Neon {
    /// The endpoint that a branch is written through: it has one at most.
    pub async fn find_endpoint(&self, project: &str, branch: &str) -> Result<Option<Endpoint>, Fault> {
        let request = self.request(Method::GET, &["projects", project, "branches", branch, "endpoints"])?;
        let Some(Listing { endpoints }) = self.find(request).await? else { return Ok(None) };
        let writable = endpoints.into_iter().find(|endpoint| endpoint.r#type == "read_write");
        Ok(writable.map(|told| Endpoint {
            id: told.id,
            host: told.host,
            compute: Compute { min_cu: told.autoscaling_limit_min_cu, max_cu: told.autoscaling_limit_max_cu },
            disabled: told.disabled,
            awake: told.current_state != "idle",
        }))
    }

    /// Sets how much an endpoint may compute. Connections may drop while it restarts.
    pub async fn set_compute(&self, project: &str, endpoint: &str, compute: Compute) -> Result<(), Fault> {
        let limits = json!({
            "autoscaling_limit_min_cu": compute.min_cu,
            "autoscaling_limit_max_cu": compute.max_cu,
        });
        self.update_endpoint(project, endpoint, &limits).await
    }

    /// Refuses connections, or takes them again.
    pub async fn disable_endpoint(&self, project: &str, endpoint: &str, disabled: bool) -> Result<(), Fault> {
        self.update_endpoint(project, endpoint, &json!({ "disabled": disabled })).await
    }

    /// Stops an endpoint until the next connection.
    pub async fn suspend_endpoint(&self, project: &str, endpoint: &str) -> Result<(), Fault> {
        let path = ["projects", project, "endpoints", endpoint, "suspend"];
        self.ask::<Value>(self.request(Method::POST, &path)?).await.map(drop)
    }

    async fn update_endpoint(&self, project: &str, endpoint: &str, change: &Value) -> Result<(), Fault> {
        let request = self.request(Method::PATCH, &["projects", project, "endpoints", endpoint])?;
        self.ask::<Value>(request.json(&json!({ "endpoint": change }))).await.map(drop)
    }
}
