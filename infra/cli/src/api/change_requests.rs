use reqwest::Method;
use serde_json::json;
use store::ChangeRequest;
use tenancy::ChangeRequestId;

use super::{Api, Error, Reply, Said, answer};

impl Api {
    /// Everything that waits for somebody else's approval.
    pub(crate) async fn change_requests(&self) -> Result<Said<Vec<ChangeRequest>>, Error> {
        self.all("change_requests", self.url(&["change-requests"])).await
    }

    pub(crate) async fn change_request(&self, id: ChangeRequestId) -> Result<Said<ChangeRequest>, Error> {
        answer(self.request(Method::GET, &["change-requests", &id.to_string()])).await
    }

    /// Approves or rejects it.
    pub(crate) async fn decide(
        &self,
        id: ChangeRequestId,
        decision: &str,
        reason: &str,
    ) -> Result<Said<Reply>, Error> {
        let request = self.request(Method::POST, &["change-requests", &id.to_string(), decision]);
        answer(request.json(&json!({ "reason": reason }))).await
    }
}
