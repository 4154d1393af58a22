use fault::Fault;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tenancy::{Kind, OperationId, State, StepFault, StepProgress, TenantId, Workflow};

use super::watched::{Changed, watched};
use super::{Api, Error, Reply, Said, answer};

/// An operation and how far its steps are.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) percent: u8,
    pub(crate) accepted_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) wall_ms: Option<u64>,
    pub(crate) critical_path_ms: u64,
    pub(crate) resources_left: u64,
    pub(crate) fault: Option<StepFault>,
    pub(crate) workflow: Workflow,
    pub(crate) steps: Vec<StepProgress>,
}

/// Something that happened in an operation.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LogEntry {
    pub(crate) at: Timestamp,
    pub(crate) step: Option<String>,
    pub(crate) what: String,
    pub(crate) fault: Option<Fault>,
}

impl Api {
    pub(crate) async fn operation(
        &self,
        tenant: &TenantId,
        id: OperationId,
    ) -> Result<Said<Operation>, Error> {
        answer(self.request(Method::GET, &["tenants", tenant.as_str(), "operations", &id.to_string()])).await
    }

    /// An operation, once it is another than it was seen.
    pub(crate) async fn operation_since(
        &self,
        tenant: &TenantId,
        id: OperationId,
        seen: Option<&str>,
    ) -> Result<Option<Changed<Operation>>, Error> {
        let path = ["tenants", tenant.as_str(), "operations", &id.to_string()];
        watched(self.request(Method::GET, &path), seen).await
    }

    /// What happened in an operation, the oldest first.
    pub(crate) async fn log(&self, tenant: &TenantId, id: OperationId) -> Result<Said<Vec<LogEntry>>, Error> {
        let path = ["tenants", tenant.as_str(), "operations", &id.to_string(), "log"];
        self.all("log", self.url(&path)).await
    }

    /// The operation a tenant had last.
    pub(crate) async fn last_operation(&self, tenant: &TenantId) -> Result<Option<OperationId>, Error> {
        #[derive(Deserialize)]
        struct Operations {
            operations: Vec<Summary>,
        }
        #[derive(Deserialize)]
        struct Summary {
            id: OperationId,
        }
        let newest_first: Said<Operations> =
            answer(self.request(Method::GET, &["tenants", tenant.as_str(), "operations"])).await?;
        Ok(newest_first.read.operations.first().map(|operation| operation.id))
    }

    pub(crate) async fn cancel(
        &self,
        id: &TenantId,
        operation: OperationId,
        reason: &str,
    ) -> Result<Said<Reply>, Error> {
        let path = ["tenants", id.as_str(), "operations", &operation.to_string(), "cancel"];
        answer(self.request(Method::POST, &path).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn skip(
        &self,
        id: &TenantId,
        operation: OperationId,
        step: &str,
        reason: &str,
    ) -> Result<Said<Reply>, Error> {
        let path = ["tenants", id.as_str(), "operations", &operation.to_string(), "skip"];
        answer(self.request(Method::POST, &path).json(&json!({ "step": step, "reason": reason }))).await
    }
}
