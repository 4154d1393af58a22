use events::{Delivery, Disabled};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tenancy::{TenantId, WebhookId};

use super::{Api, Error, Said, answer};

/// An endpoint that is told what happens.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) types: Vec<String>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) enabled: bool,
    pub(crate) disabled: Option<Disabled>,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) former_secret_until: Option<Timestamp>,
    /// In the answer that makes it.
    pub(crate) secret: Option<String>,
}

/// What is sent again, and where that goes on.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Replayed {
    pub(crate) replayed: usize,
    pub(crate) next: Option<String>,
}

impl Api {
    pub(crate) async fn webhooks(&self) -> Result<Said<Vec<Webhook>>, Error> {
        self.all("webhooks", self.url(&["webhooks"])).await
    }

    pub(crate) async fn webhook(&self, id: WebhookId) -> Result<Said<Webhook>, Error> {
        answer(self.request(Method::GET, &["webhooks", &id.to_string()])).await
    }

    pub(crate) async fn add_webhook(&self, wanted: &Value) -> Result<Said<Webhook>, Error> {
        answer(self.request(Method::POST, &["webhooks"]).json(wanted)).await
    }

    pub(crate) async fn change_webhook(&self, id: WebhookId, edit: &Value) -> Result<Said<Webhook>, Error> {
        answer(self.request(Method::PATCH, &["webhooks", &id.to_string()]).json(edit)).await
    }

    pub(crate) async fn remove_webhook(
        &self,
        id: WebhookId,
        reason: &str,
    ) -> Result<Said<IgnoredAny>, Error> {
        let request = self.request(Method::DELETE, &["webhooks", &id.to_string()]);
        answer(request.json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn rotate_secret(
        &self,
        id: WebhookId,
        hours: u16,
        reason: &str,
    ) -> Result<Said<Webhook>, Error> {
        let request = self.request(Method::POST, &["webhooks", &id.to_string(), "rotate-secret"]);
        answer(request.json(&json!({ "former_hours": hours, "reason": reason }))).await
    }

    pub(crate) async fn test_webhook(&self, id: WebhookId) -> Result<Said<Delivery>, Error> {
        answer(self.request(Method::POST, &["webhooks", &id.to_string(), "test"])).await
    }

    pub(crate) async fn deliveries(
        &self,
        id: WebhookId,
        since: Option<Timestamp>,
    ) -> Result<Said<Vec<Delivery>>, Error> {
        let mut url = self.url(&["webhooks", &id.to_string(), "deliveries"]);
        if let Some(since) = since {
            url.query_pairs_mut().append_pair("since", &since.to_string());
        }
        self.all("deliveries", url).await
    }

    pub(crate) async fn delivery(&self, id: WebhookId, delivery: &str) -> Result<Said<Delivery>, Error> {
        answer(self.request(Method::GET, &["webhooks", &id.to_string(), "deliveries", delivery])).await
    }

    pub(crate) async fn replay(&self, id: WebhookId, delivery: &str, reason: &str) -> Result<usize, Error> {
        let path = ["webhooks", &id.to_string(), "deliveries", delivery, "replay"];
        let request = self.request(Method::POST, &path).json(&json!({ "reason": reason }));
        let said: Said<Replayed> = answer(request).await?;
        Ok(said.read.replayed)
    }

    /// Has everything sent again that was missed since, part by part.
    pub(crate) async fn replay_since(
        &self,
        id: WebhookId,
        since: Timestamp,
        all: bool,
        reason: &str,
    ) -> Result<usize, Error> {
        let mut order = json!({ "since": since, "all": all, "reason": reason });
        let mut count = 0;
        loop {
            let request = self.request(Method::POST, &["webhooks", &id.to_string(), "replay"]);
            let Said { read, .. }: Said<Replayed> = answer(request.json(&order)).await?;
            count += read.replayed;
            let Some(next) = read.next else { return Ok(count) };
            order["after"] = next.into();
        }
    }
}
