use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy::{SubscriptionId, TenantId};

use super::{Api, Error, Said, answer};

/// A subscription, as far as a person asks about it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Subscription {
    #[serde(default)]
    pub(crate) tenant: Option<TenantId>,
    pub(crate) charged: bool,
    #[serde(default)]
    pub(crate) voided: Option<Voided>,
    #[serde(default)]
    pub(crate) refused: Option<String>,
    pub(crate) heard: u64,
    pub(crate) late: u64,
    /// What its biller said last of each thing.
    pub(crate) subscription: Value,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Voided {
    pub(crate) at: Timestamp,
    pub(crate) why: String,
}

/// Something that nothing is done about.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct UnknownEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) received_at: Timestamp,
}

/// What could not be dealt with.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DeadEvents {
    pub(crate) waiting: u64,
    pub(crate) events: Vec<DeadEvent>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DeadEvent {
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<String>,
}

impl Api {
    pub(crate) async fn subscription(&self, id: &SubscriptionId) -> Result<Said<Subscription>, Error> {
        answer(self.request(Method::GET, &["subscriptions", id.as_str()])).await
    }

    pub(crate) async fn unknown_events(&self) -> Result<Said<Vec<UnknownEvent>>, Error> {
        self.all("events", self.url(&["billing-events", "unknown"])).await
    }

    pub(crate) async fn dead_events(&self) -> Result<Said<DeadEvents>, Error> {
        answer(self.request(Method::GET, &["billing-events", "dead"])).await
    }

    /// Has dead events tried again, a hundred at most, and says how many.
    pub(crate) async fn replay_dead_events(&self, reason: &str) -> Result<usize, Error> {
        #[derive(Deserialize)]
        struct Replayed {
            replayed: usize,
        }
        let request = self.request(Method::POST, &["billing-events", "dead", "replay"]);
        let said: Said<Replayed> = answer(request.json(&json!({ "reason": reason }))).await?;
        Ok(said.read.replayed)
    }
}
