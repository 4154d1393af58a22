use fault::Fault;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Api, Error, Reply, Said, answer};

/// A resource that would not go.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RepairTask {
    pub(crate) id: String,
    pub(crate) fault: Fault,
    pub(crate) since: Timestamp,
    pub(crate) tries: u32,
    pub(crate) next_try: Timestamp,
}

impl Api {
    /// Everything that would not go.
    pub(crate) async fn repair_tasks(&self) -> Result<Said<Vec<RepairTask>>, Error> {
        self.all("repair_tasks", self.url(&["repair-tasks"])).await
    }

    pub(crate) async fn repair(&self, task: &str, act: &str, reason: &str) -> Result<Said<Reply>, Error> {
        let request = self.request(Method::POST, &["repair-tasks", task, act]);
        answer(request.json(&json!({ "reason": reason }))).await
    }
}
